// `transvisor explain`: golden outputs (UPDATE=1 accepts what comes out), and the assembler against our disassembler and
// iced-x86.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Decoder, Formatter, FormatterSyntax } from 'iced-x86';
import { describe, expect, test } from 'vitest';
import { explanation } from '../../src/cli/explain.ts';
import { isCounted } from '../../src/cpu/shape.ts';
import { decode } from '../../src/isa/decode.ts';
import { disassemble } from '../../src/isa/disassemble.ts';
import type { Insn } from '../../src/isa/insn.ts';
import { assemble } from '../../translator/explain/assemble.ts';
import { transvisor } from '../cli/program.ts';

const MODE = { code32: true, stack32: true };
const ADDRESS = 0x1000;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('golden outputs', () => {
  const folder = fileURLToPath(new URL('explain/', import.meta.url));
  // One of each way with an instruction, and of each thing that a template can hold.
  const lines = [
    'add eax,[ebx+8]',
    'mov byte ptr [esi+edi*4],cl',
    'lea ecx,[eax+eax*2+5]',
    'shl edx,3',
    'push dword ptr fs:[0x10]',
    'jz 0x1010',
    'call 0x2000',
    'ret 8',
    'cmovl eax,[ecx]',
    'lock xadd [edx],eax',
    'cli',
    'cpuid',
    'int 0x80',
    'paddd xmm1,[eax]',
    'addsd xmm0,xmm1',
  ];
  test.each(lines)('%s', (line) => {
    const path = `${folder}${line.replaceAll(/[^a-z0-9]+/g, '-').replace(/-$/, '')}.txt`;
    // Line numbers of the semantics are nobody's promise.
    const text = explanation([line], true).replaceAll(/\.ts:\d+$/gm, '.ts');
    if (process.env.UPDATE) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(path, text);
    }
    expect(existsSync(path), 'run with UPDATE=1 to accept').toBe(true);
    expect(text, 'run with UPDATE=1 to accept').toBe(readFileSync(path, 'utf8'));
  });
});

describe('the assembler', () => {
  // What NASM makes of the same text (its own spelling of sizes and segments aside).
  test.each([
    ['add eax,[ebx+8]', '034308'],
    ['add eax,-1', '83c0ff'],
    ['MOV EAX, 12345678h', 'b878563412'],
    ['mov dword ptr [eax],1', 'c70001000000'],
    ['mov byte [eax],1', 'c60001'],
    ['mov eax,[0x10]', 'a110000000'],
    ['mov ecx,fs:[0]', '648b0d00000000'],
    ['mov ebx,[esp]', '8b1c24'],
    ['mov ebx,[ebp]', '8b5d00'],
    ['mov ebx,[ecx*8+0x100]', '8b1ccd00010000'],
    ['mov ax,[bx+si]', '66678b00'],
    ['lea eax,[ebx*4+ecx-5]', '8d4499fb'],
    ['push 5', '6a05'],
    ['push [eax]', 'ff30'],
    ['imul eax,ecx', '0fafc1'],
    ['imul eax,ecx,5', '6bc105'],
    ['imul edx,1000', '69d2e8030000'],
    ['shl eax,1', 'd1e0'],
    ['sar byte ptr [ecx],cl', 'd239'],
    ['je $', '74fe'],
    ['jne 0x1100', '0f85fa000000'],
    ['call 0x1000', 'e8fbffffff'],
    ['jmp 0x10:0x1234', 'ea341200001000'],
    ['setnz dl', '0f95c2'],
    ['cmovae esi,[edi]', '0f4337'],
    ['movzx eax,word ptr [esp+4]', '0fb7442404'],
    ['rep movsd', 'f3a5'],
    ['repne scasb', 'f2ae'],
    ['lock cmpxchg [edx],ecx', 'f00fb10a'],
    ['mov cr3,eax', '0f22d8'],
    ['in al,dx', 'ec'],
    ['fld qword ptr [eax]', 'dd00'],
    ['paddd xmm1,[eax]', '660ffe08'],
    ['cdq', '99'],
  ])('%s', (text, bytes) => {
    expect(hex(assemble(text, MODE, ADDRESS))).toBe(bytes);
  });

  test('16-bit code', () => {
    const mode = { code32: false, stack32: false };
    expect(hex(assemble('mov ax,0x1234', mode))).toBe('b83412');
    expect(hex(assemble('mov eax,[ebx]', mode))).toBe('66678b03');
    expect(hex(assemble('mov ax,[bp-2]', mode))).toBe('8b46fe');
  });

  const formatter = new Formatter(FormatterSyntax.Intel);
  const iced = (bytes: Uint8Array): string => {
    const decoder = new Decoder(32, bytes, 0);
    decoder.ip = BigInt(ADDRESS);
    const insn = decoder.decode();
    const text = formatter.format(insn);
    insn.free();
    decoder.free();
    return text;
  };
  /** What an instruction means, without how it is encoded. */
  const meaning = (insn: Insn): object => {
    const relative = /^(J|CALL$|LOOP)/.test(insn.op) && insn.src.kind === 0;
    return { ...insn, length: 0, rel: relative ? insn.length + insn.rel : 0, asize: 0 };
  };

  test('turns the disassembler round', () => {
    let seed = 2463534242;
    const random = (): number => {
      seed ^= seed << 13;
      seed ^= seed >>> 17;
      seed ^= seed << 5;
      return seed >>> 24;
    };
    let done = 0;
    for (let k = 0; k < 1200; k++) {
      const code = Uint8Array.from({ length: 15 }, random);
      if (k % 3 === 0) code[0] = 0x0f;
      const insn = decode(code, 0, 15, MODE) as Insn;
      // Prefixes that mean nothing are not in the text.
      if (insn.op === 'UD' || insn.op === 'TOOLONG' || [0x66, 0x67, 0xf2, 0xf3].includes(code[0] as number)) continue;
      if (/^(26|2e|36|3e|64|65)/.test(hex(code))) continue;
      // Written without the operand that tells it: fsubrp st,st is fsubrp st(0),st; hint NOPs have one text each.
      if ((insn.op.startsWith('F') && insn.dst.n === 0 && insn.src.n === 0) || insn.op === 'NOP') continue;
      const text = disassemble(insn, ADDRESS);
      const again = assemble(text, MODE, ADDRESS);
      expect(meaning(decode(again, 0, again.length, MODE) as Insn), `${text}: ${hex(again)}`).toEqual(meaning(insn));
      // A count is masked in the text.
      if (!isCounted(insn.op)) expect(iced(again).replace(/ 0+(?=\w)/, ' ')).toBe(iced(code).replace(/ 0+(?=\w)/, ' '));
      done++;
    }
    expect(done).toBeGreaterThan(800);
  });
});

describe('says what it cannot do', () => {
  test.each([
    [['mov [eax],1'], /size of the memory operand.*dword ptr/],
    [['mov eax,ebx+1'], /'ebx\+1' is not an operand/],
    [['mov eax,[eax+ebx+ecx]'], /too many registers/],
    [['mov al,300'], /cannot assemble 'mov al,300'.*hex/],
    [['frobnicate eax'], /cannot assemble.*hex/],
    [['03', '43'], /end within the instruction/],
    [['90', '90'], /the first instruction, nop, has 1 bytes/],
  ])('%j', (words, says) => {
    expect(() => explanation(words, true)).toThrow(says);
  });

  test('on one line, with status 1', async () => {
    const { status, stdout, stderr } = await transvisor(['explain', 'mov', '[eax],1']);
    expect(stderr).toMatch(/^transvisor: [^\n]*; [^\n]*\n$/);
    expect(stdout).toBe('');
    expect(status).toBe(1);
  });
});

test('text and bytes come to the same, and 16-bit code is told from 32-bit code', async () => {
  const { status, stdout } = await transvisor(['explain', '03', '43', '08']);
  expect(status).toBe(0);
  expect(stdout).toBe(explanation(['add eax,[ebx+8]'], true));
  expect((await transvisor(['explain', '--16', 'b8', '34', '12'])).stdout).toMatch(/mov ax,0x1234[\s\S]*the reference/);
});
