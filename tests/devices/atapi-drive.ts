// For tests of the CD-ROM drive: discs, packets as bytes, and sense data.

import { AtapiCdrom, type AtapiCdromOptions } from '../../src/devices/ide/atapi-cdrom.ts';
import type { CdromMedium } from '../../src/devices/ide/atapi-mechanism.ts';
import type { PacketResult } from '../../src/devices/ide/drive.ts';

/** A disc whose block n is filled with n & 255, its first four bytes with n. */
export function disc(blocks: number): CdromMedium {
  return {
    sectors: blocks * 4,
    read: async (sector, into) => {
      const view = new DataView(into.buffer, into.byteOffset, into.byteLength);
      for (let at = 0; at < into.length; at += 512) {
        const block = (sector + at / 512) >> 2;
        into.fill(block, at, at + 512);
        if (((sector + at / 512) & 3) === 0) view.setUint32(at, block);
      }
    },
  };
}

export const unreadable: CdromMedium = { sectors: 400, read: () => Promise.reject(new Error('the host says no')) };

/** A packet of 12 bytes. */
export function packet(drive: AtapiCdrom, ...bytes: number[]): Promise<PacketResult> {
  return drive.packet(Uint8Array.from({ length: 12 }, (_, k) => bytes[k] ?? 0));
}

/** The data of a packet that has to succeed. */
export async function data(drive: AtapiCdrom, ...bytes: number[]): Promise<number[]> {
  const result = await packet(drive, ...bytes);
  if (result.senseKey !== 0) throw new Error(`refused with ${await sense(drive)}`);
  return [...result.data];
}

/** `key/asc/ascq` in hexadecimal, by REQUEST SENSE. */
export async function sense(drive: AtapiCdrom): Promise<string> {
  const { data } = await packet(drive, 0x03, 0, 0, 0, 18);
  return [data[2], data[12], data[13]].map((byte) => byte!.toString(16)).join('/');
}

/** What a packet is refused with; `good` if it is not. */
export async function refusal(drive: AtapiCdrom, ...bytes: number[]): Promise<string> {
  const result = await packet(drive, ...bytes);
  return result.senseKey === 0 ? 'good' : sense(drive);
}

/** A drive that has told of its reset. */
export async function readyDrive(medium?: CdromMedium, options: AtapiCdromOptions = {}): Promise<AtapiCdrom> {
  const drive = new AtapiCdrom({ ...options, ...(medium && { medium }) });
  await packet(drive, 0x03, 0, 0, 0, 18);
  return drive;
}
