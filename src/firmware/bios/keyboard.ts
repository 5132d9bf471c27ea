// INT 9h and INT 16h: keys from the 8042, as scan code set 1, through the buffer in the data area. IBM PS/2 and PC BIOS
// Interface Technical Reference, INT 16h and appendix "Keyboard keystrokes". US layout.

import { DATA, KEYBOARD_BUFFER } from './data-area.ts';
import type { Frame } from './frame.ts';
import type { BiosAnswer } from './host.ts';

const DATA_PORT = 0x60;
const STATUS_PORT = 0x64;
const OUTPUT_FULL = 1 << 0;
const PIC = 0x20;
const EOI = 0x20;

// Bits of the shift flags at 40:17.
const RIGHT_SHIFT = 1 << 0;
const LEFT_SHIFT = 1 << 1;
const CONTROL = 1 << 2;
const ALT = 1 << 3;
const NUM_LOCK = 1 << 5;
const CAPS_LOCK = 1 << 6;

/** Scan codes of keys that hold a flag while they are down. */
const HELD: Readonly<Record<number, number>> = { 42: LEFT_SHIFT, 54: RIGHT_SHIFT, 29: CONTROL, 56: ALT };
const TOGGLES: Readonly<Record<number, number>> = { 58: CAPS_LOCK, 69: NUM_LOCK };

/** Characters by scan code from 01h; a dot where there is none. Escape, backspace, tab and return are control codes. */
const PLAIN = "\x1b1234567890-=\b\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
const SHIFTED = '\x1b!@#$%^&*()_+\b\0QWERTYUIOP{}\r\0ASDFGHJKL:"~\0|ZXCVBNM<>?\0*\0 ';
/** The keypad from 47h, with NumLock. */
const KEYPAD = '789-456+1230.';
const KEYPAD_FIRST = 0x47;

export class Keyboard {
  /** The last byte was E0h. */
  #extended = false;

  reset(f: Frame): void {
    const [start, end] = KEYBOARD_BUFFER;
    f.put16(DATA.keyboardHead, start, start);
    f.put16(DATA.keyboardStart, start, end);
    f.put8(DATA.shift, 0, 0);
    this.#extended = false;
    // Interrupt of the keyboard, translation to set 1; scanning on.
    f.host.out8(STATUS_PORT, 0x60);
    f.host.out8(DATA_PORT, 0x61);
    f.host.out8(DATA_PORT, 0xf4);
  }

  /** INT 9h. */
  interrupt(f: Frame): void {
    if (f.host.in8(STATUS_PORT) & OUTPUT_FULL) this.#scanned(f, f.host.in8(DATA_PORT));
    f.host.out8(PIC, EOI);
  }

  /** INT 16h. */
  service(f: Frame): BiosAnswer {
    switch (f.ah) {
      case 0x00:
      case 0x10: {
        const key = this.#peek(f);
        if (key === undefined) return 'again';
        this.#drop(f);
        f.ax = key;
        return undefined;
      }
      case 0x01:
      case 0x11: {
        const key = this.#peek(f);
        f.zero(key === undefined);
        if (key !== undefined) f.ax = key;
        return undefined;
      }
      case 0x02:
        f.al = f.u8(DATA.shift);
        return undefined;
      case 0x05:
        f.al = this.#store(f, f.cx) ? 0 : 1;
        return undefined;
      case 0x12:
        f.ax = (f.u8(DATA.shiftStates) << 8) | f.u8(DATA.shift);
        return undefined;
      default:
        return undefined;
    }
  }

  #scanned(f: Frame, code: number): void {
    if (code === 0xe0) {
      this.#extended = true;
      return;
    }
    const extended = this.#extended;
    this.#extended = false;
    const key = code & 0x7f;
    const down = code < 0x80;
    const flags = f.u8(DATA.shift);
    const held = HELD[key];
    if (held !== undefined && !(extended && key !== 0x1d && key !== 0x38)) {
      f.put8(DATA.shift, down ? flags | held : flags & ~held);
      return;
    }
    if (!down) return;
    const toggle = extended ? undefined : TOGGLES[key];
    if (toggle !== undefined) f.put8(DATA.shift, flags ^ toggle);
    else {
      const word = keystroke(key, extended, flags);
      if (word !== undefined) this.#store(f, word);
    }
  }

  #peek(f: Frame): number | undefined {
    const head = f.u16(DATA.keyboardHead);
    return head === f.u16(DATA.keyboardTail) ? undefined : f.u16(0x400 + head);
  }

  #drop(f: Frame): void {
    f.put16(DATA.keyboardHead, this.#next(f, f.u16(DATA.keyboardHead)));
  }

  #store(f: Frame, word: number): boolean {
    const tail = f.u16(DATA.keyboardTail);
    const next = this.#next(f, tail);
    if (next === f.u16(DATA.keyboardHead)) return false;
    f.put16(0x400 + tail, word);
    f.put16(DATA.keyboardTail, next);
    return true;
  }

  #next(f: Frame, at: number): number {
    return at + 2 >= f.u16(DATA.keyboardEnd) ? f.u16(DATA.keyboardStart) : at + 2;
  }
}

/** Scan code and character of a key; undefined where the BIOS has none. */
function keystroke(key: number, extended: boolean, flags: number): number | undefined {
  const word = (character: number): number => (key << 8) | character;
  if (extended) {
    if (key === 0x1c) return word(0x0d);
    if (key === 0x35) return word(0x2f);
    return key >= KEYPAD_FIRST && key <= 0x53 ? word(0xe0) : undefined;
  }
  if (key >= 0x3b && key <= 0x44) {
    const first = flags & ALT ? 0x68 : flags & CONTROL ? 0x5e : flags & (LEFT_SHIFT | RIGHT_SHIFT) ? 0x54 : 0x3b;
    return (first + key - 0x3b) << 8;
  }
  if (key === 0x57 || key === 0x58) return (key - 0x57 + 0x85) << 8;
  if (key >= KEYPAD_FIRST && key <= 0x53) {
    const digit = KEYPAD.charCodeAt(key - KEYPAD_FIRST);
    return word(flags & NUM_LOCK || key === 0x4a || key === 0x4e ? digit : 0);
  }
  const plain = PLAIN.charCodeAt(key - 1);
  if (Number.isNaN(plain) || plain === 0) return undefined;
  if (flags & ALT) return word(0);
  if (flags & CONTROL) {
    const letter = plain & ~0x20;
    if (letter >= 0x40 && letter <= 0x5f) return word(letter & 0x1f);
    return plain === 0x0d
      ? word(0x0a)
      : plain === 0x08
        ? word(0x7f)
        : plain === 0x1b || plain === 0x20
          ? word(plain)
          : undefined;
  }
  const isLetter = plain >= 0x61 && plain <= 0x7a;
  const shift = ((flags & (LEFT_SHIFT | RIGHT_SHIFT)) !== 0) !== (isLetter && (flags & CAPS_LOCK) !== 0);
  return word(shift ? SHIFTED.charCodeAt(key - 1) : plain);
}
