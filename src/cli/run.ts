// `transvisor run`: from options to a machine, and from how it ends to an exit status.

import { constants } from 'node:os';
import { Translator } from '../../translator/engine.ts';
import { profileNames } from '../../translator/explain/names.ts';
import type { BootDevice } from '../devices/rtc146818.ts';
import { UserError } from '../lib/errors.ts';
import { channel, channelNames } from '../lib/log.ts';
import { Machine } from '../machine/machine.ts';
import type { EngineChoice, MachineOptions } from '../machine/options.ts';
import type { CodeKind } from '../memory/heap.ts';
import type { SerialTarget } from './arguments.ts';
import { Complaints } from './complaints.ts';
import { UserConsole } from './console.ts';
import { Deadline } from './deadline.ts';
import { TerminalDisplay } from './display.ts';
import { closeMedia, type DriveOptions, hasMedia, openMedia } from './drives.ts';
import { AtomicFile, OutputFile, readImage } from './files.ts';
import { type FirmwareOptions, findFirmware } from './firmware.ts';
import { hostTrained, isProfiled, prepareHost } from './host.ts';
import { packageFile } from './package.ts';
import { statisticsText } from './statistics.ts';
import { type Cause, type Verdict, verdict } from './status.ts';
import { givenSymbols } from './symbols.ts';

export interface RunOptions extends DriveOptions, FirmwareOptions {
  readonly memory: number;
  readonly kernel?: string;
  readonly initrd?: readonly string[];
  readonly append?: string;
  readonly boot?: readonly BootDevice[];
  readonly snapshot?: true;
  readonly serial: SerialTarget;
  readonly display?: 'none' | 'terminal';
  readonly screenshot?: string;
  readonly debugcon?: string;
  readonly debugExit?: true;
  readonly engine: 'translator' | 'interpreter' | 'reference';
  readonly code?: CodeKind;
  /** Bytes of the translation cache. */
  readonly tcSize?: number;
  readonly clock: 'host' | 'virtual';
  readonly until?: RegExp;
  readonly timeout?: number;
  readonly stats?: string;
  readonly trace?: string;
  /** File that names regions for profilers. */
  readonly symbols?: string;
}

/** How long output may still take once somebody waits for the end of the program. */
const GRACE_MILLIS = 2000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs a guest to its end.
 * @param engine instead of the one that the options name
 * @returns the exit status and what to say about it.
 * @throws UserError for what the user can mend, before the guest starts.
 */
export async function run(image: string | undefined, options: RunOptions, engine?: EngineChoice): Promise<Verdict> {
  trace(options.trace);
  const stats = options.stats === undefined ? undefined : new AtomicFile('--stats', options.stats);
  const screenshot = options.screenshot === undefined ? undefined : new AtomicFile('--screenshot', options.screenshot);
  const display = options.display === 'terminal' ? new TerminalDisplay() : undefined;
  const terminal = new UserConsole(options.serial);
  const media = await openMedia(options);
  try {
    const chosen = { ...machineOptions(image, options, terminal.interactive || display !== undefined), ...media };
    prepareHost(options.code);
    const machine = await create(engine ? { ...chosen, engine } : chosen);
    hostTrained(options.code);
    return await runMachine(machine, options, terminal, { stats, screenshot, display });
  } finally {
    await closeMedia(media);
  }
}

/** Files that are written at the end, and the display while the guest runs. */
interface Outputs {
  readonly stats: AtomicFile | undefined;
  readonly screenshot: AtomicFile | undefined;
  readonly display: TerminalDisplay | undefined;
}

async function runMachine(
  machine: Machine,
  options: RunOptions,
  terminal: UserConsole,
  { stats, screenshot, display }: Outputs,
): Promise<Verdict> {
  const debugConsole = options.debugcon === undefined ? undefined : new OutputFile('--debugcon', options.debugcon);

  let cause: Cause | undefined;
  const stop = (why: Cause): void => {
    cause ??= why;
    machine.stop();
  };
  const failed = (error: unknown): void => {
    if (error instanceof UserError) stop({ kind: 'host', message: error.message });
    else machine.fail(error);
  };
  if (debugConsole) {
    machine.on('debugConsole', (chunk) => {
      try {
        debugConsole.write(chunk);
      } catch (error) {
        failed(error);
      }
    });
  }
  const onSignal = (name: (typeof SIGNALS)[number]): void => {
    const number = constants.signals[name];
    // The second one does not wait for anything.
    if (cause?.kind === 'signal') process.exit(128 + number);
    stop({ kind: 'signal', name, number });
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  const { timeout } = options;
  const started = performance.now();
  const deadline =
    timeout === undefined ? undefined : new Deadline(timeout, () => stop({ kind: 'timeout', seconds: timeout }));
  if (options.until) machine.serial.watch(options.until, () => stop({ kind: 'matched' }));

  const complaints = new Complaints((line) => void process.stderr.write(`transvisor: ${line}\n`));
  machine.on('complaint', (line) => complaints.say(line));

  const events = { quit: () => stop({ kind: 'quit' }), failed };
  terminal.connect(machine, events);
  display?.connect(machine, events);
  const exit = await machine.run();
  const wallSeconds = (performance.now() - started) / 1000;
  deadline?.clear();
  display?.restore();
  const hurried = cause?.kind === 'signal' || cause?.kind === 'timeout';
  await terminal.close(hurried ? GRACE_MILLIS : Number.POSITIVE_INFINITY);
  debugConsole?.close();
  // A failure to write the rest of the output is known only now.
  const end = cause?.kind === 'host' ? verdict({ reason: 'stopped' }, cause) : verdict(exit, cause);
  screenshot?.finish(await machine.screen.png());
  stats?.finish(statisticsText(machine, options, end, wallSeconds));
  if (options.until && end.reason === 'power-off') {
    return { ...end, message: 'the guest powered off before its output matched --until' };
  }
  return end;
}

/** Switches on the channels of `--trace`. */
function trace(list: string | undefined): void {
  if (list === undefined) return;
  const known = channelNames();
  for (const name of list.split(',').map((part) => part.trim())) {
    if (name !== 'all' && !known.includes(name)) {
      throw new UserError(`--trace: there is no channel '${name}'; give some of ${known.join(',')} or all`);
    }
    for (const one of name === 'all' ? known : [name]) channel(one).enabled = true;
  }
}

function machineOptions(image: string | undefined, options: RunOptions, interactive: boolean): MachineOptions {
  if (image !== undefined && options.kernel !== undefined) {
    throw new UserError(`two kernels, ${image} and --kernel ${options.kernel}; give one`);
  }
  const path = image ?? options.kernel;
  if (path !== undefined && options.bios !== undefined) {
    throw new UserError(`--bios with a kernel, ${path}, which starts without firmware; give one of them`);
  }
  const fromMedia = path === undefined && (hasMedia(options) || options.bios !== undefined);
  if (path === undefined && options.initrd) {
    throw new UserError('--initrd without a kernel; give the kernel with --kernel');
  }
  const words = [options.append ?? ''];
  const demo = path === undefined && !fromMedia;
  // Nobody can type: the demo guest shows what it has and powers off.
  if (demo && !interactive) words.push('batch');
  return {
    memoryBytes: options.memory,
    ...(path !== undefined && { kernel: readImage('kernel', path) }),
    ...(demo && { kernel: demoGuest() }),
    ...(fromMedia && findFirmware(options)),
    ...(options.boot && { bootOrder: options.boot }),
    modules: (options.initrd ?? []).map((file) => readImage('initrd', file)),
    commandLine: words.filter((word) => word !== '').join(' '),
    engine: options.engine === 'translator' ? translator(options, path) : options.engine,
    ...(options.code && { code: options.code }),
    clock: options.clock,
    // Where somebody types, an idle guest waits for a key and not for its next timers as fast as they come.
    idle: interactive ? 'wait' : 'skip',
    // What is piped waits for the guest's driver; keys are typed to whoever listens.
    flowControl: interactive ? 'none' : 'rts',
    debugConsole: options.debugcon !== undefined,
    debugExit: options.debugExit === true,
  };
}

/** Its regions have names of the guest where somebody can see them. */
function translator({ symbols: file, tcSize }: RunOptions, kernel: string | undefined): EngineChoice {
  const policy = tcSize === undefined ? {} : { cacheBytes: tcSize };
  if (file === undefined && !isProfiled()) return (cpu, memory) => new Translator(cpu, memory, policy);
  const symbols = givenSymbols(file, kernel);
  return (cpu, memory) => new Translator(cpu, memory, { ...policy, observer: profileNames(memory, symbols) });
}

function demoGuest(): ReturnType<typeof readImage> {
  return readImage('demo guest', packageFile('guests', 'demo', 'demo.bin'));
}

async function create(options: MachineOptions): Promise<Machine> {
  try {
    return await Machine.create(options);
  } catch (error) {
    // V8's words for a buffer, or a memory of WebAssembly, that the host has no room for.
    if (error instanceof RangeError && /allocat(e|ion)/i.test(error.message)) {
      throw new UserError('the host has no memory for this guest; give it less with --memory');
    }
    throw error;
  }
}
