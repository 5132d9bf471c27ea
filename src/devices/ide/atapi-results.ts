// How the CD-ROM drive answers a command packet: with data, with nothing, or by refusing it.

import { errorBits, type Sense } from './atapi-sense.ts';
import type { PacketResult } from './drive.ts';

const NOTHING = new Uint8Array(0);

/** The command is done, and has no data. */
export const GOOD: PacketResult = { data: NOTHING, senseKey: 0 };

/** The command is done as soon as the host has sent `bytes` bytes. */
export function wanting(bytes: number): PacketResult {
  return { data: NOTHING, wants: bytes, senseKey: 0 };
}

/** The command is not done. */
export function failed(sense: Sense): PacketResult {
  return { data: NOTHING, senseKey: sense.key, error: errorBits(sense) };
}
