// The recorded cases: a gzip file of one line of JSON (processor, form names, count) and columns of fixed width.
//
// Not compared (difference.ts): C1 after transcendental functions, and a unit in the last place of their results; FYL2XP1
// beyond the range that the manual defines; FOP where no exception is pending. Condition codes that the manual leaves
// undefined are compared: they are as the recorded processor has them.
//
// Columns, little-endian, one entry a case: form u8 (an index into the header's names), fcw u16, fsw u16 (with TOP),
// ftag u8, eflags u16, ST(0) and ST(1) ten bytes each (ST(2) is ST(1), the others are constant), memory operand ten
// bytes; then the outcome: fault i8, fcw u16, fsw u16, ftag u8, flags u8 (bits 0, 2, 6 as in EFLAGS; bit 1: FIP was
// recorded, bit 3: FDP was), eax u32, fop u16, memory ten bytes (exclusive or with the input), changed registers u8
// (bit n: physical register n). At the end the changed registers, ten bytes each, from bit 0 upwards, case by case.

import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type Case, constantRegisters } from './cases.ts';
import { FORMS, OPERAND } from './forms.ts';
import { CODE } from './machine.ts';
import type { Outcome } from './replay.ts';

const WIDTHS = [1, 2, 2, 1, 2, 10, 10, 10, 1, 2, 2, 1, 1, 4, 2, 10, 1];

export interface Recorded {
  processor: string;
  cases: Case[];
  outcomes: Outcome[];
}

export function writeVectors(path: string, v: Recorded): void {
  const n = v.cases.length;
  const names = [...new Set(v.cases.map((c) => FORMS[c.form].name))];
  const columns = WIDTHS.map((w) => Buffer.alloc(w * n));
  const changed: Uint8Array[] = [];
  for (const [k, c] of v.cases.entries()) {
    const o = v.outcomes[k];
    const set = (column: number, value: number) =>
      columns[column].writeUIntLE(value, k * WIDTHS[column], WIDTHS[column]);
    const bytes = (column: number, b: Uint8Array) => columns[column].set(b, k * WIDTHS[column]);
    set(0, names.indexOf(FORMS[c.form].name));
    set(1, c.fcw);
    set(2, c.fsw);
    set(3, c.ftag);
    set(4, c.eflags);
    bytes(5, c.st.subarray(0, 10));
    bytes(6, c.st.subarray(10, 20));
    bytes(7, c.mem);
    set(8, o.fault & 0xff);
    set(9, o.fcw);
    set(10, o.fsw);
    set(11, o.ftag);
    set(12, o.eflags | (o.fip !== 0 ? 2 : 0) | (o.fdp !== 0 ? 8 : 0));
    set(13, o.eax >>> 0);
    set(14, o.fop);
    bytes(
      15,
      o.mem.map((b, j) => b ^ c.mem[j]),
    );
    let mask = 0;
    for (let p = 0; p < 8; p++) {
      const after = register(o.st, o.fsw, p);
      if (Buffer.compare(register(c.st, c.fsw, p), after) === 0) continue;
      mask |= 1 << p;
      changed.push(after);
    }
    set(16, mask);
  }
  const header = `${JSON.stringify({ processor: v.processor, count: n, forms: names })}\n`;
  writeFileSync(path, gzipSync(Buffer.concat([Buffer.from(header), ...columns, ...changed]), { level: 9 }));
}

export function readVectors(path: string): Recorded {
  const all = gunzipSync(readFileSync(path));
  const line = all.indexOf(10);
  const header = JSON.parse(all.toString('utf8', 0, line)) as { processor: string; count: number; forms: string[] };
  const forms = header.forms.map((name) => FORMS.findIndex((f) => f.name === name));
  const n = header.count;
  const starts: number[] = [];
  let end = line + 1;
  for (const w of WIDTHS) {
    starts.push(end);
    end += w * n;
  }
  const cases: Case[] = [];
  const outcomes: Outcome[] = [];
  for (let k = 0; k < n; k++) {
    const get = (column: number) => all.readUIntLE(starts[column] + k * WIDTHS[column], WIDTHS[column]);
    const bytes = (column: number) => all.subarray(starts[column] + 10 * k, starts[column] + 10 * k + 10);
    const st = constantRegisters();
    st.set(bytes(5), 0);
    st.set(bytes(6), 10);
    st.set(bytes(6), 20);
    const c: Case = { form: forms[get(0)], fcw: get(1), fsw: get(2), ftag: get(3), eflags: get(4), st, mem: bytes(7) };
    const flags = get(12);
    const fsw = get(10);
    const mask = get(16);
    const after = new Uint8Array(80);
    for (let p = 0; p < 8; p++) {
      const to = 10 * ((p - (fsw >> 11)) & 7);
      if (((mask >> p) & 1) !== 0) {
        after.set(all.subarray(end, end + 10), to);
        end += 10;
      } else after.set(register(st, c.fsw, p), to);
    }
    cases.push(c);
    outcomes.push({
      fault: (get(8) << 24) >> 24,
      fcw: get(9),
      fsw,
      ftag: get(11),
      st: after,
      mem: bytes(15).map((b, j) => b ^ c.mem[j]),
      eax: get(13) | 0,
      eflags: flags & 0x45,
      fip: (flags & 2) !== 0 ? CODE : 0,
      fcs: (flags & 2) !== 0 ? 0x23 : 0,
      fdp: (flags & 8) !== 0 ? OPERAND : 0,
      fds: (flags & 8) !== 0 ? 0x2b : 0,
      fop: get(14),
    });
  }
  return { processor: header.processor, cases, outcomes };
}

/** Physical register p of a set in the order of ST(0)..ST(7). */
function register(st: Uint8Array, fsw: number, p: number): Uint8Array {
  const n = (p - (fsw >> 11)) & 7;
  return st.subarray(10 * n, 10 * n + 10);
}
