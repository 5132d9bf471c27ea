// Guests and golden files are NASM sources with their machine code beside them, so that tests need no assembler:
//
//     add eax, [ebx]                      ;@ 102004 0303
//
// Where nasm is installed, a test compares the bytes with what it makes of the source; with UPDATE=1 they are rewritten.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface Piece {
  /** Address of the first byte. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** As in guests/layout.inc. */
export const MAIN = 0x102000;
/** Column of the machine code. */
const COLUMN = 56;
const CODE = /\s*;@ ([0-9A-F]{6}) ([0-9A-F]+)$/;

export const hasNasm = spawnSync('nasm', ['-v']).status === 0;

/** The machine code beside a source's lines. */
export function pieces(file: string): Piece[] {
  const out: Piece[] = [];
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const match = CODE.exec(line);
    if (match) out.push({ at: Number.parseInt(match[1] as string, 16), bytes: Buffer.from(match[2] as string, 'hex') });
  }
  if (out.length === 0) throw new Error(`${file}: no machine code beside the source; run the test with UPDATE=1`);
  return out;
}

/** The source with the machine code that nasm makes of it; what `align` fills is left out. */
export function annotated(file: string): string {
  const source = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.replace(CODE, ''));
  const scratch = mkdtempSync(join(tmpdir(), 'transvisor-nasm-'));
  try {
    writeFileSync(join(scratch, 'source.asm'), source.join('\n'));
    const run = ['-f', 'bin', '-I', `${dirname(file)}/`, '-o', 'image', '-l', 'listing', 'source.asm'];
    execFileSync('nasm', run, { cwd: scratch });
    const image = readFileSync(join(scratch, 'image'));
    const origin = originOf(source);
    const starts = new Map<number, number>();
    for (const line of readFileSync(join(scratch, 'listing'), 'utf8').split('\n')) {
      const match = /^ *(\d+) ([0-9A-F]{8}) (\S+)( +<1>)?/.exec(line);
      if (!match || match[4] || starts.has(Number(match[1]))) continue;
      starts.set(Number(match[1]), Number.parseInt(match[2] as string, 16));
    }
    const offsets = [...starts.values(), image.length];
    const lines = source.map((text, k) => {
      const from = starts.get(k + 1);
      if (from === undefined || /^\s*align\b/.test(text)) return text;
      const to = Math.min(...offsets.filter((o) => o > from));
      const hex = image.subarray(from, to).toString('hex').toUpperCase();
      return `${text.padEnd(COLUMN - 1)} ;@ ${(origin + from).toString(16).toUpperCase().padStart(6, '0')} ${hex}`;
    });
    return lines.join('\n');
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function originOf(source: readonly string[]): number {
  for (const line of source) {
    const match = /^org ([0-9A-F]+)h|^org (MAIN)/i.exec(line);
    if (match) return match[2] ? MAIN : Number.parseInt(match[1] as string, 16);
  }
  throw new Error('no org');
}
