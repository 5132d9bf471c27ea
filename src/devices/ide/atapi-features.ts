// GET CONFIGURATION: the features and profiles of a DVD-ROM drive.
//
// MMC-5 (T10/1675-D), section 5 (features) and 6.6 (the command).
//
// Deviations: no Power Management nor Timeout feature, since the drive has no mode pages 1Ah and 1Dh.

import { BLOCK, isDvd } from './atapi-disc.ts';

export const PROFILE_CD_ROM = 0x0008;
export const PROFILE_DVD_ROM = 0x0010;
const PERSISTENT = 2;
const CURRENT = 1;

/** Requested type. */
const ONLY_CURRENT = 1;
const ONLY_ONE = 2;

interface Feature {
  readonly code: number;
  readonly version: number;
  readonly persistent: boolean;
  readonly current: boolean;
  readonly data: readonly number[];
}

function features(blocks: number | undefined): readonly Feature[] {
  const dvd = blocks !== undefined && isDvd(blocks);
  const cd = blocks !== undefined && !dvd;
  const feature = (code: number, version: number, data: readonly number[], current?: boolean): Feature => ({
    code,
    version,
    persistent: current === undefined,
    current: current ?? true,
    data,
  });
  return [
    feature(0x0000, 0, [0, PROFILE_DVD_ROM, dvd ? 1 : 0, 0, 0, PROFILE_CD_ROM, cd ? 1 : 0, 0]),
    feature(0x0001, 2, [0, 0, 0, 2, 0, 0, 0, 0]), // core; ATAPI
    feature(0x0002, 1, [0, 0, 0, 0]), // morphing; events are polled
    feature(0x0003, 0, [0x29, 0, 0, 0]), // removable medium: a tray, which the host can eject and lock
    feature(0x0010, 0, [0, 0, BLOCK >> 8, BLOCK & 255, 0, dvd ? 16 : 1, 1, 0], blocks !== undefined), // random readable
    feature(0x001e, 2, [0, 0, 0, 0], cd), // CD read
    feature(0x001f, 0, [], dvd), // DVD read
  ];
}

/** `blocks` undefined: no medium. The result is undefined for a requested type that there is not. */
export function configuration(
  blocks: number | undefined,
  requested: number,
  start: number,
): Uint8Array<ArrayBuffer> | undefined {
  if (requested > ONLY_ONE) return undefined;
  const listed = features(blocks).filter(({ code, current }) =>
    requested === ONLY_ONE ? code === start : code >= start && (requested !== ONLY_CURRENT || current),
  );
  const body = listed.flatMap(({ code, version, persistent, current, data }) => [
    code >> 8,
    code & 255,
    (version << 2) | (persistent ? PERSISTENT : 0) | (current ? CURRENT : 0),
    data.length,
    ...data,
  ]);
  const profile = blocks === undefined ? 0 : isDvd(blocks) ? PROFILE_DVD_ROM : PROFILE_CD_ROM;
  return Uint8Array.of(0, 0, 0, body.length + 4, 0, 0, profile >> 8, profile & 255, ...body);
}
