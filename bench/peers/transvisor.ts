// Ourselves, measured as the peers are: boots a kernel in this Node process on one of the engines.

import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { hostTrained, prepareHost } from '../../src/cli/host.ts';
import { givenSymbols } from '../../src/cli/symbols.ts';
import { Machine } from '../../src/machine/machine.ts';
import type { EngineChoice } from '../../src/machine/options.ts';
import type { CodeKind } from '../../src/memory/heap.ts';
import { openImage } from '../../src/storage/node/index.ts';
import { Translator } from '../../translator/engine.ts';
import { profileNames } from '../../translator/explain/names.ts';
import {
  type Boot,
  type Cost,
  Marker,
  type Meter,
  ownMeter,
  ownPeak,
  peerMain,
  rounded,
  type Translation,
} from './peer.ts';

export interface TransvisorOptions {
  readonly engine: 'interpreter' | 'translator';
  readonly code?: CodeKind;
  /** Translated code has the names of guest functions, for profiles; it takes time to find them. */
  readonly named?: boolean;
}

/** Boots in this process. Its processor time is counted from the process's start: use a process for each run. */
export async function bootTransvisor(
  boot: Boot,
  { engine, code, named: isNamed = false }: TransvisorOptions,
): Promise<Cost & { readonly statistics: object }> {
  prepareHost(code);
  const started = performance.now();
  const named = async (path: string) => ({ name: basename(path), bytes: new Uint8Array(await readFile(path)) });
  const marker = new Marker(boot.until);
  let reached = false;
  const unknown = Number.NaN;
  let cost = { cpuSeconds: unknown, wallSeconds: unknown, residentMebibytes: unknown, peakMebibytes: unknown };
  const symbols = isNamed ? givenSymbols(undefined, boot.kernel) : undefined;
  const translator: EngineChoice = (cpu, memory) =>
    new Translator(cpu, memory, isNamed ? { observer: profileNames(memory, symbols) } : {});
  const choice = engine === 'translator' ? translator : 'interpreter';
  const meter = (): Meter => ({
    ...ownMeter(),
    ...(engine === 'translator' && { translation: translationOf(machine) }),
  });
  const machine = await Machine.create({
    memoryBytes: boot.memory,
    kernel: await named(boot.kernel),
    modules: boot.initrd ? [await named(boot.initrd)] : [],
    commandLine: boot.append,
    ...(code && { code }),
    engine: choice,
    ...(boot.disk && { hda: await openImage(boot.disk, { snapshot: true }) }),
    serial: {
      write: (byte) => {
        const character = String.fromCharCode(byte);
        boot.output(character, meter);
        if (reached || !marker.seen(character)) return;
        reached = true;
        cost = {
          cpuSeconds: rounded(ownMeter().cpuSeconds),
          wallSeconds: rounded((performance.now() - started) / 1000),
          residentMebibytes: ownMeter().residentMebibytes,
          peakMebibytes: ownPeak(),
        };
        machine.stop();
      },
    },
  });
  hostTrained(code);
  const deadline = setTimeout(() => machine.stop(), boot.timeout * 1000);
  const exit = await machine.run();
  clearTimeout(deadline);
  if (exit.reason === 'failed') throw exit.error;
  return { peer: engine, reached, ...cost, statistics: machine.statistics() };
}

function translationOf({ engine }: Machine): Translation {
  const { translateMillis = 0, compileMillis = 0, firstRunMillis = 0 } = engine.statistics();
  return {
    instructions: engine.retired(),
    translated: engine.retiredBy().translator ?? 0,
    seconds: (translateMillis + compileMillis + firstRunMillis) / 1000,
  };
}

if (import.meta.main) {
  await peerMain(['interpreter', 'asm.js', 'named'], (boot, given) =>
    bootTransvisor(boot, {
      engine: given.interpreter ? 'interpreter' : 'translator',
      ...(given['asm.js'] && { code: 'asm.js' }),
      named: given.named,
    }),
  );
}
