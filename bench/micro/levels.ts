// From user to supervisor level and back, of translated code: each way that a kernel is entered, and nothing but that.

import { CS, DS, ES, ESP, SS, TR } from '../../src/isa/insn.ts';
import { loadSegment, setSegment } from '../../src/isa/semantics/segments.ts';
import { CR0_PE, CR0_PG, CR0_WP } from '../../src/isa/system-bits.ts';
import { Machine } from '../../src/machine/machine.ts';
import { Translator } from '../../translator/engine.ts';
import type { Micro } from './main.ts';

const MEMORY_BYTES = 16 << 20;
const ROUNDS = 1000;

// Guest-physical, and guest-linear: pages are mapped to themselves, up to 4 MiB.
const GDT = 0x1000;
const TSS = 0x2000;
const IDT = 0x3000;
const DIRECTORY = 0x4000;
const TABLE = 0x5000;
const HANDLERS = 0x6000;
const STACK_TOP = 0x8000;
const USER_CODE = 0x10000;
const USER_STACK_TOP = 0x12000;
/** The one page that is not there. */
const MISSING = 0x3ff000;

const PAGE_FAULT = 14;
const SYSTEM_CALL = 0x80;
const HANDLER_BYTES = 64;
/** Present, writable, user, accessed, dirty. */
const MAPPED = 0x67;

interface Way {
  readonly name: string;
  /** A loop that enters the kernel once. */
  readonly user: readonly number[];
  /** What the kernel does. */
  readonly kernel: readonly number[];
  /** Instructions of a round. */
  readonly instructions: number;
}

const IRET = 0xcf;
const WAYS: readonly Way[] = [
  {
    name: 'INT and IRET',
    user: [0xcd, SYSTEM_CALL, 0xeb, 0xfc],
    kernel: [IRET],
    instructions: 3,
  },
  {
    name: 'SYSENTER and SYSEXIT',
    // MOV ECX, ESP; MOV EDX, behind SYSENTER; SYSENTER; JMP to the second one.
    user: [0x89, 0xe1, 0xba, ...little(USER_CODE + 9), 0x0f, 0x34, 0xeb, 0xf7],
    kernel: [0x0f, 0x35],
    instructions: 4,
  },
  {
    name: 'page fault and IRET',
    // MOV EAX, [MISSING]; JMP.
    user: [0xa1, ...little(MISSING), 0xeb, 0xf9],
    // ADD dword [ESP + 4], 5: behind it. ADD ESP, 4: the error code.
    kernel: [0x83, 0x44, 0x24, 4, 5, 0x83, 0xc4, 4, IRET],
    instructions: 5,
  },
];

export function levels(): Micro[] {
  return WAYS.map((way, k) => {
    const machine = machineFor(way, HANDLERS + HANDLER_BYTES * k);
    let retired = 0;
    const run = (): void => {
      retired += ROUNDS * way.instructions;
      machine.runTo(retired);
    };
    return { name: way.name, operations: ROUNDS, run };
  });
}

function machineFor({ user, kernel }: Way, handler: number): Machine {
  const engine = (...[cpu, memory]: ConstructorParameters<typeof Translator>) =>
    new Translator(cpu, memory, { heat: 16 });
  const machine = new Machine({ memoryBytes: MEMORY_BYTES, clock: 'virtual', engine });
  const { cpu, memory } = machine;
  const write = (at: number, words: readonly number[]): void =>
    memory.writePhysical(at, Uint8Array.from(words.flatMap(little)));
  const flat = (access: number): number[] => [0xffff, 0x00cf0000 | (access << 8)];
  write(GDT, [0, 0, ...flat(0x9b), ...flat(0x93), ...flat(0xfb), ...flat(0xf3)]);
  write(TSS + 4, [STACK_TOP, 0x10]);
  const gate = (access: number): number[] => [0x80000 | (handler & 0xffff), (handler & 0xffff0000) | (access << 8)];
  write(IDT + 8 * PAGE_FAULT, gate(0x8e));
  write(IDT + 8 * SYSTEM_CALL, gate(0xee));
  write(DIRECTORY, [TABLE | MAPPED]);
  const pages = Array.from({ length: 1024 }, (_, k) => (k << 12 === MISSING ? 0 : (k << 12) | MAPPED));
  write(TABLE, pages);
  memory.writePhysical(handler, Uint8Array.from(kernel));
  memory.writePhysical(USER_CODE, Uint8Array.from(user));
  cpu.gdtBase = GDT;
  cpu.gdtLimit = 0x2f;
  cpu.idtBase = IDT;
  cpu.idtLimit = 0x7ff;
  cpu.cr0 |= CR0_PE | CR0_PG | CR0_WP;
  cpu.cr3 = DIRECTORY;
  memory.contextChanged(cpu, true);
  setSegment(cpu, TR, 0x28, TSS, 0x67, 0x8b);
  cpu.cpl = 3;
  setSegment(cpu, CS, 0x1b, 0, -1, 0xc0fb);
  for (const seg of [SS, DS, ES]) loadSegment(cpu, seg, 0x23);
  cpu.sysenterCs = 8;
  cpu.sysenterEsp = STACK_TOP;
  cpu.sysenterEip = handler;
  cpu.reg[ESP] = USER_STACK_TOP;
  cpu.eip = USER_CODE;
  return machine;
}

function little(word: number): number[] {
  return [0, 8, 16, 24].map((shift) => (word >>> shift) & 255);
}
