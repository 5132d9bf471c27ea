// Compressed clusters: read whole, decompressed, and a few of them kept.

import type { ByteFile } from '../byte-file.ts';
import { compressedAt } from './entry.ts';
import { corrupt, type Header } from './header.ts';
import { inflate } from './inflate.ts';

/** Decompresses a zstd frame, which may have bytes behind it, into `into`. Rejects when it does not fill it. */
export type Unzstd = (bytes: Uint8Array, into: Uint8Array) => Promise<void>;

/**
 * Decompressed clusters to keep: a guest reads a cluster in several requests. They never grow stale: bytes that an entry
 * leads to are not given out anew, and nothing is compressed here.
 */
const KEPT = 4;

export class CompressedClusters {
  readonly #file: ByteFile;
  readonly #clusterBits: number;
  readonly #unzstd: Unzstd | undefined;
  /** By host offset, the oldest first. */
  readonly #kept = new Map<number, Uint8Array>();

  /** `unzstd` is there when the header says that clusters are compressed so. */
  constructor(file: ByteFile, header: Header, unzstd: Unzstd | undefined) {
    this.#file = file;
    this.#clusterBits = header.clusterBits;
    this.#unzstd = header.compression === 'zstd' ? unzstd : undefined;
  }

  /** The contents of the cluster that an L2 entry leads to. Rejects with a StorageError. */
  async read(high: number, low: number): Promise<Uint8Array> {
    const { offset, bytes } = compressedAt(high, low, this.#clusterBits);
    const kept = this.#kept.get(offset);
    if (kept) return kept;
    const { name, size } = this.#file;
    if (offset >= size) throw corrupt(name, `a compressed cluster at byte ${offset}, past the end of the file`);
    const input = new Uint8Array(Math.min(bytes, size - offset));
    await this.#file.read(offset, input);
    const cluster = new Uint8Array(2 ** this.#clusterBits);
    try {
      if (this.#unzstd) await this.#unzstd(input, cluster);
      else inflate(input, cluster);
    } catch {
      throw corrupt(name, `the compressed cluster at byte ${offset} is damaged`);
    }
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size < KEPT) break;
      this.#kept.delete(oldest);
    }
    this.#kept.set(offset, cluster);
    return cluster;
  }
}
