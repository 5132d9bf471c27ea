// What a qcow2 image holds, or its backing file where it has nothing: cluster by cluster, from whatever each one is.

import { type ByteFile, readPadded } from '../byte-file.ts';
import { type BlockDevice, SECTOR } from '../contract.ts';
import type { CompressedClusters } from './compressed.ts';
import { corrupt } from './header.ts';
import { DATA, HOLE, type Mapping, SQUEEZED, ZEROS } from './mapping.ts';

export interface ClusterReaderParts {
  readonly file: ByteFile;
  /** Bytes of a cluster. */
  readonly cluster: number;
  readonly map: Mapping;
  readonly compressed: CompressedClusters;
  readonly backing: BlockDevice | undefined;
}

export class ClusterReader {
  readonly #file: ByteFile;
  readonly #cluster: number;
  readonly #map: Mapping;
  readonly #compressed: CompressedClusters;
  readonly #backing: BlockDevice | undefined;
  #reads = 0;

  constructor({ file, cluster, map, compressed, backing }: ClusterReaderParts) {
    this.#file = file;
    this.#cluster = cluster;
    this.#map = map;
    this.#compressed = compressed;
    this.#backing = backing;
  }

  /** Whether a read is on its way, to clusters that a write might free. */
  get busy(): boolean {
    return this.#reads > 0;
  }

  /** Reads bytes of the disk, from `at` on: within its end. */
  async read(at: number, into: Uint8Array): Promise<void> {
    const map = this.#map;
    this.#reads++;
    try {
      for (let done = 0; done < into.length; ) {
        const offset = map.l2Offset(at + done);
        const table = offset === 0 ? undefined : (map.l2.find(offset) ?? (await map.l2.load(offset)));
        map.locate(table, at + done, into.length - done);
        const part = into.subarray(done, done + map.bytes);
        const reading = this.#readStretch(at + done, part);
        done += part.length;
        await reading;
      }
    } finally {
      this.#reads--;
    }
  }

  /** Reads what was located. */
  #readStretch(at: number, into: Uint8Array): Promise<void> {
    const map = this.#map;
    switch (map.kind) {
      case HOLE:
        return this.#readBacking(at, into);
      case DATA:
        return this.#readData(map.host, into);
      case SQUEEZED:
        return this.#readCompressed(map.high, map.low, at % this.#cluster, into);
      case ZEROS:
        into.fill(0);
        return Promise.resolve();
      default:
        return Promise.reject(map.badEntry(at));
    }
  }

  #readBacking(at: number, into: Uint8Array): Promise<void> {
    const there = this.#backing ? this.#backing.sectors * SECTOR - at : 0;
    if (!this.#backing || there <= 0) {
      into.fill(0);
      return Promise.resolve();
    }
    if (there >= into.length) return this.#backing.read(at / SECTOR, into);
    into.fill(0, there);
    return this.#backing.read(at / SECTOR, into.subarray(0, there));
  }

  /** The file may end within the last cluster, and not before it. */
  #readData(host: number, into: Uint8Array): Promise<void> {
    const last = Math.floor((host + into.length - 1) / this.#cluster) * this.#cluster;
    if (last >= this.#file.size) {
      return Promise.reject(corrupt(this.#file.name, `a cluster at byte ${last}, past the end of the file`));
    }
    return readPadded(this.#file, host, into);
  }

  async #readCompressed(high: number, low: number, within: number, into: Uint8Array): Promise<void> {
    const cluster = await this.#compressed.read(high, low);
    into.set(cluster.subarray(within, within + into.length));
  }
}
