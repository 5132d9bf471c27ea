// String operations on directly accessible memory: the loops behind REP MOVS, STOS, SCAS and CMPS, over host offsets
// that the caller has checked. Elements are taken in the instruction's order, which shows where source and
// destination overlap.

type int = number;

/** Bytes up to which a loop is faster than the engine's own copying and filling. */
const SMALL_BYTES = 96;

export class Bulk {
  readonly #u8: Uint8Array;
  readonly #i32: Int32Array;
  readonly #view: DataView;

  constructor(heap: ArrayBuffer) {
    this.#u8 = new Uint8Array(heap);
    this.#i32 = new Int32Array(heap);
    this.#view = new DataView(heap);
  }

  /** Copies `bytes` in elements of `size` bits; `down`: from the last element to the first. */
  copy(to: int, from: int, bytes: int, size: int, down: boolean): void {
    const distance = down ? from - to : to - from;
    // Reading what was written before shows only if the destination lies ahead, nearer than the length.
    if (distance <= 0 || distance >= bytes) {
      if (bytes <= SMALL_BYTES && !down) this.#copySmall(to, from, bytes);
      else this.#u8.copyWithin(to, from, from + bytes);
      return;
    }
    const step = size >> 3;
    if (down) for (let k = bytes - step; k >= 0; k -= step) this.#put(to + k, size, this.#get(from + k, size));
    else for (let k = 0; k < bytes; k += step) this.#put(to + k, size, this.#get(from + k, size));
  }

  /** Fills `bytes` with elements of `size` bits. */
  fill(to: int, bytes: int, size: int, value: int): void {
    if (size === 32 && (to & 3) === 0) {
      const first = to >> 2;
      if (bytes > SMALL_BYTES) this.#i32.fill(value, first, first + (bytes >> 2));
      else for (let k = first; k < first + (bytes >> 2); k++) this.#i32[k] = value;
      return;
    }
    const low = value & 255;
    if (size === 8 || (value & 0xffff) === low * 0x101) {
      if (size !== 32 || value >>> 16 === low * 0x101) {
        this.#u8.fill(low, to, to + bytes);
        return;
      }
    }
    const step = size >> 3;
    for (let k = 0; k < bytes; k += step) this.#put(to + k, size, value);
  }

  /** Elements examined before one whose equality with `value` (sign-extended) is not `equal`; all if there is none. */
  scan(at: int, bytes: int, size: int, down: boolean, value: int, equal: boolean): int {
    if (size === 8 && !down) return this.#scanBytes(at, bytes, value & 255, equal);
    const step = size >> 3;
    const count = (bytes / step) | 0;
    let place = down ? at + bytes - step : at;
    const by = down ? -step : step;
    for (let k = 0; k < count; k++, place += by) if ((this.#get(place, size) === value) !== equal) return k;
    return count;
  }

  /** Pairs of elements examined before one whose equality is not `equal`; all if there is none. */
  compare(a: int, b: int, bytes: int, size: int, down: boolean, equal: boolean): int {
    if (size === 8 && !down) return this.#compareBytes(a, b, bytes, equal);
    const step = size >> 3;
    const count = (bytes / step) | 0;
    let k = down ? bytes - step : 0;
    const by = down ? -step : step;
    for (let n = 0; n < count; n++, k += by)
      if ((this.#get(a + k, size) === this.#get(b + k, size)) !== equal) return n;
    return count;
  }

  #scanBytes(at: int, bytes: int, value: int, equal: boolean): int {
    const u8 = this.#u8;
    let k = 0;
    if (equal) while (k < bytes && u8[at + k] === value) k++;
    else while (k < bytes && u8[at + k] !== value) k++;
    return k;
  }

  #compareBytes(a: int, b: int, bytes: int, equal: boolean): int {
    const u8 = this.#u8;
    let k = 0;
    if (equal) while (k < bytes && u8[a + k] === u8[b + k]) k++;
    else while (k < bytes && u8[a + k] !== u8[b + k]) k++;
    return k;
  }

  /** Upwards, where no element is read after it was written. */
  #copySmall(to: int, from: int, bytes: int): void {
    const u8 = this.#u8;
    let k = 0;
    if (((to ^ from) & 3) === 0) {
      const i32 = this.#i32;
      for (; k < bytes && ((to + k) & 3) !== 0; k++) u8[to + k] = u8[from + k];
      for (; k + 4 <= bytes; k += 4) i32[(to + k) >> 2] = i32[(from + k) >> 2];
    }
    for (; k < bytes; k++) u8[to + k] = u8[from + k];
  }

  #get(at: int, size: int): int {
    if (size === 8) return this.#view.getInt8(at);
    return size === 32 ? this.#view.getInt32(at, true) : this.#view.getInt16(at, true);
  }

  #put(at: int, size: int, value: int): void {
    if (size === 8) this.#view.setInt8(at, value);
    else if (size === 32) this.#view.setInt32(at, value, true);
    else this.#view.setInt16(at, value, true);
  }
}
