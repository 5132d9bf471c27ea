// The disassembler: chosen lines, and all opcodes against the text that iced-x86 makes of them.

import { CC_e, CC_ne, Code, Decoder, DecoderOptions, Formatter, FormatterSyntax } from 'iced-x86';
import { expect, test } from 'vitest';
import { decode } from '../../src/isa/decode.ts';
import { disassemble } from '../../src/isa/disassemble.ts';
import type { Insn } from '../../src/isa/insn.ts';
import { factsOf } from './iced.ts';

const mode = { code32: true, stack32: true };
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.split(' '), (byte) => Number.parseInt(byte, 16));

test.each([
  ['03 43 08', 'add eax,[ebx+8]'],
  ['66 8b 84 8d 00 ff ff ff', 'mov ax,[ebp+ecx*4-0x100]'],
  ['8b 04 2d 10 00 00 00', 'mov eax,[ebp*1+0x10]'],
  ['64 a1 14 00 00 00', 'mov eax,fs:[0x14]'],
  ['67 88 46 fe', 'mov [bp-2],al'],
  ['c6 00 ff', 'mov byte ptr [eax],0xff'],
  ['83 f8 ff', 'cmp eax,0xffffffff'],
  ['f0 ff 00', 'lock inc dword ptr [eax]'],
  ['d3 20', 'shl dword ptr [eax],cl'],
  ['0f b6 04 08', 'movzx eax,byte ptr [eax+ecx]'],
  ['f3 a5', 'rep movsd'],
  ['f3 a6', 'repe cmpsb'],
  ['64 ac', 'lods byte ptr fs:[esi]'],
  ['66 ad', 'lodsw'],
  ['74 10', 'jz 0x1012'],
  ['e8 fb ff ff ff', 'call 0x1000'],
  ['9a 00 00 10 00 08 00', 'call 8:0x100000'],
  ['ff 2d 00 10 00 00', 'jmp fword ptr [0x1000]'],
  ['0f 22 c0', 'mov cr0,eax'],
  ['8e d8', 'mov ds,ax'],
  ['66 99', 'cwd'],
  ['99', 'cdq'],
  ['c5 06', 'lds eax,[esi]'],
  ['0f af 06', 'imul eax,[esi]'],
  ['6b c0 0a', 'imul eax,eax,0xa'],
  ['d8 c1', 'fadd st,st(1)'],
  ['dc c1', 'fadd st(1),st'],
  ['de c9', 'fmulp st(1),st'],
  ['db 2c 24', 'fld tbyte ptr [esp]'],
  ['da d9', 'fcmovu st,st(1)'],
  ['df e0', 'fnstsw ax'],
  ['f2 0f 58 06', 'addsd xmm0,qword ptr [esi]'],
  ['0f 28 06', 'movaps xmm0,[esi]'],
  ['f2 0f 10 c1', 'movsd xmm0,xmm1'],
  ['f3 90', 'pause'],
  ['0f 1f 40 00', 'nop dword ptr [eax]'],
  ['c3', 'ret'],
  ['c2 08 00', 'ret 8'],
  ['0f 0b', 'ud'],
])('%s is %s', (hex, text) => {
  const bytes = bytesOf(hex);
  expect(disassemble(decode(bytes, 0, bytes.length, mode) as Insn, 0x1000)).toBe(text);
});

test('without an address, a target is relative to the instruction', () => {
  const text = (hex: string): string => disassemble(decode(bytesOf(hex), 0, 15, mode) as Insn);
  expect(text('eb fe')).toBe('jmp $+0');
  expect(text('75 f0')).toBe('jnz $-0xe');
});

test('a 16-bit target wraps within 64 KiB', () => {
  const jump = decode(bytesOf('eb 7f'), 0, 2, { code32: false, stack32: false }) as Insn;
  expect(disassemble(jump, 0xfff0)).toBe('jmp 0x71');
});

/** Codes whose text differs, and why; they are left out. */
const LEFT_OUT: readonly (readonly [code: RegExp, reason: string])[] = [
  [/^(Rol|Ror|Rcl|Rcr|Shl|Sal|Shr|Sar|Shld|Shrd)_.*imm8/, 'our counts are masked'],
  [/^(Arpl|Lar|Lsl|Lldt|Ltr|Lmsw|Verr|Verw|Mov_Sreg)_?.*r32m16/, 'Ew: we print the 16-bit register'],
  [/^Reservednop/, 'we print one operand'],
  [/^(Nopw|Nopd|Ud\d.*|Fneni|Fndisi|Fnsetpm)$/, 'we print nop, ud and fnop'],
  [/^Xchg_rm/, 'operands in the order of the encoding'],
  [/^F(add|mul|sub|subr|div|divr)p?_sti_st0$/, 'with st(0) twice the order is not told'],
  [/^(Xlat|Maskmov|Scas|Stos|Ins|Lea_|[LS][gi]dt)/, 'iced prints other implicit operands and sizes'],
  [/^(Ret|Push|Pop|Leave|Enter|Loop)/, 'iced appends the operand size'],
];

test('all opcodes read as iced prints them', () => {
  const formatter = new Formatter(FormatterSyntax.Masm);
  formatter.hexPrefix = '0x';
  formatter.hexSuffix = '';
  formatter.uppercaseHex = false;
  formatter.usePseudoOps = false;
  formatter.spaceAfterOperandSeparator = false;
  formatter.addLeadingZeroToHexNumbers = false;
  formatter.branchLeadingZeros = false;
  formatter.showBranchSize = false;
  formatter.showUselessPrefixes = false;
  formatter.cc_e = CC_e.z;
  formatter.cc_ne = CC_ne.nz;
  // What is only notation: sizes before memory where they are clear (both have other ideas of that), `near`, `far`,
  // `ds:` before an absolute address, `es:` of a string's destination, zeros that lead, branch hints, repz.
  const plain = (text: string): string =>
    text
      .replace(/(fword|qword|xmmword|mmword|dword|word|byte|tbyte|fpu(env|state)\d+) ptr /g, '')
      .replace(/(far|near|short) ptr /g, '')
      .replace(/ds:\[(0x[0-9a-f]+|\d)\]/, '[$1]')
      .replace(/es:(\[e?di\])/, '$1')
      .replace(/([,[: +-])0x0*([0-9a-f]+)/g, '$1$2')
      .replace(/^h?n?t (bnd )?j/, 'j')
      .replace(/^(bnd|notrack|xacquire|xrelease) /, '')
      .replace(/^repz /, 'repe ')
      .replace(/^repnz /, 'repne ')
      .replace(/^(int) 3$/, 'int3')
      .replace(/^(rep|repn?e) (?!(movs|stos|lods|cmps|scas|ins|outs)([bwd]$| ))/, '')
      .replace(/^pushad?$/, 'pusha')
      .replace(/^sal /, 'shl ');
  const options =
    DecoderOptions.ForceReservedNop |
    DecoderOptions.NoMPFX_0FBC |
    DecoderOptions.NoMPFX_0FBD |
    DecoderOptions.NoWbnoinvd;
  const differences = new Map<string, string>();
  let compared = 0;
  const bytes = new Uint8Array(48);
  for (const prefixes of [[], [0x66], [0xf2], [0xf3], [0x67], [0x64]]) {
    for (const map of [[], [0x0f]]) {
      for (let opcode = 0; opcode < 256; opcode++) {
        for (let modrm = 0; modrm < 256; modrm += modrm < 0xc0 ? 7 : 3) {
          for (let k = 0; k < 32; k++) bytes[k] = (k * 37 + opcode * 11 + modrm * 5) & 0xff;
          bytes.set([...prefixes, ...map, opcode, modrm]);
          const decoder = new Decoder(32, bytes.subarray(0, 16), options);
          decoder.ip = 0x1000n;
          const theirs = decoder.decode();
          const { wanted, code } = factsOf(theirs);
          if (wanted && !LEFT_OUT.some(([left]) => left.test(code))) {
            compared++;
            const expected = plain(formatter.format(theirs));
            const actual = plain(disassemble(decode(bytes, 0, bytes.length, mode) as Insn, 0x1000));
            if (expected !== actual) differences.set(Code[theirs.code] as string, `iced ${expected}, ours ${actual}`);
          }
          theirs.free();
          decoder.free();
        }
      }
    }
  }
  expect([...differences]).toEqual([]);
  expect(compared).toBeGreaterThan(100_000);
});
