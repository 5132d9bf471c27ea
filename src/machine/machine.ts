// The machine: processor, memory and board, and the monitor loop that runs them. The same in Node, in a worker and in
// the browser: nothing of a host is imported.

import type { Engine } from '../cpu/engine.ts';
import { Interpreter } from '../cpu/interpreter.ts';
import { Reference } from '../cpu/reference.ts';
import type { SerialSink } from '../devices/uart16550.ts';
import { DISPLAY_MEMORY_BYTES } from '../devices/vga/vga.ts';
import { GuestFault, PF } from '../isa/fault.ts';
import { CS } from '../isa/insn.ts';
import { deliverInterrupt, resetCpu, resetFloatingPoint } from '../isa/semantics/exception.ts';
import { Cpu, type Platform } from '../isa/state.ts';
import { UserError } from '../lib/errors.ts';
import { channel } from '../lib/log.ts';
import { Memory } from '../memory/memory.ts';
import type { BlockDevice } from '../storage/contract.ts';
import { Board } from './board.ts';
import { type Boot, bootOrderOf, makeBoot } from './boot.ts';
import { ByteOutput } from './byte-output.ts';
import { CdromDrive } from './cdrom-drive.ts';
import { ideDrives } from './drives.ts';
import { Floppies } from './floppies.ts';
import { type GuestClock, HostClock, VirtualClock } from './guest-clock.ts';
import { HostRequests } from './host-requests.ts';
import { KeyboardInput, MouseInput } from './input.ts';
import { Listeners } from './listeners.ts';
import type { EngineChoice, Exit, MachineEvents, MachineOptions } from './options.ts';
import { Screen } from './screen.ts';
import { SerialPort } from './serial-port.ts';
import { both, nowhere } from './sinks.ts';
import type { MachineStatistics, MonitorExits } from './statistics.ts';
import { systemBios, systemBiosRom } from './system-bios.ts';
import { type WaitOptions, waitFor, waitForScreen } from './wait-for.ts';

const irqLog = channel('irq');

const MIB = 1024 * 1024;
/** How long the loop keeps the host's event loop waiting, in milliseconds. */
const SLICE_MILLIS = 8;
/** Instructions between two looks at the host's clock. */
const BUDGET = 100_000;
/** The same while the host works for a device: so its answers do not wait long. */
const BUSY_SLICE_MILLIS = 0.2;
const BUSY_BUDGET = 10_000;
const NMI_VECTOR = 2;

// Bits of `attention` that the machine sets; bit 0 is the processor's (halted, shut down).
const ATTENTION_CPU = 1;
const ATTENTION_TIMER = 2;
const ATTENTION_NMI = 4;
const ATTENTION_RESET = 8;
const ATTENTION_FIRMWARE = 16;
const ATTENTION_HOST = 32;

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
  readonly #options: MachineOptions;
  readonly #listeners = new Listeners<MachineEvents>();
  readonly #debugConsole = new ByteOutput((chunk) => this.#listeners.emit('debugConsole', chunk));
  readonly #exits: { -readonly [K in keyof MonitorExits]: number } = { budget: 0, interrupt: 0, halt: 0, other: 0 };
  readonly #boot: Boot | undefined;
  /** The guest waits for the host in a call of the built-in BIOS. */
  #blocked: Promise<void> | undefined;
  readonly #floppies: Floppies;
  readonly #host: HostRequests;
  /** A request was made that the host may have answered on the spot. */
  #asked = false;
  /** One was answered since the processor ran. */
  #answered = false;
  #settle: (exit: Exit) => void = () => {};
  #exit: Exit | undefined;
  #running = false;
  #resets = 0;
  #finished = false;
  #wake: (() => void) | undefined;
  #stopped: (() => void) | undefined;
  #tscOffset = 0;
  readonly interrupts = new Map<number, number>();

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
    this.#options = options;
    const ramBytes = options.memoryBytes ?? 256 * MIB;
    this.exited = new Promise((settle) => {
      this.#settle = settle;
    });
    const rom = systemBiosRom(options);
    this.memory = new Memory({
      ramBytes,
      ...(options.code && { code: options.code }),
      // The BIOS ROM, then display memory, which the board puts at the end.
      extraBytes: (rom?.length ?? 0) + DISPLAY_MEMORY_BYTES,
      raisePageFault: (linear, code) => {
        this.cpu.cr2 = linear;
        throw new GuestFault(PF, code);
      },
      onCodeWrite: (physical, bytes) => this.engine.codeWritten(physical, bytes),
      onMappingLost: (user, tableWord) => this.engine.mappingLost(user, tableWord),
    });
    this.cpu = new Cpu(this.memory.heap, this.memory.layout.registersAt, this.memory, this.#platform());
    this.engine = makeEngine(options.engine ?? 'interpreter', this.cpu, this.memory);
    this.clock = options.clock === 'virtual' ? new VirtualClock(() => this.engine.retired()) : new HostClock();
    if (this.clock instanceof HostClock) this.clock.pause();
    this.clock.onEarlier = () => {
      this.cpu.attention |= ATTENTION_TIMER;
      this.#wakeUp();
    };
    this.serial = new SerialPort({
      send: (bytes) => this.receive(bytes),
      backlog: () => this.board.com1.backlog,
      onChunk: (chunk) => this.#listeners.emit('serial', chunk),
    });
    this.#floppies = new Floppies(options.fda, options.fdb);
    this.cdrom = this.#makeCdrom(options);
    this.#host = new HostRequests({
      clock: this.clock,
      virtual: this.clock instanceof VirtualClock,
      asked: () => {
        this.#asked = true;
        this.cpu.attention |= ATTENTION_HOST;
      },
      answered: () => {
        this.#answered = true;
        this.#wakeUp();
      },
    });
    this.board = new Board({
      clock: this.clock,
      memory: this.memory,
      ramBytes,
      intr: {
        set: (level) => {
          this.cpu.intr = level ? 1 : 0;
          if (level) this.#wakeUp();
        },
      },
      nmi: {
        set: (level) => {
          if (level) this.cpu.attention |= ATTENTION_NMI;
        },
      },
      floppies: this.#floppies.drives,
      ide: ideDrives(options, this.cdrom),
      work: this.#host,
      complain: (line) => this.#listeners.emit('complaint', line),
      com1: options.serial ? both(this.serial.output, options.serial) : this.serial.output,
      com2: nowhere,
      flowControl: options.flowControl ?? 'none',
      ...(options.debugConsole && { debugConsole: this.#debugConsole }),
      ...(options.debugExit && {
        debugExit: (status: number) => this.#stop({ reason: 'debug-exit', status: status & 0xff }),
      }),
      powerOff: () => this.#stop({ reason: 'power-off' }),
      reset: () => {
        this.cpu.attention |= ATTENTION_RESET;
      },
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
      called: () => {
        this.cpu.attention |= ATTENTION_FIRMWARE;
      },
    });
    resetCpu(this.cpu);
    this.engine.warmUp?.();
    this.reset();
  }

  /** Power-on state, and the kernel loaded again. */
  reset(): void {
    this.board.reset();
    this.memory.reset();
    resetCpu(this.cpu);
    resetFloatingPoint(this.cpu);
    this.engine.flush();
    this.cpu.attention = 0;
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
    return this.#finished ? this.#exit : undefined;
  }

  /** Bytes for COM1, of any number: `serial.writable` keeps the guest's pace instead. */
  receive(bytes: Uint8Array): void {
    this.board.com1.receive(bytes);
    this.#wakeUp();
  }

  /** Runs until the machine stops. */
  run(): Promise<Exit> {
    if (!this.#running) {
      this.#running = true;
      if (this.clock instanceof HostClock) this.clock.resume();
      void this.#loop();
    }
    return this.exited;
  }

  /** Stops between two instructions, if it has not stopped yet. */
  stop(): void {
    this.#stop({ reason: 'stopped' });
  }

  /** Stops because of an error that is not the guest's. */
  fail(error: unknown): void {
    this.#stop({ reason: 'failed', error });
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
      exits: { ...this.#exits },
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
    while (!this.#exit && this.engine.retired() < count) {
      this.clock.fire();
      this.#service();
      if (this.#blocked || this.#host.due) throw new Error('the guest waits for a disk: only run() can');
      if (this.cpu.halted !== 0) {
        if (this.#idle() !== undefined) return;
      } else this.engine.run(Math.min(this.clock.instructionsUntilDeadline(BUDGET), count - this.engine.retired()));
    }
    this.serial.turn();
    this.#debugConsole.deliver();
    if (this.#exit) this.#finish(this.#exit);
  }

  async #loop(): Promise<void> {
    let turnEnd = performance.now() + SLICE_MILLIS;
    while (!this.#exit) {
      try {
        const idleUntil = this.#slice();
        this.serial.turn();
        this.#debugConsole.deliver();
        this.screen.turn();
        if (this.#exit) break;
        if (this.#asked) await this.#answersOnTheSpot();
        const blocked = this.#blocked !== undefined || this.#host.due;
        if (blocked) await this.#unblocked();
        // An answer must not wait; but now and then the rest of the host has its turn.
        const ready = blocked || this.#answered;
        if (ready && performance.now() < turnEnd) continue;
        if (this.serial.output.congested) await this.#pause();
        else if (idleUntil === undefined || ready) await yieldToHost();
        else await this.#sleep(idleUntil);
        turnEnd = performance.now() + SLICE_MILLIS;
      } catch (error) {
        this.fail(error);
      }
    }
    await this.#host.drained();
    this.#finish(this.#exit);
  }

  async #answersOnTheSpot(): Promise<void> {
    this.#asked = false;
    await this.#host.turn();
  }

  /** Runs for a while. Returns the guest time until which the processor is idle, or undefined if it is not. */
  #slice(): number | undefined {
    const busy = this.#host.outstanding > 0;
    this.#answered = false;
    const sliceEnd = performance.now() + (busy ? BUSY_SLICE_MILLIS : SLICE_MILLIS);
    do {
      this.clock.fire();
      this.#service();
      if (this.#exit || this.#blocked || this.#host.due) return undefined;
      if (this.cpu.halted !== 0) {
        const idleUntil = this.#idle();
        if (idleUntil !== undefined) return idleUntil;
      } else {
        const budget = this.clock.instructionsUntilDeadline(busy ? BUSY_BUDGET : BUDGET);
        this.engine.run(budget, this.clock instanceof HostClock);
        this.#countExit();
        this.serial.search();
        if (this.#asked) return undefined;
      }
    } while (!this.#exit && performance.now() < sliceEnd);
    return undefined;
  }

  /** Waits for the host on behalf of the guest; what goes wrong there is not the guest's fault. */
  async #unblocked(): Promise<void> {
    try {
      await this.#blocked;
    } finally {
      this.#blocked = undefined;
    }
    await this.#host.settle();
  }

  #countExit(): void {
    const c = this.cpu;
    if (c.halted !== 0) this.#exits.halt++;
    else if (c.attention !== 0) this.#exits.other++;
    else if (c.intr !== 0 && c.IF !== 0) this.#exits.interrupt++;
    else this.#exits.budget++;
  }

  /** Guest time stands while nobody takes the output: a guest that times its transmitter loses nothing. */
  async #pause(): Promise<void> {
    const { clock } = this;
    if (clock instanceof HostClock) clock.pause();
    await Promise.race([this.serial.output.room(), this.#woken()]);
    if (clock instanceof HostClock) clock.resume();
  }

  /** Resolves when the machine is stopped. */
  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#stopped = resolve;
    });
  }

  #finish(exit: Exit): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#debugConsole.close();
    this.serial.close();
    this.#listeners.emit('exit', exit);
    this.#settle(exit);
  }

  /** What the processor or a wire asks for between two instructions. */
  #service(): void {
    const c = this.cpu;
    const attention = c.attention;
    c.attention = 0;
    if ((attention & ATTENTION_RESET) !== 0) {
      this.#resets++;
      this.reset();
      this.#listeners.emit('reset', undefined);
    }
    if ((attention & ATTENTION_FIRMWARE) !== 0) {
      this.#blocked = this.#boot?.serve?.();
      if (this.#blocked) return;
    }
    if ((attention & ATTENTION_NMI) !== 0) deliverInterrupt(c, NMI_VECTOR);
    if (c.intr !== 0 && c.IF !== 0 && c.shadow === 0) {
      const vector = this.board.localApic.acknowledge();
      this.interrupts.set(vector, (this.interrupts.get(vector) ?? 0) + 1);
      if (irqLog.enabled) irqLog.log(`vector ${vector} at ${c.sel[CS].toString(16)}:${hex(c.eip)}`);
      deliverInterrupt(c, vector);
    }
  }

  /** The processor is halted: guest time until which to sleep, or undefined to go on at once. */
  #idle(): number | undefined {
    const c = this.cpu;
    if (c.IF === 0) {
      this.#stop({ reason: 'halted-for-ever', detail: `HLT with interrupts off at EIP ${hex(c.eip)}` });
      return undefined;
    }
    const deadline = this.clock.nextDeadline();
    if (this.clock instanceof VirtualClock && this.#options.idle !== 'wait' && deadline !== Number.POSITIVE_INFINITY) {
      this.clock.skipTo(deadline);
      return undefined;
    }
    return deadline;
  }

  #sleep(deadline: number): Promise<void> {
    const from = this.clock.now();
    const nanos = deadline - from;
    const started = performance.now();
    return new Promise((resume) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        if (this.clock instanceof VirtualClock) {
          this.clock.skipTo(Math.min(deadline, from + Math.ceil((performance.now() - started) * 1e6)));
        }
        resume();
      };
      const timer = setTimeout(done, Math.min(Math.max(nanos / 1e6, 0), 1000));
      this.#wake = done;
    });
  }

  #wakeUp(): void {
    this.#wake?.();
  }

  #stop(exit: Exit): void {
    if (this.#exit) return;
    this.#exit = exit;
    this.cpu.attention |= ATTENTION_CPU;
    this.#wakeUp();
    this.#stopped?.();
    if (!this.#running) queueMicrotask(() => this.#finish(exit));
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
      shutdown: (reason) => this.#stop({ reason: 'triple-fault', detail: reason }),
    };
  }
}

function makeEngine(choice: EngineChoice, cpu: Cpu, memory: Memory): Engine {
  if (typeof choice === 'function') return choice(cpu, memory);
  return choice === 'reference' ? new Reference(cpu, memory) : new Interpreter(cpu, memory);
}

function hex(v: number): string {
  return `${(v >>> 0).toString(16).padStart(8, '0')}h`;
}

/** Lets the host's timers, streams and signals have their turn. */
function yieldToHost(): Promise<void> {
  return new Promise((resume) => {
    if (typeof setImmediate === 'function') setImmediate(resume);
    else setTimeout(resume, 0);
  });
}

export type { SerialSink };
