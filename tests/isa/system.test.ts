// What the recordings do not reach: accessed bits, VME and PVI, debug registers, MSRs, CPUID, repeated port instructions,
// faults in the middle, interrupts of a halted processor.

import { describe, expect, test } from 'vitest';
import { DB, GuestFault, PF } from '../../src/isa/fault.ts';
import { setCr0, setCr3, setCr4 } from '../../src/isa/semantics/control.ts';
import { CPUID } from '../../src/isa/semantics/cpuid.ts';
import { MOVDR } from '../../src/isa/semantics/debug-registers.ts';
import { getEflags, setEflags } from '../../src/isa/semantics/eflags.ts';
import {
  dataBreakpoints,
  deliverFault,
  deliverInterrupt,
  deliverTrap,
  instructionBreakpoint,
  ioBreakpoints,
} from '../../src/isa/semantics/exception.ts';
import { CALLF, RETF } from '../../src/isa/semantics/far.ts';
import { CLI, POPF, PUSHF, STI } from '../../src/isa/semantics/flag-control.ts';
import { INT, INT1, INT3 } from '../../src/isa/semantics/interrupt.ts';
import { INS, OUTS } from '../../src/isa/semantics/io.ts';
import { IRET } from '../../src/isa/semantics/iret.ts';
import { RDMSR, RDPMC, RDTSC, WRMSR } from '../../src/isa/semantics/msr.ts';
import { LFP, MOVSEG, POPSEG } from '../../src/isa/semantics/segments.ts';
import { HLT, INVLPG, LTR } from '../../src/isa/semantics/system.ts';
import { dreg, far, imm, insn, type Machine, mem, reg, run, sreg } from './system-machine.ts';
import { BEYOND, changes, frame, GDT, protectedWorld, realWorld, S, TSS, V, virtualWorld } from './system-world.ts';

const o16 = { osize: 16, ssize: 16 } as const;

describe('accessed and busy bits', () => {
  /** The byte of a descriptor with its type. */
  const type = (m: Machine, selector: number) => m.memory.view.getUint8(GDT + (selector & ~7) + 5);
  const clear = (m: Machine, selector: number) => m.memory.store8(GDT + (selector & ~7) + 5, 0, type(m, selector) & ~1);

  test('a load sets accessed, in memory and in the register', () => {
    const m = protectedWorld(0);
    clear(m, S.data3);
    m.c.reg[0] = S.data3;
    expect(run(m, MOVSEG, insn({ dst: sreg(3), src: reg(0, 16) }))).toBe('ok');
    expect(type(m, S.data3)).toBe(0xf3);
    expect(m.c.access[3] & 0xff).toBe(0xf3);
  });

  test('a refused load leaves it alone', () => {
    const m = protectedWorld(3);
    clear(m, S.data0);
    m.c.reg[0] = S.data0;
    expect(run(m, MOVSEG, insn({ dst: sreg(3), src: reg(0, 16) }))).toBe('#13(10)');
    expect(type(m, S.data0)).toBe(0x92);
  });

  test('a call through a gate sets those of code and stack', () => {
    const m = protectedWorld(3);
    clear(m, S.code0);
    clear(m, S.data0);
    expect(run(m, CALLF, insn({ src: far(S.gateCode0, 0) }))).toBe('ok');
    expect([type(m, S.code0), type(m, S.data0)]).toEqual([0x9b, 0x93]);
  });

  test('LTR makes the task busy', () => {
    const m = protectedWorld(0);
    m.c.reg[0] = S.otherTss;
    expect(run(m, LTR, insn({ src: reg(0, 16) }))).toBe('ok');
    expect(type(m, S.otherTss)).toBe(0x8b);
    expect(m.c.access[7]).toBe(0x8b);
    expect(run(m, LTR, insn({ src: reg(0, 16) }))).toBe(`#13(${S.otherTss.toString(16)})`);
  });
});

describe('nothing is committed before a fault', () => {
  /** Runs with a page missing and expects #PF and no change but CR2. */
  function faults(m: Machine, page: number, op: Parameters<typeof run>[1], i: ReturnType<typeof insn>): void {
    m.memory.absent.add(page);
    let result = '';
    const changed = changes(m, () => {
      result = run(m, op, i);
    });
    expect(result).toMatch(/^#14/);
    expect(changed.replace(/ cr2=\w+/, '')).toBe('ok');
  }
  const call = insn({ src: far(S.gateParameters, 0) });

  test.each([
    ['inner stack', 8],
    ['caller stack', 0xb],
    ['TSS', 4],
    ['GDT', 1],
  ])('call to an inner level, no %s', (_, page) => faults(protectedWorld(3), page, CALLF, call));

  test('interrupt, no inner stack', () => faults(protectedWorld(3), 8, INT, insn({ src: imm(V.interrupt, 8) })));
  test('task switch, no new TSS', () => faults(protectedWorld(0), 5, CALLF, insn({ src: far(S.otherTss, 0) })));
  test('task switch, no old TSS', () => faults(protectedWorld(0), 4, CALLF, insn({ src: far(S.otherTss, 0) })));
  test('IRET, frame across a missing page', () => {
    const m = protectedWorld(0);
    m.c.reg[4] = 0x8ff8;
    frame(m, 32, BEYOND, S.code3 | 3);
    faults(m, 9, IRET, insn());
  });
  test('far pointer across a missing page', () => {
    faults(protectedWorld(0), 0xe, LFP, insn({ dst: reg(0), src: mem(0xdffc), src2: sreg(0) }));
  });
  test('RETF to an outer level, no stack selector', () => {
    const m = protectedWorld(0);
    m.c.reg[4] = 0x8ff4;
    frame(m, 32, BEYOND, S.code3 | 3, 0xbf00);
    faults(m, 9, RETF, insn({ src: imm(0) }));
  });
});

describe('delivery', () => {
  test('an interrupt wakes the processor; RF is clear, EXT set', () => {
    const m = protectedWorld(0);
    expect(run(m, HLT, insn({ length: 1 }))).toBe('ok');
    expect([m.c.halted, m.c.attention]).toEqual([1, 1]);
    deliverInterrupt(m.c, V.absent);
    expect(m.c.halted).toBe(0);
    // #NP(vector 25H, IDT, EXT).
    expect(m.memory.load32(m.c.reg[4], 0)).toBe(0x25 * 8 + 3);
    expect(m.c.eip).toBe(BEYOND + 16 * 11);
  });

  test('a page fault in the delivery of a page fault is a double fault with code 0', () => {
    const m = protectedWorld(3);
    m.memory.absent.add(8);
    // The double fault has a task of its own, and so a stack.
    m.memory.store32(0x3000 + 8 * 8, 0, S.otherTss << 16);
    m.memory.store32(0x3000 + 8 * 8, 4, 0x8500);
    m.memory.store32(0x5000, 0x38, 0x7f00);
    deliverFault(m.c, new GuestFault(PF, 4));
    expect(m.c.sel[7]).toBe(S.otherTss);
    expect(m.memory.load32(0x7efc, 0)).toBe(0);
    expect(m.memory.load32(TSS, 0x24) & 0x10000).toBe(0x10000);
  });

  test('without an IDT, the first fault shuts the processor down', () => {
    const m = protectedWorld(0);
    m.memory.absent.add(3);
    deliverFault(m.c, new GuestFault(13, 0));
    expect(m.platform.events.join()).toMatch(/triple fault/);
  });

  test('single step sets DR6.BS and clears GD', () => {
    const m = protectedWorld(0);
    m.c.dr7 |= 1 << 13;
    setEflags(m.c, 0x100, 0x100);
    deliverTrap(m.c, DB);
    expect(m.c.dr6 >>> 0).toBe(0xffff4ff0);
    expect(m.c.dr7 & (1 << 13)).toBe(0);
    expect(m.memory.load32(m.c.reg[4], 8)).toBe(0x102);
    expect(m.c.TF).toBe(0);
  });

  test('INT1 does not ask for the DPL of the gate, INT3 does', () => {
    const m = protectedWorld(3);
    expect(run(m, INT1, insn({ length: 1 }))).toBe('ok');
    expect(m.c.cpl).toBe(0);
    expect(run(protectedWorld(3), INT3, insn({ length: 1 }))).toBe('#13(1a)');
  });

  test('the T bit of a task traps at its first instruction', () => {
    const m = protectedWorld(0);
    m.memory.store16(0x5000, 0x64, 1);
    expect(run(m, CALLF, insn({ src: far(S.otherTss, 0) }))).toBe('ok');
    expect(m.c.dr6 & 0x8000).toBe(0x8000);
    expect(m.c.eip).toBe(BEYOND + 16);
    expect(m.memory.load32(m.c.reg[4], 0)).toBe(BEYOND + 0x1000);
  });
});

describe('VME and PVI', () => {
  const world = (flags: number, iopl = 0) => {
    const m = virtualWorld(iopl);
    m.c.cr4 = 1;
    setEflags(m.c, flags, 0x180300);
    // INT 21H goes to the protected-mode handler.
    m.memory.store32(TSS, 0x68 + 4, 2);
    return m;
  };

  test('CLI and STI move VIF, STI not while VIP is set', () => {
    const m = world(0x80200);
    expect(run(m, CLI, insn())).toBe('ok');
    expect(getEflags(m.c) & 0x180200).toBe(0x200);
    expect(run(m, STI, insn())).toBe('ok');
    expect(getEflags(m.c) & 0x180200).toBe(0x80200);
    expect(run(world(0x100000), STI, insn())).toBe('#13(0)');
  });

  test('PUSHF shows VIF as IF and IOPL 3; with 32 bits #GP', () => {
    const m = world(0x80000);
    expect(run(m, PUSHF, insn(o16))).toBe('ok');
    expect(m.memory.load16(m.c.base[2] + m.c.reg[4], 0)).toBe(0x3202);
    expect(run(world(0), PUSHF, insn({ ssize: 16 }))).toBe('#13(0)');
  });

  test.each([
    ['IF to VIF', 0, 0x200, 'ok', 0x80000],
    ['TF', 0, 0x100, '#13(0)', 0],
    ['IF while VIP', 0x100000, 0x200, '#13(0)', 0x100000],
    ['no IF while VIP', 0x100000, 0, 'ok', 0x100000],
  ])('POPF and IRET: %s', (_, before, image, result, after) => {
    const m = world(before);
    frame(m, 16, image);
    expect(run(m, POPF, insn(o16))).toBe(result);
    expect(getEflags(m.c) & 0x183300).toBe(after);
    const n = world(before);
    frame(n, 16, 0x10, 0x4000, image);
    expect(run(n, IRET, insn(o16))).toBe(result);
    expect(getEflags(n.c) & 0x183300).toBe(after);
  });

  test('INT goes through the redirection bitmap', () => {
    const m = world(0x80000);
    expect(run(m, INT, insn({ src: imm(0x20, 8), ...o16 }))).toBe('ok');
    expect([m.c.VM, m.c.sel[1], m.c.eip, m.c.VIF]).toEqual([1, 0x4000, 0x200, 0]);
    expect(m.memory.load16(m.c.base[2] + m.c.reg[4], 4)).toBe(0x3202);
    expect(run(world(0), INT, insn({ src: imm(0x21, 8), ...o16 }))).toBe('#13(0)');
    const own = world(0x200, 3);
    expect(run(own, INT, insn({ src: imm(0x20, 8), ...o16 }))).toBe('ok');
    expect([own.c.VM, own.c.IF, own.c.eip]).toEqual([1, 0, 0x200]);
  });

  test('PVI gives level 3 a VIF', () => {
    const m = protectedWorld(3);
    m.c.cr4 = 2;
    m.c.IF = 1;
    expect(run(m, STI, insn())).toBe('ok');
    expect([m.c.IF, m.c.VIF]).toEqual([1, 1]);
    const one = protectedWorld(1);
    one.c.cr4 = 2;
    expect(run(one, CLI, insn())).toBe('#13(0)');
  });
});

describe('interrupt shadow', () => {
  test('STI that sets IF, MOV SS and POP SS, not LSS', () => {
    const m = protectedWorld(0);
    run(m, STI, insn());
    expect(m.c.shadow).toBe(1);
    m.c.shadow = 0;
    run(m, STI, insn());
    expect(m.c.shadow).toBe(0);
    m.c.reg[0] = S.data0;
    run(m, MOVSEG, insn({ dst: sreg(2), src: reg(0, 16) }));
    expect(m.c.shadow).toBe(1);
    m.c.shadow = 0;
    frame(m, 32, S.data0);
    run(m, POPSEG, insn({ dst: sreg(2) }));
    expect(m.c.shadow).toBe(1);
    m.c.shadow = 0;
    m.memory.store32(0xd004, 0, S.data0);
    expect(run(m, LFP, insn({ dst: reg(4), src: mem(0xd000), src2: sreg(2) }))).toBe('ok');
    expect(m.c.shadow).toBe(0);
  });
});

describe('debug registers', () => {
  test('GD makes every access a fault with BD', () => {
    const m = protectedWorld(0);
    m.c.dr7 |= 1 << 13;
    expect(run(m, MOVDR, insn({ dst: reg(0), src: dreg(0) }))).toBe('#1');
    expect(m.c.dr6 & 0x2000).toBe(0x2000);
  });

  test('an instruction breakpoint, once RF has passed', () => {
    const { c } = protectedWorld(0);
    c.dr[1] = 0x1234;
    c.dr7 |= 1 << 2;
    c.eip = 0x1234;
    expect(() => instructionBreakpoint(c)).toThrow(GuestFault);
    expect(c.dr6 & 15).toBe(2);
    c.RF = 1;
    expect(() => instructionBreakpoint(c)).not.toThrow();
    expect(c.RF).toBe(0);
  });

  test.each([
    // R/W 1 (writes), LEN 3 (4 bytes) at 1002H counts from 1000H.
    ['write', 1, 3, 0x1002, 0x1003, 1, true, 1],
    ['read of a write breakpoint', 1, 3, 0x1000, 0x1000, 1, false, 0],
    ['read', 3, 0, 0x1000, 0xffd, 4, false, 1],
    ['before', 3, 0, 0x1000, 0xffc, 4, false, 0],
    ['after', 3, 1, 0x1000, 0x1002, 4, true, 0],
  ])('data: %s', (_, kind, length, address, at, bytes, write, hits) => {
    const { c } = protectedWorld(0);
    c.dr[0] = address;
    c.dr7 |= 1 | (kind << 16) | (length << 18);
    expect(dataBreakpoints(c, at, bytes, write)).toBe(hits);
  });

  test('ports need CR4.DE', () => {
    const { c } = protectedWorld(0);
    c.dr[3] = 0x60;
    c.dr7 |= (2 << 28) | (1 << 6);
    expect(ioBreakpoints(c, 0x60, 1)).toBe(0);
    c.cr4 = 8;
    expect([ioBreakpoints(c, 0x60, 1), ioBreakpoints(c, 0x61, 1)]).toEqual([8, 0]);
  });
});

describe('control registers tell memory', () => {
  test('of paging, protection and CR3', () => {
    const m = protectedWorld(0);
    setCr0(m.c, 0x80000011 | 0);
    setCr0(m.c, 0x80000019 | 0);
    setCr0(m.c, 0x80010019 | 0);
    setCr3(m.c, 0x5000);
    setCr4(m.c, 0x80);
    setCr4(m.c, 0x280);
    m.c.base[3] = 0x1000;
    run(m, INVLPG, insn({ src: mem(0x234, 8) }));
    expect(m.memory.events).toEqual(['context, global', 'context', 'cr3 5000', 'context, global', 'invlpg 1234']);
  });

  test('PDPTEs are checked before anything changes', () => {
    const m = protectedWorld(0);
    setCr4(m.c, 0x20);
    m.memory.pdptesValid = false;
    m.c.cr3 = 0x3000;
    expect(() => setCr0(m.c, 0x80000011 | 0)).toThrow(GuestFault);
    expect(m.c.cr0).toBe(0x11);
    m.memory.pdptesValid = true;
    setCr0(m.c, 0x80000011 | 0);
    m.memory.pdptesValid = false;
    expect(() => setCr3(m.c, 0x4000)).toThrow(GuestFault);
    expect(m.c.cr3).toBe(0x3000);
  });

  test('big real mode: the limit outlives protected mode', () => {
    const m = protectedWorld(0);
    m.c.base[1] = 0;
    setCr0(m.c, 0x10);
    m.c.reg[0] = 0x1234;
    expect(run(m, MOVSEG, insn({ dst: sreg(3), src: reg(0, 16) }))).toBe('ok');
    expect([m.c.base[3], m.c.limit[3]]).toEqual([0x12340, -1]);
    // A segment that was null becomes an ordinary one.
    m.c.access[0] = 0x10000;
    m.c.limit[0] = 0;
    expect(run(m, MOVSEG, insn({ dst: sreg(0), src: reg(0, 16) }))).toBe('ok');
    expect([m.c.limit[0], m.c.access[0], m.c.writeSpan[0]]).toEqual([0xffff, 0x93, 0xfff1]);
  });
});

describe('ports', () => {
  test('REP INS steps registers, and stops at what the engine has to do', () => {
    const m = protectedWorld(0);
    m.platform.ports.set(0x1f0, 0xbeef);
    m.c.reg.set([0, 3000, 0x1f0]);
    m.c.reg[7] = 0xd000;
    m.c.eip = 0x1000;
    const i = insn({ size: 16, osize: 16, rep: 1, dst: mem(0, 16, 0), src: reg(2, 16), length: 3 });
    expect(run(m, INS, i)).toBe('ok');
    expect([m.c.reg[1], m.c.reg[7], m.c.eip]).toEqual([3000 - 1024, 0xd000 + 2048, 0x1000]);
    run(m, INS, i);
    m.c.attention = 1;
    run(m, INS, i);
    expect([m.c.reg[1], m.c.eip]).toEqual([3000 - 2049, 0x1000]);
    m.c.attention = 0;
    run(m, INS, i);
    expect([m.c.reg[1], m.c.reg[7], m.c.eip]).toEqual([0, 0xd000 + 6000, 0x1003]);
    expect(m.memory.load32(0xd000 + 5996, 0) >>> 0).toBe(0xbeefbeef);
  });

  test('a page fault in the middle leaves the registers at the iteration', () => {
    const m = protectedWorld(0);
    m.c.reg.set([0, 10, 0x1f0]);
    m.c.reg[6] = 0xdffc;
    m.c.eip = 0x1000;
    m.memory.absent.add(0xe);
    const i = insn({ size: 16, osize: 16, rep: 1, dst: reg(2, 16), src: mem(0, 16, 3) });
    expect(run(m, OUTS, i)).toBe('#14(0)');
    expect([m.c.reg[1], m.c.reg[6], m.c.eip, m.platform.events.length]).toEqual([8, 0xe000, 0x1000, 2]);
  });
});

describe('MSRs', () => {
  const access = (m: Machine, op: typeof RDMSR, n: number, low = 0, high = 0): string => {
    m.c.reg.set([low | 0, n | 0, high | 0]);
    return run(m, op, insn());
  };
  const read = (m: Machine, n: number): string => {
    const result = access(m, RDMSR, n);
    return result === 'ok' ? `${(m.c.reg[2] >>> 0).toString(16)}:${(m.c.reg[0] >>> 0).toString(16)}` : result;
  };

  test.each([
    ['APIC_BASE', 0x1b, '0:fee00900'],
    ['BIOS_SIGN_ID', 0x8b, '218:0'],
    ['MTRRCAP', 0xfe, '0:508'],
    ['MCG_CAP', 0x179, '0:0'],
    ['MISC_ENABLE', 0x1a0, '0:1801'],
    ['PAT', 0x277, '70406:70406'],
    ['EFER', 0xc0000080, '0:0'],
    ['unknown', 0x12345, '#13(0)'],
  ])('%s after reset', (_, n, value) => expect(read(protectedWorld(0), n)).toBe(value));

  test.each([
    ['EFER.NXE', 0xc0000080, 0x800, 0, 'ok'],
    ['EFER.LME', 0xc0000080, 0x100, 0, '#13(0)'],
    ['EFER.SCE', 0xc0000080, 1, 0, '#13(0)'],
    ['PAT with type 2', 0x277, 2, 0, '#13(0)'],
    ['PAT with UC-', 0x277, 0x07010405, 0x06000000, 'ok'],
    ['default type', 0x2ff, 0xc06, 0, 'ok'],
    ['reserved default type', 0x2ff, 0x1000, 0, '#13(0)'],
    ['variable base', 0x200, 0xfe000006, 0, 'ok'],
    ['variable mask', 0x20f, 0xfe000800, 0xf, 'ok'],
    ['reserved mask bit', 0x201, 0x400, 0, '#13(0)'],
    ['fixed range', 0x26f, 0x06060606, 0x05050505, 'ok'],
    ['fixed range type', 0x250, 7, 0, '#13(0)'],
    ['beyond the variable ranges', 0x210, 0, 0, '#13(0)'],
    ['read only', 0xfe, 0, 0, '#13(0)'],
  ])('write of %s', (_, n, low, high, result) => {
    const m = protectedWorld(0);
    expect(access(m, WRMSR, n, low, high)).toBe(result);
    if (result === 'ok') expect(read(m, n)).toBe(`${high.toString(16)}:${low.toString(16)}`);
  });

  test('time-stamp counter', () => {
    const m = protectedWorld(3);
    m.platform.time = 2 ** 40 + 5;
    run(m, RDTSC, insn());
    expect([m.c.reg[2], m.c.reg[0]]).toEqual([256, 5]);
    m.c.cr4 = 4;
    expect(run(m, RDTSC, insn())).toBe('#13(0)');
    expect(run(m, RDPMC, insn())).toBe('#13(0)');
    expect(access(protectedWorld(3), RDMSR, 0x10)).toBe('#13(0)');
    const k = protectedWorld(0);
    access(k, WRMSR, 0x10, -1, 7);
    expect(k.platform.time).toBe(8 * 2 ** 32 - 1);
  });
});

describe('CPUID', () => {
  const leaf = (eax: number, ecx = 0) => {
    const m = protectedWorld(3);
    m.c.reg.set([eax | 0, ecx]);
    run(m, CPUID, insn());
    return {
      m,
      text: (...order: number[]) =>
        Buffer.from(Int32Array.from(order, (n) => m.c.reg[n] as number).buffer).toString('latin1'),
    };
  };

  test('names', () => {
    expect(leaf(0).text(3, 2, 1)).toBe('GenuineIntel');
    expect(leaf(0x40000000).text(3, 1, 2)).toBe('TransvisorTV');
    const brand = [2, 3, 4].map((n) => leaf(0x80000000 + n).text(0, 3, 1, 2)).join('');
    expect(brand.replaceAll('\0', '')).toBe('Transvisor virtual CPU');
  });

  test('features', () => {
    const { m } = leaf(1);
    expect(m.c.reg[0]).toBe(0x106c2);
    // FPU to CX8, APIC, SEP to PAT, CLFSH, MMX to SSE2.
    expect(m.c.reg[2] >>> 0).toBe(0x0789fbff);
    expect(m.c.reg[1] >>> 0).toBe(0x80000001);
    m.platform.apic = 0xfee00100;
    m.c.reg[0] = 1;
    run(m, CPUID, insn());
    expect(m.c.reg[2] & (1 << 9)).toBe(0);
    expect(leaf(0x80000001).m.c.reg[2]).toBe(1 << 20);
    expect(leaf(0x15).m.c.reg.slice(0, 4)).toEqual(Int32Array.of(1, 1_000_000_000, 0, 1));
  });

  test('beyond the last leaf: the highest basic one', () => {
    expect(leaf(0x17).m.c.reg[0]).toBe(1000);
    expect(leaf(0x80000009).m.c.reg[0]).toBe(1000);
    expect(leaf(0x40000001).m.c.reg[0]).toBe(1000);
  });
});

test('real-address mode: INT with a stack at its end shuts down', () => {
  const m = realWorld();
  m.c.reg[4] = 1;
  m.c.eip = 0x100;
  expect(run(m, INT, insn({ src: imm(0x20, 8), ...o16 }))).toBe('#12(0)');
  deliverFault(m.c, new GuestFault(12, 0));
  expect(m.platform.events.join()).toMatch(/triple fault/);
});
