// One instruction each, from states that only a kernel can set up: far transfers between levels, gates, tasks,
// interrupts and what goes wrong on the way, virtual-8086 mode, real-address mode, control registers.
// What QEMU made of them is in tests/vectors/system-scenarios.txt.gz, line by line.

import { CS, EAX, type Insn, SS, TR } from '../../src/isa/insn.ts';
import * as control from '../../src/isa/semantics/control.ts';
import { MOVDR } from '../../src/isa/semantics/debug-registers.ts';
import { setEflags } from '../../src/isa/semantics/eflags.ts';
import * as far from '../../src/isa/semantics/far.ts';
import * as flags from '../../src/isa/semantics/flag-control.ts';
import * as interrupt from '../../src/isa/semantics/interrupt.ts';
import * as io from '../../src/isa/semantics/io.ts';
import { IRET } from '../../src/isa/semantics/iret.ts';
import * as segments from '../../src/isa/semantics/segments.ts';
import * as sysenter from '../../src/isa/semantics/sysenter.ts';
import * as system from '../../src/isa/semantics/system.ts';
import {
  creg,
  descriptor,
  dreg,
  far as farPointer,
  gate,
  imm,
  insn,
  type Machine,
  mem,
  reg,
  reg8,
  type Semantic,
  sreg,
} from './system-machine.ts';
import {
  BEYOND,
  DATA,
  frame,
  GDT,
  IDT,
  OTHER_TSS,
  place,
  protectedWorld,
  realWorld,
  S,
  TSS,
  take,
  task,
  V,
  virtualWorld,
} from './system-world.ts';

export interface Scenario {
  readonly name: string;
  readonly m: Machine;
  readonly op: Semantic;
  readonly insn: Insn;
}

const le = (value: number, bytes: number): string =>
  Array.from({ length: bytes }, (_, k) => ((value >>> (8 * k)) & 255).toString(16).padStart(2, '0')).join('');

/** A prefix that makes the operand size `size` in a world of 32-bit (protected) or 16-bit code. */
function prefix(m: Machine, size: number): string {
  return (m.c.access[CS] & 0x4000 ? 32 : 16) === size ? '' : '66';
}

/** All scenarios, in the order of the recorded answers; each is made when it is asked for. */
export function* scenarios(): Generator<Scenario> {
  let count = 0;
  const make = (name: string, m: Machine, code: string, op: Semantic, fields: Partial<Insn> = {}): Scenario => {
    place(m, code);
    const ssize = m.c.access[SS] & 0x4000 ? 32 : 16;
    return { name: `${count++}-${name}`, m, op, insn: insn({ ssize, length: code.length / 2, ...fields }) };
  };
  yield* transfers(make);
  yield* returns(make);
  yield* interrupts(make);
  yield* faults(make);
  yield* loads(make);
  yield* tasks(make);
  yield* virtual(make);
  yield* real(make);
  yield* controls(make);
  yield* flagsAndPorts(make);
}

type Make = (name: string, m: Machine, code: string, op: Semantic, fields?: Partial<Insn>) => Scenario;

const ALL = Object.entries(S).map(([name, selector]) => ({ name, selector }));

/** An offset that a code segment reaches. QEMU does not check limits: silicon is asked about them. */
function inside(name: string): number {
  return /^(short|word)/.test(name) ? 0x10 : BEYOND;
}

/** JMP and CALL far from every level to everything. */
function* transfers(make: Make): Generator<Scenario> {
  for (const cpl of [0, 1, 3]) {
    for (const { name, selector } of [...ALL, { name: 'null', selector: 0 }, { name: 'outside', selector: 0x4000 }]) {
      for (const rpl of [0, 3]) {
        const sel = selector | rpl;
        for (const to of [inside(name)]) {
          const jump = `ea${le(to, 4)}${le(sel, 2)}`;
          yield make(`jmpf-${cpl}-${name}-${rpl}`, protectedWorld(cpl), jump, far.JMPF, { src: farPointer(sel, to) });
          const call = `9a${le(to, 4)}${le(sel, 2)}`;
          yield make(`callf-${cpl}-${name}-${rpl}`, protectedWorld(cpl), call, far.CALLF, { src: farPointer(sel, to) });
        }
      }
    }
  }
  // Stacks of inner levels that are not in order.
  for (const [name, edit] of innerStacks()) {
    const m = protectedWorld(3);
    edit(m);
    const code = `9a${le(0, 4)}${le(S.gateParameters, 2)}`;
    yield make(`callf-stack-${name}`, m, code, far.CALLF, { src: farPointer(S.gateParameters, 0) });
    const word = protectedWorld(3);
    edit(word);
    const src = farPointer(S.wordGate, 0);
    yield make(`callf-word-stack-${name}`, word, `9a${le(0, 4)}${le(S.wordGate, 2)}`, far.CALLF, { src });
  }
  // A 16-bit caller's stack; the high half of ESP is what the recording has.
  for (const esp of [0x2fbf00]) {
    const m = protectedWorld(3);
    take(m, SS, S.stack3 | 3);
    m.c.reg[4] = esp;
    const code = `9a${le(0, 4)}${le(S.gateParameters, 2)}`;
    yield make('callf-from-stack16', m, code, far.CALLF, { src: farPointer(S.gateParameters, 0) });
  }
}

/** What can be wrong, or special, with SS0:ESP0. */
function innerStacks(): [string, (m: Machine) => void][] {
  const selector = (value: number) => (m: Machine) => m.memory.store16(TSS, 8, value);
  const pointer = (value: number, esp: number) => (m: Machine) => {
    m.memory.store16(TSS, 8, value);
    m.memory.store32(TSS, 4, esp);
  };
  return [
    ['null', selector(0)],
    ['null3', selector(3)],
    ['rpl', selector(S.data0 | 1)],
    ['level', selector(S.data3)],
    ['read-only', selector(S.readOnly0)],
    ['code', selector(S.code0)],
    ['absent', selector(S.absentData0)],
    ['outside', selector(0x4000)],
    ['system', selector(S.tss)],
    ['local', selector(S.ldtData0)],
    ['tiny', pointer(S.tiny0, 0x11)],
    ['small', pointer(S.stack0, 0x55559000)],
    ['wrap', pointer(S.stack0, 6)],
    ['short-tss', (m) => m.c.limit.fill(10, TR)],
    ['tss16', (m) => tss16(m)],
  ];
}

/** The current TSS becomes a 16-bit one. */
function tss16(m: Machine): void {
  m.c.access[TR] = 0x83;
  m.memory.store16(TSS, 2, 0x9000);
  m.memory.store16(TSS, 4, S.data0);
}

/** RET far and IRET from every level to everything. */
function* returns(make: Make): Generator<Scenario> {
  for (const cpl of [0, 1, 3]) {
    for (const { name, selector } of [...ALL, { name: 'null', selector: 0 }, { name: 'outside', selector: 0x4000 }]) {
      for (const rpl of [0, 1, 3]) {
        const to = inside(name);
        const sel = selector | rpl;
        const stack = (S.data0 + 16 * rpl) | rpl;
        const m = protectedWorld(cpl);
        frame(m, 32, to, sel, 0x9f00 + 0x1000 * rpl, stack);
        yield make(`retf-${cpl}-${name}-${rpl}`, m, 'cb', far.RETF, { src: imm(0) });
        const n = protectedWorld(cpl);
        setEflags(n.c, 0x3002, 0x3000);
        frame(n, 32, to, sel, 0x240ad7 | 0x300, 0x9f00 + 0x1000 * rpl, stack);
        n.memory.store32(n.c.reg[4], 8, 0x240ad5 & ~0x100);
        yield make(`iret-${cpl}-${name}-${rpl}`, n, 'cf', IRET);
      }
    }
  }
  // Stacks of the outer level.
  const stacks = [0, 3, S.data3, S.data3 | 2, S.data2 | 3, S.readOnly3 | 3, S.code3 | 3, S.absentData3 | 3, 0x4003];
  for (const stack of [...stacks, S.stack3 | 3, S.expandDown3 | 3, S.ldtData3 | 3, S.tss | 3]) {
    const m = protectedWorld(0);
    frame(m, 32, BEYOND, S.code3 | 3, 1, 2, 3, 4, 0x1234bff0, stack);
    yield make('retf-outer-stack', m, 'ca1000', far.RETF, { src: imm(16) });
    const n = protectedWorld(0);
    frame(n, 32, BEYOND, S.code3 | 3, 0x202, 0x1234bff0, stack);
    yield make('iret-outer-stack', n, 'cf', IRET);
    const w = protectedWorld(0);
    frame(w, 16, 0x100, S.word3 | 3, 0x202, 0xbff0, stack);
    yield make('iret-word-outer-stack', w, '66cf', IRET, { osize: 16 });
  }
  // Data segments on the way out.
  for (const selector of [S.data0, S.data1, S.conforming0, S.conforming3, S.code0, S.readOnly0, S.readOnly3, S.data3]) {
    const m = protectedWorld(0);
    for (const seg of [0, 3, 4, 5]) take(m, seg, selector);
    frame(m, 32, BEYOND, S.code3 | 3, 0xbff0, S.data3 | 3);
    yield make('retf-invalidates', m, 'cb', far.RETF, { src: imm(0) });
    const n = protectedWorld(0);
    for (const seg of [0, 3, 4, 5]) take(n, seg, selector);
    frame(n, 32, BEYOND, S.code1 | 1, 2, 0x9ff0, S.data1 | 1);
    yield make('iret-invalidates', n, 'cf', IRET);
  }
  // Flags by level.
  for (const cpl of [0, 1, 3]) {
    for (const iopl of [0, 1, 3]) {
      for (const value of [0, 0x3202, 0x247ed7, 0x20002, 0x200202]) {
        for (const size of [32, 16] as const) {
          // VM set at level 0 leads elsewhere.
          const image = cpl === 0 && size === 32 ? value & ~0x20100 : value & ~0x100;
          const m = protectedWorld(cpl);
          m.c.IOPL = iopl;
          m.c.IF = iopl & 1;
          const code = size === 32 ? (S.code0 + 16 * cpl) | cpl : (cpl === 0 ? S.word0 : S.word3) | cpl;
          if (cpl === 1 && size === 16) continue;
          frame(m, size, size === 32 ? BEYOND : 0x80, code, image & ~0x4000);
          yield make(`iret-flags-${cpl}`, m, `${prefix(m, size)}cf`, IRET, { osize: size });
        }
      }
    }
  }
  // To virtual-8086 mode.
  for (const value of [0x20002, 0x23202, 0x227ed7]) {
    const m = protectedWorld(0);
    frame(m, 32, 0x10010, 0x4000, value & ~0x4000, 0x1234fff0, 0x800, 0xd00, 0xd01, 0xd02, 0x55550d03);
    yield make('iret-to-vm86', m, 'cf', IRET);
    const w = protectedWorld(0);
    frame(w, 16, 0x10, S.word0, value & ~0x4000);
    yield make('iret-word-to-vm86', w, '66cf', IRET, { osize: 16 });
  }
}

/** INT n, INT3, INTO, INT1 from every level through every gate. */
function* interrupts(make: Make): Generator<Scenario> {
  for (const cpl of [0, 1, 2, 3]) {
    for (const [name, n] of [...Object.entries(V), ['outside', 0x40] as const]) {
      const m = protectedWorld(cpl);
      setEflags(m.c, 0xed7 & ~0x100, -1);
      yield make(`int-${cpl}-${name}`, m, `cd${le(n, 1)}`, interrupt.INT, { src: imm(n, 8) });
    }
    for (const type of [0x8e, 0xee]) {
      const m = protectedWorld(cpl);
      gate(m, IDT + 8 * 3, S.code0, BEYOND, type);
      yield make(`int3-${cpl}`, m, 'cd03', interrupt.INT, { src: imm(3, 8) });
      const o = protectedWorld(cpl);
      gate(o, IDT + 8 * 4, S.code0, BEYOND, type);
      setEflags(o.c, 0x800, 0x800);
      yield make(`into-${cpl}`, o, 'ce', interrupt.INTO);
    }
  }
  for (const [name, edit] of innerStacks()) {
    for (const n of [V.interrupt, V.interrupt16]) {
      const m = protectedWorld(3);
      edit(m);
      yield make(`int-stack-${name}`, m, `cd${le(n, 1)}`, interrupt.INT, { src: imm(n, 8) });
    }
  }
}

/** Faults, their error codes, EXT, double faults and shutdown. */
function* faults(make: Make): Generator<Scenario> {
  const undefinedOpcode = '0f0b';
  const gates: [string, number, number][] = [
    ['normal', S.code0, 0x8e],
    ['trap', S.code0, 0x8f],
    ['level3', S.code0, 0xee],
    ['absent', S.code0, 0x0e],
    ['type', S.code0, 0x8c],
    ['null', 0, 0x8e],
    ['data', S.data0, 0x8e],
    ['absent-code', S.absentCode0, 0x8e],
    ['outside', 0x4000, 0x8e],
    ['code3', S.code3, 0x8e],
    ['conforming', S.conforming0, 0x8e],
    ['task', S.otherTss, 0x85],
    ['task-null', 0, 0x85],
    ['task-busy', S.tss, 0x85],
    ['task-absent', S.absentTss3, 0x85],
  ];
  for (const cpl of [0, 3]) {
    for (const [name, selector, type] of gates) {
      // #UD and #GP(0) through the gate; then the same gate for the fault that this gives, and for the double fault.
      for (const vectors of [[6], [13], [6, 13], [6, 11], [13, 11], [13, 8], [13, 8, 11], [6, 13, 8, 11, 10]]) {
        const m = protectedWorld(cpl);
        for (const n of vectors) gate(m, IDT + 8 * n, selector, BEYOND + 16 * n, type);
        const general = vectors[0] === 13;
        const name2 = `fault-${cpl}-${name}-${vectors.join('-')}`;
        if (!general) yield make(name2, m, undefinedOpcode, system.UD);
        else {
          m.c.reg[EAX] = 0x4000;
          yield make(name2, m, '8ed8', segments.MOVSEG, { dst: sreg(3), src: reg(EAX, 16) });
        }
      }
    }
  }
  for (const [name, edit] of innerStacks()) {
    const m = protectedWorld(3);
    edit(m);
    yield make(`fault-stack-${name}`, m, undefinedOpcode, system.UD);
    // #TS and #SS themselves through a task, which has a stack of its own.
    const n = protectedWorld(3);
    edit(n);
    for (const vector of [10, 11, 12]) gate(n, IDT + 8 * vector, S.otherTss, 0, 0x85);
    yield make(`fault-stack-task-${name}`, n, undefinedOpcode, system.UD);
  }
  // Gates of 16 bits push 16-bit error codes.
  for (const type of [0x86, 0x87]) {
    const m = protectedWorld(3);
    gate(m, IDT + 8 * 13, S.word0, 0x130, type);
    m.c.reg[EAX] = 0x4003;
    yield make('fault-word', m, '8ed8', segments.MOVSEG, { dst: sreg(3), src: reg(EAX, 16) });
  }
  // The current stack is at its end.
  for (const esp of [0, 4, 8, 12, 0x10]) {
    const m = protectedWorld(0);
    take(m, SS, S.tiny0);
    m.c.reg[4] = esp;
    gate(m, IDT + 8 * 12, S.otherTss, 0, 0x85);
    gate(m, IDT + 8 * 8, S.otherTss, 0, 0x85);
    yield make(`fault-room-${esp}`, m, undefinedOpcode, system.UD);
    const n = protectedWorld(0);
    take(n, SS, S.tiny0);
    n.c.reg[4] = esp;
    gate(n, IDT + 8 * 12, S.otherTss, 0, 0x85);
    yield make(`int-room-${esp}`, n, `cd${le(V.interrupt, 1)}`, interrupt.INT, { src: imm(V.interrupt, 8) });
  }
}

/** Segment registers, LDTR, TR and the looks at descriptors. */
function* loads(make: Make): Generator<Scenario> {
  const targets = [...ALL, { name: 'null', selector: 0 }, { name: 'outside', selector: 0x4000 }];
  for (const cpl of [0, 1, 3]) {
    for (const { name, selector } of targets) {
      for (const rpl of [0, 1, 3]) {
        const with_ = () => {
          const m = protectedWorld(cpl);
          m.c.reg[EAX] = selector | rpl;
          return m;
        };
        const tag = `${cpl}-${name}-${rpl}`;
        const src = reg(EAX, 16);
        yield make(`mov-ss-${tag}`, with_(), '8ed0', segments.MOVSEG, { dst: sreg(2), src });
        yield make(`mov-fs-${tag}`, with_(), '8ee0', segments.MOVSEG, { dst: sreg(4), src });
        if (cpl === 1) continue;
        yield make(`lar-${tag}`, with_(), '0f02c8', system.LAR, { dst: reg(1), src });
        yield make(`lsl-${tag}`, with_(), '0f03c8', system.LSL, { dst: reg(1), src });
        yield make(`verr-${tag}`, with_(), '0f00e0', system.VERR, { src });
        yield make(`verw-${tag}`, with_(), '0f00e8', system.VERW, { src });
        if (rpl === 1) continue;
        yield make(`lldt-${tag}`, with_(), '0f00d0', system.LLDT, { src });
        yield make(`ltr-${tag}`, with_(), '0f00d8', system.LTR, { src });
      }
    }
  }
}

/** Task switches by JMP, CALL, IRET, INT and a fault, to tasks in every state. */
function* tasks(make: Make): Generator<Scenario> {
  const states: [string, Parameters<typeof task>[2]][] = [
    ['plain', {}],
    ['level3', { cs: S.code3 | 3, ss: S.data3 | 3, esp: 0xbf00, es: S.data3 | 3, ds: 0, eflags: 0x202 }],
    ['vm86', { cs: 0x4000, ss: 0x800, es: 0xd00, ds: 0xd01, eflags: 0x23202, eip: 0x10 }],
    ['flags', { eflags: 0x244ed7 & ~0x100 }],
    ['cs-null', { cs: 0 }],
    ['cs-data', { cs: S.data0 }],
    ['cs-absent', { cs: S.absentCode0 }],
    ['cs-rpl', { cs: S.code0 | 3 }],
    ['cs-conforming', { cs: S.conforming0 | 3, ss: S.data3 | 3, es: 0, ds: 0, gs: 0 }],
    ['cs-outside', { cs: 0x4000 }],
    ['eip-limit', { cs: S.short0, eip: 0x11 }],
    ['ss-null', { ss: 0 }],
    ['ss-read-only', { ss: S.readOnly0 }],
    ['ss-absent', { ss: S.absentData0 }],
    ['ss-level', { ss: S.data3 }],
    ['ds-absent', { ds: S.absentData3 }],
    ['ds-system', { ds: S.tss }],
    ['es-outside', { es: 0x4000 }],
    ['gs-execute-only', { gs: S.executeOnly0 }],
    ['fs-level', { cs: S.code3 | 3, ss: S.data3 | 3, es: 0, ds: 0, fs: S.data0 }],
    ['ldt-null', { ldt: 0 }],
    ['ldt-absent', { ldt: S.absentLdt }],
    ['ldt-code', { ldt: S.code0 }],
    ['ldt-local', { ldt: S.ldtCode3 }],
    ['ldt-outside', { ldt: 0x4000 }],
    ['local-cs', { cs: S.ldtCode0 }],
  ];
  for (const [name, state] of states) {
    const world = (cpl = 0) => {
      const m = protectedWorld(cpl);
      task(m, OTHER_TSS, state);
      setEflags(m.c, 0xad7, -1);
      return m;
    };
    const src = farPointer(S.otherTss, 0);
    yield make(`task-jmp-${name}`, world(), `ea${le(0, 4)}${le(S.otherTss, 2)}`, far.JMPF, { src });
    yield make(`task-call-${name}`, world(), `9a${le(0, 4)}${le(S.otherTss, 2)}`, far.CALLF, { src });
    yield make(`task-int-${name}`, world(3), `cd${le(V.task, 1)}`, interrupt.INT, { src: imm(V.task, 8) });
    const nested = world();
    nested.c.NT = 1;
    nested.memory.store16(TSS, 0, S.otherTss);
    descriptor(nested, GDT + S.otherTss, OTHER_TSS, 0x67, 0x8b);
    yield make(`task-iret-${name}`, nested, 'cf', IRET);
    const fault = world(3);
    gate(fault, IDT + 8 * 13, S.otherTss, 0, 0x85);
    fault.c.reg[EAX] = 0x4003;
    yield make(`task-fault-${name}`, fault, '8ed8', segments.MOVSEG, { dst: sreg(3), src: reg(EAX, 16) });
  }
  // What the link field can say.
  for (const link of [0, S.code0, S.tss, S.otherTss, S.absentTss3, 0x4000, S.ldtCode3, S.busySmallTss3, S.shortTss3]) {
    const m = protectedWorld(0);
    m.c.NT = 1;
    m.memory.store16(TSS, 0, link);
    yield make('task-link', m, 'cf', IRET);
  }
  // From a 16-bit TSS, and to one.
  for (const target of [S.otherTss, S.smallTss3]) {
    const m = protectedWorld(0);
    m.c.access[TR] = 0x83;
    descriptor(m, GDT + S.tss, TSS, 0x8f, 0x83);
    const src = farPointer(target, 0);
    yield make('task-from-16', m, `9a${le(0, 4)}${le(target, 2)}`, far.CALLF, { src });
  }
  for (const limit of [0x5e, 0x5f, 0x28, 0x29]) {
    const m = protectedWorld(0);
    m.c.limit[TR] = limit;
    yield make('task-from-short', m, `ea${le(0, 4)}${le(S.otherTss, 2)}`, far.JMPF, { src: farPointer(S.otherTss, 0) });
  }
}

/** Virtual-8086 mode: IOPL, VME and the redirection bitmap. */
function* virtual(make: Make): Generator<Scenario> {
  for (const iopl of [0, 3]) {
    for (const vme of [0]) {
      for (const pending of [0]) {
        const world = (value: number) => {
          const m = virtualWorld(iopl);
          m.c.cr4 = vme;
          setEflags(m.c, value | pending, 0x180200 | 0xcd5);
          // Vectors 21H and 22H go to the protected-mode handler.
          m.memory.store32(TSS, 0x68 + 4, 0x6);
          return m;
        };
        const tag = `${iopl}-${vme}-${pending >> 20}`;
        for (const before of [0, 0x200]) {
          const o = { osize: 16 } as const;
          yield make(`vm86-cli-${tag}`, world(before), 'fa', flags.CLI);
          yield make(`vm86-sti-${tag}`, world(before), 'fb', flags.STI);
          yield make(`vm86-pushf-${tag}`, world(before), '9c', flags.PUSHF, o);
          yield make(`vm86-pushfd-${tag}`, world(before), '669c', flags.PUSHF);
          for (const value of [0, 0x200, 0x7ed7 & ~0x100]) {
            const m = world(before);
            frame(m, 32, value);
            yield make(`vm86-popf-${tag}`, m, '9d', flags.POPF, o);
            const d = world(before);
            frame(d, 32, value | 0x260000);
            yield make(`vm86-popfd-${tag}`, d, '669d', flags.POPF);
            const i = world(before);
            frame(i, 16, 0x10, 0x4000, value);
            yield make(`vm86-iret-${tag}`, i, 'cf', IRET, o);
            const j = world(before);
            frame(j, 32, 0x10, 0x4000, value | 0x260000);
            yield make(`vm86-iretd-${tag}`, j, '66cf', IRET);
          }
          for (const n of [0x20, 0x21, 0x24, V.code1, V.conforming0, V.interrupt16]) {
            yield make(`vm86-int-${tag}`, world(before), `cd${le(n, 1)}`, interrupt.INT, { src: imm(n, 8), osize: 16 });
          }
        }
        yield make(`vm86-ud-${tag}`, world(0x200), '0f0b', system.UD);
        for (const [name, edit] of innerStacks()) {
          if (vme || pending) continue;
          const m = world(0);
          edit(m);
          yield make(`vm86-stack-${name}`, m, '0f0b', system.UD);
        }
        yield make(`vm86-hlt-${tag}`, world(0), 'f4', system.HLT);
      }
    }
    const o = { osize: 16 } as const;
    const world = () => virtualWorld(iopl);
    yield make('vm86-jmpf', world(), `ea${le(0x10, 2)}${le(0x4001, 2)}`, far.JMPF, {
      ...o,
      src: farPointer(0x4001, 0x10),
    });
    yield make('vm86-callf', world(), `9a${le(0x10, 2)}${le(0x4001, 2)}`, far.CALLF, {
      ...o,
      src: farPointer(0x4001, 0x10),
    });
    const far32 = { src: farPointer(0x4001, 0x10000) };
    yield make('vm86-jmpf-limit', world(), `66ea${le(0x10000, 4)}${le(0x4001, 2)}`, far.JMPF, far32);
    const r = world();
    frame(r, 16, 0x10, 0x4000);
    yield make('vm86-retf', r, 'ca0400', far.RETF, { ...o, src: imm(4) });
    for (const seg of [0, 2, 3, 4, 5]) {
      const m = world();
      m.c.reg[EAX] = 0x1234;
      const code = `8e${le(0xc0 | (seg << 3), 1)}`;
      yield make('vm86-mov-sreg', m, code, segments.MOVSEG, { dst: sreg(seg), src: reg(EAX, 16) });
    }
    yield make('vm86-arpl', world(), '63c0', system.ARPL, { dst: reg(0, 16), src: reg(0, 16) });
    yield make('vm86-lar', world(), '0f02c0', system.LAR, { dst: reg(0, 16), src: reg(0, 16), ...o });
    yield make('vm86-sldt', world(), '0f00c0', system.SLDT, { dst: reg(0, 16), ...o });
    yield make('vm86-ltr', world(), '0f00d8', system.LTR, { src: reg(0, 16) });
    yield make('vm86-in', world(), 'e410', io.IN, { size: 8, dst: reg8(0), src: imm(0x10, 8) });
    yield make('vm86-in-closed', world(), 'e413', io.IN, { size: 8, dst: reg8(0), src: imm(0x13, 8) });
  }
}

/** Real-address mode. */
function* real(make: Make): Generator<Scenario> {
  const o = { osize: 16 } as const;
  for (const esp of [0xfff0, 0x5555fff0, 6, 0]) {
    const world = () => {
      const m = realWorld();
      m.c.reg[4] = esp;
      setEflags(m.c, 0x7ed7 & ~0x100, -1);
      return m;
    };
    const top = (m: Machine) => 0x8000 + (m.c.reg[4] & 0xffff);
    yield make('real-int', world(), 'cd20', interrupt.INT, { src: imm(0x20, 8), ...o });
    yield make('real-into', world(), 'ce', interrupt.INTO, o);
    yield make('real-ud', world(), '0f0b', system.UD, o);
    yield make('real-jmpf', world(), `ea${le(0x10, 2)}${le(0x4001, 2)}`, far.JMPF, {
      ...o,
      src: farPointer(0x4001, 0x10),
    });
    yield make('real-callf', world(), `9a${le(0x10, 2)}${le(0x4001, 2)}`, far.CALLF, {
      ...o,
      src: farPointer(0x4001, 0x10),
    });
    const wide = { src: farPointer(0x4001, 0x1234) };
    yield make('real-callfd', world(), `669a${le(0x1234, 4)}${le(0x4001, 2)}`, far.CALLF, wide);
    const limit = { src: farPointer(0x4001, 0x10000) };
    yield make('real-jmpf-limit', world(), `66ea${le(0x10000, 4)}${le(0x4001, 2)}`, far.JMPF, limit);
    if (esp < 0x10) continue;
    for (const value of [0, 0x7ed7 & ~0x100, 0x250002]) {
      const m = world();
      m.memory.store32(top(m), 0, (0x4000 << 16) | 0x10);
      m.memory.store32(top(m), 4, value);
      yield make('real-iret', m, 'cf', IRET, o);
      const d = world();
      d.memory.store32(top(d), 0, 0x10);
      d.memory.store32(top(d), 4, 0x4000);
      d.memory.store32(top(d), 8, value);
      yield make('real-iretd', d, '66cf', IRET);
      const p = world();
      p.memory.store32(top(p), 0, value);
      yield make('real-popf', p, '9d', flags.POPF, o);
      const q = world();
      q.memory.store32(top(q), 0, value);
      yield make('real-popfd', q, '669d', flags.POPF);
    }
    const r = world();
    r.memory.store32(top(r), 0, (0x4000 << 16) | 0x10);
    yield make('real-retf', r, 'ca0800', far.RETF, { ...o, src: imm(8) });
    yield make('real-pushf', world(), '9c', flags.PUSHF, o);
    yield make('real-pushfd', world(), '669c', flags.PUSHF);
  }
  for (const limit of [0x83, 0x82, 0x7f]) {
    const m = realWorld();
    m.c.idtLimit = limit;
    yield make('real-int-limit', m, 'cd20', interrupt.INT, { src: imm(0x20, 8), ...o });
  }
  const none = realWorld();
  none.c.idtLimit = 0;
  yield make('real-no-idt', none, 'cd20', interrupt.INT, { src: imm(0x20, 8), ...o });
  for (const seg of [0, 2, 3, 5]) {
    const m = realWorld();
    m.c.reg[EAX] = 0x1234;
    yield make('real-mov-sreg', m, `8e${le(0xc0 | (seg << 3), 1)}`, segments.MOVSEG, {
      dst: sreg(seg),
      src: reg(EAX, 16),
    });
  }
  for (const [name, code, op] of [
    ['arpl', '63c0', system.ARPL],
    ['lldt', '0f00d0', system.LLDT],
    ['ltr', '0f00d8', system.LTR],
    ['verr', '0f00e0', system.VERR],
    ['str', '0f00c8', system.STR],
  ] as const) {
    yield make(`real-${name}`, realWorld(), code, op, { dst: reg(0, 16), src: reg(0, 16), ...o });
  }
  yield make('real-sysenter', realWorld(), '0f34', sysenter.SYSENTER, o);
}

/** Control and debug registers, descriptor-table registers, SYSENTER and SYSEXIT. */
function* controls(make: Make): Generator<Scenario> {
  const world = (value: number, cpl = 0) => {
    const m = protectedWorld(cpl);
    m.c.reg[EAX] = value;
    return m;
  };
  for (const value of [0x11, 0x1001b, 0x60000011, 0x20000011, 0x80000000, 0x40000010, 0x1f50ff11 & ~0x80000000, 0x13]) {
    yield make('mov-cr0', world(value), '0f22c0', control.MOVCR, { dst: creg(0), src: reg(0) });
  }
  for (const value of [0, 0x10, 0x1f, 0x3df, 0x6b0, 0x80000000, 0x40000000]) {
    yield make('mov-cr4', world(value), '0f22e0', control.MOVCR, { dst: creg(4), src: reg(0) });
  }
  yield make('mov-cr2', world(0x12345678), '0f22d0', control.MOVCR, { dst: creg(2), src: reg(0) });
  for (const value of [0, 1, 2, 0xe, 0xf, 0xfff0]) {
    yield make('lmsw', world(value), '0f01f0', control.LMSW, { src: reg(0, 16) });
    const m = realWorld();
    m.c.reg[EAX] = value & ~1;
    m.c.cr0 = 0x1e;
    yield make('lmsw-real', m, '0f01f0', control.LMSW, { src: reg(0, 16) });
    for (const n of [0, 2, 3, 4]) {
      const r = world(value);
      r.c.cr0 = 0x1b;
      yield make(`mov-from-cr${n}`, r, `0f20${le(0xc0 | (n << 3), 1)}`, control.MOVCR, { dst: reg(0), src: creg(n) });
    }
  }
  const ts = world(0);
  ts.c.cr0 = 0x1b;
  yield make('clts', ts, '0f06', control.CLTS);
  for (const cpl of [0, 3]) {
    yield make('smsw', world(-1, cpl), '0f01e0', control.SMSW, { dst: reg(0) });
    yield make('smsw-word', world(-1, cpl), '660f01e0', control.SMSW, { dst: reg(0, 16), osize: 16 });
    const at = le(DATA, 4);
    yield make('smsw-mem', world(-1, cpl), `0f0125${at}`, control.SMSW, { dst: mem(DATA, 16) });
    for (const [name, code, op] of [
      ['sgdt', '0f0105', system.SGDT],
      ['sidt', '0f010d', system.SIDT],
    ] as const) {
      yield make(name, world(0, cpl), code + at, op, { dst: mem(DATA, 48) });
      const m = world(0, cpl);
      if (name === 'sidt') m.c.idtBase |= 0x12000000;
      yield make(`${name}-word`, m, `66${code}${at}`, op, { dst: mem(DATA, 48), osize: 16 });
    }
    yield make('sldt', world(-1, cpl), '0f00c0', system.SLDT, { dst: reg(0) });
    yield make('sldt-word', world(-1, cpl), '660f00c0', system.SLDT, { dst: reg(0, 16), osize: 16 });
    yield make('str', world(-1, cpl), '0f00c8', system.STR, { dst: reg(0) });
    yield make('str-mem', world(-1, cpl), `0f000d${at}`, system.STR, { dst: mem(DATA, 16) });
    for (const [name, code, op] of [
      ['lgdt', '0f0115', system.LGDT],
      ['lidt', '0f011d', system.LIDT],
    ] as const) {
      for (const size of [32, 16] as const) {
        const m = world(0, cpl);
        m.memory.store32(DATA, 0, 0x30000123);
        m.memory.store32(DATA, 4, 0x1200);
        yield make(name, m, `${prefix(m, size)}${code}${at}`, op, { src: mem(DATA, 48), osize: size });
      }
    }
    for (const [name, code, op] of [
      ['sysenter', '0f34', sysenter.SYSENTER],
      ['sysexit', '0f35', sysenter.SYSEXIT],
    ] as const) {
      for (const cs of [0, 3, 0x100, 0x103]) {
        const m = world(0, cpl);
        m.c.sysenterCs = cs;
        m.c.sysenterEsp = 0x8f00;
        m.c.sysenterEip = BEYOND + 0x555;
        m.c.reg[1] = 0xbf00;
        m.c.reg[2] = BEYOND + 0x666;
        m.c.IF = 1;
        yield make(`${name}-${cpl}-${cs}`, m, code, op);
      }
    }
  }
  for (const n of [0, 3, 4, 5, 6, 7]) {
    for (const de of [0, 8]) {
      for (const gd of [0]) {
        for (const cpl of [0, 3]) {
          const m = world(0x12345678 & ~0xff, cpl);
          m.c.cr4 = de;
          m.c.dr7 |= gd;
          yield make('mov-to-dr', m, `0f23${le(0xc0 | (n << 3), 1)}`, MOVDR, { dst: dreg(n), src: reg(0) });
          const r = world(-1, cpl);
          r.c.cr4 = de;
          r.c.dr7 |= gd;
          yield make('mov-from-dr', r, `0f21${le(0xc0 | (n << 3), 1)}`, MOVDR, { dst: reg(0), src: dreg(n) });
        }
      }
    }
  }
}

/** CLI, STI, POPF, PUSHF by CPL, IOPL and PVI; ports by IOPL and bitmap. */
function* flagsAndPorts(make: Make): Generator<Scenario> {
  for (const cpl of [0, 1, 3]) {
    for (const iopl of [0, 1, 3]) {
      for (const pvi of [0]) {
        for (const value of [0, 0x200]) {
          const world = () => {
            const m = protectedWorld(cpl);
            m.c.cr4 = pvi;
            setEflags(m.c, value | (iopl << 12), -1);
            return m;
          };
          const tag = `${cpl}-${iopl}-${pvi}`;
          yield make(`cli-${tag}`, world(), 'fa', flags.CLI);
          yield make(`sti-${tag}`, world(), 'fb', flags.STI);
          yield make(`pushf-${tag}`, world(), '9c', flags.PUSHF);
          for (const image of [0, 0x3200, 0x27ffff & ~0x4100]) {
            const m = world();
            frame(m, 32, image);
            yield make(`popf-${tag}`, m, '9d', flags.POPF);
            const w = world();
            frame(w, 32, image);
            yield make(`popf-word-${tag}`, w, '669d', flags.POPF, { osize: 16 });
          }
        }
      }
      const ports = () => {
        const m = protectedWorld(cpl);
        m.c.IOPL = iopl;
        m.c.reg[6] = DATA;
        m.c.reg[7] = DATA + 0x10;
        return m;
      };
      for (const port of [0x10, 0x12, 0x13, 0x14, 0x17, 0x18]) {
        for (const size of [8, 16, 32] as const) {
          const wide = size !== 8;
          const word = size === 16 ? '66' : '';
          const accumulator = size === 8 ? reg8(0) : reg(0, size);
          const fields = { size, osize: size === 16 ? 16 : 32 } as const;
          const immediate = { ...fields, dst: accumulator, src: imm(port, 8) };
          yield make('in', ports(), `${word}${wide ? 'e5' : 'e4'}${le(port, 1)}`, io.IN, immediate);
          const byDx = () => {
            const m = ports();
            m.c.reg[2] = 0x55550000 | port;
            return m;
          };
          yield make('out', byDx(), `${word}${wide ? 'ef' : 'ee'}`, io.OUT, {
            ...fields,
            dst: reg(2, 16),
            src: accumulator,
          });
          const dst = mem(0, size, 0);
          yield make('ins', byDx(), `${word}${wide ? '6d' : '6c'}`, io.INS, { ...fields, dst, src: reg(2, 16) });
          const from = { ...fields, dst: reg(2, 16), src: mem(0, size, 3) };
          yield make('outs', byDx(), `${word}${wide ? '6f' : '6e'}`, io.OUTS, from);
          const repeated = byDx();
          repeated.c.reg[1] = 1;
          repeated.c.DF = 1;
          const insFields = { ...fields, dst, src: reg(2, 16), rep: 1 };
          yield make('rep-ins', repeated, `f3${word}${wide ? '6d' : '6c'}`, io.INS, insFields);
        }
      }
    }
  }
  for (const limit of [0x67, 0x66, 0x8a, 0x8b]) {
    const m = protectedWorld(3);
    m.c.limit[TR] = limit;
    yield make('in-short-tss', m, 'e410', io.IN, { size: 8, dst: reg8(0), src: imm(0x10, 8) });
  }
  const small = protectedWorld(3);
  small.c.access[TR] = 0x83;
  yield make('in-tss16', small, 'e410', io.IN, { size: 8, dst: reg8(0), src: imm(0x10, 8) });
}
