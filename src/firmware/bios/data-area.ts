// The BIOS data area: IBM PS/2 and PC BIOS Interface Technical Reference, section 3. Addresses of what the services keep
// there, where programs look for it.

export const DATA = {
  com1: 0x400,
  ebdaSegment: 0x40e,
  equipment: 0x410,
  baseMemory: 0x413,
  shift: 0x417,
  shiftStates: 0x418,
  keypad: 0x419,
  keyboardHead: 0x41a,
  keyboardTail: 0x41c,
  keyboardBuffer: 0x41e,
  floppyStatus: 0x441,
  mode: 0x449,
  columns: 0x44a,
  pageBytes: 0x44c,
  cursors: 0x450,
  cursorShape: 0x460,
  page: 0x462,
  crtc: 0x463,
  ticks: 0x46c,
  midnight: 0x470,
  resetFlag: 0x472,
  diskStatus: 0x474,
  diskCount: 0x475,
  keyboardStart: 0x480,
  keyboardEnd: 0x482,
  rows: 0x484,
  characterHeight: 0x485,
} as const;

/** Offsets of the keyboard buffer in the segment 40h: 16 words. */
export const KEYBOARD_BUFFER = [0x1e, 0x3e] as const;
