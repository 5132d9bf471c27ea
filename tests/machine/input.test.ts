// Keys and mouse by the API: what the controller gives to the guest, and when.

import { expect, test } from 'vitest';
import { I8042 } from '../../src/devices/i8042.ts';
import { Ps2Keyboard } from '../../src/devices/ps2-keyboard.ts';
import { Ps2Mouse } from '../../src/devices/ps2-mouse.ts';
import { ManualClock } from '../../src/lib/clock.ts';
import { KeyboardInput, MouseInput } from '../../src/machine/input.ts';
import { inb, outb, Probe } from '../devices/wires.ts';

/** A guest that looks at the controller every `millis`. */
function setUp(millis = 1) {
  const clock = new ManualClock();
  const keyboard = new Ps2Keyboard({ clock });
  const mouse = new Ps2Mouse();
  const wires = { keyboardIrq: new Probe(), mouseIrq: new Probe(), a20: new Probe(), reset: new Probe() };
  const i8042 = new I8042({ clock, keyboard, mouse, ...wires });
  const bytes: number[] = [];
  let most = 0;
  /** Runs for so many milliseconds, reading as the guest does. */
  const run = (duration: number) => {
    for (let k = 0; k < duration / millis; k++) {
      clock.advanceBy(millis * 1e6);
      most = Math.max(most, keyboard.save().output.data.length);
      if (inb(i8042.command, 0) & 1) bytes.push(inb(i8042.data, 0));
    }
  };
  const ended = new Promise(() => {});
  const input = new KeyboardInput(keyboard, clock, ended);
  return { clock, i8042, input, mouse: new MouseInput(mouse, clock), bytes, run, most: () => most };
}

test('text becomes keys that go down and up, with Shift where it has to be (set 1)', async () => {
  const { input, run, bytes } = setUp();
  const typed = input.type('aB\n');
  run(500);
  await typed;
  expect(bytes).toEqual([0x1e, 0x9e, 0x2a, 0x30, 0xb0, 0xaa, 0x1c, 0x9c]);
});

test('chords go down in order and up in the other, names are those of KeyboardEvent.code or short', async () => {
  const { input, run, bytes } = setUp();
  const struck = input.keys('ctrl-alt-delete');
  run(200);
  await struck;
  expect(bytes).toEqual([0x1d, 0x38, 0xe0, 0x53, 0xe0, 0xd3, 0xb8, 0x9d]);
  bytes.length = 0;
  void input.keys(['down', 'ArrowUp', '-', 'f10']);
  run(500);
  expect(bytes).toEqual([0xe0, 0x50, 0xe0, 0xd0, 0xe0, 0x48, 0xe0, 0xc8, 0x0c, 0x8c, 0x44, 0xc4]);
});

test('a slow guest gets all of a long text, and a buffer of 16 bytes never overflows', async () => {
  const { input, run, bytes, most } = setUp(25);
  const text = 'the quick brown fox jumps over the lazy dog '.repeat(3);
  const typed = input.type(text);
  run(40_000);
  await typed;
  expect(bytes).toHaveLength(2 * text.length);
  expect(most()).toBeLessThanOrEqual(4);
});

test('what no key makes is refused as a whole', () => {
  const { input, run, bytes } = setUp();
  expect(() => input.type('ok é')).toThrow('a US keyboard has no key for "é"');
  expect(() => input.keys('ctrl-nothing')).toThrow('there is no key "nothing"');
  run(200);
  expect(bytes).toEqual([]);
});

test('typing ends when the machine does', async () => {
  const clock = new ManualClock();
  const input = new KeyboardInput(new Ps2Keyboard({ clock }), clock, Promise.resolve());
  await expect(input.type('never read')).resolves.toBeUndefined();
});

test('mouse: motion, wheel and buttons in the packets of an IntelliMouse', () => {
  const { i8042, mouse, run, bytes } = setUp();
  for (const rate of [200, 100, 80]) {
    for (const byte of [0xf3, rate]) {
      outb(i8042.command, 0, 0xd4);
      outb(i8042.data, 0, byte);
      run(5);
    }
  }
  outb(i8042.command, 0, 0xd4);
  outb(i8042.data, 0, 0xf4);
  run(5);
  bytes.length = 0;
  mouse.move(5, 3, -1);
  run(10);
  expect(bytes).toEqual([0x28, 5, 0xfd, 0xff]);
  bytes.length = 0;
  mouse.click('right');
  run(100);
  expect(bytes).toEqual([0x0a, 0, 0, 0, 0x08, 0, 0, 0]);
  bytes.length = 0;
  mouse.buttons({ left: true, middle: true });
  run(10);
  expect(bytes.slice(-4)).toEqual([0x0d, 0, 0, 0]);
});
