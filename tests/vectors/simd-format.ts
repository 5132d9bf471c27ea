// The format of `simd*.gz`: what a real CPU made of MMX and SSE instructions, recorded by `simd-record.ts`.
//
// gzip of: one line of JSON (`Header`), then for every form, in order, its columns: for each field of FIELDS, in order,
// that field's bytes of all the form's cases. All numbers are little-endian.
//
// The stage of every case (the same for recorder and replay): EBX = address, EDI = address (both unless they are the
// operand), TOP = 3, abridged x87 tag word 0x5a, flat segments at CPL 3, CR0.NE, CR4.OSFXSR and OSXMMEXCPT set, data
// pages from DATA to DATA + DATA_BYTES, nothing else mapped. Registers that are not operands hold a pattern each
// (`pattern`), and must keep it, as must the sources: the recorder has checked this on the CPU.

import { gunzipSync, gzipSync } from 'node:zlib';

export const DATA = 0x10000000;
export const DATA_BYTES = 0x10000;
export const TOP = 3;
export const TAGS = 0x5a;

/** Where an operand is: a register's name, or memory at the case's address. */
export type Location =
  | { readonly file: 'xmm' | 'mm' | 'reg'; readonly n: number }
  | { readonly file: 'mem'; readonly n: 0 }
  | { readonly file: 'none'; readonly n: 0 };

export interface Form {
  /** Name of the operation. */
  readonly op: string;
  /** The instruction, in hexadecimal digits. */
  readonly code: string;
  readonly dst: Location;
  readonly src: Location;
  readonly src2: Location;
  /** Number of cases. */
  readonly count: number;
}

export interface Header {
  readonly format: 1;
  /** The CPU that was asked: vendor, family, model, stepping. */
  readonly cpu: string;
  readonly forms: readonly Form[];
}

/** Columns: name and bytes. */
export const FIELDS = {
  // Before: the operands (general registers in the first four bytes), address of the memory operand, MXCSR, EFLAGS.
  dst: 16,
  src: 16,
  src2: 16,
  address: 4,
  mxcsr: 2,
  eflags: 2,
  /** 1: an unmasked x87 exception is pending (FCW 0x037e, FSW.IE and ES set). */
  pending: 1,
  // After: the destination (as it was in memory or a register), MXCSR, EFLAGS.
  dstOut: 16,
  mxcsrOut: 2,
  eflagsOut: 2,
  /** Vector of the fault, or NO_TRAP. */
  trap: 1,
  /** TOP; abridged tag word; a bit for each of MM0..MM7: are sign and exponent all ones. */
  fpu: 3,
} as const;
export type Field = keyof typeof FIELDS;
export const NO_TRAP = 0xff;

const NAMES = Object.keys(FIELDS) as Field[];

/** One case: every field's bytes. */
export type Case = Record<Field, Uint8Array>;

export interface Corpus {
  readonly header: Header;
  /** Cases by form. */
  readonly cases: readonly (readonly Case[])[];
}

export function pack(corpus: Corpus): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from(`${JSON.stringify(corpus.header)}\n`)];
  for (const cases of corpus.cases) {
    for (const name of NAMES) for (const one of cases) parts.push(one[name]);
  }
  return gzipSync(Buffer.concat(parts), { level: 9 });
}

export function unpack(file: Uint8Array): Corpus {
  const bytes = gunzipSync(file);
  const end = bytes.indexOf(10);
  const header = JSON.parse(bytes.subarray(0, end).toString()) as Header;
  let at = end + 1;
  const cases = header.forms.map((form) => {
    const columns = new Map<Field, Uint8Array>();
    for (const name of NAMES) {
      columns.set(name, bytes.subarray(at, at + form.count * FIELDS[name]));
      at += form.count * FIELDS[name];
    }
    return Array.from({ length: form.count }, (_, k) => {
      const one = {} as Case;
      for (const name of NAMES) one[name] = columns.get(name)!.subarray(k * FIELDS[name], (k + 1) * FIELDS[name]);
      return one;
    });
  });
  if (at !== bytes.length) throw new Error('simd vectors: the columns do not fill the file; record it again');
  return { header, cases };
}

/** What a register that is no operand holds: byte k of register n of its file. */
export function pattern(file: 'xmm' | 'mm' | 'reg', n: number, k: number): number {
  const salt = file === 'xmm' ? 0x11 : file === 'mm' ? 0x52 : 0x93;
  return (salt + n * 29 + k * 7) & 0xff;
}
