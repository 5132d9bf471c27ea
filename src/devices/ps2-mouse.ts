// A PS/2 mouse: the standard one, which becomes an IntelliMouse (wheel) or an IntelliMouse Explorer (wheel, five
// buttons) when the driver asks for it.
//
// IBM Personal System/2 Hardware Interface Technical Reference, "Mouse" (1990): commands, status and data packets.
// Microsoft's "Device Class: Wheel mouse" note for the sample rate sequences and the fourth byte.
//
// Deviations: the sample rate is reported but does not limit the packets, the resolution does not scale motion; motion
// that does not fit a packet stays for the next one instead of setting the overflow bits; the basic assurance test
// takes no time.

import type { Device } from './contract.ts';
import { PS2_ACK, PS2_BAT_OK, PS2_RESEND, type Ps2Device, Ps2Output, type Ps2OutputState } from './ps2.ts';

const RESET_SCALING = 0xe6; // 1:1
const SET_SCALING = 0xe7; // 2:1
const SET_RESOLUTION = 0xe8;
const STATUS_REQUEST = 0xe9;
const SET_STREAM_MODE = 0xea;
const READ_DATA = 0xeb;
const RESET_WRAP_MODE = 0xec;
const SET_WRAP_MODE = 0xee;
const SET_REMOTE_MODE = 0xf0;
const READ_DEVICE_TYPE = 0xf2;
const SET_SAMPLING_RATE = 0xf3;
const ENABLE = 0xf4;
const DISABLE = 0xf5;
const SET_DEFAULT = 0xf6;
const RESEND = 0xfe;
const RESET = 0xff;
const NONE = 0;

/** Sampling rates, newest last, that turn the mouse into another. */
const TO_INTELLIMOUSE = [200, 100, 80];
const TO_EXPLORER = [200, 200, 80];
const STANDARD = 0;
const INTELLIMOUSE = 3;
const EXPLORER = 4;

const STATUS_REMOTE = 0x40;
const STATUS_ENABLED = 0x20;
const STATUS_SCALING = 0x10;
const PACKET_ALWAYS = 0x08;
const PACKET_X_SIGN = 0x10;
const PACKET_Y_SIGN = 0x20;
/** Largest motion in a packet, of nine bits; of four bits for the wheel. */
const MOTION_MAX = 255;
const WHEEL_MAX = 7;

export type MouseButton = 'left' | 'right' | 'middle' | 'back' | 'forward';
const BUTTON_BITS: Record<MouseButton, number> = { left: 1, right: 2, middle: 4, back: 8, forward: 16 };

export interface MouseState {
  output: Ps2OutputState;
  awaiting: number;
  /** 0 standard, 3 IntelliMouse, 4 Explorer. */
  type: number;
  /** The last three sampling rates set. */
  rates: number[];
  resolution: number;
  scaling: boolean;
  enabled: boolean;
  remote: boolean;
  wrap: boolean;
  /** Buttons down now, and as last reported: bits left, right, middle, back, forward. */
  buttons: number;
  reported: number;
  /** Motion that has not been reported; y upwards, wheel towards the user. */
  x: number;
  y: number;
  wheel: number;
}

function powerOn(): MouseState {
  return {
    output: new Ps2Output().save(),
    awaiting: NONE,
    type: STANDARD,
    rates: [0, 0, 100],
    resolution: 2,
    scaling: false,
    enabled: false,
    remote: false,
    wrap: false,
    buttons: 0,
    reported: 0,
    x: 0,
    y: 0,
    wheel: 0,
  };
}

export class Ps2Mouse implements Ps2Device, Device<MouseState> {
  readonly #output = new Ps2Output();
  #state = powerOn();
  #notify: () => void = () => {};

  /** Moves by `x` counts to the right and `y` down, and turns the wheel by `wheel` detents towards the user. */
  move(x: number, y: number, wheel = 0): void {
    const s = this.#state;
    s.x += Math.trunc(x);
    s.y -= Math.trunc(y);
    s.wheel += Math.trunc(wheel);
    this.#notify();
  }

  /** Presses or releases a button. Back and forward exist on the Explorer only. */
  button(button: MouseButton, down: boolean): void {
    const s = this.#state;
    if (down) s.buttons |= BUTTON_BITS[button];
    else s.buttons &= ~BUTTON_BITS[button];
    this.#notify();
  }

  connect(notify: () => void): void {
    this.#notify = notify;
    this.#output.connect(notify);
  }

  get ready(): boolean {
    return this.#output.ready || this.#hasReport();
  }

  /** Packets are made when they can be sent: motion adds up until then. */
  read(): number {
    if (!this.#output.ready && this.#hasReport()) this.#output.push(this.#packet());
    return this.#output.read();
  }

  write(byte: number): void {
    const s = this.#state;
    if (s.wrap && byte !== RESET_WRAP_MODE && byte !== RESET) {
      this.#output.reply(byte);
      return;
    }
    // A command breaks off the packet on its way.
    this.#output.clear();
    const command = s.awaiting;
    s.awaiting = NONE;
    if (command === SET_SAMPLING_RATE) this.#setSamplingRate(byte);
    else if (command === SET_RESOLUTION) this.#setResolution(byte);
    else this.#command(byte);
  }

  reset(): void {
    this.#output.reset();
    this.#state = powerOn();
  }

  save(): MouseState {
    return { ...this.#state, rates: [...this.#state.rates], output: this.#output.save() };
  }

  load(state: MouseState): void {
    this.#state = { ...powerOn(), ...state, rates: [...state.rates] };
    this.#output.load(state.output);
  }

  #command(byte: number): void {
    const s = this.#state;
    const output = this.#output;
    switch (byte) {
      case RESET_SCALING:
        s.scaling = false;
        break;
      case SET_SCALING:
        s.scaling = true;
        break;
      case SET_RESOLUTION:
      case SET_SAMPLING_RATE:
        s.awaiting = byte;
        break;
      case STATUS_REQUEST:
        output.reply(PS2_ACK, this.#status(), s.resolution, s.rates[2]!);
        return;
      case SET_STREAM_MODE:
        s.remote = false;
        this.#forgetMotion();
        break;
      case READ_DATA:
        output.reply(PS2_ACK, ...this.#packet());
        return;
      case RESET_WRAP_MODE:
        s.wrap = false;
        this.#forgetMotion();
        break;
      case SET_WRAP_MODE:
        s.wrap = true;
        this.#forgetMotion();
        break;
      case SET_REMOTE_MODE:
        s.remote = true;
        this.#forgetMotion();
        break;
      case READ_DEVICE_TYPE:
        output.reply(PS2_ACK, s.type);
        return;
      case ENABLE:
        s.enabled = true;
        this.#forgetMotion();
        break;
      case DISABLE:
        s.enabled = false;
        break;
      case SET_DEFAULT:
        this.#setDefault();
        break;
      case RESEND:
        output.resend();
        return;
      case RESET:
        this.#setDefault();
        s.type = STANDARD;
        output.reply(PS2_ACK, PS2_BAT_OK, s.type);
        return;
      default:
        output.reply(PS2_RESEND);
        return;
    }
    output.reply(PS2_ACK);
  }

  #setSamplingRate(rate: number): void {
    const s = this.#state;
    s.rates = [s.rates[1]!, s.rates[2]!, rate];
    const matches = (sequence: readonly number[]) => sequence.every((value, k) => s.rates[k] === value);
    if (matches(TO_INTELLIMOUSE)) s.type = INTELLIMOUSE;
    else if (s.type === INTELLIMOUSE && matches(TO_EXPLORER)) s.type = EXPLORER;
    this.#output.reply(PS2_ACK);
  }

  #setResolution(resolution: number): void {
    if (resolution > 3) {
      this.#output.reply(PS2_RESEND);
      return;
    }
    this.#state.resolution = resolution;
    this.#output.reply(PS2_ACK);
  }

  #setDefault(): void {
    const s = this.#state;
    s.rates = [0, 0, 100];
    s.resolution = 2;
    s.scaling = false;
    s.enabled = false;
    s.remote = false;
    s.wrap = false;
    this.#forgetMotion();
  }

  #forgetMotion(): void {
    const s = this.#state;
    s.x = 0;
    s.y = 0;
    s.wheel = 0;
  }

  #status(): number {
    const { buttons, remote, enabled, scaling } = this.#state;
    // Left, middle and right are bits 2, 1 and 0 here, other than in a packet.
    const order = ((buttons & 1) << 2) | ((buttons & 4) >> 1) | ((buttons & 2) >> 1);
    return order | (remote ? STATUS_REMOTE : 0) | (enabled ? STATUS_ENABLED : 0) | (scaling ? STATUS_SCALING : 0);
  }

  /** Whether a packet is due in stream mode. */
  #hasReport(): boolean {
    const s = this.#state;
    if (!s.enabled || s.remote || s.wrap || s.awaiting !== NONE) return false;
    const buttons = s.type === EXPLORER ? 31 : 7;
    const wheel = s.type === STANDARD ? 0 : s.wheel;
    return s.x !== 0 || s.y !== 0 || wheel !== 0 || ((s.buttons ^ s.reported) & buttons) !== 0;
  }

  #packet(): number[] {
    const s = this.#state;
    const x = clamp(s.x, MOTION_MAX);
    const y = clamp(s.y, MOTION_MAX);
    const wheel = clamp(s.wheel, WHEEL_MAX);
    s.x -= x;
    s.y -= y;
    s.wheel -= wheel;
    s.reported = s.buttons;
    const first = (s.buttons & 7) | PACKET_ALWAYS | (x < 0 ? PACKET_X_SIGN : 0) | (y < 0 ? PACKET_Y_SIGN : 0);
    const packet = [first, x & 0xff, y & 0xff];
    if (s.type === INTELLIMOUSE) packet.push(wheel & 0xff);
    else if (s.type === EXPLORER) packet.push((wheel & 0x0f) | ((s.buttons & 24) << 1));
    return packet;
  }
}

function clamp(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value));
}
