// Reading the disc: READ (10) and (12), READ CD, SEEK (10), VERIFY (10). MMC-5 (T10/1675-D), section 6.
//
// Deviation: a read of more than 128 MiB by one packet is refused.

import { BLOCK, isDvd } from './atapi-disc.ts';
import { type CdromMedium, MEDIUM_SECTOR, type Mechanism, SECTORS_PER_BLOCK } from './atapi-mechanism.ts';
import { failed, GOOD } from './atapi-results.ts';
import { RAW_SECTOR, rawSector, selectedBytes } from './atapi-sector.ts';
import {
  ADDRESS_OUT_OF_RANGE,
  ILLEGAL_MODE_FOR_TRACK,
  INCOMPATIBLE_MEDIUM,
  INVALID_FIELD_IN_PACKET,
  type Sense,
  UNRECOVERED_READ_ERROR,
} from './atapi-sense.ts';
import type { PacketResult } from './drive.ts';

/** Most blocks of one packet: of READ (10). */
const MOST_BLOCKS = 65535;
const VERIFY_BLOCKS = 64;

export interface DiscReaderOptions {
  readonly mechanism: Mechanism;
  /** The image could not be read: why. */
  readonly onReadError: (error: unknown) => void;
  /** Keeps the sense data of a command that is refused, and makes its result. */
  readonly refuse: (sense: Sense) => PacketResult;
}

/** Executes the commands that read. There must be a medium; `lba` counts blocks. */
export class DiscReader {
  readonly #mechanism: Mechanism;
  readonly #onReadError: (error: unknown) => void;
  readonly #refuse: (sense: Sense) => PacketResult;
  /** Counts resets: what was under way before has no effect. */
  #life = 0;

  constructor({ mechanism, onReadError, refuse }: DiscReaderOptions) {
    this.#mechanism = mechanism;
    this.#onReadError = onReadError;
    this.#refuse = refuse;
  }

  /** What is under way has no effect on the drive. */
  reset(): void {
    this.#life++;
  }

  async read(lba: number, count: number): Promise<PacketResult> {
    if (!this.#has(lba, count)) return this.#refuse(ADDRESS_OUT_OF_RANGE);
    if (count > MOST_BLOCKS) return this.#refuse(INVALID_FIELD_IN_PACKET);
    if (count === 0) return GOOD;
    return this.#blocksAt(lba, count);
  }

  async readCd(packet: DataView): Promise<PacketResult> {
    const lba = packet.getUint32(2);
    const count = packet.getUint32(5) & 0xffffff;
    const expected = (packet.getUint8(1) >> 2) & 7;
    const selection = packet.getUint8(9);
    const selected = selectedBytes(selection);
    // Error flags and sub-channels are not on the image.
    if (!selected || (selection & 0x06) !== 0 || (packet.getUint8(10) & 7) !== 0) {
      return this.#refuse(INVALID_FIELD_IN_PACKET);
    }
    if (isDvd(this.#mechanism.blocks)) return this.#refuse(INCOMPATIBLE_MEDIUM);
    // Any type, or mode 1.
    if (expected !== 0 && expected !== 2) return this.#refuse(ILLEGAL_MODE_FOR_TRACK);
    if (!this.#has(lba, count)) return this.#refuse(ADDRESS_OUT_OF_RANGE);
    if (count * RAW_SECTOR > MOST_BLOCKS * BLOCK) return this.#refuse(INVALID_FIELD_IN_PACKET);
    const { from, to } = selected;
    if (count === 0 || to === from) return GOOD;
    const result = await this.#blocksAt(lba, count);
    if (result.senseKey !== 0 || selection === 0x10) return result;
    const data = new Uint8Array(count * (to - from));
    for (let k = 0; k < count; k++) {
      const sector = rawSector(lba + k, result.data.subarray(k * BLOCK, (k + 1) * BLOCK));
      data.set(sector.subarray(from, to), k * (to - from));
    }
    return { data, senseKey: 0 };
  }

  seek(lba: number): PacketResult {
    if (!this.#has(lba, 1)) return this.#refuse(ADDRESS_OUT_OF_RANGE);
    this.#mechanism.position = lba;
    return GOOD;
  }

  async verify(packet: DataView): Promise<PacketResult> {
    const lba = packet.getUint32(2);
    const count = packet.getUint16(7);
    // Comparing with data of the host is not for a drive that cannot write.
    if ((packet.getUint8(1) & 2) !== 0) return this.#refuse(INVALID_FIELD_IN_PACKET);
    if (!this.#has(lba, count)) return this.#refuse(ADDRESS_OUT_OF_RANGE);
    const life = this.#life;
    for (let k = 0; k < count && life === this.#life; k += VERIFY_BLOCKS) {
      const result = await this.#blocksAt(lba + k, Math.min(VERIFY_BLOCKS, count - k));
      if (result.senseKey !== 0) return result;
    }
    return GOOD;
  }

  #has(lba: number, count: number): boolean {
    return lba + count <= this.#mechanism.blocks;
  }

  /** The user data of blocks that the medium has. */
  async #blocksAt(lba: number, count: number): Promise<PacketResult> {
    const medium = this.#mechanism.medium as CdromMedium;
    const life = this.#life;
    const data = new Uint8Array(count * BLOCK);
    const sector = lba * SECTORS_PER_BLOCK;
    const sectors = Math.min(count * SECTORS_PER_BLOCK, medium.sectors - sector);
    try {
      await medium.read(sector, data.subarray(0, sectors * MEDIUM_SECTOR));
    } catch (error) {
      this.#onReadError(error);
      return life === this.#life ? this.#refuse(UNRECOVERED_READ_ERROR) : failed(UNRECOVERED_READ_ERROR);
    }
    if (life === this.#life) this.#mechanism.position = lba + count;
    return { data, senseKey: 0 };
  }
}
