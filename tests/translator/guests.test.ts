// Guests on bare metal (tests/translator/guests/) whose loops are translated, in lock-step with the reference: state
// compared at every exit of every region, memory at the end. What they leave behind is known in advance as well.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { CodeKind } from '../../src/memory/heap.ts';
import { verify } from '../../translator/verify.ts';
import { annotated, hasNasm } from './assembly.ts';
import type { ExitKind } from './exit-kinds.ts';
import { END, guestMachine, MOST, RESULTS, sourceOf } from './guest-image.ts';
import { Lockstep } from './lockstep.ts';

/** Address of guests/layout.inc. */
const LOG = 0x71000;
const LOGGED = 0x70ffc;

interface Run {
  readonly results: readonly number[];
  readonly log: readonly number[];
  readonly statistics: Readonly<Record<string, number>>;
  readonly kinds: Partial<Record<ExitKind, number>>;
}

/** Runs a guest to its end; entries of a block before it is translated. */
function run(name: string, { heat, code }: { heat: number; code: CodeKind }): Run {
  const lockstep = new Lockstep({
    machine: guestMachine(name, code),
    translator: { heat, batchEntries: 2, maxBatch: 2, verify },
    other: 'reference',
    every: 1,
  });
  expect(lockstep.run(MOST)).toBeUndefined();
  const { cpu, memory, engine } = lockstep.translated;
  expect(cpu.eip).toBe(END);
  const statistics = engine.statistics();
  expect(lockstep.exits).toBe(statistics.regionEntries);
  expect(statistics.regionEntries).toBeGreaterThan(0);
  const words = (at: number, end: number): number[] => [...memory.i32.subarray(at >> 2, end >> 2)];
  const logged = memory.i32[LOGGED >> 2] as number;
  return { results: words(RESULTS, RESULTS + 32), log: words(LOG, logged), statistics, kinds: lockstep.kinds };
}

/** What divide.asm does: the sum, and the number of errors. */
function divisions(): number[] {
  let sum = 0;
  let errors = 0;
  for (let n = 4000; n > 0; n--) {
    const divisor = n & 15;
    let eax = Math.imul(n, 1000003);
    let edx = divisor >= 14 ? -1 : 0;
    const dividend = BigInt(edx >>> 0) * 2n ** 32n + BigInt(eax >>> 0);
    if (divisor === 0 || dividend / BigInt(divisor) >= 2n ** 32n) errors++;
    else {
      eax = Number(dividend / BigInt(divisor)) | 0;
      edx = Number(dividend % BigInt(divisor)) | 0;
    }
    sum = ((sum + eax) | 0) ^ edx;
    // idiv bl: AX by a byte.
    const quotient = divisor === 0 ? 128 : Math.trunc(((n << 16) >> 16) / divisor);
    if (quotient > 127) {
      errors++;
      sum = (sum + n) | 0;
    } else sum = (sum + ((((n << 16) >> 16) % divisor) << 8) + quotient + (n & -65536)) | 0;
  }
  return [sum, errors];
}

// Translated at once; and once most of the code has run, so that regions are what they grow to.
describe.each([
  { heat: 0, code: 'asm.js' },
  { heat: 100, code: 'asm.js' },
  { heat: 100, code: 'webassembly' },
] as const)('translated to $code after $heat entries', (how) => {
  const { heat } = how;
  test('stores to pages that may not be written, or are absent', () => {
    const { log, kinds } = run('faults', how);
    // Error code, CR2, EIP, ECX: two faults on the first round, and after each of the five times the pages are reset.
    const faults = Array.from({ length: 12 }, (_, k) => log.slice(4 * k, 4 * k + 2));
    expect(log.length).toBe(48);
    expect(faults).toEqual(Array.from({ length: 12 }, (_, k) => (k % 2 ? [2, 0x202000] : [3, 0x201000])));
    expect(log.filter((_, k) => k % 4 === 3)).toEqual(Array.from({ length: 12 }, (_, k) => (k % 2 ? 0x400 : 0x800)));
    expect(kinds['true fault']).toBeGreaterThan(8);
    expect(kinds['hidden fault']).toBeGreaterThan(0);
  });

  test('division errors, and RDMSR of what is not there', () => {
    const { results, kinds } = run('divide', how);
    expect(results.slice(0, 2)).toEqual(divisions());
    expect(kinds.other).toBeGreaterThan(300);
    expect(results[2]).toBeGreaterThan(3900);
    expect(kinds.callout).toBeGreaterThan(1000);
  });

  test('accesses that are not aligned, or cross pages', () => {
    const { kinds } = run('unaligned', how);
    expect(kinds.unaligned).toBeGreaterThan(10_000);
    expect(kinds['cross-page']).toBeGreaterThan(10);
  });

  test('operands off one register: across pages, written now and then, in two address spaces', () => {
    const { results, log, statistics } = run('fields', how);
    // Twice in a round, a field before MOV CR3 and one behind it: 1 and 10 in the first space, 100 and 1000 in the other,
    // where all rounds but the first one begin.
    expect(results[3]).toBe(1 + 10 + (1 + 1000) + 59 * (100 + 10 + (1 + 1000)));
    // A fault a round: it is written when it may only be read.
    expect(log).toEqual(Array.from({ length: 60 }, () => 0x201104));
    expect(statistics.regionSlow).toBeGreaterThan(60);
  });

  test('accesses beyond the limit of FS', () => {
    const { results } = run('limits', how);
    // 9000 turns at four bytes each, from 0 once and then from 4, which are beyond the end after FFCh.
    expect(results[1]).toBe(8);
  });

  test('code that changes itself, and code that it calls', () => {
    const { results, statistics, kinds } = run('own-code', how);
    expect(results[1]).toBe(300 * 50);
    if (heat === 0) expect(kinds['code trace']).toBeGreaterThan(100);
    // What changes all the time is never hot.
    if (heat === 0) expect(statistics.regionsInvalidated).toBeGreaterThan(100);
  });

  test('registers of devices in memory', () => {
    const { results, kinds } = run('devices', how);
    const priorities = Array.from({ length: 1500 }, (_, k) => (k + 1) & 0xf0).reduce((sum, priority) => sum + priority);
    expect(results.slice(0, 3)).toEqual([1500 * 0x50014, priorities, (1500 * 0x170020) | 0]);
    expect(kinds.MMIO).toBeGreaterThan(5000);
  });

  test('calls out of a region, and back into it', () => {
    const { results, statistics } = run('returns', how);
    // The stack is where it was.
    expect(results[1]).toBe(0x90000);
    expect(statistics.regionsInvalidated).toBe(0);
    if (heat > 0) expect(statistics.reentries).toBeGreaterThan(3);
  });

  test('a region whose second page is mapped elsewhere', () => {
    const { kinds } = run('remap', how);
    if (heat === 0) expect(kinds['page-table trace']).toBeGreaterThan(10);
  });

  test('interrupts, at the same instruction', () => {
    const { results, log, statistics, kinds } = run('interrupts', how);
    expect(results[1]).toBeGreaterThan(150);
    expect(log.length).toBe(5 * (results[1] as number));
    expect(statistics.callouts).toBeGreaterThan(200);
    expect(kinds.budget).toBeGreaterThan(50);
    expect(kinds.interrupt).toBeGreaterThan(5);
  });

  test('STI where two ways meet', () => {
    const { results, log, statistics } = run('shadows', how);
    expect(results[1]).toBeGreaterThan(150);
    expect(log.length).toBe(5 * (results[1] as number));
    // Interrupts that wait when they are let in are the monitor's; apart from them, STI is no reason to leave a region.
    const { slow = 0, callouts = 0 } = statistics;
    expect(slow + callouts).toBeLessThan(20 * (results[1] as number));
  });

  test('POPF of TF and of AC, and a breakpoint', () => {
    // 250 turns with TF for five instructions; one hit; AC set by 99 turns.
    expect(run('flags', how).results.slice(0, 3)).toEqual([1250, 1, 99]);
  });

  test('level 3 in a region that goes on into a page of the supervisor', () => {
    // 400 faults of error code 5: a page that is present, from level 3.
    expect(run('levels', how).results.slice(0, 3)).toEqual([400, 400 * 5, 0x301000]);
  });
});

describe.skipIf(!hasNasm)('the machine code in the sources (skipped without nasm)', () => {
  const directory = new URL('guests/', import.meta.url);
  for (const file of readdirSync(directory).filter((f) => f.endsWith('.asm'))) {
    test(file, () => {
      const path = sourceOf(file.slice(0, -4));
      const fresh = annotated(path);
      if (process.env.UPDATE) writeFileSync(path, fresh);
      expect(readFileSync(path, 'utf8')).toBe(fresh);
    });
  }
});
