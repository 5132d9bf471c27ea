// Rules around MMX and SSE that user-mode recordings cannot show: control bits, #XM or #UD, the lazy forms of x87
// registers, accesses at the edge of pages (SDM vol. 3, chapters 12 and 13; vol. 1, section 11.5).

import { describe, expect, test } from 'vitest';
import { decode } from '../../src/isa/decode.ts';
import { GP, GuestFault, MF, NM, PF, UD, XM } from '../../src/isa/fault.ts';
import type { Insn } from '../../src/isa/insn.ts';
import * as SIMD from '../../src/isa/semantics/simd/index.ts';
import type { Cpu } from '../../src/isa/state.ts';
import { CR0_EM, CR0_TS, CR4_OSFXSR, CR4_OSXMMEXCPT } from '../../src/isa/system-bits.ts';
import { FlatMemory, simdCpu } from './simd-cpu.ts';

const DATA = 0x10000000;
const PAGE = 0x1000;

function machine() {
  const memory = new FlatMemory(DATA, PAGE);
  return { memory, cpu: simdCpu(memory) };
}

/** Executes the instruction; its fault's vector, or undefined. */
function run(cpu: Cpu, code: string): number | undefined {
  const bytes = new Uint8Array(32);
  bytes.set(Buffer.from(code.replaceAll(' ', ''), 'hex'));
  const insn = decode(bytes, 0, 15, { code32: true, stack32: true }) as Insn;
  try {
    (SIMD as Record<string, (c: Cpu, i: Insn) => void>)[insn.op]!(cpu, insn);
  } catch (e) {
    if (e instanceof GuestFault) return e.vector;
    throw e;
  }
  return undefined;
}

const ADDPS = '0f 58 c1';
const PADDB_XMM = '66 0f fc c1';
const PADDB_MMX = '0f fc c1';
const PAVGB_MMX = '0f e0 c1';
const CVTPI2PS_MMX = '0f 2a c1';
const MOVQ2DQ = 'f3 0f d6 c1';
const EMMS = '0f 77';
const LDMXCSR = '0f ae 13';
const MOVNTI = '0f c3 0b';

/** Clears bits of CR4, sets bits of CR0. */
function without(c: Cpu, cr4: number, cr0: number): void {
  c.cr4 &= ~cr4;
  c.cr0 |= cr0;
}

describe('control bits', () => {
  const cases: [string, string, (c: Cpu) => void, number | undefined][] = [
    ['SSE with CR0.EM', ADDPS, (c) => without(c, 0, CR0_EM), UD],
    ['SSE with CR0.EM and TS', ADDPS, (c) => without(c, 0, CR0_EM | CR0_TS), UD],
    ['SSE with CR0.TS', ADDPS, (c) => without(c, 0, CR0_TS), NM],
    ['SSE without CR4.OSFXSR', ADDPS, (c) => without(c, CR4_OSFXSR, 0), UD],
    ['SSE without CR4.OSFXSR and with CR0.TS', ADDPS, (c) => without(c, CR4_OSFXSR, CR0_TS), UD],
    ['SSE2 integers without CR4.OSFXSR', PADDB_XMM, (c) => without(c, CR4_OSFXSR, 0), UD],
    ['MMX without CR4.OSFXSR', PADDB_MMX, (c) => without(c, CR4_OSFXSR, 0), undefined],
    ["SSE's extension of MMX without CR4.OSFXSR", PAVGB_MMX, (c) => without(c, CR4_OSFXSR, 0), undefined],
    ['MMX with CR0.EM', PADDB_MMX, (c) => without(c, 0, CR0_EM), UD],
    ['MMX with CR0.TS', PADDB_MMX, (c) => without(c, 0, CR0_TS), NM],
    ['EMMS with CR0.TS', EMMS, (c) => without(c, 0, CR0_TS), NM],
    ['MMX with an x87 exception pending', PADDB_MMX, (c) => void (c.fsw = 0x8081), MF],
    ['SSE with an x87 exception pending', ADDPS, (c) => void (c.fsw = 0x8081), undefined],
    ['CVTPI2PS mm with an x87 exception pending', CVTPI2PS_MMX, (c) => void (c.fsw = 0x8081), MF],
    ['MOVQ2DQ without CR4.OSFXSR', MOVQ2DQ, (c) => without(c, CR4_OSFXSR, 0), UD],
    ['LDMXCSR with CR0.TS', LDMXCSR, (c) => without(c, 0, CR0_TS), NM],
    ['MOVNTI with CR0.EM and TS', MOVNTI, (c) => without(c, 0, CR0_EM | CR0_TS), undefined],
  ];
  for (const [name, code, prepare, vector] of cases) {
    test(name, () => {
      const { cpu } = machine();
      cpu.reg[3] = DATA;
      cpu.mxcsr = 0x1f80;
      prepare(cpu);
      expect(run(cpu, code)).toBe(vector);
    });
  }
});

describe('unmasked exceptions', () => {
  /** 1 / 3 with PM cleared. */
  function inexact() {
    const { cpu } = machine();
    cpu.mxcsr = 0x0f80;
    cpu.xmmF64.set([1, 7, 3, 9]);
    return cpu;
  }
  const DIVSD = 'f2 0f 5e c1';

  test('#XM leaves the destination and sets the flag', () => {
    const cpu = inexact();
    expect(run(cpu, DIVSD)).toBe(XM);
    expect([cpu.xmmF64[0], cpu.mxcsr]).toEqual([1, 0x0fa0]);
  });

  test('#UD without CR4.OSXMMEXCPT', () => {
    const cpu = inexact();
    cpu.cr4 &= ~CR4_OSXMMEXCPT;
    expect(run(cpu, DIVSD)).toBe(UD);
    expect(cpu.xmmF64[0]).toBe(1);
  });

  test('LDMXCSR of reserved bits is #GP and changes nothing', () => {
    const { cpu, memory } = machine();
    cpu.reg[3] = DATA;
    cpu.mxcsr = 0x1f80;
    memory.store32(0, 0, 0x10000);
    expect(run(cpu, LDMXCSR)).toBe(GP);
    expect(cpu.mxcsr).toBe(0x1f80);
  });
});

describe('MMX registers are the x87 registers', () => {
  test('an x87 register is read as its significand', () => {
    const { cpu } = machine();
    // -1.5
    cpu.fpr.set([0, 0xc0000000, 0xbfff], 4 * 1);
    // MOVQ mm0, mm1
    expect(run(cpu, '0f 6f c1')).toBe(undefined);
    // The significand of 1.5 with its integer bit; sign and exponent of the destination are all ones.
    expect(Array.from(cpu.fpr.subarray(0, 4), (v) => v >>> 0)).toEqual([0, 0xc0000000, 0xffff, 0]);
    expect([cpu.ftop, cpu.ftag]).toEqual([0, 0xff]);
  });

  test('an MMX instruction that faults leaves the x87 state', () => {
    const { cpu } = machine();
    cpu.ftop = 5;
    cpu.ftag = 0x21;
    cpu.reg[3] = DATA + PAGE;
    // PADDB mm1, [ebx]
    expect(run(cpu, '0f fc 0b')).toBe(PF);
    expect([cpu.ftop, cpu.ftag]).toEqual([5, 0x21]);
  });

  test('EMMS empties the registers', () => {
    const { cpu } = machine();
    cpu.ftop = 5;
    cpu.ftag = 0x21;
    run(cpu, EMMS);
    expect([cpu.ftop, cpu.ftag]).toEqual([0, 0]);
  });
});

describe('bytes under a mask', () => {
  const MASKMOVDQU = '66 0f f7 c1';

  test('beyond the last byte stored nothing is touched', () => {
    const { cpu, memory } = machine();
    // Four bytes before the end of the page; the mask's bytes 1 and 3 have their top bits set.
    cpu.reg[7] = DATA + PAGE - 4;
    cpu.xmm.set([0x44332211, 0x55555555, 0x55555555, 0x55555555]);
    cpu.xmm.set([0x8000ff00 | 0, 0, 0, 0], 4);
    memory.bytes.fill(0xee);
    expect(run(cpu, MASKMOVDQU)).toBe(undefined);
    expect(Array.from(memory.bytes.slice(-4))).toEqual([0xee, 0x22, 0xee, 0x44]);
  });

  test('one byte on a missing page stores none', () => {
    const { cpu, memory } = machine();
    cpu.reg[7] = DATA + PAGE - 4;
    cpu.xmm.set([-1, -1, -1, -1, -1, -1, -1, -1]);
    expect(run(cpu, MASKMOVDQU)).toBe(PF);
    expect(memory.bytes.every((b) => b === 0)).toBe(true);
  });

  test('an empty mask touches no memory', () => {
    const { cpu } = machine();
    cpu.reg[7] = 0;
    cpu.xmm.set([0, 0, 0, 0], 4);
    expect(run(cpu, MASKMOVDQU)).toBe(undefined);
  });
});

describe('alignment of 128 bits', () => {
  const at = (address: number, code: string) => {
    const { cpu } = machine();
    cpu.reg[3] = address;
    return run(cpu, code);
  };
  test('comes before the page', () => expect(at(0x20000001, '0f 28 0b')).toBe(GP));
  test('is of the linear address, base included', () => {
    const { cpu } = machine();
    cpu.base[3] = 8;
    cpu.reg[3] = DATA + 8;
    expect(run(cpu, '0f 28 0b')).toBe(undefined);
    cpu.reg[3] = DATA;
    expect(run(cpu, '0f 28 0b')).toBe(GP);
  });
  test('is not asked of MOVUPS', () => expect(at(DATA + 1, '0f 10 0b')).toBe(undefined));
});
