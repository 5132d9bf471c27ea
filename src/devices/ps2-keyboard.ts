// An IBM enhanced keyboard (101 keys and the later ones) with PS/2 interface: scan code sets 2 and 1.
//
// IBM Personal System/2 Hardware Interface Technical Reference (1988), "Keyboards (101- and 102-Key)": commands from
// the system, typematic rates, scan codes.
//
// Deviations: no set 3 (selecting it is answered with Resend; its key type commands are acknowledged and without
// effect); the buffer holds 1024 bytes rather than 16, so that a host may type ahead; the cursor keys come without the
// shift codes that set 1 and 2 wrap around them under Shift and Num Lock; the basic assurance test takes no time.

import type { Clock, Timer } from '../lib/clock.ts';
import type { Device } from './contract.ts';
import { PS2_ACK, PS2_BAT_OK, PS2_RESEND, type Ps2Device, Ps2Output, type Ps2OutputState } from './ps2.ts';
import { isKeyCode, type KeyCode, keySequence, sequenceInSet1 } from './ps2-keys.ts';

const SET_STATUS_INDICATORS = 0xed;
const ECHO = 0xee;
const SELECT_SCAN_CODES = 0xf0;
const READ_ID = 0xf2;
const SET_TYPEMATIC = 0xf3;
const ENABLE = 0xf4;
const DEFAULT_DISABLE = 0xf5;
const SET_DEFAULT = 0xf6;
const SET_ALL_KEYS_FIRST = 0xf7; // F7h to FAh: types of all keys, set 3
const SET_ALL_KEYS_LAST = 0xfa;
const SET_KEY_TYPE_FIRST = 0xfb; // FBh to FDh: type of one key, set 3
const SET_KEY_TYPE_LAST = 0xfd;
const RESEND = 0xfe;
const RESET = 0xff;
const FIRST_COMMAND = 0xed;
/** No argument is awaited. */
const NONE = 0;

const KEYBOARD_ID = [0xab, 0x83] as const;
const OVERRUN_SET1 = 0xff;
const OVERRUN_SET2 = 0x00;
const BUFFER_BYTES = 1024;
/** 500 ms, 10.9 characters a second. */
const DEFAULT_TYPEMATIC = 0x2b;

export interface KeyboardState {
  output: Ps2OutputState;
  /** The command whose argument comes next, or 0. */
  awaiting: number;
  scanCodeSet: 1 | 2;
  scanning: boolean;
  typematic: number;
  /** Scroll Lock, Num Lock, Caps Lock in bits 0 to 2. */
  leds: number;
  pressed: string[];
  /** The key that repeats, and the guest time in nanoseconds of the next repetition; '' and -1 for none. */
  repeating: string;
  repeatAt: number;
}

export interface Ps2KeyboardOptions {
  readonly clock: Clock;
  /** Called when the guest sets the lights. */
  readonly onLeds?: (leds: { scrollLock: boolean; numLock: boolean; capsLock: boolean }) => void;
}

export class Ps2Keyboard implements Ps2Device, Device<KeyboardState> {
  readonly #clock: Clock;
  readonly #onLeds: Ps2KeyboardOptions['onLeds'];
  readonly #output = new Ps2Output();
  readonly #pressed = new Set<KeyCode>();
  #awaiting = NONE;
  #scanCodeSet: 1 | 2 = 2;
  #scanning = true;
  #typematic = DEFAULT_TYPEMATIC;
  #leds = 0;
  #repeating: KeyCode | '' = '';
  #repeatAt = -1;
  #timer: Timer | undefined;

  constructor({ clock, onLeds }: Ps2KeyboardOptions) {
    this.#clock = clock;
    this.#onLeds = onLeds;
  }

  /** A key goes down: `code` as in KeyboardEvent.code. It repeats by itself until `release`. Throws RangeError for a key that is not there. */
  press(code: string): void {
    const key = knownKey(code);
    if (this.#pressed.has(key)) return;
    this.#send(key, true);
    this.#pressed.add(key);
    if (key === 'Pause') return;
    this.#repeatAfter(key, 250 * (1 + ((this.#typematic >> 5) & 3)));
  }

  /** A key goes up. */
  release(code: string): void {
    const key = knownKey(code);
    if (!this.#pressed.delete(key)) return;
    if (this.#repeating === key) this.#stopRepeating();
    this.#send(key, false);
  }

  /** Lights: bits 0 to 2 are Scroll Lock, Num Lock, Caps Lock. */
  get leds(): number {
    return this.#leds;
  }

  connect(notify: () => void): void {
    this.#output.connect(notify);
  }

  get ready(): boolean {
    return this.#output.ready;
  }

  read(): number {
    return this.#output.read();
  }

  write(byte: number): void {
    const command = this.#awaiting;
    this.#awaiting = NONE;
    // A command in the place of an argument is a new command.
    if (command !== NONE && byte < FIRST_COMMAND) this.#argument(command, byte);
    else this.#command(byte);
  }

  reset(): void {
    this.#output.reset();
    this.#awaiting = NONE;
    this.#setDefault();
    this.#scanning = true;
    this.#setLeds(0);
    this.#pressed.clear();
    this.#stopRepeating();
  }

  save(): KeyboardState {
    return {
      output: this.#output.save(),
      awaiting: this.#awaiting,
      scanCodeSet: this.#scanCodeSet,
      scanning: this.#scanning,
      typematic: this.#typematic,
      leds: this.#leds,
      pressed: [...this.#pressed],
      repeating: this.#repeating,
      repeatAt: this.#repeatAt,
    };
  }

  load(state: KeyboardState): void {
    this.#output.load(state.output);
    this.#awaiting = state.awaiting;
    this.#scanCodeSet = state.scanCodeSet;
    this.#scanning = state.scanning;
    this.#typematic = state.typematic;
    this.#setLeds(state.leds);
    this.#pressed.clear();
    for (const code of state.pressed) this.#pressed.add(knownKey(code));
    this.#stopRepeating();
    if (state.repeatAt >= 0) {
      this.#repeating = knownKey(state.repeating);
      this.#repeatAt = state.repeatAt;
      this.#timer = this.#clock.schedule(state.repeatAt, this.#onRepeat);
    }
  }

  #command(byte: number): void {
    const output = this.#output;
    switch (byte) {
      case SET_STATUS_INDICATORS:
      case SELECT_SCAN_CODES:
      case SET_TYPEMATIC:
        this.#awaiting = byte;
        output.reply(PS2_ACK);
        return;
      case ECHO:
        output.reply(ECHO);
        return;
      case READ_ID:
        output.reply(PS2_ACK, ...KEYBOARD_ID);
        return;
      case ENABLE:
        output.clear();
        this.#scanning = true;
        output.reply(PS2_ACK);
        return;
      case DEFAULT_DISABLE:
        output.clear();
        this.#setDefault();
        this.#scanning = false;
        output.reply(PS2_ACK);
        return;
      case SET_DEFAULT:
        output.clear();
        this.#setDefault();
        output.reply(PS2_ACK);
        return;
      case RESEND:
        output.resend();
        return;
      case RESET:
        output.clear();
        this.#setDefault();
        this.#setLeds(0);
        this.#scanning = true;
        output.reply(PS2_ACK, PS2_BAT_OK);
        return;
    }
    if (byte >= SET_ALL_KEYS_FIRST && byte <= SET_ALL_KEYS_LAST) {
      output.reply(PS2_ACK);
    } else if (byte >= SET_KEY_TYPE_FIRST && byte <= SET_KEY_TYPE_LAST) {
      this.#awaiting = byte;
      output.reply(PS2_ACK);
    } else {
      output.reply(PS2_RESEND);
    }
  }

  #argument(command: number, value: number): void {
    switch (command) {
      case SET_STATUS_INDICATORS:
        this.#setLeds(value & 7);
        break;
      case SET_TYPEMATIC:
        this.#typematic = value & 0x7f;
        break;
      case SELECT_SCAN_CODES:
        if (value === 0) {
          this.#output.reply(PS2_ACK, this.#scanCodeSet);
          return;
        }
        if (value > 2) {
          this.#output.reply(PS2_RESEND);
          return;
        }
        this.#output.clear();
        this.#scanCodeSet = value as 1 | 2;
        break;
    }
    this.#output.reply(PS2_ACK);
  }

  #setDefault(): void {
    this.#scanCodeSet = 2;
    this.#typematic = DEFAULT_TYPEMATIC;
    this.#stopRepeating();
  }

  #setLeds(leds: number): void {
    if (leds === this.#leds) return;
    this.#leds = leds;
    this.#onLeds?.({ scrollLock: (leds & 1) !== 0, numLock: (leds & 2) !== 0, capsLock: (leds & 4) !== 0 });
  }

  #send(key: KeyCode, down: boolean): void {
    if (!this.#scanning) return;
    const pressed = this.#pressed;
    const bytes = keySequence(key, down, {
      control: pressed.has('ControlLeft') || pressed.has('ControlRight'),
      shift: pressed.has('ShiftLeft') || pressed.has('ShiftRight'),
      alt: pressed.has('AltLeft') || pressed.has('AltRight'),
    });
    const room = BUFFER_BYTES - this.#output.length;
    if (bytes.length < room) this.#output.push(this.#scanCodeSet === 1 ? sequenceInSet1(bytes) : bytes);
    else if (room > 0) this.#output.push(new Array(room).fill(this.#scanCodeSet === 1 ? OVERRUN_SET1 : OVERRUN_SET2));
  }

  #repeatAfter(key: KeyCode, millis: number): void {
    this.#stopRepeating();
    this.#repeating = key;
    this.#repeatAt = this.#clock.now() + millis * 1e6;
    this.#timer = this.#clock.schedule(this.#repeatAt, this.#onRepeat);
  }

  #stopRepeating(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#repeating = '';
    this.#repeatAt = -1;
  }

  readonly #onRepeat = (): void => {
    this.#timer = undefined;
    const key = this.#repeating;
    if (key === '') return;
    // A guest that does not read gets no pile of repetitions.
    if (this.#output.length === 0) this.#send(key, true);
    // (8 + A) * 2^B * 4.17 ms
    this.#repeatAfter(key, (8 + (this.#typematic & 7)) * 2 ** ((this.#typematic >> 3) & 3) * 4.17);
  };
}

function knownKey(code: string): KeyCode {
  if (!isKeyCode(code)) throw new RangeError(`the keyboard has no key ${code}`);
  return code;
}
