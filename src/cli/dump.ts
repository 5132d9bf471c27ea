// `transvisor dump`: runs a guest with a recorder in its translator, then shows what it recorded.

import { basename } from 'node:path';
import { Translator } from '../../translator/engine.ts';
import { html } from '../../translator/explain/html.ts';
import { type RecordedRegion, Recorder } from '../../translator/explain/recorder.ts';
import { instructionsOf, type RegionReport, reportRegion } from '../../translator/explain/region.ts';
import { dumpText } from '../../translator/explain/text.ts';
import { UserError } from '../lib/errors.ts';
import type { EngineChoice } from '../machine/options.ts';
import { AtomicFile, hostError } from './files.ts';
import { type RunOptions, run } from './run.ts';
import { STATUS, type Verdict } from './status.ts';
import { givenSymbols } from './symbols.ts';

export interface DumpOptions extends Omit<RunOptions, 'engine'> {
  readonly top: number;
  readonly address?: string;
  readonly stages?: true;
  readonly json?: true;
  readonly html?: string;
  readonly output?: string;
}

/**
 * Runs a guest to its end and shows its regions.
 * @throws UserError for what the user can mend.
 */
export async function dump(image: string | undefined, options: DumpOptions): Promise<Verdict> {
  if (options.json && options.html !== undefined) throw new UserError('--json and --html; give one');
  if (options.html !== undefined && options.output !== undefined) {
    throw new UserError('--html names a file, and so does --output; give one');
  }
  const path = options.html ?? options.output;
  const file =
    path === undefined ? undefined : new AtomicFile(options.html === undefined ? '--output' : '--html', path);
  const symbols = givenSymbols(options.symbols, image ?? options.kernel);
  let recorder: Recorder | undefined;
  const engine: EngineChoice = (cpu, memory) => {
    const recording = new Recorder(memory, symbols);
    const translator = new Translator(cpu, memory, { observer: recording });
    translator.onRegionExit = (region) => recording.left(region, cpu.eip);
    recorder = recording;
    return translator;
  };
  const end = await run(image, { ...options, engine: 'translator' }, engine);
  if (!recorder || end.status === STATUS.usage || end.status === STATUS.monitor) return end;
  recorder.findSymbols();
  const regions = report(recorder, options);
  const title = basename(image ?? options.kernel ?? 'the demo guest');
  const made = recorder.regions.length;
  const text = options.json
    ? `${JSON.stringify({ regions, made }, undefined, 1)}\n`
    : options.html === undefined
      ? dumpText(regions, { made })
      : html(regions, { title, made });
  if (file) file.finish(text);
  else await print(text);
  // The end of the time is the end of what was to be looked at.
  return end.status === STATUS.timeout ? { status: STATUS.success, reason: end.reason } : end;
}

function report(recorder: Recorder, options: DumpOptions): RegionReport[] {
  const heat = new Map(recorder.regions.map((r) => [r, instructionsOf(r, recorder)] as const));
  const total = [...heat.values()].reduce((sum, h) => sum + h, 0);
  const wanted = options.address === undefined ? recorder.regions : pick(recorder, options.address);
  return [...wanted]
    .sort((a, b) => (heat.get(b) as number) - (heat.get(a) as number) || a.number - b.number)
    .slice(0, options.top)
    .map((r) => reportRegion(r, recorder, total, { stages: options.stages === true }));
}

/** Regions with code at an address, or in the function of that name. */
function pick(recorder: Recorder, where: string): readonly RecordedRegion[] {
  const { symbols } = recorder;
  const named = symbols.find(where);
  if (named === undefined && !/^(0x)?[0-9a-f]{1,8}$/i.test(where)) {
    throw new UserError(`--address ${where}: no such symbol; give an address such as c0100000, or --symbols`);
  }
  const address = Number.parseInt(where, 16);
  const isThere = (from: number, length: number): boolean =>
    named === undefined
      ? from <= address && address < from + length
      : symbols.at(from)?.name === symbols.at(named)?.name;
  const found = recorder.regions.filter((r) =>
    [...r.graph.blocks.values()].some((b) =>
      b.insns.some(({ at, insn }) => isThere(((r.linear & -4096) + at) >>> 0, insn.length)),
    ),
  );
  if (found.length === 0) throw new UserError(`--address ${where}: no region has code there; run the guest for longer`);
  return found;
}

/** Waits until the system has it: the program ends after that. */
function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(hostError('standard output', error)) : resolve()));
  });
}
