// The reference interpreter: decode, call the semantic function, deliver what it raised. Slow, and the arbiter.

import { DB, GuestFault } from '../isa/fault.ts';
import type { int } from '../isa/insn.ts';
import { DR6_BS, hasBreakpoints, instructionBreakpoint } from '../isa/semantics/debug-registers.ts';
import { deliverFault, deliverTrap } from '../isa/semantics/interrupt.ts';
import type { Cpu } from '../isa/state.ts';
import type { Memory } from '../memory/memory.ts';
import { GRANULE_BYTES } from '../memory/traces.ts';
import { DecodedInstructions, type Executable } from './decoded.ts';
import type { Engine } from './engine.ts';

export class Reference implements Engine {
  readonly name: string = 'reference';
  readonly cpu: Cpu;
  readonly instructions: DecodedInstructions;
  readonly #memory: Memory;
  #retired = 0;

  constructor(cpu: Cpu, memory: Memory) {
    this.cpu = cpu;
    this.#memory = memory;
    this.instructions = new DecodedInstructions(memory);
  }

  run(budget: number): void {
    const c = this.cpu;
    for (let left = budget; left > 0; left--) {
      if (c.attention !== 0 || (c.intr !== 0 && c.IF !== 0 && c.shadow === 0)) return;
      this.step();
      this.#retired++;
    }
  }

  retired(): number {
    return this.#retired;
  }

  retiredBy(): Readonly<Record<string, number>> {
    return { reference: this.#retired };
  }

  codeWritten(written: int, count: int): void {
    const physical = written & -GRANULE_BYTES;
    const bytes = ((written + count + GRANULE_BYTES - 1) & -GRANULE_BYTES) - physical;
    this.instructions.invalidate(physical, bytes);
    this.#memory.untraceCode(physical, bytes);
  }

  mappingLost(): void {}

  flush(): void {
    this.instructions.flush();
  }

  statistics(): Readonly<Record<string, number>> {
    return {};
  }

  /** The traps after an instruction: single step, data breakpoints. */
  #afterwards(trap: int): void {
    const c = this.cpu;
    const hits = c.breakpointsHit | (trap !== 0 ? DR6_BS : 0);
    c.breakpointsHit = 0;
    if (hits !== 0) deliverTrap(c, DB, hits);
  }

  /**
   * Executes an instruction that is known to be the one at EIP, where nothing is watched: no single step, no breakpoint.
   */
  execute(known: Executable): void {
    const c = this.cpu;
    const start = c.eip;
    c.shadow = 0;
    try {
      c.RF = 0;
      c.eip = (start + known.insn.length) | 0;
      known.run(c, known.insn);
    } catch (fault) {
      if (!(fault instanceof GuestFault)) throw fault;
      c.eip = start;
      deliverFault(c, fault);
    }
  }

  /** Executes one instruction, with the fault or the single-step trap that it raises. */
  step(): void {
    const c = this.cpu;
    const start = c.eip;
    const trap = c.TF;
    const watched = hasBreakpoints(c);
    c.shadow = 0;
    try {
      if (watched) instructionBreakpoint(c);
      const decoded = this.instructions.at(c);
      c.RF = 0;
      c.eip = (start + decoded.insn.length) | 0;
      decoded.run(c, decoded.insn);
      if (trap !== 0 || watched) this.#afterwards(holdsOffTrap(c, decoded.insn.op) ? 0 : trap);
    } catch (fault) {
      if (!(fault instanceof GuestFault)) throw fault;
      c.eip = start;
      deliverFault(c, fault);
    }
  }
}

/**
 * Whether no single-step trap follows an instruction that began with TF set: after a load of SS (but not STI), and into
 * a software interrupt's handler, which starts with TF clear (SDM vol. 3, sections 6.8.3 and 17.3.1.4).
 */
function holdsOffTrap(c: Cpu, op: string): boolean {
  if (c.shadow !== 0) return op !== 'STI';
  return c.TF === 0 && (op === 'INT' || op === 'INT3' || op === 'INTO' || op === 'INT1');
}
