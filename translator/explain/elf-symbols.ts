// The symbol table of a 32-bit ELF file (System V ABI, edition 4.1, chapter 4): functions and untyped labels in
// sections. Whatever does not fit the file is passed over: symbols are a help, not a condition.

import type { GuestSymbol } from './symbols.ts';

const MAGIC = 0x464c457f;
const ELFCLASS32 = 1;
const SHT_SYMTAB = 2;
const SHN_LORESERVE = 0xff00;
const SHF_EXECINSTR = 4;
const STT_NOTYPE = 0;
const STT_FUNC = 2;
const SECTION_BYTES = 40;
const SYMBOL_BYTES = 16;

export function elfSymbols(bytes: Uint8Array): GuestSymbol[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 52 || view.getUint32(0, true) !== MAGIC || bytes[4] !== ELFCLASS32) return [];
  const sections = view.getUint32(32, true);
  const count = view.getUint16(48, true);
  if (sections + count * SECTION_BYTES > bytes.length) return [];
  const word = (section: number, at: number): number => view.getUint32(sections + section * SECTION_BYTES + at, true);
  const functions: GuestSymbol[] = [];
  const labels: GuestSymbol[] = [];
  for (let s = 0; s < count; s++) {
    const strings = word(s, 24);
    if (word(s, 4) !== SHT_SYMTAB || strings >= count) continue;
    const [from, size, names, namesSize] = [word(s, 16), word(s, 20), word(strings, 16), word(strings, 20)];
    if (from + size > bytes.length || names + namesSize > bytes.length) continue;
    for (let at = from; at + SYMBOL_BYTES <= from + size; at += SYMBOL_BYTES) {
      const section = view.getUint16(at + 14, true);
      if (section === 0 || section >= SHN_LORESERVE || section >= count) continue;
      if ((word(section, 8) & SHF_EXECINSTR) === 0) continue;
      const name = stringAt(bytes, names + view.getUint32(at, true), names + namesSize);
      const type = (bytes[at + 12] as number) & 15;
      const symbol = { address: view.getUint32(at + 4, true), name };
      if (name === '') continue;
      if (type === STT_FUNC) functions.push(symbol);
      else if (type === STT_NOTYPE) labels.push(symbol);
    }
  }
  return [...functions, ...labels];
}

function stringAt(bytes: Uint8Array, from: number, end: number): string {
  let text = '';
  for (let at = from; at < end && bytes[at] !== 0; at++) text += String.fromCharCode(bytes[at] as number);
  return text;
}
