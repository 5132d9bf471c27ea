// Linux's own symbol table, read out of guest RAM. Source: the layout that scripts/kallsyms.c of the kernel emits and
// kernel/kallsyms.c reads, for 32-bit kernels from 2.6.10 to 6.x:
//
//   6.3 and before   addresses, num_syms, names, markers, [seqs_of_names,] token_table, token_index
//   6.4 and after    num_syms, names, markers, token_table, token_index, addresses, seqs_of_names
//
// "addresses" are kallsyms_offsets with kallsyms_relative_base behind them, or (before 4.6, or without
// CONFIG_KALLSYMS_BASE_RELATIVE) kallsyms_addresses. Names are sequences of tokens: a length (one byte, two from 128 on:
// 6.1), then that many indices into the token table; the first character of a name is its type as nm has it. There is a
// marker, an offset into the names, for every 256th symbol. seqs_of_names has three bytes for each symbol: 6.2, 6.3, and
// later releases of 6.1.
//
// Nothing says where it is. The tokens of the digits are the digits themselves, one after the other, which is rare; the
// index behind the token table repeats what the table says, and from there on everything is proven by what it must
// agree with.

import type { GuestSymbol } from './symbols.ts';

const TOKENS = 256;
const ZERO = 0x30;
const SYMBOLS_PER_MARKER = 256;
/** Fewer are no kernel. */
const MIN_SYMBOLS = 256;
const MAX_SYMBOLS = 1 << 20;
/** Longest name in tokens that the search allows for, for the last 256 symbols. */
const MAX_TAIL_BYTES = 256 * 128;
const CODE_TYPES = 'tTwW';

/**
 * The kernel's code symbols, or undefined where no table is found.
 * @param ram guest RAM by guest-physical address.
 */
export function findKallsyms(ram: Uint8Array): GuestSymbol[] | undefined {
  const words = new Int32Array(ram.buffer, ram.byteOffset, ram.length >> 2);
  for (let k = 0; k < words.length; k++) {
    // "0\0" "1\0" ... "9\0" holds one of these in an aligned word, whatever it is aligned to.
    const w = words[k];
    let at = 0;
    if (w === 0x00330032) at = 4 * k - 4;
    else if (w === 0x00320031) at = 4 * k - 2;
    else if (w === 0x33003200) at = 4 * k - 3;
    else if (w === 0x32003100) at = 4 * k - 1;
    else continue;
    const found = isDigits(ram, at) ? new Tables(ram, at).read() : undefined;
    if (found) return found;
  }
  return undefined;
}

function isDigits(ram: Uint8Array, at: number): boolean {
  for (let k = 0; k < 20; k++) if (ram[at + k] !== (k & 1 ? 0 : ZERO + (k >> 1))) return false;
  return true;
}

interface Markers {
  /** Where the first stands. */
  readonly at: number;
  readonly offsets: readonly number[];
}

const align4 = (at: number): number => (at + 3) & -4;

class Tables {
  readonly #ram: Uint8Array;
  readonly #view: DataView;
  readonly #digits: number;
  #tokens: string[] = [];
  #tokenTable = 0;
  #tokenIndex = 0;

  constructor(ram: Uint8Array, digits: number) {
    this.#ram = ram;
    this.#view = new DataView(ram.buffer, ram.byteOffset, ram.length);
    this.#digits = digits;
  }

  read(): GuestSymbol[] | undefined {
    if (!this.#readTokens()) return undefined;
    const markers = this.#findMarkers();
    if (!markers) return undefined;
    const names = this.#findNames(markers);
    if (!names) return undefined;
    const addresses = this.#findAddresses(names.countAt, names.list.length);
    if (!addresses) return undefined;
    const symbols: GuestSymbol[] = [];
    names.list.forEach((typed, k) => {
      if (!CODE_TYPES.includes(typed[0] as string)) return;
      symbols.push({ address: addresses[k] as number, name: typed.slice(1) });
    });
    return symbols;
  }

  /** The token table around the digits, which the index behind it must agree with. */
  #readTokens(): boolean {
    const ram = this.#ram;
    let at = this.#digits;
    for (let k = ZERO; k < TOKENS; k++) {
      const end = ram.indexOf(0, at);
      if (end < 0 || end - at > 64) return false;
      at = end + 1;
    }
    this.#tokenIndex = align4(at);
    if (this.#tokenIndex + 2 * TOKENS > ram.length) return false;
    const index = (k: number): number => this.#view.getUint16(this.#tokenIndex + 2 * k, true);
    this.#tokenTable = this.#digits - index(ZERO);
    if (this.#tokenTable < 0 || index(0) !== 0) return false;
    for (let k = 0; k < TOKENS; k++) {
      const from = this.#tokenTable + index(k);
      const end = ram.indexOf(0, from);
      if (k + 1 < TOKENS && end + 1 !== this.#tokenTable + index(k + 1)) return false;
      this.#tokens.push(String.fromCharCode(...ram.subarray(from, end)));
    }
    return (this.#tokenTable & 3) === 0;
  }

  /** The markers end at the token table, or before three bytes for each symbol (6.2 and its kind). */
  #findMarkers(): Markers | undefined {
    const end = this.#tokenTable;
    const direct = this.#markersTo(end);
    if (direct) return direct;
    for (let at = end - 3 * MIN_SYMBOLS; at > 0 && end - at <= 3 * MAX_SYMBOLS; at -= 4) {
      // 3 * count rounded up to words.
      for (let count = Math.ceil((end - at - 3) / 3); 3 * count <= end - at; count++) {
        const markers = Math.ceil(count / SYMBOLS_PER_MARKER);
        if (at < 4 * markers || this.#view.getUint32(at - 4 * markers, true) !== 0) continue;
        const found = this.#markersTo(at);
        if (found?.offsets.length === markers) return found;
      }
    }
    return undefined;
  }

  /** Offsets of every 256th name: they fall, read backwards, down to the 0 of the first. */
  #markersTo(end: number): Markers | undefined {
    const offsets: number[] = [];
    let above = Number.POSITIVE_INFINITY;
    for (let at = end - 4; at >= 0; at -= 4) {
      const offset = this.#view.getUint32(at, true);
      if (offset >= above || offsets.length > MAX_SYMBOLS / SYMBOLS_PER_MARKER) return undefined;
      offsets.push(offset);
      if (offset === 0) return offsets.length > 1 ? { at, offsets: offsets.reverse() } : undefined;
      above = offset;
    }
    return undefined;
  }

  /** The names end at the markers; their count stands before them. */
  #findNames(markers: Markers): { readonly countAt: number; readonly list: string[] } | undefined {
    const { offsets } = markers;
    const most = offsets.length * SYMBOLS_PER_MARKER;
    const last = markers.at - (offsets[offsets.length - 1] as number);
    for (let countAt = (last - 4) & -4; countAt >= 0 && countAt > last - MAX_TAIL_BYTES; countAt -= 4) {
      const count = this.#view.getUint32(countAt, true);
      if (count > most || count <= most - SYMBOLS_PER_MARKER || count < MIN_SYMBOLS) continue;
      const list = this.#readNames(countAt + 4, count, offsets, markers.at);
      if (list) return { countAt, list };
    }
    return undefined;
  }

  #readNames(from: number, count: number, offsets: readonly number[], end: number): string[] | undefined {
    const ram = this.#ram;
    const list: string[] = [];
    let at = from;
    for (let k = 0; k < count; k++) {
      if (k % SYMBOLS_PER_MARKER === 0 && at - from !== offsets[k / SYMBOLS_PER_MARKER]) return undefined;
      let length = ram[at++] as number;
      if (length & 0x80) length = (length & 0x7f) | ((ram[at++] as number) << 7);
      if (length === 0 || at + length > end) return undefined;
      let name = '';
      for (let n = 0; n < length; n++) name += this.#tokens[ram[at++] as number];
      if (name.length < 2) return undefined;
      list.push(name);
    }
    return align4(at) === end ? list : undefined;
  }

  /** Before the count or behind the token index, as offsets with their base or as they are: symbols are sorted. */
  #findAddresses(countAt: number, count: number): number[] | undefined {
    const behind = this.#tokenIndex + 2 * TOKENS;
    return (
      this.#relative(countAt - 4 - 4 * count, countAt - 4, count) ??
      this.#relative(behind, behind + 4 * count, count) ??
      this.#sorted(countAt - 4 * count, count, 0) ??
      this.#sorted(behind, count, 0)
    );
  }

  #relative(from: number, baseAt: number, count: number): number[] | undefined {
    if (from < 0 || baseAt + 4 > this.#ram.length) return undefined;
    // The base is the lowest address: a symbol stands there, and it is the start of a page of the kernel's text.
    const base = this.#view.getUint32(baseAt, true);
    return base !== 0 && base % 4096 === 0 ? this.#sorted(from, count, base) : undefined;
  }

  #sorted(from: number, count: number, base: number): number[] | undefined {
    if (from < 0 || from + 4 * count > this.#ram.length) return undefined;
    const addresses: number[] = [];
    let before = 0;
    for (let k = 0; k < count; k++) {
      const address = base + this.#view.getUint32(from + 4 * k, true);
      if (address < before || address >= 2 ** 32) return undefined;
      addresses.push(address);
      before = address;
    }
    return before > (addresses[0] as number) ? addresses : undefined;
  }
}
