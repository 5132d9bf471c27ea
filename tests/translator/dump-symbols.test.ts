// Symbols: the kernel's own table in each of its layouts, files of symbols, ELF files against nm.

import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { elfSymbols } from '../../translator/explain/elf-symbols.ts';
import { findKallsyms } from '../../translator/explain/kallsyms.ts';
import { type GuestSymbol, identifier, parseSymbols, Symbols } from '../../translator/explain/symbols.ts';
import { Folder } from '../cli/program.ts';

const folder = new Folder();
afterAll(() => folder.remove());

describe('kallsyms in memory', () => {
  const BASE = 0xc1000000;
  /** 1,000 functions and as many variables; one name takes more than 127 tokens. */
  const symbols = Array.from({ length: 2000 }, (_, k) => ({
    address: BASE + 48 * k,
    type: k % 2 ? 'D' : 'T',
    name: k === 900 ? `long_${'xyz'.repeat(60)}` : `function_${k.toString(36)}`,
  }));
  const code = symbols.filter((s) => s.type === 'T').map(({ address, name }) => ({ address, name }));

  /** Tokens: the characters themselves, and two of several characters in places that names do not use. */
  const tokens = Array.from({ length: 256 }, (_, k) => (k >= 0x20 && k < 0x7f ? String.fromCharCode(k) : ''));
  tokens[0] = 'function_';
  tokens[1] = 'long_';
  tokens[255] = 'nothing';

  type Bytes = number[];
  const u16 = (v: number): Bytes => [v & 255, (v >> 8) & 255];
  const u32 = (v: number): Bytes => [...u16(v), ...u16(v >>> 16)];
  const aligned = (b: Bytes): Bytes => [...b, ...new Array((4 - (b.length % 4)) % 4).fill(0)];
  const bytesOf = (text: string): Bytes => [...Buffer.from(text, 'latin1')];

  const names: Bytes = [];
  const markers: Bytes = [];
  symbols.forEach(({ type, name }, k) => {
    if (k % 256 === 0) markers.push(...u32(names.length));
    const stem = name.startsWith('function_') ? [0] : [1];
    const rest = bytesOf(name.replace(/^(function|long)_/, ''));
    const text = [...bytesOf(type), ...stem, ...rest];
    names.push(...(text.length < 128 ? [text.length] : [(text.length & 127) | 128, text.length >> 7]), ...text);
  });
  const table = aligned(tokens.flatMap((t) => [...bytesOf(t), 0]));
  let offset = 0;
  const index = tokens.flatMap((t) => {
    const at = u16(offset);
    offset += t.length + 1;
    return at;
  });
  const count = u32(symbols.length);
  const offsets = symbols.flatMap((s) => u32(s.address - BASE));
  const addresses = symbols.flatMap((s) => u32(s.address));
  const sequence = aligned(symbols.flatMap((_, k) => [0, k >> 8, k & 255]));
  const middle = [...count, ...aligned(names), ...markers];

  /** RAM with the tables somewhere, and something before them that looks like tokens of digits. */
  const ram = (tables: Bytes): Uint8Array => {
    const bytes = new Uint8Array(1 << 20).fill(0x90);
    bytes.set(bytesOf('0\x001\x002\x003\x004\x005\x006\x007\x008\x009\x00'), 0x1001);
    bytes.set(tables, 0x40000);
    return bytes;
  };

  test.each<[string, Bytes]>([
    ['2.6.10: addresses first', [...addresses, ...middle, ...table, ...index]],
    ['4.6: offsets and a base', [...offsets, ...u32(BASE), ...middle, ...table, ...index]],
    ['6.2: a sequence between', [...offsets, ...u32(BASE), ...middle, ...sequence, ...table, ...index]],
    ['6.4: offsets last', [...middle, ...table, ...index, ...offsets, ...u32(BASE), ...sequence]],
  ])('of %s', (_, tables) => {
    expect(findKallsyms(ram(tables))).toEqual(code);
  });

  test('tables that contradict each other are none', () => {
    const whole = [...offsets, ...u32(BASE), ...middle, ...table, ...index];
    const broken: [what: string, at: number, by: number][] = [
      ['a length of a name', offsets.length + 4 + 4, 200],
      ['a marker', whole.length - index.length - table.length - 4, 1],
      ['the token index', whole.length - 2, 1],
    ];
    expect(findKallsyms(ram(whole))).toBeDefined();
    for (const [what, at, by] of broken) {
      const changed = [...whole];
      changed[at] = ((changed[at] as number) + by) & 255;
      expect(findKallsyms(ram(changed)), what).toBeUndefined();
    }
    expect(findKallsyms(new Uint8Array(1 << 20))).toBeUndefined();
  });
});

describe('files', () => {
  test('System.map, /proc/kallsyms and nm: code only, where types are told', () => {
    const text = [
      'c1000000 T _stext',
      'c1000010 t helper\t[module]',
      'c1000020 D variable',
      '         U undefined',
      '00000000 T hidden',
      'ffffffff81000000 T too_far',
      'c1000030 W weak\r',
      '# comment',
      '0xc1000040 untyped',
    ].join('\n');
    expect(parseSymbols(text).map((s) => s.name)).toEqual(['_stext', 'helper', 'weak', 'untyped']);
  });

  const gcc = ['gcc', 'nm'].every((tool) => spawnSync(tool, ['--version']).status === 0);
  const skipped = gcc ? '' : ' (skipped: no gcc and nm here)';
  test.skipIf(!gcc)(`ELF: the functions that nm tells of${skipped}`, () => {
    const source = folder.file(
      'some.s',
      ['.text', '.globl one', '.type one,@function', 'one: ret', 'label: ret', '.data', 'datum: .long 1', ''].join(
        '\n',
      ),
    );
    const object = folder.file('some.elf');
    execFileSync('gcc', ['-m32', '-nostdlib', '-static', '-Wl,-Ttext=0x100000,-eone', '-o', object, source]);
    const expected = parseSymbols(execFileSync('nm', [object], { encoding: 'utf8' }));
    const byName = (list: readonly GuestSymbol[]): readonly GuestSymbol[] =>
      [...list].sort((a, b) => a.name.localeCompare(b.name));
    const found = elfSymbols(readFileSync(object));
    expect(byName(found)).toEqual(byName(expected));
    expect(found.map((s) => s.name)).toEqual(expect.arrayContaining(['one', 'label']));
    // A function's name goes before a label's at the same address.
    expect(found[0]?.name).toBe('one');
  });

  test('ELF files that are cut have no symbols', () => {
    expect(elfSymbols(new Uint8Array(60))).toEqual([]);
    const cut = new Uint8Array(64);
    cut.set([0x7f, 0x45, 0x4c, 0x46, 1]);
    new DataView(cut.buffer).setUint32(32, 0x10000, true);
    new DataView(cut.buffer).setUint16(48, 9, true);
    expect(elfSymbols(cut)).toEqual([]);
  });
});

test('addresses between symbols, before the first and far behind the last', () => {
  const symbols = new Symbols([
    { address: 0xc0002000, name: 'second' },
    { address: 0xc0001000, name: 'first' },
    { address: 0xc0001000, name: 'alias' },
  ]);
  expect(symbols.text(0xc0001000 | 0)).toBe('first');
  expect(symbols.text(0xc0001fff)).toBe('first+0xfff');
  expect(symbols.text(0xc0002004)).toBe('second+0x4');
  expect(symbols.text(0xc0003000)).toBeUndefined();
  expect(symbols.text(0x1000)).toBeUndefined();
  expect(symbols.find('second')).toBe(0xc0002000);
});

test('identifiers are of letters, digits and _, and not longer than 64', () => {
  expect(identifier('kmem_cache_alloc.part.0+0x10')).toBe('kmem_cache_alloc_part_0_0x10');
  expect(identifier('"\u2028*/`x}é')).toMatch(/^_+x_+$/);
  expect(identifier('a'.repeat(1000))).toHaveLength(64);
});
