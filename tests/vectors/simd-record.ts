// Records `simd.gz`: asks a real CPU what MMX and SSE instructions do. Usage:
//
//   node tests/vectors/simd-record.ts ORACLE OUTPUT [SCALE [SEED]]
//
// ORACLE is a program that reads a test a line (code=, registers, mem@, mxcsr=, xmmN=, stN=, fsw=, ftw=, fx=1, dump=) and
// prints the state in which a user-mode process found itself after it, the FXSAVE image included. SCALE multiplies the
// number of cases (1: the corpus that is committed; more: a soak run). The inputs are edge values and pseudo-random ones,
// the same for the same seed.

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { SIMD } from '../../src/isa/opcodes-simd.ts';
import {
  type Case,
  DATA,
  FIELDS,
  type Field,
  type Form,
  type Location,
  NO_TRAP,
  pack,
  pattern,
  TAGS,
  TOP,
} from './simd-format.ts';

const [oracle, output, scaleText = '1', seedText = '1'] = process.argv.slice(2);
if (!oracle || !output) throw new Error('usage: simd-record.ts ORACLE OUTPUT [SCALE [SEED]]');
const SCALE = Number(scaleText);

// xorshift32 (G. Marsaglia, "Xorshift RNGs", 2003).
let state = (Number(seedText) * 2654435761) >>> 0 || 1;
function random(): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state >>> 0;
}
const below = (n: number): number => random() % n;
const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
const chance = (percent: number): boolean => below(100) < percent;

// Edge values.

const SINGLES = [
  ...[0x00000000, 0x00000001, 0x00000002, 0x00000003, 0x00400000, 0x007ffffe, 0x007fffff], // zero, denormals
  ...[0x00800000, 0x00800001, 0x00800002, 0x00ffffff, 0x01000000, 0x01800000, 0x0c000000], // least normals
  ...[0x1f800000, 0x20000000, 0x1fb504f3, 0x33800000, 0x33800001, 0x34000000, 0x3effffff], // 2^-64, 2^-24, ...
  ...[0x3f000000, 0x3f000001, 0x3f7fffff, 0x3f800000, 0x3f800001, 0x3f800002, 0x3fc00000], // about 1
  ...[0x40000000, 0x40400000, 0x40490fdb, 0x3dcccccd, 0x3eaaaaab, 0x3fb504f3, 0x40200000],
  ...[0x4b000000, 0x4b000001, 0x4b7fffff, 0x4b800000, 0x4b800001, 0x4b000003, 0x4affffff], // 2^23, 2^24
  ...[0x4effffff, 0x4f000000, 0x4f000001, 0x4f7fffff, 0x4f800000, 0x5f000000, 0x5f3504f3], // 2^31, 2^32, 2^63
  ...[0x7e800000, 0x7f000000, 0x7f7ffffe, 0x7f7fffff, 0x7f800000, 0x7fc00000, 0x7fc12345], // greatest, infinity, NaN
  ...[0x7fffffff, 0x7f800001, 0x7fa00000, 0x7fbfffff],
];
const DOUBLES: readonly (readonly [number, number])[] = [
  ...[0x00000000, 0x00080000, 0x000fffff, 0x00100000, 0x00200000, 0x01a00000, 0x1ff6a09e].map((h) => [h, 0] as const),
  ...[1, 2, 3, 0xffffffff].map((l) => [0, l] as const),
  ...[0xfffffffe, 0xffffffff].map((l) => [0x000fffff, l] as const),
  ...[1, 2, 0xffffffff].map((l) => [0x00100000, l] as const),
  ...[0x20000000, 0x3c900000, 0x3ca00000, 0x3cb00000, 0x3fe00000, 0x3ff00000, 0x3ff80000, 0x40000000, 0x40080000].map(
    (h) => [h, 0] as const,
  ),
  ...[1, 2, 3].map((l) => [0x3ff00000, l] as const),
  ...[
    [0x3fefffff, 0xffffffff],
    [0x3fd55555, 0x55555555],
    [0x3fb99999, 0x9999999a],
    [0x3ff6a09e, 0x667f3bcd],
    [0x400921fb, 0x54442d18],
    [0x41dfffff, 0xffc00000],
    [0x41dfffff, 0xffe00000],
    [0x41dfffff, 0xffdfffff],
    [0x41e00000, 0x00000000],
    [0x41e00000, 0x00100000],
    [0x41e00000, 0x00200000],
    [0x41e00000, 0x00180000],
    [0x43300000, 0x00000000],
    [0x43300000, 0x00000001],
    [0x433fffff, 0xffffffff],
    [0x43400000, 0x00000001],
    [0x5fe00000, 0x00000000],
    [0x7fd00000, 0x00000000],
    [0x7fe00000, 0x00000000],
    [0x7fefffff, 0xfffffffe],
    [0x7fefffff, 0xffffffff],
    [0x7ff00000, 0x00000000],
    [0x7ff80000, 0x00000000],
    [0x7ff81234, 0x56789abc],
    [0x7fffffff, 0xffffffff],
    [0x7ff00000, 0x00000001],
    [0x7ff40000, 0x20000000],
    [0x7ff7ffff, 0xffffffff],
    // The border between the formats: least single, denormal singles, greatest single, ties of single precision.
    [0x38100000, 0x00000000],
    [0x380fffff, 0xf0000000],
    [0x380fffff, 0xe0000000],
    [0x380fffff, 0xefffffff],
    [0x36a00000, 0x00000000],
    [0x36900000, 0x00000000],
    [0x36900000, 0x00000001],
    [0x47efffff, 0xe0000000],
    [0x47efffff, 0xefffffff],
    [0x47efffff, 0xf0000000],
    [0x3ff00000, 0x10000000],
    [0x3ff00000, 0x30000000],
    [0x3ff00000, 0x10000001],
  ].map((p) => p as [number, number]),
];
const BYTES = [0x00, 0x01, 0x02, 0x7e, 0x7f, 0x80, 0x81, 0xfe, 0xff];
const INTEGERS = [
  ...[0, 1, 2, 3, 0x7fff, 0x8000, 0xffff, 0x10000, 0x00ffffff, 0x01000000, 0x01000001, 0x01000002, 0x01000003],
  ...[0x7fffffff, 0x7fffff80, 0x7fffffc0, 0x7fffffbf, 0x80000000, 0x80000001, 0x80000040, 0xfffffffe, 0xffffffff],
];

function single(): number {
  const kind = below(100);
  if (kind < 55) return (pick(SINGLES) | (random() & -0x80000000)) >>> 0;
  if (kind < 80) return ((random() & 0x807fffff) | ((120 + below(14)) << 23)) >>> 0; // near 1
  if (kind < 90) return (random() & 0x81ffffff) >>> 0; // denormal and least
  return random();
}
function double(): [number, number] {
  const kind = below(100);
  if (kind < 55) {
    const [h, l] = pick(DOUBLES);
    return [(h | (random() & -0x80000000)) >>> 0, l];
  }
  if (kind < 80) return [((random() & 0x800fffff) | ((1000 + below(46)) << 20)) >>> 0, chance(30) ? 0 : random()];
  if (kind < 87) return [(random() & 0x803fffff) >>> 0, random()]; // denormal and least
  if (kind < 95) return [((random() & 0x800fffff) | ((890 + below(270)) << 20)) >>> 0, random()]; // about a single's range
  return [random(), random()];
}

type Class = 'integer' | 'single' | 'double' | 'doubleword' | 'mxcsr' | 'count';

function words(of: Class): number[] {
  switch (of) {
    case 'single':
      return [single(), single(), single(), single()];
    case 'double': {
      const [h0, l0] = double();
      const [h1, l1] = double();
      return [l0, h0, l1, h1];
    }
    case 'doubleword':
      return [0, 1, 2, 3].map(() => (chance(50) ? pick(INTEGERS) : random() >>> below(32)));
    case 'mxcsr':
      // Bit 17 exists on AMD's processors only.
      return [(random() & (chance(80) ? 0xffff : 0xfffdffff)) >>> 0, random(), random(), random()];
    case 'count':
      return [chance(90) ? below(70) : random(), chance(90) ? 0 : random(), random(), random()];
    default:
      return [0, 1, 2, 3].map(() => {
        if (chance(40)) return random();
        return (pick(BYTES) | (pick(BYTES) << 8) | (pick(BYTES) << 16) | (pick(BYTES) << 24)) >>> 0;
      });
  }
}

function mxcsr(of: Class): number {
  let v = 0x1f80;
  if (of === 'integer') return v;
  if (chance(25)) v &= random() | 0xffffe07f; // some exceptions unmasked
  if (chance(30)) v |= 0x20; // PE already set: the common state
  if (chance(5)) v |= random() & 0x3f;
  if (chance(45)) v |= below(4) << 13;
  if (chance(20)) v |= 1 << 15;
  if (chance(20)) v |= 1 << 6;
  return v;
}

// Forms, from the opcode map: every row with register and memory operands.

interface Plan {
  readonly form: Omit<Form, 'count'>;
  readonly cases: number;
  readonly dst: Class;
  readonly src: Class;
  readonly approximate: boolean;
}

const FLOAT = /^(ADD|SUB|MUL|DIV|SQRT|MIN|MAX|CMP|U?COMI|HADD|HSUB|ADDSUB|RCP|RSQRT)\w*(S|D|X)$/;

function classesOf(op: string): [Class, Class] {
  if (op === 'LDMXCSR') return ['integer', 'mxcsr'];
  if (op.startsWith('CVT')) {
    const from = op.replace(/^CVTT?/, '').slice(0, 2);
    return [
      'integer',
      from === 'PS' || from === 'SS' ? 'single' : from === 'PD' || from === 'SD' ? 'double' : 'doubleword',
    ];
  }
  if (/^PS[LR][LA][WDQ]$/.test(op)) return ['integer', 'count'];
  if (FLOAT.test(op)) {
    const of = /(PD|SD|SDX)$/.test(op) ? 'double' : 'single';
    return [of, of];
  }
  return ['integer', 'integer'];
}

/** Cases for one encoding of the operation. */
function quota(op: string, immediates: number, memory: boolean): number {
  const [of, from] = classesOf(op);
  const scalar = /(SS|SD|SDX)$/.test(op);
  let n = 36;
  if (/^CVT/.test(op)) n = from === 'doubleword' ? 100 : 420;
  else if (/^(ADD|SUB|MUL|DIV)S[SD]$/.test(op)) n = 2600;
  else if (/^SQRTS[SD]$/.test(op)) n = 900;
  else if (/^(CMP)/.test(op)) n = 110;
  else if (/^(U?COMI)/.test(op)) n = 800;
  else if (/^R(CP|SQRT)/.test(op)) n = 200;
  else if (of !== 'integer') n = scalar ? 800 : 420;
  else if (op === 'LDMXCSR') n = 150;
  else if (immediates > 4) n = 6;
  if (memory) n = Math.max(10, n >> 3);
  return Math.ceil(n * SCALE);
}

function immediatesOf(op: string): number[] {
  if (op.startsWith('CMP')) return [0, 1, 2, 3, 4, 5, 6, 7, 0x0d];
  if (/^PS[LR]/.test(op))
    return [0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 15, 16, 17, 24, 31, 32, 33, 40, 63, 64, 65, 128, 255];
  if (/^P(INS|EXT)RW$/.test(op)) return [0, 1, 2, 3, 4, 5, 6, 7, 8, 0xff];
  if (op === 'SHUFPD') return [0, 1, 2, 3, 4, 0xff];
  return [0x00, 0xff, 0x1b, 0xe4, 0x4e, 0xb1, ...Array.from({ length: 26 }, () => below(256))];
}

const hexByte = (v: number): string => (v & 0xff).toString(16).padStart(2, '0');
const NONE: Location = { file: 'none', n: 0 };
const MEMORY: Location = { file: 'mem', n: 0 };

function plans(): Plan[] {
  const list: Plan[] = [];
  for (const row of SIMD.trim().split('\n')) {
    const parts = row.split(' ');
    const opcode = parts[0] as string;
    const prefix = parts[1] as string;
    const group = (parts[2] as string).startsWith('/') ? Number((parts[2] as string).slice(1)) : -1;
    const op = parts[group < 0 ? 2 : 3] as string;
    const notation = (parts[group < 0 ? 3 : 4] ?? '').split(',').filter((o) => o !== '');
    if (opcode === 'AE' && op !== 'LDMXCSR' && op !== 'STMXCSR') continue;
    const immediates = notation.includes('ib') ? immediatesOf(op) : [-1];
    for (const memory of [false, true]) {
      const kinds = notation.map((o) => o.split('/')[0] as string);
      const canMemory = notation.some((o) => /^[QWEM]|\/M/.test(o));
      const mustMemory = kinds.some((o) => o.startsWith('M'));
      if (memory ? !canMemory : mustMemory) continue;
      for (const same of [false, true]) {
        for (const immediate of immediates) {
          // The reg field and the rm field; memory is [ebx + disp8].
          const reg = group >= 0 ? group : 1 + below(2) * 5;
          let rm = 2 + below(2) * 3;
          if (same) rm = reg;
          let two = 0;
          const locate = (o: string): Location => {
            const n = /^[PVG]/.test(o) ? reg : rm;
            if (/^[PQN]/.test(o)) return /^Q/.test(o) && memory ? MEMORY : { file: 'mm', n };
            if (/^[VWU]/.test(o)) return /^W/.test(o) && memory ? MEMORY : { file: 'xmm', n };
            if (/^G/.test(o)) return { file: 'reg', n };
            if (/^[ER]/.test(o)) return memory ? MEMORY : { file: 'reg', n };
            if (/^(M|BD)/.test(o)) return MEMORY;
            return NONE;
          };
          const operands = kinds.map(locate);
          for (const o of operands) if (o.file !== 'none') two++;
          const [dst = NONE, src = NONE, src2 = NONE] = operands;
          if (same && (memory || two < 2 || dst.file !== src.file || group >= 0)) continue;
          if (same && immediate > 0 && immediate !== 0x1b) continue;
          const modrm =
            notation.length === 0
              ? ''
              : memory && !/^MASK/.test(op)
                ? hexByte(0x43 | (reg << 3)) + '10'
                : hexByte(0xc0 | (reg << 3) | rm);
          const code =
            (prefix === 'NP' ? '' : prefix.toLowerCase()) +
            '0f' +
            opcode.toLowerCase() +
            modrm +
            (immediate < 0 ? '' : hexByte(immediate));
          const [dstClass, srcClass] = classesOf(op);
          list.push({
            form: { op, code, dst, src, src2 },
            cases: same ? Math.ceil(quota(op, immediates.length, true) / 2) : quota(op, immediates.length, memory),
            dst: dstClass,
            src: srcClass,
            approximate: /^R(CP|SQRT)/.test(op),
          });
        }
      }
    }
  }
  return list;
}

// Cases.

const blank = (): Case => {
  const one = {} as Case;
  for (const name of Object.keys(FIELDS) as Field[]) one[name] = new Uint8Array(FIELDS[name]);
  return one;
};
const setWords = (to: Uint8Array, from: readonly number[]): void => {
  const view = new DataView(to.buffer, to.byteOffset, to.length);
  for (let k = 0; k < to.length >> 2; k++) view.setUint32(4 * k, from[k] as number, true);
};
const get32 = (from: Uint8Array, at = 0): number => new DataView(from.buffer, from.byteOffset).getUint32(at, true);
const put = (to: Uint8Array, v: number): void => {
  for (let k = 0; k < to.length; k++) to[k] = v >>> (8 * k);
};
/** Big-endian digits, as the oracle takes registers. */
const digits = (bytes: Uint8Array): string => Array.from(bytes, hexByte).reverse().join('');

const UNMAPPED = 0x30000000;

/** Upper lanes of scalar operations: the same in all cases of a form, so that the file compresses. */
function calm(op: string, of: Class, v: number[], upper: readonly number[]): number[] {
  if (!/(SS|SD|SDX|SI)$/.test(op)) return v;
  const lanes = of === 'double' ? 2 : 1;
  return v.map((w, k) => (k < lanes ? w : (upper[k] as number)));
}

function invent(plan: Plan, upper: readonly number[]): Case {
  const one = blank();
  const { form } = plan;
  setWords(one.dst, calm(form.op, plan.dst, words(plan.dst), upper));
  setWords(one.src, calm(form.op, plan.src, words(plan.src), upper));
  if (form.src2.file !== 'none') setWords(one.src2, words('integer'));
  let address = DATA + 0x100;
  if (form.dst.file === 'mem' || form.src.file === 'mem') {
    if (chance(20)) address += 1 + below(15);
    if (chance(4)) address += UNMAPPED - DATA;
  }
  put(one.address, address);
  put(one.mxcsr, mxcsr(/^CVT/.test(form.op) ? plan.src : plan.dst));
  put(one.eflags, chance(50) ? 0x202 : 0xad7);
  if (chance(2)) one.pending[0] = 1;
  return one;
}

const GPR = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'];

/** The bytes of every register before the case. */
function registersBefore(form: Form | Plan['form'], one: Case) {
  const fill = (file: 'xmm' | 'mm' | 'reg', size: number) =>
    Array.from({ length: 8 }, (_, n) => Uint8Array.from({ length: size }, (_, k) => pattern(file, n, k)));
  const all = { xmm: fill('xmm', 16), mm: fill('mm', 8), reg: fill('reg', 4) };
  const address = get32(one.address);
  put(all.reg[3] as Uint8Array, address);
  put(all.reg[7] as Uint8Array, address);
  put(all.reg[4] as Uint8Array, DATA + 0x8000);
  const place = (l: Location, v: Uint8Array): void => {
    if (l.file === 'none' || l.file === 'mem') return;
    const to = all[l.file][l.n] as Uint8Array;
    to.set(v.subarray(0, to.length));
  };
  place(form.src2, one.src2);
  place(form.src, one.src);
  place(form.dst, one.dst);
  return all;
}

/** The address that the memory operand has: MASKMOVQ's is EDI, the others' [ebx + 16]. */
const effective = (form: Plan['form'], one: Case): number =>
  get32(one.address) + (form.op.startsWith('MASKMOV') ? 0 : 16);

function question(plan: Plan, one: Case): string {
  const { form } = plan;
  const all = registersBefore(form, one);
  const fields = [
    `code=${form.code}`,
    'fx=1',
    `fsw=${((TOP << 11) | (one.pending[0] ? 0x8081 : 0)).toString(16)}`,
    'fcw=37e',
    `ftw=${TAGS.toString(16)}`,
  ];
  fields.push(`mxcsr=${(one.mxcsr[0]! | (one.mxcsr[1]! << 8)).toString(16)}`);
  fields.push(`eflags=${(one.eflags[0]! | (one.eflags[1]! << 8)).toString(16)}`);
  for (const [n, v] of all.xmm.entries()) fields.push(`xmm${n}=${digits(v)}`);
  // ST(i) is physical register TOP + i; sign and exponent 0x3fff.
  for (const [n, v] of all.mm.entries()) fields.push(`st${(n - TOP) & 7}=3fff${digits(v)}`);
  for (const [n, v] of all.reg.entries()) fields.push(`${GPR[n]}=${digits(v)}`);
  const memory = form.dst.file === 'mem' ? one.dst : form.src.file === 'mem' ? one.src : undefined;
  const at = effective(form, one);
  if (memory && at < UNMAPPED) {
    fields.push(`mem@${at.toString(16)}=${Array.from(memory, hexByte).join('')}`, `dump=${at.toString(16)}:10`);
  }
  return fields.join(' ');
}

/** Fills in what the CPU answered; throws if something changed that the format has no field for. */
function answer(plan: Plan, one: Case, line: string): void {
  const { form } = plan;
  const get = (name: string): string => {
    const m = new RegExp(`(?:^| )${name}=([^ ]*)`).exec(line);
    if (!m) throw new Error(`no ${name} in: ${line.slice(0, 200)}`);
    return m[1] as string;
  };
  const stop = get('stop');
  if (stop !== 'hlt' && stop !== 'fault') throw new Error(`${form.op} ${form.code}: ${line.slice(0, 200)}`);
  one.trap[0] = stop === 'hlt' ? NO_TRAP : Number(get('trap'));
  const image = Buffer.from(get('fx'), 'hex');
  const fsw = image.readUInt16LE(2);
  const top = (fsw >> 11) & 7;
  const flags = Number.parseInt(get('efl'), 16);
  put(one.mxcsrOut, image.readUInt32LE(24));
  // RF is set in what a fault pushes.
  put(one.eflagsOut, flags & 0xffff);
  const before = registersBefore(form, one);
  const after = {
    xmm: before.xmm.map((_, n) => new Uint8Array(image.subarray(160 + 16 * n, 176 + 16 * n))),
    mm: before.mm.map((_, n) => {
      const at = 32 + 16 * ((n - top) & 7);
      return new Uint8Array(image.subarray(at, at + 8));
    }),
    reg: before.reg.map((_, n) => {
      const v = new Uint8Array(4);
      put(v, Number.parseInt(get(GPR[n] as string), 16));
      return v;
    }),
  };
  let ones = 0;
  for (let n = 0; n < 8; n++) if (image.readUInt16LE(32 + 16 * ((n - top) & 7) + 8) === 0xffff) ones |= 1 << n;
  one.fpu.set([top, image[4] as number, ones]);
  const at = effective(form, one);
  for (const file of ['xmm', 'mm', 'reg'] as const) {
    for (let n = 0; n < 8; n++) {
      const now = after[file][n] as Uint8Array;
      if (form.dst.file === file && form.dst.n === n) one.dstOut.set(now);
      else if (!Buffer.from(now).equals(before[file][n] as Uint8Array)) {
        throw new Error(`${form.op} ${form.code}: ${file}${n} changed`);
      }
    }
  }
  if (form.dst.file === 'mem') {
    if (at < UNMAPPED) one.dstOut.set(Buffer.from(get(`mem@${at.toString(16)}`), 'hex'));
    else one.dstOut.set(one.dst);
  }
}

const all = plans();
const corpus: { forms: Form[]; cases: Case[][] } = { forms: [], cases: [] };
let total = 0;
const BATCH = 20_000;
let pending: { plan: Plan; one: Case }[] = [];
function flush(): void {
  const input = pending.map(({ plan, one }) => question(plan, one)).join('\n') + '\n';
  const run = spawnSync(oracle as string, [], { input, maxBuffer: 1 << 30 });
  const lines = run.stdout.toString().trim().split('\n');
  if (lines.length !== pending.length) throw new Error(`asked ${pending.length}, answered ${lines.length}`);
  pending.forEach(({ plan, one }, k) => {
    answer(plan, one, lines[k] as string);
  });
  pending = [];
}
for (const plan of all) {
  const upper = words('integer');
  const cases = Array.from({ length: plan.cases }, () => invent(plan, upper));
  corpus.forms.push({ ...plan.form, count: plan.cases });
  corpus.cases.push(cases);
  for (const one of cases) pending.push({ plan, one });
  total += cases.length;
  if (pending.length >= BATCH) flush();
}
flush();

const info = readFileSync('/proc/cpuinfo', 'latin1');
const field = (name: string): string => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(info)?.[1] ?? '?';
const cpu = `${field('vendor_id')} ${field('model name')}, family ${field('cpu family')} model ${field('model')} stepping ${field('stepping')}`;
const file = pack({ header: { format: 1, cpu, forms: corpus.forms }, cases: corpus.cases });
writeFileSync(output, file);
console.log(`${total} cases of ${corpus.forms.length} forms, ${file.length} bytes, ${cpu}`);
