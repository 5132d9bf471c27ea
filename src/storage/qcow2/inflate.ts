// Decompresses what qcow2 stores of a compressed cluster: a deflate stream without zlib's header (RFC 1951).
//
// The size of the result is known, and the input is followed by bytes that are not of the stream; DecompressionStream and
// zlib take neither well. Input from a damaged image is expected: nothing is read or written out of bounds, and the work is
// bounded by the sizes of both.

/** Extra bits and bases of length codes 257 to 285, and of distance codes (RFC 1951, 3.2.5). */
const LENGTH_BASE = new Uint16Array(29);
const LENGTH_BITS = new Uint8Array(29);
const DISTANCE_BASE = new Uint16Array(30);
const DISTANCE_BITS = new Uint8Array(30);
for (let i = 0, base = 3; i < 28; base += 1 << LENGTH_BITS[i]!, i++) {
  LENGTH_BITS[i] = i < 8 ? 0 : (i >> 2) - 1;
  LENGTH_BASE[i] = base;
}
LENGTH_BASE[28] = 258;
for (let i = 0, base = 1; i < 30; base += 1 << DISTANCE_BITS[i]!, i++) {
  DISTANCE_BITS[i] = i < 4 ? 0 : (i >> 1) - 1;
  DISTANCE_BASE[i] = base;
}

/** The order in which lengths of the code-length code are sent (RFC 1951, 3.2.7). */
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** What a stream that is not deflate is answered with. */
export class InflateError extends Error {
  override readonly name = 'InflateError';
}

/** A Huffman code: index by as many bits as its longest word; an entry is symbol << 4 | length, 0 for no such word. */
interface Code {
  readonly bits: number;
  readonly table: Uint16Array;
}

/** Inflates `input` until `into` is full. Throws an {@link InflateError} when the stream is bad or ends before. */
export function inflate(input: Uint8Array, into: Uint8Array): void {
  new Inflater(input, into).run();
}

class Inflater {
  readonly #input: Uint8Array;
  readonly #output: Uint8Array;
  #next = 0;
  #done = 0;
  /** Bits that were taken from the input and not used yet, the next one lowest. */
  #held = 0;
  #holds = 0;

  constructor(input: Uint8Array, output: Uint8Array) {
    this.#input = input;
    this.#output = output;
  }

  run(): void {
    while (this.#done < this.#output.length) {
      const last = this.#take(1);
      const kind = this.#take(2);
      if (kind === 0) this.#stored();
      else if (kind === 1) this.#compressed(FIXED_LITERALS, FIXED_DISTANCES);
      else if (kind === 2) this.#dynamic();
      else throw new InflateError('a block of kind 3');
      if (last && this.#done < this.#output.length) throw new InflateError('the stream ends too early');
    }
  }

  /** The next `count` bits (at most 16). Past the end of the input come zeros; using more than those throws. */
  #peek(count: number): number {
    while (this.#holds < count) {
      this.#held |= (this.#input[this.#next++] ?? 0) << this.#holds;
      this.#holds += 8;
    }
    return this.#held & ((1 << count) - 1);
  }

  #drop(count: number): void {
    this.#held >>>= count;
    this.#holds -= count;
    if (this.#next - (this.#holds >> 3) > this.#input.length)
      throw new InflateError('the input ends within the stream');
  }

  #take(count: number): number {
    const bits = this.#peek(count);
    this.#drop(count);
    return bits;
  }

  #symbol(code: Code): number {
    const entry = code.table[this.#peek(code.bits)] as number;
    if (entry === 0) throw new InflateError('a word that is not in its code');
    this.#drop(entry & 15);
    return entry >> 4;
  }

  #stored(): void {
    this.#drop(this.#holds & 7);
    const length = this.#take(16);
    if ((this.#take(16) ^ 0xffff) !== length) throw new InflateError('a stored block whose lengths differ');
    // Whole bytes may have been taken ahead.
    this.#next -= this.#holds >> 3;
    this.#held = this.#holds = 0;
    const count = Math.min(length, this.#output.length - this.#done);
    if (this.#next + count > this.#input.length) throw new InflateError('the input ends within a stored block');
    this.#output.set(this.#input.subarray(this.#next, this.#next + count), this.#done);
    this.#next += count;
    this.#done += count;
  }

  #dynamic(): void {
    const literals = this.#take(5) + 257;
    const distances = this.#take(5) + 1;
    const words = this.#take(4) + 4;
    if (literals > 286 || distances > 30) throw new InflateError('a code with too many symbols');
    const lengths = new Uint8Array(320);
    for (let i = 0; i < words; i++) lengths[CODE_LENGTH_ORDER[i] as number] = this.#take(3);
    const code = makeCode(lengths.subarray(0, 19));
    lengths.fill(0);
    for (let i = 0; i < literals + distances; ) {
      const symbol = this.#symbol(code);
      if (symbol < 16) {
        lengths[i++] = symbol;
        continue;
      }
      if (symbol === 16 && i === 0) throw new InflateError('a repetition of nothing');
      const value = symbol === 16 ? (lengths[i - 1] as number) : 0;
      const count = symbol === 16 ? 3 + this.#take(2) : symbol === 17 ? 3 + this.#take(3) : 11 + this.#take(7);
      if (i + count > literals + distances) throw new InflateError('a repetition past the end');
      lengths.fill(value, i, i + count);
      i += count;
    }
    this.#compressed(
      makeCode(lengths.subarray(0, literals)),
      makeCode(lengths.subarray(literals, literals + distances)),
    );
  }

  #compressed(literals: Code, distances: Code): void {
    const output = this.#output;
    while (this.#done < output.length) {
      const symbol = this.#symbol(literals);
      if (symbol < 256) {
        output[this.#done++] = symbol;
        continue;
      }
      if (symbol === 256) return;
      if (symbol > 285) throw new InflateError('a length that does not exist');
      const length = (LENGTH_BASE[symbol - 257] as number) + this.#take(LENGTH_BITS[symbol - 257] as number);
      const word = this.#symbol(distances);
      if (word > 29) throw new InflateError('a distance that does not exist');
      const distance = (DISTANCE_BASE[word] as number) + this.#take(DISTANCE_BITS[word] as number);
      if (distance > this.#done) throw new InflateError('a distance to before the start');
      // Source and target may overlap: byte by byte is what is meant.
      for (const end = Math.min(this.#done + length, output.length); this.#done < end; this.#done++) {
        output[this.#done] = output[this.#done - distance] as number;
      }
    }
  }
}

/** The canonical code with these word lengths (RFC 1951, 3.2.2). A code may be incomplete: some words then stay unused. */
function makeCode(lengths: Uint8Array): Code {
  const counts = new Uint16Array(16);
  for (const length of lengths) counts[length]!++;
  counts[0] = 0;
  let bits = 15;
  while (bits > 1 && counts[bits] === 0) bits--;
  const next = new Uint32Array(17);
  for (let length = 1, word = 0; length <= 15; length++) {
    next[length] = word;
    word = (word + (counts[length] as number)) << 1;
    if (word > 2 << length) throw new InflateError('a code with too many words');
  }
  const table = new Uint16Array(1 << bits);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol] as number;
    if (length === 0) continue;
    // Words are sent from their highest bit on.
    let word = next[length]++;
    let reversed = 0;
    for (let i = 0; i < length; i++, word >>= 1) reversed = (reversed << 1) | (word & 1);
    for (let i = reversed; i < table.length; i += 1 << length) table[i] = (symbol << 4) | length;
  }
  return { bits, table };
}

const FIXED_LITERALS = makeCode(
  new Uint8Array(288).fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280, 288),
);
const FIXED_DISTANCES = makeCode(new Uint8Array(30).fill(5));
