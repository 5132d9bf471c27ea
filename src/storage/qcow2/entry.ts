// Entries of L1 and L2 tables: QEMU docs/interop/qcow2.txt, "Cluster mapping". 64 bits, big-endian; here as two words, as
// doubles would lose the flags.

/** In the high word: the refcount of what the entry leads to is exactly one, so it may be written in place. */
export const COPIED = 0x80000000;
/** In the high word of an L2 entry. */
export const COMPRESSED = 0x40000000;
/** In the low word of an L2 entry, version 3: the cluster reads as zeros, whatever it leads to. */
export const ZERO = 1;

/** Bits 9 to 55: the host offset of a table or of a cluster. Zero for none. */
export const offsetOf = (high: number, low: number): number => (high & 0x00ffffff) * 2 ** 32 + ((low & ~511) >>> 0);

/** Where a compressed cluster lies in the host's file, and how many bytes of it to read at most. */
export function compressedAt(high: number, low: number, clusterBits: number): { offset: number; bytes: number } {
  // Bit 62 - (clusterBits - 8) is the first of the count of further sectors of 512 bytes.
  const shift = 62 - (clusterBits - 8) - 32;
  const offset = (high & ((1 << shift) - 1)) * 2 ** 32 + (low >>> 0);
  const sectors = ((high & 0x3fffffff) >>> shift) + 1;
  return { offset, bytes: sectors * 512 - (offset % 512) };
}

/** Stores 64 bits; `value` is below 2^53. */
export function put64(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / 2 ** 32));
  view.setUint32(at + 4, value % 2 ** 32);
}
