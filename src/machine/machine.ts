// The machine: processor, memory and board, and the monitor loop that runs them. The same in Node, in a worker and in
// the browser: nothing of a host is imported.

import type { Engine } from '../cpu/engine.ts';
import { Interpreter } from '../cpu/interpreter.ts';
import { Reference } from '../cpu/reference.ts';
import type { SerialSink } from '../devices/uart16550.ts';
import { acpiTables } from '../firmware/acpi.ts';
import { planBoot } from '../firmware/image.ts';
import { mpTables } from '../firmware/mptable.ts';
import { setUpPci } from '../firmware/pci-setup.ts';
import type { BootPlan } from '../firmware/plan.ts';
import { GuestFault, PF } from '../isa/fault.ts';
import { CS, DS, ES, FS, GS, SS } from '../isa/insn.ts';
import { setEflags } from '../isa/semantics/eflags.ts';
import { deliverInterrupt, resetCpu, resetFloatingPoint } from '../isa/semantics/exception.ts';
import { setSegment } from '../isa/semantics/segments.ts';
import { Cpu, type Platform } from '../isa/state.ts';
import { Memory } from '../memory/memory.ts';
import { Board } from './board.ts';
import { type GuestClock, HostClock, VirtualClock } from './guest-clock.ts';
import { PLATFORM } from './layout.ts';
import type { Exit, MachineOptions } from './options.ts';

const MIB = 1024 * 1024;
/** How long the loop keeps the host's event loop waiting, in milliseconds. */
const SLICE_MILLIS = 8;
/** Instructions between two looks at the host's clock. */
const BUDGET = 100_000;
const NMI_VECTOR = 2;
const nowhere: SerialSink = { write() {} };

// Bits of `attention` that the machine sets; bit 0 is the processor's (halted, shut down).
const ATTENTION_CPU = 1;
const ATTENTION_TIMER = 2;
const ATTENTION_NMI = 4;
const ATTENTION_RESET = 8;

export class Machine {
  readonly memory: Memory;
  readonly cpu: Cpu;
  readonly engine: Engine;
  readonly clock: GuestClock;
  readonly board: Board;
  /** Settles when the machine stops by itself or by `stop`. */
  readonly exited: Promise<Exit>;
  readonly #options: MachineOptions;
  readonly #plan: BootPlan | undefined;
  readonly #acpi = acpiTables(PLATFORM);
  #settle: (exit: Exit) => void = () => {};
  #exit: Exit | undefined;
  #running = false;
  #wake: (() => void) | undefined;
  #tscOffset = 0;
  readonly interrupts = new Map<number, number>();

  /** Throws `UserError` for options that cannot be, and for images that cannot be booted. */
  constructor(options: MachineOptions = {}) {
    this.#options = options;
    const ramBytes = options.memoryBytes ?? 256 * MIB;
    this.exited = new Promise((settle) => {
      this.#settle = settle;
    });
    this.memory = new Memory({
      ramBytes,
      raisePageFault: (linear, code) => {
        this.cpu.cr2 = linear;
        throw new GuestFault(PF, code);
      },
      onCodeWrite: (physical, bytes) => this.engine.codeWritten(physical, bytes),
      onMappingLost: (user) => this.engine.mappingLost(user),
    });
    this.cpu = new Cpu(this.memory.heap, this.memory.layout.registersAt, this.memory, this.#platform());
    this.engine =
      options.engine === 'reference' ? new Reference(this.cpu, this.memory) : new Interpreter(this.cpu, this.memory);
    this.clock = options.clock === 'virtual' ? new VirtualClock(() => this.engine.retired()) : new HostClock();
    this.clock.onEarlier = () => {
      this.cpu.attention |= ATTENTION_TIMER;
    };
    this.board = new Board({
      clock: this.clock,
      memory: this.memory,
      ramBytes,
      intr: {
        set: (level) => {
          this.cpu.intr = level ? 1 : 0;
        },
      },
      nmi: {
        set: (level) => {
          if (level) this.cpu.attention |= ATTENTION_NMI;
        },
      },
      com1: options.serial ?? nowhere,
      com2: nowhere,
      flowControl: options.flowControl ?? 'none',
      ...(options.debugConsole && { debugConsole: options.debugConsole }),
      ...(options.debugExit && {
        debugExit: (status: number) => this.#stop({ reason: 'debug-exit', status: status & 0xff }),
      }),
      powerOff: () => this.#stop({ reason: 'power-off' }),
      reset: () => {
        this.cpu.attention |= ATTENTION_RESET;
      },
    });
    if (options.kernel) {
      this.#plan = planBoot({
        kernel: options.kernel,
        modules: options.modules ?? [],
        commandLine: options.commandLine ?? '',
        memoryBytes: ramBytes,
        rsdp: this.#acpi.rsdp,
      });
    }
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
    if (this.#plan) this.#boot(this.#plan);
  }

  /** Bytes for COM1. */
  receive(bytes: Uint8Array): void {
    this.board.com1.receive(bytes);
    this.#wakeUp();
  }

  /** Runs until the machine stops. */
  run(): Promise<Exit> {
    if (!this.#running) {
      this.#running = true;
      void this.#loop();
    }
    return this.exited;
  }

  /** Stops between two instructions. */
  stop(): void {
    this.#stop({ reason: 'stopped' });
  }

  /**
   * Runs on the spot until `count` instructions are retired or the machine stops: for comparing engines. On the virtual
   * clock only, since a halted processor does not wait.
   */
  runTo(count: number): void {
    while (!this.#exit && this.engine.retired() < count) {
      this.clock.fire();
      this.#service();
      if (this.cpu.halted !== 0) {
        if (this.#idle() !== undefined) return;
      } else this.engine.run(Math.min(this.clock.instructionsUntilDeadline(BUDGET), count - this.engine.retired()));
    }
  }

  async #loop(): Promise<void> {
    while (!this.#exit) {
      const sliceEnd = performance.now() + SLICE_MILLIS;
      let idleUntil: number | undefined;
      do {
        this.clock.fire();
        this.#service();
        if (this.#exit) return;
        if (this.cpu.halted !== 0) {
          idleUntil = this.#idle();
          if (idleUntil !== undefined) break;
        } else this.engine.run(this.clock.instructionsUntilDeadline(BUDGET));
      } while (performance.now() < sliceEnd && !this.#exit);
      if (this.#exit) return;
      if (idleUntil === undefined) await yieldToHost();
      else await this.#sleep(idleUntil);
    }
  }

  /** What the processor or a wire asks for between two instructions. */
  #service(): void {
    const c = this.cpu;
    const attention = c.attention;
    c.attention = 0;
    if ((attention & ATTENTION_RESET) !== 0) this.reset();
    if ((attention & ATTENTION_NMI) !== 0) deliverInterrupt(c, NMI_VECTOR);
    if (c.intr !== 0 && c.IF !== 0 && c.shadow === 0) {
      const vector = this.board.localApic.acknowledge();
      this.interrupts.set(vector, (this.interrupts.get(vector) ?? 0) + 1);
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
    const nanos = deadline - this.clock.now();
    return new Promise((resume) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        if (this.clock instanceof VirtualClock) this.clock.skipTo(deadline);
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
    this.#settle(exit);
    this.#wakeUp();
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

  /** What firmware would have done, then the kernel and the state it starts in. */
  #boot(plan: BootPlan): void {
    const c = this.cpu;
    const { pci, localApic } = this.board;
    setUpPci(pci, PLATFORM);
    localApic.enterVirtualWire();
    for (const load of [...this.#acpi.loads, ...mpTables(PLATFORM), ...plan.loads]) {
      const bytes = new Uint8Array(load.size);
      bytes.set(load.bytes);
      this.memory.writePhysical(load.address, bytes);
    }
    const r = plan.registers;
    c.reg.set([r.eax, r.ecx, r.edx, r.ebx, r.esp, r.ebp, r.esi, r.edi].map((v) => v | 0));
    c.cr0 = plan.cr0;
    c.gdtBase = plan.gdtr.base | 0;
    c.gdtLimit = plan.gdtr.limit;
    c.idtBase = plan.idtr.base | 0;
    c.idtLimit = plan.idtr.limit;
    for (const seg of [ES, SS, DS, FS, GS]) {
      setSegment(c, seg, plan.data.selector, plan.data.base | 0, plan.data.limit | 0, plan.data.access);
    }
    setSegment(c, CS, plan.code.selector, plan.code.base | 0, plan.code.limit | 0, plan.code.access);
    setEflags(c, plan.eflags, -1);
    c.eip = plan.entry | 0;
    c.memory.contextChanged(c, true);
  }
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
