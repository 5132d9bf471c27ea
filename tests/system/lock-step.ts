// Two machines side by side: all that a guest could see of them, compared between two instructions; and an engine that
// hands over to another one in the middle of a run.

import type { Engine } from '../../src/cpu/engine.ts';
import { Interpreter } from '../../src/cpu/interpreter.ts';
import { Reference } from '../../src/cpu/reference.ts';
import type { Machine } from '../../src/index.ts';
import { getEflags } from '../../src/isa/semantics/eflags.ts';
import { A, X } from '../../src/isa/semantics/x87/softfloat.ts';
import { take } from '../../src/isa/semantics/x87/stack.ts';
import type { Cpu } from '../../src/isa/state.ts';
import type { Memory } from '../../src/memory/memory.ts';

const GENERAL = ['EAX', 'ECX', 'EDX', 'EBX', 'ESP', 'EBP', 'ESI', 'EDI'] as const;
const SEGMENTS = ['ES', 'CS', 'SS', 'DS', 'FS', 'GS', 'LDTR', 'TR'] as const;
const CONTROL = ['eip', 'cpl', 'shadow', 'halted', 'cr0', 'cr2', 'cr3', 'cr4', 'efer', 'dr6', 'dr7'] as const;
const TABLES = ['gdtBase', 'gdtLimit', 'idtBase', 'idtLimit', 'sysenterCs', 'sysenterEsp', 'sysenterEip'] as const;
const FLOATING = ['fcw', 'fsw', 'ftop', 'ftag', 'fip', 'fcs', 'fdp', 'fds', 'fop', 'mxcsr'] as const;
/** Addresses of differing memory that a report names. */
const REPORTED = 8;

/** What differs between two machines, each difference as `name: left, right`; nothing if a guest could not tell. */
export function differences(left: Machine, right: Machine): string[] {
  const found: string[] = [];
  const states = [processorState(left), processorState(right)] as const;
  for (const [name, value] of states[0]) {
    const other = states[1].get(name);
    if (other !== value) found.push(`${name}: ${value}, ${other}`);
  }
  if (left.engine.retired() !== right.engine.retired()) {
    found.push(`retired: ${left.engine.retired()}, ${right.engine.retired()}`);
  }
  if (left.clock.now() !== right.clock.now()) found.push(`time: ${left.clock.now()}, ${right.clock.now()}`);
  return [...found, ...memoryDifferences(left, right)];
}

function processorState(machine: Machine): Map<string, string> {
  const c = machine.cpu;
  const state = new Map<string, string>();
  const put = (name: string, ...words: (number | undefined)[]): void => {
    state.set(name, words.map((word = 0) => (word >>> 0).toString(16).padStart(8, '0')).join(' '));
  };
  for (const [k, name] of GENERAL.entries()) put(name, c.reg[k]);
  put('EFLAGS', getEflags(c));
  for (const [k, name] of SEGMENTS.entries()) put(name, c.sel[k], c.base[k], c.limit[k], c.access[k]);
  for (const name of [...CONTROL, ...TABLES, ...FLOATING]) put(name, c[name]);
  for (let k = 0; k < 4; k++) put(`DR${k}`, c.dr[k]);
  for (let k = 0; k < 8; k++) {
    take(c, k, A); // whichever form the register has: its 80 bits
    put(`R${k}`, X[A + 2], X[A + 1], X[A]);
    put(`XMM${k}`, ...c.xmm.subarray(4 * k, 4 * k + 4));
  }
  return state;
}

function memoryDifferences(left: Machine, right: Machine): string[] {
  const { ramBytes } = left.memory.layout;
  const [a, b] = [left, right].map((machine) => Buffer.from(machine.memory.heap, 0, ramBytes)) as [Buffer, Buffer];
  const found: string[] = [];
  if (a.equals(b)) return found;
  for (let at = 0; at < ramBytes && found.length < REPORTED; at += 4) {
    const [one, other] = [a.readUInt32LE(at), b.readUInt32LE(at)];
    if (one !== other) found.push(`memory at ${at.toString(16)}: ${one.toString(16)}, ${other.toString(16)}`);
  }
  return found;
}

/** The interpreter, or the reference in its place while `arbitrate` says so. */
export class Relay implements Engine {
  readonly name = 'relay';
  readonly #cpu: Cpu;
  readonly #memory: Memory;
  readonly #regular: Engine;
  #current: Engine;
  /** Retired by the engines before, less what the current one had retired then. */
  #before = 0;

  constructor(cpu: Cpu, memory: Memory) {
    this.#cpu = cpu;
    this.#memory = memory;
    this.#regular = new Interpreter(cpu, memory);
    this.#current = this.#regular;
  }

  warmUp(): void {
    this.#regular.warmUp?.();
  }

  /** From the next instruction on: the reference, or the interpreter. */
  arbitrate(on: boolean): void {
    const retired = this.retired();
    this.#current = on ? new Reference(this.#cpu, this.#memory) : this.#regular;
    // It was not told of what was written in the meantime.
    this.#current.flush();
    this.#before = retired - this.#current.retired();
  }

  run(budget: number): void {
    this.#current.run(budget);
  }

  retired(): number {
    return this.#before + this.#current.retired();
  }

  codeWritten(physical: number, bytes: number): void {
    this.#current.codeWritten(physical, bytes);
  }

  mappingLost(user: number, tableWord: number): void {
    this.#current.mappingLost(user, tableWord);
  }

  flush(): void {
    this.#current.flush();
  }

  retiredBy(): Readonly<Record<string, number>> {
    return this.#current.retiredBy();
  }

  statistics(): Readonly<Record<string, number>> {
    return this.#current.statistics();
  }
}
