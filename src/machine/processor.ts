// The processor with its memory and its engine, wired to each other: page faults, code that was written over, mappings
// of code that went away.

import type { Engine } from '../cpu/engine.ts';
import { Interpreter } from '../cpu/interpreter.ts';
import { Reference } from '../cpu/reference.ts';
import type { Platform } from '../isa/environment.ts';
import { GuestFault, PF } from '../isa/fault.ts';
import { resetCpu, resetFloatingPoint } from '../isa/semantics/exception.ts';
import { Cpu } from '../isa/state.ts';
import type { CodeKind } from '../memory/heap.ts';
import { Memory } from '../memory/memory.ts';
import type { EngineChoice } from './options.ts';

export interface ProcessorOptions {
  /** RAM in bytes: a multiple of 4096 from 1 MiB to 1 GiB. */
  readonly ramBytes: number;
  /** Memory of devices and firmware, in bytes. */
  readonly extraBytes: number;
  /** What translated code will be. */
  readonly code: CodeKind | undefined;
  readonly engine: EngineChoice;
  /** Not asked before the engine runs. */
  readonly platform: Platform;
}

export class Processor {
  readonly memory: Memory;
  readonly cpu: Cpu;
  readonly engine: Engine;

  /** Throws `UserError` for a size of RAM that cannot be. */
  constructor({ ramBytes, extraBytes, code, engine, platform }: ProcessorOptions) {
    this.memory = new Memory({
      ramBytes,
      ...(code && { code }),
      extraBytes,
      raisePageFault: (linear, error) => {
        this.cpu.cr2 = linear;
        throw new GuestFault(PF, error);
      },
      onCodeWrite: (physical, bytes) => this.engine.codeWritten(physical, bytes),
      onMappingLost: (user, tableWord) => this.engine.mappingLost(user, tableWord),
    });
    this.cpu = new Cpu(this.memory.heap, this.memory.layout.registersAt, this.memory, platform);
    this.engine = makeEngine(engine, this.cpu, this.memory);
  }

  /** Once, before the first reset: makes the host ready. */
  warmUp(): void {
    resetCpu(this.cpu);
    this.engine.warmUp?.();
  }

  /** Power-on state; nothing is asked for. RAM keeps its contents. */
  reset(): void {
    this.memory.reset();
    resetCpu(this.cpu);
    resetFloatingPoint(this.cpu);
    this.engine.flush();
    this.cpu.attention = 0;
  }
}

function makeEngine(choice: EngineChoice, cpu: Cpu, memory: Memory): Engine {
  if (typeof choice === 'function') return choice(cpu, memory);
  return choice === 'reference' ? new Reference(cpu, memory) : new Interpreter(cpu, memory);
}
