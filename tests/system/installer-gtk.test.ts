// Debian's graphical installer: X and GTK on the frame buffer that the loader's VESA mode leaves, driven by keys.

import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { Machine } from '../../src/machine/machine.ts';
import type { Frame } from '../../src/machine/screen.ts';
import { Translator } from '../../translator/engine.ts';
import { found } from './debian.ts';
import { LONG, LONG_MILLIS, LONG_TITLE } from './long.ts';

const { reason, title, guest } = await found('installer-gtk');
/** The picture that the test ends with is written there, for a person to look at. */
const { TRANSVISOR_SCREENSHOT } = process.env;

const WIDTH = 800;
const HEIGHT = 600;
/** The theme's banner is above; the list begins below the question. */
const BANNER_LINES = 75;
const LIST_TOP = 190;
/** Right of the names of languages, left of the scroll bar. */
const COLUMN = 600;

let machine: Machine | undefined;
afterEach(async () => {
  await machine?.[Symbol.asyncDispose]();
});

function pixel({ width, rgba }: Frame, x: number, y: number): readonly [red: number, green: number, blue: number] {
  const at = 4 * (y * width + x);
  return [rgba[at] as number, rgba[at + 1] as number, rgba[at + 2] as number];
}

/** The colour of the banner and of what is selected: of green and blue there is more than of red. */
function isTeal([red, green, blue]: readonly [number, number, number]): boolean {
  return green - red > 40 && blue - red > 40;
}

/** The lines of the row that is selected in the list: from the first to the last; undefined if there is not one row. */
function selected(frame: Frame): { readonly top: number; readonly bottom: number } | undefined {
  if (frame.width !== WIDTH || frame.height !== HEIGHT) return undefined;
  const lines: number[] = [];
  for (let y = LIST_TOP; y < HEIGHT; y++) if (isTeal(pixel(frame, COLUMN, y))) lines.push(y);
  const [top = 0] = lines;
  const bottom = lines.at(-1) ?? 0;
  // A row of text, in one piece.
  return lines.length >= 15 && lines.length <= 40 && bottom - top + 1 === lines.length ? { top, bottom } : undefined;
}

/** Milliseconds between two looks: each picture has the guest's next write to every page of it noted again. */
const LOOK_MILLIS = 500;

/** Waits until a picture of `machine` is as wanted. */
function picture<T>(machine: Machine, wanted: (frame: Frame) => T | undefined): Promise<T> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const value = wanted(machine.screen.frame());
      if (value === undefined) return;
      clearInterval(timer);
      resolve(value);
    }, LOOK_MILLIS);
  });
}

async function drawsItsLanguages(): Promise<void> {
  machine = await Machine.create({
    memoryBytes: guest.memory,
    kernel: { name: 'linux', bytes: readFileSync(guest.kernel) },
    modules: [{ name: 'initrd', bytes: readFileSync(guest.initrd) }],
    commandLine: guest.append,
    engine: (cpu, memory) => new Translator(cpu, memory),
  });
  const running = machine.run();
  const first = await picture(machine, selected);
  const frame = machine.screen.frame();
  // The banner is a picture, with the theme's colour in most of it; anti-aliased text and fonts make many colours.
  const colours = new Set<string>();
  let teal = 0;
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const colour = pixel(frame, x, y);
      colours.add(colour.join());
      if (y < BANNER_LINES && isTeal(colour)) teal++;
    }
  }
  expect(colours.size).toBeGreaterThan(300);
  expect(teal).toBeGreaterThan((WIDTH * BANNER_LINES) / 2);
  // The list is white beside what is selected.
  expect(pixel(frame, COLUMN, first.top - 8)).toEqual([255, 255, 255]);
  // English is selected; the next one is Esperanto, a row below.
  await machine.keyboard.keys('down');
  const second = await picture(machine, (now) => {
    const row = selected(now);
    return row && row.top > first.top ? row : undefined;
  });
  expect(Math.abs(second.top - first.bottom)).toBeLessThanOrEqual(4);
  if (TRANSVISOR_SCREENSHOT) writeFileSync(TRANSVISOR_SCREENSHOT, await machine.screen.png());
  machine.stop();
  expect((await running).reason).toBe('stopped');
}

test.skipIf(reason || !LONG)(
  `Debian's ${title} draws its languages in a VESA mode, and obeys keys${LONG_TITLE}`,
  drawsItsLanguages,
  LONG_MILLIS,
);
