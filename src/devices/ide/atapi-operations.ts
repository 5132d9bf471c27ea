// The operation codes of command packets that the CD-ROM drive executes, and what they need: MMC-5 (T10/1675-D), section
// 6; SPC-3 (T10/1416-D), section 6.

export const TEST_UNIT_READY = 0x00;
export const REQUEST_SENSE = 0x03;
export const INQUIRY = 0x12;
export const MODE_SELECT_6 = 0x15;
export const MODE_SENSE_6 = 0x1a;
export const START_STOP_UNIT = 0x1b;
export const PREVENT_ALLOW_MEDIUM_REMOVAL = 0x1e;
export const READ_CAPACITY = 0x25;
export const READ_10 = 0x28;
export const SEEK_10 = 0x2b;
export const VERIFY_10 = 0x2f;
export const READ_SUB_CHANNEL = 0x42;
export const READ_TOC = 0x43;
export const GET_CONFIGURATION = 0x46;
export const GET_EVENT_STATUS_NOTIFICATION = 0x4a;
export const STOP_PLAY_SCAN = 0x4e;
export const READ_DISC_INFORMATION = 0x51;
export const READ_TRACK_INFORMATION = 0x52;
export const MODE_SELECT_10 = 0x55;
export const MODE_SENSE_10 = 0x5a;
export const REPORT_LUNS = 0xa0;
export const READ_12 = 0xa8;
export const READ_DVD_STRUCTURE = 0xad;
export const SET_CD_SPEED = 0xbb;
export const MECHANISM_STATUS = 0xbd;
export const READ_CD = 0xbe;

/** Executed although a unit attention is to be told (SPC-3, 4.5.6; MMC-5, 4.1.6.1). */
export const BEFORE_ATTENTION: ReadonlySet<number> = new Set([
  REQUEST_SENSE,
  INQUIRY,
  GET_CONFIGURATION,
  GET_EVENT_STATUS_NOTIFICATION,
  REPORT_LUNS,
]);

/** Refused if there is no medium. */
export const NEED_MEDIUM: ReadonlySet<number> = new Set([
  TEST_UNIT_READY,
  READ_CAPACITY,
  READ_10,
  SEEK_10,
  VERIFY_10,
  READ_SUB_CHANNEL,
  READ_TOC,
  READ_DISC_INFORMATION,
  READ_TRACK_INFORMATION,
  READ_12,
  READ_DVD_STRUCTURE,
  READ_CD,
]);
