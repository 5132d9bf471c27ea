// A small assembler, for `explain`: the decoder's opcode tables turned round. Every entry that could hold the operands is
// encoded, decoded and disassembled again; what reads as the text that was given is an encoding of it, and the shortest
// is taken, so that nothing here knows a mnemonic.
//
// Deviations: one instruction, no labels; sizes of memory operands must be told where no register does.

import { decode } from '../../src/isa/decode.ts';
import { type Entry, ONE_BYTE_ENTRIES, TWO_BYTE_ENTRIES } from '../../src/isa/decode-entries.ts';
import { disassemble } from '../../src/isa/disassemble.ts';
import { type DecodeMode, IMM, type Insn, MEM } from '../../src/isa/insn.ts';
import { encode } from './encode.ts';
import { type Line, parseLine } from './line.ts';
import { type OperandText, SyntaxProblem } from './operand-text.ts';

export { SyntaxProblem };

/**
 * The shortest encoding of one instruction in Intel syntax.
 * @param address of its first byte: absolute targets of jumps are counted from there
 * @throws SyntaxProblem with one line on what is not understood
 */
export function assemble(text: string, mode: DecodeMode, address = 0): Uint8Array {
  const line = parseLine(text);
  if (line.head === '') throw new SyntaxProblem('no instruction; give one such as "add eax,[ebx+8]", or hex bytes');
  const found = candidates(line, mode, address);
  if (found.length === 0) {
    throw new SyntaxProblem(`cannot assemble '${text.trim()}'; check it, or give its bytes in hex`);
  }
  // The size that the mode has comes first: a prefix may change what a text means that does not tell it.
  found.sort((a, b) => Number(a.resized) - Number(b.resized) || a.bytes.length - b.bytes.length);
  const [best] = found as [Candidate];
  // Without an operand size prefix, the sizes that the instruction may have are told apart by nothing but the text.
  const sizes = new Set(found.filter((c) => !c.resized).map((c) => memorySize(c.insn)));
  const untold = line.operands.some((o) => o.kind === 'memory' && o.size === 0);
  if (untold && sizes.size > 1) {
    throw new SyntaxProblem(
      `the size of the memory operand of '${text.trim()}' is not told; write for instance dword ptr`,
    );
  }
  return best.bytes;
}

interface Candidate {
  readonly bytes: Uint8Array;
  readonly insn: Insn;
  /** It has an operand size prefix. */
  readonly resized: boolean;
}

function memorySize(insn: Insn): number {
  const m = [insn.dst, insn.src, insn.src2].find((o) => o.kind === MEM);
  return m ? m.size : 0;
}

function candidates(line: Line, mode: DecodeMode, address: number): Candidate[] {
  const found: Candidate[] = [];
  const seen = new Set<string>();
  const consider = (bytes: number[] | undefined, resized: boolean): void => {
    if (!bytes || bytes.length > 15) return;
    const code = Uint8Array.from(bytes);
    const key = code.join();
    if (seen.has(key)) return;
    seen.add(key);
    const insn = decode(code, 0, code.length, mode);
    if (insn && insn.length === code.length && isLine(insn, line, address)) found.push({ bytes: code, insn, resized });
  };
  for (const [map, entries] of [
    [[], ONE_BYTE_ENTRIES],
    [[0x0f], TWO_BYTE_ENTRIES],
  ] as const) {
    entries.forEach((slot, at) => {
      // Columns are 66 (1), F3 (2) and F2 (3): an operand size prefix may stand beside the latter two.
      const column = at >> 8;
      for (const resized of column === 1 ? [true] : column === 0 ? [false] : [false, true]) {
        const prefixes = [[], [], [0xf3], [0xf2]][column] as number[];
        const opcode = [...map, at & 255];
        for (const [entry, modrm] of variants(slot)) {
          const form = { entry, modrm, prefixes: [...(resized ? [0x66] : []), ...prefixes], opcode, resized };
          consider(encode(form, line, mode, address), resized);
        }
      }
    });
  }
  return found;
}

/** An opcode's entries, each with a ModRM byte that selects it: with mod 3 and without. */
function variants(slot: Entry): readonly (readonly [Entry, number])[] {
  if (slot.by === null) return [[slot, 0]];
  const all: [Entry, number][] = [];
  for (let modrm = 0; modrm < 256; modrm++) {
    // The r/m field is the operands' to fill in, unless each register has an instruction of its own (x87).
    const entry = slot.by[modrm] as Entry;
    if (entry.op === 'UD') continue;
    if ((modrm & 0xc7) === 0 || modrm >= 0xc0) all.push([entry, modrm]);
  }
  return all;
}

function isLine(insn: Insn, line: Line, address: number): boolean {
  if (insn.op === 'UD') return false;
  let read: Line;
  try {
    read = parseLine(disassemble(insn, address));
  } catch (error) {
    if (error instanceof SyntaxProblem) return false;
    throw error;
  }
  return (
    read.head === line.head &&
    read.operands.length === line.operands.length &&
    read.operands.every((o, k) => isSame(o, line.operands[k] as OperandText, insn, address))
  );
}

/** `a` is what the disassembler wrote, `b` what was asked for. */
function isSame(a: OperandText, b: OperandText, insn: Insn, address: number): boolean {
  if (a.kind === 'number' && b.kind === 'here') return a.value === (address + b.distance) >>> 0;
  if (a.kind === 'number' && b.kind === 'number') {
    const size = [insn.dst, insn.src, insn.src2].find((o) => o.kind === IMM)?.size ?? 32;
    const span = 2 ** size;
    return b.value >= -span / 2 && b.value < span && (a.value - b.value) % span === 0;
  }
  if (a.kind !== 'memory' || b.kind !== 'memory') return JSON.stringify(a) === JSON.stringify(b);
  const size = a.size || memorySize(insn);
  // LEA has no segment.
  if (a.segment !== b.segment && insn.op !== 'LEA') return false;
  if (b.size !== 0 && b.size !== size) return false;
  const displacement = insn.asize === 16 ? (a.displacement - b.displacement) & 0xffff : a.displacement - b.displacement;
  if (displacement !== 0) return false;
  const straight = a.base === b.base && a.index === b.index && a.scale === b.scale;
  // Without a factor, base and index may change places.
  const turned = a.base === b.index && a.index === b.base && a.scale === 0 && b.scale === 0;
  return straight || turned;
}
