// Keys by their portable names and the scan codes that stand for them.
//
// Names: W3C "UI Events KeyboardEvent code Values": the place of the key on the keyboard, as a browser's
// KeyboardEvent.code gives it. Codes: IBM Personal System/2 Hardware Interface Technical Reference (1988), keyboard
// scan code set 2, and its table of the controller's translation to set 1; the keys that came later from Microsoft's
// "Keyboard Scan Code Specification" (revision 1.3a, 2000).

/** Make codes of set 2; those above FFh have the prefix E0. `PrintScreen` and `Pause` are sequences: see `keySequence`. */
export const SET2_CODES = {
  Escape: 0x76,
  F1: 0x05,
  F2: 0x06,
  F3: 0x04,
  F4: 0x0c,
  F5: 0x03,
  F6: 0x0b,
  F7: 0x83,
  F8: 0x0a,
  F9: 0x01,
  F10: 0x09,
  F11: 0x78,
  F12: 0x07,
  PrintScreen: 0xe07c,
  ScrollLock: 0x7e,
  Pause: 0xe114,
  Backquote: 0x0e,
  Digit1: 0x16,
  Digit2: 0x1e,
  Digit3: 0x26,
  Digit4: 0x25,
  Digit5: 0x2e,
  Digit6: 0x36,
  Digit7: 0x3d,
  Digit8: 0x3e,
  Digit9: 0x46,
  Digit0: 0x45,
  Minus: 0x4e,
  Equal: 0x55,
  Backspace: 0x66,
  Tab: 0x0d,
  KeyQ: 0x15,
  KeyW: 0x1d,
  KeyE: 0x24,
  KeyR: 0x2d,
  KeyT: 0x2c,
  KeyY: 0x35,
  KeyU: 0x3c,
  KeyI: 0x43,
  KeyO: 0x44,
  KeyP: 0x4d,
  BracketLeft: 0x54,
  BracketRight: 0x5b,
  Backslash: 0x5d,
  CapsLock: 0x58,
  KeyA: 0x1c,
  KeyS: 0x1b,
  KeyD: 0x23,
  KeyF: 0x2b,
  KeyG: 0x34,
  KeyH: 0x33,
  KeyJ: 0x3b,
  KeyK: 0x42,
  KeyL: 0x4b,
  Semicolon: 0x4c,
  Quote: 0x52,
  Enter: 0x5a,
  ShiftLeft: 0x12,
  IntlBackslash: 0x61,
  KeyZ: 0x1a,
  KeyX: 0x22,
  KeyC: 0x21,
  KeyV: 0x2a,
  KeyB: 0x32,
  KeyN: 0x31,
  KeyM: 0x3a,
  Comma: 0x41,
  Period: 0x49,
  Slash: 0x4a,
  ShiftRight: 0x59,
  ControlLeft: 0x14,
  MetaLeft: 0xe01f,
  AltLeft: 0x11,
  Space: 0x29,
  AltRight: 0xe011,
  MetaRight: 0xe027,
  ContextMenu: 0xe02f,
  ControlRight: 0xe014,
  Insert: 0xe070,
  Home: 0xe06c,
  PageUp: 0xe07d,
  Delete: 0xe071,
  End: 0xe069,
  PageDown: 0xe07a,
  ArrowUp: 0xe075,
  ArrowLeft: 0xe06b,
  ArrowDown: 0xe072,
  ArrowRight: 0xe074,
  NumLock: 0x77,
  NumpadDivide: 0xe04a,
  NumpadMultiply: 0x7c,
  NumpadSubtract: 0x7b,
  NumpadAdd: 0x79,
  NumpadEnter: 0xe05a,
  NumpadDecimal: 0x71,
  Numpad0: 0x70,
  Numpad1: 0x69,
  Numpad2: 0x72,
  Numpad3: 0x7a,
  Numpad4: 0x6b,
  Numpad5: 0x73,
  Numpad6: 0x74,
  Numpad7: 0x6c,
  Numpad8: 0x75,
  Numpad9: 0x7d,
  NumpadEqual: 0x0f,
  NumpadComma: 0x6d,
  IntlRo: 0x51,
  IntlYen: 0x6a,
  KanaMode: 0x13,
  Convert: 0x64,
  NonConvert: 0x67,
  Power: 0xe037,
  Sleep: 0xe03f,
  WakeUp: 0xe05e,
  AudioVolumeMute: 0xe023,
  AudioVolumeDown: 0xe021,
  AudioVolumeUp: 0xe032,
  MediaPlayPause: 0xe034,
  MediaStop: 0xe03b,
  MediaTrackNext: 0xe04d,
  MediaTrackPrevious: 0xe015,
  MediaSelect: 0xe050,
  BrowserHome: 0xe03a,
  BrowserSearch: 0xe010,
  BrowserFavorites: 0xe018,
  BrowserRefresh: 0xe020,
  BrowserStop: 0xe028,
  BrowserForward: 0xe030,
  BrowserBack: 0xe038,
  LaunchMail: 0xe048,
  LaunchApp1: 0xe040,
  LaunchApp2: 0xe02b,
} as const;

/** The portable name of a key. */
export type KeyCode = keyof typeof SET2_CODES;

/** Whether `code` names a key of this keyboard. */
export function isKeyCode(code: string): code is KeyCode {
  return Object.hasOwn(SET2_CODES, code);
}

// biome-ignore format: one row for eight codes
const TRANSLATION = [
  0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, // 00
  0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29, 0x59, // 08
  0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a, // 10
  0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11, 0x03, 0x5b, // 18
  0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, // 20
  0x68, 0x39, 0x2f, 0x21, 0x14, 0x13, 0x06, 0x5d, // 28
  0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, // 30
  0x6a, 0x72, 0x32, 0x24, 0x16, 0x08, 0x09, 0x5f, // 38
  0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, // 40
  0x6c, 0x34, 0x35, 0x26, 0x27, 0x19, 0x0c, 0x61, // 48
  0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, // 50
  0x3a, 0x36, 0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76, // 58
  0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, // 60
  0x7c, 0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f, // 68
  0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45, // 70
  0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54, // 78
  0x80, 0x81, 0x82, 0x41, 0x54,                   // 80
];

/** What the controller makes of a byte of set 2; bytes above 84h pass unchanged. F0 is the caller's. */
export function translateToSet1(byte: number): number {
  return TRANSLATION[byte] ?? byte;
}

/** Prefix of a break code in set 2. */
export const SET2_BREAK = 0xf0;
/** Added to the make code for a break code in set 1. */
export const SET1_BREAK = 0x80;

export interface Modifiers {
  readonly control: boolean;
  readonly shift: boolean;
  readonly alt: boolean;
}

/** The bytes of set 2 for a key that goes down or up. Pause has no break code: its make code contains one. */
export function keySequence(key: KeyCode, down: boolean, { control, shift, alt }: Modifiers): readonly number[] {
  if (key === 'Pause') {
    if (!down) return [];
    // With Control it is Break.
    return control ? [0xe0, 0x7e, 0xe0, 0xf0, 0x7e] : [0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77];
  }
  if (key === 'PrintScreen') {
    // With Alt it is System Request; otherwise it comes inside a shift, unless one is held.
    if (alt) return down ? [0x84] : [0xf0, 0x84];
    if (control || shift) return down ? [0xe0, 0x7c] : [0xe0, 0xf0, 0x7c];
    return down ? [0xe0, 0x12, 0xe0, 0x7c] : [0xe0, 0xf0, 0x7c, 0xe0, 0xf0, 0x12];
  }
  const code: number = SET2_CODES[key];
  const bytes = code > 0xff ? [code >> 8] : [];
  if (!down) bytes.push(SET2_BREAK);
  bytes.push(code & 0xff);
  return bytes;
}

/** The same keys in set 1. */
export function sequenceInSet1(set2: readonly number[]): readonly number[] {
  const bytes: number[] = [];
  let breaks = 0;
  for (const byte of set2) {
    if (byte === SET2_BREAK) {
      breaks = SET1_BREAK;
    } else {
      bytes.push(translateToSet1(byte) | breaks);
      breaks = 0;
    }
  }
  return bytes;
}
