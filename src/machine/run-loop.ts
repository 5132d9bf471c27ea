// The monitor loop: gives the engine instructions to run and the host its turns, until the machine stops.
//
// A turn of 8 ms: fire the timers that are due, serve what was asked for between instructions (attention.ts), run the
// engine for the instructions until the next timer. Then output is handed over, and the host's event loop has its own
// turn. A halted processor sleeps until the next timer or input; a guest whose output nobody takes is paused; one that
// waits for a disk is held until the host has answered.

import type { Engine } from '../cpu/engine.ts';
import type { Cpu } from '../isa/state.ts';
import { hex } from '../lib/hex.ts';
import { ATTENTION_CPU, ATTENTION_HOST, ATTENTION_TIMER, type Attention } from './attention.ts';
import type { ByteOutput } from './byte-output.ts';
import { type GuestClock, HostClock, VirtualClock } from './guest-clock.ts';
import { HostRequests } from './host-requests.ts';
import type { Exit } from './options.ts';
import type { MonitorExits } from './statistics.ts';

/** How long the loop keeps the host's event loop waiting, in milliseconds. */
const SLICE_MILLIS = 8;
/** Instructions between two looks at the host's clock. */
const BUDGET = 100_000;
/** The same while the host works for a device: so its answers do not wait long. */
const BUSY_SLICE_MILLIS = 0.2;
const BUSY_BUDGET = 10_000;

export interface RunLoopOptions {
  readonly cpu: Cpu;
  readonly engine: Engine;
  /** The loop fires its timers, and pauses it while the machine does not run. */
  readonly clock: GuestClock;
  readonly attention: Attention;
  /** On the virtual clock: an idle guest waits as long as its time says, or time jumps ahead. */
  readonly idle: 'wait' | 'skip';
  /** Output that pauses the machine while too much of it waits to be taken. */
  readonly output: Pick<ByteOutput, 'congested' | 'room'>;
  /** The engine returned, at a point of the guest that is the same in each run: looks at what was put out. */
  readonly search: () => void;
  /** The end of a turn: hands output over. */
  readonly deliver: () => void;
  /** The same for what need not keep up with `runTo`. */
  readonly show: () => void;
  /** The machine has stopped, and the host is done with its requests. `exited` settles thereafter. */
  readonly finished: (exit: Exit) => void;
}

export class RunLoop {
  /** Settles when the machine stopped and `finished` was called. It never rejects. */
  readonly exited: Promise<Exit>;
  /** What devices ask of the host. */
  readonly requests: HostRequests;
  /** Why the engine returned, so far. */
  readonly exits: { -readonly [K in keyof MonitorExits]: number } = { budget: 0, interrupt: 0, halt: 0, other: 0 };
  readonly #options: RunLoopOptions;
  readonly #cpu: Cpu;
  readonly #engine: Engine;
  readonly #clock: GuestClock;
  /** The guest waits for the host in a call of the built-in BIOS. */
  #blocked: Promise<void> | undefined;
  /** A request was made that the host may have answered on the spot. */
  #asked = false;
  /** One was answered since the processor ran. */
  #answered = false;
  #settle: (exit: Exit) => void = () => {};
  #exit: Exit | undefined;
  #running = false;
  #finished = false;
  #wake: (() => void) | undefined;
  #stopped: (() => void) | undefined;

  constructor(options: RunLoopOptions) {
    const { cpu, engine, clock, attention } = options;
    this.#options = options;
    this.#cpu = cpu;
    this.#engine = engine;
    this.#clock = clock;
    this.exited = new Promise((settle) => {
      this.#settle = settle;
    });
    if (clock instanceof HostClock) clock.pause();
    clock.onEarlier = () => {
      attention.ask(ATTENTION_TIMER);
      this.wakeUp();
    };
    this.requests = new HostRequests({
      clock,
      virtual: clock instanceof VirtualClock,
      asked: () => {
        this.#asked = true;
        attention.ask(ATTENTION_HOST);
      },
      answered: () => {
        this.#answered = true;
        this.wakeUp();
      },
    });
  }

  /** How the machine ended, once it has. */
  get ended(): Exit | undefined {
    return this.#finished ? this.#exit : undefined;
  }

  /** Runs until the machine stops: see `exited`. It may be called again. */
  run(): void {
    if (this.#running) return;
    this.#running = true;
    if (this.#clock instanceof HostClock) this.#clock.resume();
    void this.#loop();
  }

  /** See `Machine.runTo`. */
  runTo(count: number): void {
    const engine = this.#engine;
    while (!this.#exit && engine.retired() < count) {
      this.#clock.fire();
      this.#serve();
      if (this.#blocked || this.requests.due) throw new Error('the guest waits for a disk: only run() can');
      if (this.#cpu.halted !== 0) {
        if (this.#idle() !== undefined) return;
      } else engine.run(Math.min(this.#clock.instructionsUntilDeadline(BUDGET), count - engine.retired()));
    }
    this.#options.deliver();
    if (this.#exit) this.#finish(this.#exit);
  }

  /** Ends the run between two instructions. The first reason counts. */
  stop(exit: Exit): void {
    if (this.#exit) return;
    this.#exit = exit;
    this.#options.attention.ask(ATTENTION_CPU);
    this.wakeUp();
    this.#stopped?.();
    if (!this.#running) queueMicrotask(() => this.#finish(exit));
  }

  /** Ends the sleep of a halted processor: something came that it may have waited for. */
  wakeUp(): void {
    this.#wake?.();
  }

  async #loop(): Promise<void> {
    let turnEnd = performance.now() + SLICE_MILLIS;
    while (!this.#exit) {
      try {
        const idleUntil = this.#slice();
        this.#options.deliver();
        this.#options.show();
        if (this.#exit) break;
        if (this.#asked) await this.#answersOnTheSpot();
        const blocked = this.#blocked !== undefined || this.requests.due;
        if (blocked) await this.#unblocked();
        // An answer must not wait; but now and then the rest of the host has its turn.
        const ready = blocked || this.#answered;
        if (ready && performance.now() < turnEnd) continue;
        if (this.#options.output.congested) await this.#pause();
        else if (idleUntil === undefined || ready) await yieldToHost();
        else await this.#sleep(idleUntil);
        turnEnd = performance.now() + SLICE_MILLIS;
      } catch (error) {
        this.stop({ reason: 'failed', error });
      }
    }
    await this.requests.drained();
    this.#finish(this.#exit);
  }

  async #answersOnTheSpot(): Promise<void> {
    this.#asked = false;
    await this.requests.turn();
  }

  /** Runs for a while. Returns the guest time until which the processor is idle, or undefined if it is not. */
  #slice(): number | undefined {
    const clock = this.#clock;
    const busy = this.requests.outstanding > 0;
    this.#answered = false;
    const sliceEnd = performance.now() + (busy ? BUSY_SLICE_MILLIS : SLICE_MILLIS);
    do {
      clock.fire();
      this.#serve();
      if (this.#exit || this.#blocked || this.requests.due) return undefined;
      if (this.#cpu.halted !== 0) {
        const idleUntil = this.#idle();
        if (idleUntil !== undefined) return idleUntil;
      } else {
        const budget = clock.instructionsUntilDeadline(busy ? BUSY_BUDGET : BUDGET);
        this.#engine.run(budget, clock instanceof HostClock);
        this.#countExit();
        this.#options.search();
        if (this.#asked) return undefined;
      }
    } while (!this.#exit && performance.now() < sliceEnd);
    return undefined;
  }

  #serve(): void {
    const blocked = this.#options.attention.serve();
    if (blocked) this.#blocked = blocked;
  }

  /** Waits for the host on behalf of the guest; what goes wrong there is not the guest's fault. */
  async #unblocked(): Promise<void> {
    try {
      await this.#blocked;
    } finally {
      this.#blocked = undefined;
    }
    await this.requests.settle();
  }

  #countExit(): void {
    const c = this.#cpu;
    if (c.halted !== 0) this.exits.halt++;
    else if (c.attention !== 0) this.exits.other++;
    else if (c.intr !== 0 && c.IF !== 0) this.exits.interrupt++;
    else this.exits.budget++;
  }

  /** The processor is halted: guest time until which to sleep, or undefined to go on at once. */
  #idle(): number | undefined {
    const c = this.#cpu;
    const clock = this.#clock;
    if (c.IF === 0) {
      this.stop({ reason: 'halted-for-ever', detail: `HLT with interrupts off at EIP ${hex(c.eip, 8)}` });
      return undefined;
    }
    const deadline = clock.nextDeadline();
    if (clock instanceof VirtualClock && this.#options.idle !== 'wait' && deadline !== Number.POSITIVE_INFINITY) {
      clock.skipTo(deadline);
      return undefined;
    }
    return deadline;
  }

  /** Waits until guest time is `deadline`, or somebody calls `wakeUp`; at most a second. */
  #sleep(deadline: number): Promise<void> {
    const clock = this.#clock;
    const from = clock.now();
    const nanos = deadline - from;
    const started = performance.now();
    return new Promise((resume) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        if (clock instanceof VirtualClock) {
          clock.skipTo(Math.min(deadline, from + Math.ceil((performance.now() - started) * 1e6)));
        }
        resume();
      };
      const timer = setTimeout(done, Math.min(Math.max(nanos / 1e6, 0), 1000));
      this.#wake = done;
    });
  }

  /** Guest time stands while nobody takes the output: a guest that times its transmitter loses nothing. */
  async #pause(): Promise<void> {
    const clock = this.#clock;
    if (clock instanceof HostClock) clock.pause();
    await Promise.race([this.#options.output.room(), this.#woken()]);
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
    this.#options.finished(exit);
    this.#settle(exit);
  }
}

/** Lets the host's timers, streams and signals have their turn. */
function yieldToHost(): Promise<void> {
  return new Promise((resume) => {
    if (typeof setImmediate === 'function') setImmediate(resume);
    else setTimeout(resume, 0);
  });
}
