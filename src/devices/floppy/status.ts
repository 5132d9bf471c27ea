// Status registers 0 to 3 of the 82077AA: the bytes that results begin with.
//
// Intel 82077AA data sheet (290166), chapter 6.

import type { FloppyDrive } from './floppy-drive.ts';

// Status 0.
export const ST0_ABNORMAL = 0x40;
export const ST0_INVALID = 0x80;
export const ST0_READY_CHANGED = 0xc0;
export const ST0_SEEK_END = 0x20;
export const ST0_EQUIPMENT_CHECK = 0x10;
// Status 1.
export const ST1_END_OF_CYLINDER = 0x80;
export const ST1_DATA_ERROR = 0x20;
export const ST1_OVERRUN = 0x10;
export const ST1_NO_DATA = 0x04;
export const ST1_NOT_WRITABLE = 0x02;
export const ST1_MISSING_ADDRESS_MARK = 0x01;
// Status 2.
export const ST2_DATA_ERROR = 0x20;
export const ST2_WRONG_CYLINDER = 0x10;
// Status 3.
const ST3_WRITE_PROTECTED = 0x40;
const ST3_READY = 0x20;
const ST3_TRACK_0 = 0x10;
const ST3_TWO_SIDED = 0x08;

/** Status 3 of a drive, or of none; `unit` is the head and drive that were asked for, 0 to 7. */
export function status3(drive: FloppyDrive | undefined, unit: number): number {
  const base = unit | ST3_TWO_SIDED | ST3_READY;
  if (!drive) return base;
  return base | (drive.track === 0 ? ST3_TRACK_0 : 0) | (drive.medium?.readOnly ? ST3_WRITE_PROTECTED : 0);
}
