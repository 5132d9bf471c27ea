// Cases of the instructions that store and load state images, and their replay. They are recorded as a gzip file of one
// JSON array of ImageCase with its ImageOutcome; bytes in hexadecimal, in the order of memory.

import { MEM, type Size } from '../../../src/isa/insn.ts';
import { type Random, randomCase } from './cases.ts';
import { FORMS, insn, NOTHING, OPERAND, operand } from './forms.ts';
import { cpu, DATA, execute, getRegister, memory, setRegister } from './machine.ts';

/** Bytes of the memory that an image may take, from OPERAND. */
export const IMAGE_BYTES = 512;

export interface ImageCase {
  op: string;
  osize: 16 | 32;
  /** State before, as an FXRSTOR image of 288 bytes, and the memory operand, in hexadecimal. */
  before: string;
  mem: string;
}

export interface ImageOutcome {
  fault: number;
  /** State after, as 28 bytes of FNSTENV and eight registers of ten bytes, and XMM registers; and the memory. */
  environment: string;
  registers: string;
  xmm: string;
  mxcsr: number;
  mem: string;
}

/** Opcode and its extension; whether memory is the destination. */
export const IMAGE_FORMS: Record<string, { bytes: number[]; store: boolean; size: number }> = {
  FLDENV: { bytes: [0xd9, 0x25], store: false, size: 224 },
  FNSTENV: { bytes: [0xd9, 0x35], store: true, size: 224 },
  FRSTOR: { bytes: [0xdd, 0x25], store: false, size: 752 },
  FNSAVE: { bytes: [0xdd, 0x35], store: true, size: 752 },
  FXSAVE: { bytes: [0x0f, 0xae, 0x05], store: true, size: 4096 },
  FXRSTOR: { bytes: [0x0f, 0xae, 0x0d], store: false, size: 4096 },
};

export function imageBytes(c: ImageCase): number[] {
  const disp = [OPERAND & 255, (OPERAND >> 8) & 255, (OPERAND >> 16) & 255, OPERAND >>> 24];
  return [...(c.osize === 16 ? [0x66] : []), ...IMAGE_FORMS[c.op].bytes, ...disp];
}

/** A random FXRSTOR image (288 bytes are of meaning). */
function randomState(r: Random): Buffer {
  const c = randomCase(r, r.below(FORMS.length));
  const b = Buffer.alloc(288);
  b.writeUInt16LE(c.fcw, 0);
  b.writeUInt16LE(c.fsw & (r.below(4) === 0 ? 0x7fff : ~0x3f), 2);
  b[4] = r.below(3) === 0 ? r.below(256) : c.ftag;
  b.writeUInt16LE(r.u32() & 0x7ff, 6);
  b.writeUInt32LE(r.u32(), 8);
  b.writeUInt16LE(r.u32() & 0xffff, 12);
  b.writeUInt32LE(r.u32(), 16);
  b.writeUInt16LE(r.u32() & 0xffff, 20);
  b.writeUInt32LE(r.of([0x1f80, 0x1f80, 0x9fc0, 0x7fbf, 0xffff]), 24);
  for (let n = 0; n < 8; n++) Buffer.from(randomCase(r, 0).st.subarray(0, 10)).copy(b, 32 + 16 * n);
  for (let n = 160; n < 288; n++) b[n] = r.below(256);
  return b;
}

export function randomImageCase(r: Random): ImageCase {
  const op = r.of(Object.keys(IMAGE_FORMS));
  const osize = op[1] !== 'X' && r.below(3) === 0 ? 16 : 32;
  const mem = Buffer.alloc(IMAGE_BYTES, 0xa5);
  if (!IMAGE_FORMS[op].store) {
    for (let n = 0; n < IMAGE_BYTES; n++) mem[n] = r.below(256);
    if (op === 'FXRSTOR') randomState(r).copy(mem);
    const registers = op === 'FRSTOR' ? (osize === 32 ? 28 : 14) : 0;
    if (registers !== 0) {
      for (let n = 0; n < 8; n++) Buffer.from(randomCase(r, 0).st.subarray(0, 10)).copy(mem, registers + 10 * n);
    }
    if (op === 'FXRSTOR' && r.below(8) === 0) mem[26] = 0xff;
    else if (op !== 'FXRSTOR' && r.below(2) === 0) mem[0] |= 0x3f;
  }
  return { op, osize, before: randomState(r).toString('hex'), mem: mem.toString('hex') };
}

export function replayImage(c: ImageCase): ImageOutcome {
  const b = Buffer.from(c.before, 'hex');
  cpu.fcw = b.readUInt16LE(0);
  const fsw = b.readUInt16LE(2);
  cpu.ftop = (fsw >> 11) & 7;
  cpu.fsw = fsw & 0x477f;
  if ((cpu.fsw & ~cpu.fcw & 0x3f) !== 0) cpu.fsw |= 0x8080;
  cpu.ftag = b[4];
  cpu.fop = b.readUInt16LE(6);
  cpu.fip = b.readInt32LE(8);
  cpu.fcs = b.readUInt16LE(12);
  cpu.fdp = b.readInt32LE(16);
  cpu.fds = b.readUInt16LE(20);
  cpu.mxcsr = b.readInt32LE(24);
  for (let n = 0; n < 8; n++) setRegister(n, b, 32 + 16 * n);
  cpu.xmmU8.set(b.subarray(160, 288));
  memory.bytes.set(Buffer.from(c.mem, 'hex'), OPERAND - DATA);
  const form = IMAGE_FORMS[c.op];
  const m = operand(MEM, form.size as Size, 0, OPERAND);
  const length = imageBytes(c).length;
  const fault = execute(insn(c.op, form.store ? m : NOTHING, form.store ? NOTHING : m, length, 0, c.osize));
  const mem = Buffer.from(memory.bytes.subarray(OPERAND - DATA, OPERAND - DATA + IMAGE_BYTES)).toString('hex');
  const registers = Buffer.alloc(80);
  for (let n = 0; n < 8; n++) getRegister(n, registers, 10 * n);
  const xmm = Buffer.from(cpu.xmmU8.subarray(0, 128)).toString('hex'); // the ninth is ours
  const mxcsr = cpu.mxcsr;
  execute(insn('FNSTENV', operand(MEM, 224, 0, DATA + 0x100), NOTHING, 6));
  const environment = Buffer.from(memory.bytes.subarray(0x100, 0x11c)).toString('hex');
  return { fault, environment, registers: registers.toString('hex'), xmm, mxcsr, mem };
}

/** What the recorded processor does that the manual does not ask for, taken out of an image. */
export function comparable(c: ImageCase, o: ImageOutcome): ImageOutcome {
  const mem = Buffer.from(o.mem, 'hex');
  // FXSAVE stores no pointers unless an exception is pending; MXCSR_MASK has a bit of AMD's; the rest is reserved.
  if (c.op === 'FXSAVE') {
    mem.fill(0, 6, 24);
    mem.fill(0, 28, 32);
    mem.fill(0, 288, 512);
  }
  return { ...o, mem: mem.toString('hex') };
}
