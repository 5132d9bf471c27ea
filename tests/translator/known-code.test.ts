// What is kept of instructions that were read, and when it is not what is there any more.

import { expect, test } from 'vitest';
import { DECODE_MODES } from '../../src/cpu/decoded.ts';
import { hash } from '../../src/cpu/hash.ts';
import { decode } from '../../src/isa/decode.ts';
import type { Insn } from '../../src/isa/insn.ts';
import { examine, KnownCode } from '../../translator/known-code.ts';

/** Flat segments, code and stack of 32 bits. */
const MODE = 3;
/** add eax, [ebx+8]; ret. */
const BYTES = [0x03, 0x43, 0x08, 0xc3];
const AT = 0x5000;
/** Where that is in the host's memory. */
const HOST = 0x100;

function memory(): Uint8Array {
  const u8 = new Uint8Array(4096);
  u8.set(BYTES, HOST);
  return u8;
}

const readIn = (u8: Uint8Array) => examine(decode(u8, HOST, 15, DECODE_MODES[3]) as Insn, MODE);

test('an instruction is found by its address, as long as its bytes are there', () => {
  const u8 = memory();
  const known = new KnownCode();
  expect(known.at(AT, MODE, u8, HOST)).toBeUndefined();
  const made = readIn(u8);
  known.keep(AT, made, u8, HOST);
  expect(known.at(AT, MODE, u8, HOST)).toBe(made);
  expect(known.at(AT + 1, MODE, u8, HOST)).toBeUndefined();
  // What is behind it is no part of it.
  u8[HOST + 3] = 0x90;
  expect(known.at(AT, MODE, u8, HOST)).toBe(made);
  u8[HOST + 2] = 0x0c;
  expect(known.at(AT, MODE, u8, HOST)).toBeUndefined();
});

test('it is another one in another mode', () => {
  const u8 = memory();
  const known = new KnownCode();
  known.keep(AT, readIn(u8), u8, HOST);
  expect(known.at(AT, MODE | 0x100, u8, HOST)).toBeUndefined();
  expect(known.at(AT, 0, u8, HOST)).toBeUndefined();
});

test('another address takes its room, and is not taken for it', () => {
  const u8 = memory();
  const known = new KnownCode();
  known.keep(AT, readIn(u8), u8, HOST);
  let other = AT + 1;
  while (hash(other, 1 << 13) !== hash(AT, 1 << 13)) other++;
  expect(known.at(other, MODE, u8, HOST)).toBeUndefined();
  const made = readIn(u8);
  known.keep(other, made, u8, HOST);
  expect(known.at(other, MODE, u8, HOST)).toBe(made);
  expect(known.at(AT, MODE, u8, HOST)).toBeUndefined();
});
