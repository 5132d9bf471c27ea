// The machine: processor, board and the loop that runs them, put together; and what its user does with it. The same in
// Node, in a worker and in the browser: nothing of a host is imported.

import type { Engine } from '../cpu/engine.ts';
import type { SerialSink } from '../devices/uart16550.ts';
import { DISPLAY_MEMORY_BYTES } from '../devices/vga/vga.ts';
import type { Platform } from '../isa/environment.ts';
import type { Cpu } from '../isa/state.ts';
import { UserError } from '../lib/errors.ts';
import type { Memory } from '../memory/memory.ts';
import type { BlockDevice } from '../storage/contract.ts';
import { ATTENTION_FIRMWARE, ATTENTION_NMI, ATTENTION_RESET, Attention } from './attention.ts';
import { Board } from './board.ts';
import { type Boot, bootOrderOf, makeBoot } from './boot.ts';
import { ByteOutput } from './byte-output.ts';
import { CdromDrive } from './cdrom-drive.ts';
import { ideDrives } from './drives.ts';
import { Floppies } from './floppies.ts';
import { type GuestClock, HostClock, VirtualClock } from './guest-clock.ts';
import { KeyboardInput, MouseInput } from './input.ts';
import { Listeners } from './listeners.ts';
import type { Exit, MachineEvents, MachineOptions } from './options.ts';
import { Processor } from './processor.ts';
import { RunLoop } from './run-loop.ts';
import { Screen } from './screen.ts';
import { SerialPort } from './serial-port.ts';
import { both, nowhere } from './sinks.ts';
import type { MachineStatistics } from './statistics.ts';
import { systemBios, systemBiosRom } from './system-bios.ts';
import { type WaitOptions, waitFor, waitForScreen } from './wait-for.ts';

const MIB = 1024 * 1024;
const MEMORY_BYTES = 256 * MIB;

export class Machine implements AsyncDisposable {
  /** The far end of the cable at COM1. */
  readonly serial: SerialPort;
  readonly memory: Memory;
  readonly cpu: Cpu;
  readonly engine: Engine;
  readonly clock: GuestClock;
  readonly board: Board;
  /** The monitor at the display adapter. */
  readonly screen: Screen;
  readonly keyboard: KeyboardInput;
  readonly mouse: MouseInput;
  /** The CD-ROM drive; undefined if there is a disk in its place, `hdc`. */
  readonly cdrom: CdromDrive | undefined;
  /** Settles when the machine stopped, by itself or by `stop`, and its output was handed over. It never rejects. */
  readonly exited: Promise<Exit>;
  /** Interrupts delivered to the processor, by vector. */
  readonly interrupts: Map<number, number>;
  readonly #processor: Processor;
  readonly #attention: Attention;
  readonly #loop: RunLoop;
  readonly #boot: Boot | undefined;
  readonly #floppies: Floppies;
  readonly #listeners = new Listeners<MachineEvents>();
  readonly #debugConsole = new ByteOutput((chunk) => this.#listeners.emit('debugConsole', chunk));
  #resets = 0;
  #tscOffset = 0;

  /**
   * Makes a machine, which `run` starts. When `signal` aborts, it stops.
   * @throws UserError for options that cannot be, and for images that cannot be booted.
   * @throws the reason of a signal that is aborted already.
   */
  static async create(options: MachineOptions = {}, { signal }: { signal?: AbortSignal } = {}): Promise<Machine> {
    signal?.throwIfAborted();
    const machine = new Machine(options);
    await machine.#floppies.load();
    const stop = (): void => machine.stop();
    signal?.addEventListener('abort', stop, { once: true });
    machine.on('exit', () => signal?.removeEventListener('abort', stop));
    return machine;
  }

  /** As `create`, on the spot; the floppy drives stay empty. */
  constructor(options: MachineOptions = {}) {
    const ramBytes = options.memoryBytes ?? MEMORY_BYTES;
    const rom = systemBiosRom(options);
    this.#processor = new Processor({
      ramBytes,
      // The BIOS ROM, then display memory, which the board puts at the end.
      extraBytes: (rom?.length ?? 0) + DISPLAY_MEMORY_BYTES,
      code: options.code,
      engine: options.engine ?? 'interpreter',
      platform: this.#platform(),
    });
    this.memory = this.#processor.memory;
    this.cpu = this.#processor.cpu;
    this.engine = this.#processor.engine;
    this.clock = options.clock === 'virtual' ? new VirtualClock(() => this.engine.retired()) : new HostClock();
    this.serial = new SerialPort({
      send: (bytes) => this.receive(bytes),
      backlog: () => this.board.com1.backlog,
      onChunk: (chunk) => this.#listeners.emit('serial', chunk),
    });
    this.#floppies = new Floppies(options.fda, options.fdb);
    this.cdrom = this.#makeCdrom(options);
    this.#attention = new Attention({
      cpu: this.cpu,
      acknowledge: () => this.board.localApic.acknowledge(),
      reset: () => {
        this.#resets++;
        this.reset();
        this.#listeners.emit('reset', undefined);
      },
      callFirmware: () => this.#boot?.serve?.(),
    });
    this.interrupts = this.#attention.interrupts;
    this.#loop = new RunLoop({
      cpu: this.cpu,
      engine: this.engine,
      clock: this.clock,
      attention: this.#attention,
      idle: options.idle ?? 'skip',
      output: this.serial.output,
      search: () => this.serial.search(),
      deliver: () => {
        this.serial.turn();
        this.#debugConsole.deliver();
      },
      show: () => this.screen.turn(),
      finished: (exit) => this.#finished(exit),
    });
    this.exited = this.#loop.exited;
    this.board = new Board({
      clock: this.clock,
      memory: this.memory,
      ramBytes,
      intr: {
        set: (level) => {
          this.cpu.intr = level ? 1 : 0;
          if (level) this.#loop.wakeUp();
        },
      },
      nmi: {
        set: (level) => {
          if (level) this.#attention.ask(ATTENTION_NMI);
        },
      },
      floppies: this.#floppies.drives,
      ide: ideDrives(options, this.cdrom),
      work: this.#loop.requests,
      complain: (line) => this.#listeners.emit('complaint', line),
      com1: options.serial ? both(this.serial.output, options.serial) : this.serial.output,
      com2: nowhere,
      flowControl: options.flowControl ?? 'none',
      ...(options.debugConsole && { debugConsole: this.#debugConsole }),
      ...(options.debugExit && {
        debugExit: (status: number) => this.#loop.stop({ reason: 'debug-exit', status: status & 0xff }),
      }),
      powerOff: () => this.#loop.stop({ reason: 'power-off' }),
      reset: () => this.#attention.ask(ATTENTION_RESET),
      ...(rom && { firmware: systemBios(rom, this.memory.layout.extraAt, ramBytes, options) }),
    });
    this.board.rtc.setBootOrder(bootOrderOf(options));
    this.screen = new Screen(this.board.vga);
    this.keyboard = new KeyboardInput(this.board.keyboard, this.clock, this.exited);
    this.mouse = new MouseInput(this.board.mouse, this.clock);
    this.#boot = makeBoot(options, {
      cpu: this.cpu,
      memory: this.memory,
      board: this.board,
      clock: this.clock,
      floppies: this.#floppies,
      cdrom: this.cdrom,
      called: () => this.#attention.ask(ATTENTION_FIRMWARE),
    });
    this.#processor.warmUp();
    this.reset();
  }

  /** Power-on state, and the kernel loaded again. */
  reset(): void {
    this.board.reset();
    this.#processor.reset();
    this.#boot?.reset();
  }

  /** Calls `listener` with each event of that name, between two instructions. Returns what ends that. */
  on<E extends keyof MachineEvents>(event: E, listener: (value: MachineEvents[E]) => void): () => void {
    return this.#listeners.on(event, listener);
  }

  /**
   * Waits until COM1 has sent `pattern`: behind the match of the `waitFor` before, and in the last 16 Ki characters.
   * @param options `timeout` in milliseconds of the host; none unless given.
   * @returns the match; its first element is the text that was found.
   * @throws WaitError when the machine stops first, or the time is up.
   */
  waitFor(pattern: string | RegExp, options: WaitOptions = {}): Promise<RegExpExecArray> {
    return waitFor(this, pattern, options);
  }

  /**
   * Waits until a text mode shows `pattern`: now, or later.
   * @returns the match; its first element is the text that was found.
   * @throws WaitError when the machine stops first, or the time is up.
   */
  waitForScreen(pattern: string | RegExp, options: WaitOptions = {}): Promise<RegExpExecArray> {
    return waitForScreen(this, pattern, options);
  }

  /**
   * Puts another disk into floppy drive A (0) or B (1), or takes it out (undefined); the guest sees that it changed. The
   * image before is not closed.
   * @throws UserError for a drive or a size that cannot be; StorageError if the image cannot be read.
   */
  changeFloppy(drive: 0 | 1, image: BlockDevice | undefined): Promise<void> {
    return this.#floppies.change(drive, image);
  }

  /** How the machine ended, once it has. */
  get ended(): Exit | undefined {
    return this.#loop.ended;
  }

  /** Bytes for COM1, of any number: `serial.writable` keeps the guest's pace instead. */
  receive(bytes: Uint8Array): void {
    this.board.com1.receive(bytes);
    this.#loop.wakeUp();
  }

  /** Runs until the machine stops. */
  run(): Promise<Exit> {
    this.#loop.run();
    return this.exited;
  }

  /** Stops between two instructions, if it has not stopped yet. */
  stop(): void {
    this.#loop.stop({ reason: 'stopped' });
  }

  /** Stops because of an error that is not the guest's. */
  fail(error: unknown): void {
    this.#loop.stop({ reason: 'failed', error });
  }

  /** Stops the machine and waits for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.exited;
  }

  statistics(): MachineStatistics {
    const { engine, memory, board } = this;
    const retired = engine.retired();
    return {
      guestSeconds: this.clock.now() / 1e9,
      instructions: { retired, byEngine: engine.retiredBy() },
      engine: engine.statistics(),
      exits: { ...this.#loop.exits },
      resets: this.#resets,
      memory: memory.stats,
      interrupts: {
        byVector: Object.fromEntries(this.interrupts),
        byLine: Object.fromEntries(
          [...board.requests].map((count, line) => [line, count]).filter(([, count]) => count),
        ),
      },
    };
  }

  /**
   * Runs on the spot until `count` instructions are retired or the machine stops: for comparing engines. On the virtual
   * clock only, since a halted processor does not wait.
   */
  runTo(count: number): void {
    this.#loop.runTo(count);
  }

  #finished(exit: Exit): void {
    this.#debugConsole.close();
    this.serial.close();
    this.#listeners.emit('exit', exit);
  }

  #makeCdrom({ cdrom, hdc }: MachineOptions): CdromDrive | undefined {
    if (!hdc) {
      return new CdromDrive(cdrom, {
        onTray: (open) => this.#listeners.emit('tray', open),
        complain: (line) => this.#listeners.emit('complaint', line),
      });
    }
    if (cdrom) throw new UserError('cdrom and hdc are the same drive, master of the second channel; give one');
    return undefined;
  }

  #platform(): Platform {
    return {
      portRead: (port, size) => this.board.ports.read(port, size),
      portWrite: (port, size, value) => this.board.ports.write(port, size, value),
      cycles: () => this.clock.now() + this.#tscOffset,
      setCycles: (value) => {
        this.#tscOffset = value - this.clock.now();
      },
      acknowledge: () => this.board.localApic.acknowledge(),
      apicBase: () => 0xfee00900 | 0,
      setApicBase: (value) => {
        this.board.localApic.setGlobalEnable((value & 0x800) !== 0);
        return true;
      },
      shutdown: (reason) => this.#loop.stop({ reason: 'triple-fault', detail: reason }),
    };
  }
}

export type { SerialSink };
