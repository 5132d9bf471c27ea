// Traces: what watches writes to a host frame. While any does, no shadow entry of the frame lets writes be direct, so
// each comes through the memory service, which tells the subscriber.
//
//   CODE        64-byte granules hold code that somebody keeps decoded or translated
//   PAGE_TABLE  the frame is a guest page table or directory from which shadow entries are derived
//   DIRTY       the next write is reported, once (display refresh, live migration)

type int = number;

export const CODE = 1;
export const PAGE_TABLE = 2;
export const DIRTY = 4;

/** Bytes of a code granule. */
export const GRANULE_BYTES = 64;
const GRANULE_SHIFT = 6;

/** Told of the first write to a page since the trace was set; `physical` is the page's guest-physical address. */
export type DirtySubscriber = (physical: number) => void;

export class Traces {
  /** CODE, PAGE_TABLE, DIRTY for each host frame. */
  readonly flags: Uint8Array;
  /** Two words for each frame: bit g of the 64 is set if granule g holds code. */
  readonly #granules: Int32Array;
  #dirty: { first: int; last: int; subscriber: DirtySubscriber; delta: int }[] = [];

  constructor(frames: number) {
    this.flags = new Uint8Array(frames);
    this.#granules = new Int32Array(2 * frames);
  }

  /** Marks the granules of `bytes` at a host offset, within one page. Whether the frame had no CODE trace before. */
  markCode(host: int, bytes: int): boolean {
    const frame = host >>> 12;
    const first = (host & 0xfff) >>> GRANULE_SHIFT;
    const last = ((host & 0xfff) + bytes - 1) >>> GRANULE_SHIFT;
    this.#granules[2 * frame] |= lowMask(first, last);
    this.#granules[2 * frame + 1] |= lowMask(first - 32, last - 32);
    const fresh = (this.flags[frame] & CODE) === 0;
    this.flags[frame] |= CODE;
    return fresh;
  }

  /** Whether `bytes` at a host offset, within one page, touch a marked granule. */
  touchesCode(host: int, bytes: int): boolean {
    const frame = host >>> 12;
    const first = (host & 0xfff) >>> GRANULE_SHIFT;
    const last = ((host & 0xfff) + bytes - 1) >>> GRANULE_SHIFT;
    return (
      (this.#granules[2 * frame] & lowMask(first, last)) !== 0 ||
      (this.#granules[2 * frame + 1] & lowMask(first - 32, last - 32)) !== 0
    );
  }

  /** Takes marks off. The frame's CODE trace ends with the last one. */
  unmarkCode(host: int, bytes: int): void {
    const frame = host >>> 12;
    const first = (host & 0xfff) >>> GRANULE_SHIFT;
    const last = ((host & 0xfff) + bytes - 1) >>> GRANULE_SHIFT;
    this.#granules[2 * frame] &= ~lowMask(first, last);
    this.#granules[2 * frame + 1] &= ~lowMask(first - 32, last - 32);
    if ((this.#granules[2 * frame] | this.#granules[2 * frame + 1]) === 0) this.flags[frame] &= ~CODE;
  }

  /** Sets one-shot DIRTY traces on frames [first, last]; `physical` is the guest-physical address of the first. */
  watch(first: int, last: int, physical: number, subscriber: DirtySubscriber): void {
    for (let frame = first; frame <= last; frame++) this.flags[frame] |= DIRTY;
    const delta = physical - first * 4096;
    for (const known of this.#dirty) {
      if (known.subscriber !== subscriber || known.delta !== delta) continue;
      if (known.first <= first && first <= known.last + 1) {
        if (last > known.last) known.last = last;
        return;
      }
    }
    this.#dirty.push({ first, last, subscriber, delta });
  }

  /** Ends a subscriber's traces. */
  unwatch(subscriber: DirtySubscriber): void {
    const ended = this.#dirty.filter((d) => d.subscriber === subscriber);
    this.#dirty = this.#dirty.filter((d) => d.subscriber !== subscriber);
    for (const { first, last } of ended)
      for (let frame = first; frame <= last; frame++)
        if (!this.#dirty.some((d) => d.first <= frame && frame <= d.last)) this.flags[frame] &= ~DIRTY;
  }

  /** The frame is written: ends its DIRTY trace and tells the subscribers. */
  dirtied(frame: int): void {
    this.flags[frame] &= ~DIRTY;
    for (const { first, last, subscriber, delta } of this.#dirty)
      if (first <= frame && frame <= last) subscriber(frame * 4096 + delta);
  }
}

/** Bits first..last, clipped to 0..31; none if they do not meet that range. */
function lowMask(first: int, last: int): int {
  if (last < 0 || first > 31) return 0;
  const from = first < 0 ? 0 : first;
  const to = last > 31 ? 31 : last;
  return (-1 << from) & (-1 >>> (31 - to));
}
