// Sense data: what a packet device says of the command that it refused.
//
// SPC-3 (T10/1416-D), section 4.5: fixed format; MMC-5 (T10/1675-D), annex F: the codes that a CD or DVD drive uses.

export interface Sense {
  /** Sense key. */
  readonly key: number;
  /** Additional sense code and its qualifier. */
  readonly asc: number;
  readonly ascq: number;
}

const NOT_READY = 2;
const MEDIUM_ERROR = 3;
const ILLEGAL_REQUEST = 5;
const UNIT_ATTENTION = 6;

export const NO_SENSE: Sense = { key: 0, asc: 0x00, ascq: 0 };
export const MEDIUM_NOT_PRESENT: Sense = { key: NOT_READY, asc: 0x3a, ascq: 0 };
export const MEDIUM_NOT_PRESENT_TRAY_OPEN: Sense = { key: NOT_READY, asc: 0x3a, ascq: 2 };
export const UNRECOVERED_READ_ERROR: Sense = { key: MEDIUM_ERROR, asc: 0x11, ascq: 0 };
export const PARAMETER_LIST_LENGTH_ERROR: Sense = { key: ILLEGAL_REQUEST, asc: 0x1a, ascq: 0 };
export const INVALID_COMMAND: Sense = { key: ILLEGAL_REQUEST, asc: 0x20, ascq: 0 };
export const ADDRESS_OUT_OF_RANGE: Sense = { key: ILLEGAL_REQUEST, asc: 0x21, ascq: 0 };
export const INVALID_FIELD_IN_PACKET: Sense = { key: ILLEGAL_REQUEST, asc: 0x24, ascq: 0 };
export const INVALID_FIELD_IN_PARAMETERS: Sense = { key: ILLEGAL_REQUEST, asc: 0x26, ascq: 0 };
export const INCOMPATIBLE_MEDIUM: Sense = { key: ILLEGAL_REQUEST, asc: 0x30, ascq: 2 };
export const SAVING_NOT_SUPPORTED: Sense = { key: ILLEGAL_REQUEST, asc: 0x39, ascq: 0 };
export const REMOVAL_PREVENTED: Sense = { key: ILLEGAL_REQUEST, asc: 0x53, ascq: 2 };
export const ILLEGAL_MODE_FOR_TRACK: Sense = { key: ILLEGAL_REQUEST, asc: 0x64, ascq: 0 };
export const MEDIUM_MAY_HAVE_CHANGED: Sense = { key: UNIT_ATTENTION, asc: 0x28, ascq: 0 };
export const RESET_OCCURRED: Sense = { key: UNIT_ATTENTION, asc: 0x29, ascq: 0 };

const CURRENT_ERROR = 0x70;
const SENSE_BYTES = 18;

/** ABRT of the error register goes with a command that the device does not execute. */
export function errorBits({ key }: Sense): number {
  return key === ILLEGAL_REQUEST ? 4 : 0;
}

/** Fixed format. The information field is not valid: nothing is transferred of a read that fails. */
export function senseData({ key, asc, ascq }: Sense): Uint8Array {
  const data = new Uint8Array(SENSE_BYTES);
  data[0] = CURRENT_ERROR;
  data[2] = key;
  data[7] = SENSE_BYTES - 8;
  data[12] = asc;
  data[13] = ascq;
  return data;
}
