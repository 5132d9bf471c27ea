// Motorola MC146818 real-time clock with 128 bytes of CMOS RAM, behind ports 70h and 71h of a PC.
//
// MC146818 data sheet (Motorola, 1984): "Time, Calendar, and Alarm Locations", "Update Cycle", "Interrupts",
// registers A to D. The RAM above 3Fh and the NMI mask in port 70h are those of the PC/AT; the century at 32h is that
// of IBM's PS/2, kept by the clock as later chips do.
//
// The clock does not tick by itself. The divider is a count of 32.768 kHz since its last reset; the time registers are
// raw bytes that are right for one second, and carried forward when they are looked at. A timer runs only for an
// enabled interrupt whose flag is clear.
//
// Deviations: time bases other than 32.768 kHz count as that one; no square wave; daylight saving (DSE) is ignored;
// during an update cycle the registers still read as before it.

import type { Clock, Timer } from '../lib/clock.ts';
import { bytewise, type Device, type Registers, type Wire } from './contract.ts';
import { TickRate } from './ticks.ts';

// Ports, as offsets.
const INDEX = 0;
const DATA = 1;
const INDEX_NMI_MASK = 0x80;

// Locations.
const SECONDS = 0;
const SECONDS_ALARM = 1;
const MINUTES = 2;
const MINUTES_ALARM = 3;
const HOURS = 4;
const HOURS_ALARM = 5;
const DAY_OF_WEEK = 6;
const DAY_OF_MONTH = 7;
const MONTH = 8;
const YEAR = 9;
const REGISTER_A = 10;
const REGISTER_B = 11;
const REGISTER_C = 12;
const REGISTER_D = 13;
const CENTURY = 0x32;

const A_UIP = 0x80; // update in progress
const A_DV_RESET = 0x60; // DV2 DV1: divider held in reset
const A_RS = 0x0f;
const B_SET = 0x80;
const B_PIE = 0x40;
const B_AIE = 0x20;
const B_UIE = 0x10;
const B_SQWE = 0x08;
const B_DM = 0x04; // binary rather than BCD
const B_24 = 0x02;
const C_IRQF = 0x80;
const C_PF = 0x40;
const C_AF = 0x20;
const C_UF = 0x10;
const D_VRT = 0x80; // valid RAM and time
const HOURS_PM = 0x80;
/** An alarm byte from C0h to FFh matches any time. */
const ALARM_ANY = 0xc0;

const TICKS_PER_SECOND = 32768;
/** UIP: from 244 us before the update cycle to its end, 1984 us later; 2228 us in ticks. */
const UPDATE_TICKS = 73;
/** The first update after a reset of the divider comes after half a second. */
const DIVIDER_RESET_TICKS = TICKS_PER_SECOND / 2;
const SECONDS_PER_DAY = 86400;

export type BootDevice = 'floppy' | 'disk' | 'cdrom' | 'network';
const BOOT_CODES: Record<BootDevice, number> = { floppy: 1, disk: 2, cdrom: 3, network: 4 };

export interface RtcState {
  index: number;
  /** All 128 locations; the time as of `tick`, register A without UIP. */
  ram: number[];
  /** Guest time in nanoseconds at which the divider was zero. */
  origin: number;
  /** Divider up to which registers and flags are carried forward. */
  tick: number;
}

export interface Rtc146818Options {
  readonly clock: Clock;
  readonly irq: Wire;
  /** High while bit 7 of the index register masks NMI. */
  readonly nmiMask?: Wire;
}

export class Rtc146818 implements Device<RtcState> {
  /** Index and data: I/O ports 70h and 71h. */
  readonly registers: Registers = bytewise(this);
  readonly #clock: Clock;
  readonly #irq: Wire;
  readonly #nmiMask: Wire | undefined;
  readonly #rate = new TickRate(TICKS_PER_SECOND);
  readonly #ram = new Uint8Array(128);
  #index = 0;
  #origin: number;
  #tick: number;
  #timer: Timer | undefined;

  /** Shows `clock.epochMillis` plus guest time, in BCD and 24 hours, as firmware leaves it. */
  constructor({ clock, irq, nmiMask }: Rtc146818Options) {
    this.#clock = clock;
    this.#irq = irq;
    this.#nmiMask = nmiMask;
    this.#ram[REGISTER_A] = 0x26; // 32.768 kHz, 1024 Hz
    this.#ram[REGISTER_B] = B_24;
    this.#ram[REGISTER_D] = D_VRT;
    // The divider is at zero at each full second of the wall clock.
    const now = clock.now();
    const millis = clock.epochMillis + now / 1e6;
    this.#origin = Math.floor(now - (millis - Math.floor(millis / 1000) * 1000) * 1e6);
    this.#tick = this.#rate.ticks(now - this.#origin);
    const seconds = Math.floor(millis / 1000);
    this.#ram[DAY_OF_WEEK] = new Date(seconds * 1000).getUTCDay() + 1;
    this.#writeTime(seconds);
  }

  // The contents that the machine sets.

  /** A byte of CMOS RAM, `index` 0Eh to 7Fh; the checksum at 2Eh over 10h to 2Dh is kept right. */
  setByte(index: number, value: number): void {
    if (index <= REGISTER_D || index > 0x7f) throw new RangeError(`CMOS location ${index} is not RAM`);
    this.#ram[index] = value;
    let sum = 0;
    for (let k = 0x10; k <= 0x2d; k++) sum += this.#ram[k]!;
    this.#ram[0x2e] = sum >> 8;
    this.#ram[0x2f] = sum;
  }

  getByte(index: number): number {
    return this.#ram[index & 0x7f]!;
  }

  /**
   * Sizes of memory in bytes, in the places where a PC's firmware looks: base memory at 15h; above 1 MiB at 17h and
   * 30h (in KiB, to 64 MiB); above 16 MiB at 34h (in 64 KiB); from 4 GiB on at 5Bh (in 64 KiB).
   */
  setMemorySize(below4G: number, above4G = 0): void {
    const word = (index: number, value: number) => {
      this.setByte(index, value & 0xff);
      this.setByte(index + 1, (value >> 8) & 0xff);
    };
    const over = (start: number, unit: number) => {
      return Math.min(0xffff, Math.max(0, Math.floor((below4G - start) / unit)));
    };
    word(0x15, Math.min(640, Math.floor(below4G / 1024)));
    word(0x17, over(1 << 20, 1024));
    word(0x30, over(1 << 20, 1024));
    word(0x34, over(16 << 20, 65536));
    const high = Math.floor(above4G / 65536);
    word(0x5b, high & 0xffff);
    this.setByte(0x5d, (high >> 16) & 0xff);
  }

  /** Kinds of the floppy drives A and B, 0 for none: 10h, and their number in the equipment byte at 14h. */
  setFloppyDrives(a: number, b: number): void {
    this.setByte(0x10, (a << 4) | b);
    const count = (a ? 1 : 0) + (b ? 1 : 0);
    this.setByte(0x14, (this.#ram[0x14]! & 0x3e) | (count ? 1 | ((count - 1) << 6) : 0));
  }

  /** Up to three devices to boot from, in order, where SeaBIOS and the Bochs BIOS look for them: 3Dh and 38h. */
  setBootOrder(devices: readonly BootDevice[]): void {
    const [first = 0, second = 0, third = 0] = devices.map((device) => BOOT_CODES[device]);
    this.setByte(0x3d, first | (second << 4));
    this.setByte(0x38, (this.#ram[0x38]! & 0x0f) | (third << 4));
  }

  /** The RESET pin: disables the interrupts and clears their flags. Time and RAM go on: they have a battery. */
  reset(): void {
    this.#sync();
    this.#ram[REGISTER_B]! &= ~(B_PIE | B_AIE | B_UIE | B_SQWE);
    this.#ram[REGISTER_C] = 0;
    this.#index = 0;
    this.#nmiMask?.set(false);
    this.#update();
  }

  save(): RtcState {
    return { index: this.#index, ram: [...this.#ram], origin: this.#origin, tick: this.#tick };
  }

  load(state: RtcState): void {
    this.#index = state.index;
    this.#ram.set(state.ram);
    this.#origin = state.origin;
    this.#tick = state.tick;
    this.#arm();
  }

  read8(offset: number): number {
    if (offset !== DATA) return 0xff; // the index register cannot be read
    this.#sync();
    const index = this.#index & 0x7f;
    switch (index) {
      case REGISTER_A:
        return this.#ram[REGISTER_A]! | (this.#updating() ? A_UIP : 0);
      case REGISTER_C:
        return this.#readFlags();
      default:
        return this.#ram[index]!;
    }
  }

  write8(offset: number, value: number): void {
    if (offset === INDEX) {
      this.#index = value;
      this.#nmiMask?.set((value & INDEX_NMI_MASK) !== 0);
      return;
    }
    if (offset !== DATA) return;
    this.#sync();
    const index = this.#index & 0x7f;
    switch (index) {
      case REGISTER_A:
        this.#writeRegisterA(value);
        break;
      case REGISTER_B:
        this.#writeRegisterB(value);
        break;
      case REGISTER_C:
      case REGISTER_D:
        break; // read-only
      default:
        this.#ram[index] = value;
        if (index <= YEAR) this.#arm();
    }
  }

  #writeRegisterA(value: number): void {
    const wasReset = this.#inReset();
    this.#ram[REGISTER_A] = value & ~A_UIP;
    if (this.#inReset()) {
      this.#tick = DIVIDER_RESET_TICKS;
    } else if (wasReset) {
      this.#tick = DIVIDER_RESET_TICKS;
      this.#origin = this.#clock.now() - this.#rate.nanos(DIVIDER_RESET_TICKS);
    }
    this.#arm();
  }

  #writeRegisterB(value: number): void {
    // SET going high clears UIE.
    this.#ram[REGISTER_B] = value & B_SET ? value & ~B_UIE : value;
    this.#update();
  }

  #readFlags(): number {
    const flags = this.#flags();
    this.#ram[REGISTER_C] = 0;
    this.#update();
    return flags;
  }

  #flags(): number {
    const flags = this.#ram[REGISTER_C]!;
    return flags & this.#ram[REGISTER_B]! & (C_PF | C_AF | C_UF) ? flags | C_IRQF : flags;
  }

  #inReset(): boolean {
    return (this.#ram[REGISTER_A]! & A_DV_RESET) === A_DV_RESET;
  }

  #updating(): boolean {
    if (this.#ram[REGISTER_B]! & B_SET || this.#inReset()) return false;
    return this.#tick % TICKS_PER_SECOND >= TICKS_PER_SECOND - UPDATE_TICKS;
  }

  /** Ticks between periodic interrupts, 0 for none. Rates 1 and 2 are those of 8 and 9. */
  #periodTicks(): number {
    const rs = this.#ram[REGISTER_A]! & A_RS;
    if (rs === 0) return 0;
    return rs < 3 ? 1 << (rs + 6) : 1 << (rs - 1);
  }

  /** Carries time and flags forward to now. */
  #sync(): void {
    if (this.#inReset()) return;
    const before = this.#tick;
    const tick = this.#rate.ticks(this.#clock.now() - this.#origin);
    if (tick <= before) return;
    this.#tick = tick;
    let flags = 0;
    const period = this.#periodTicks();
    if (period && Math.floor(tick / period) > Math.floor(before / period)) flags |= C_PF;
    const updates = Math.floor(tick / TICKS_PER_SECOND) - Math.floor(before / TICKS_PER_SECOND);
    if (updates > 0 && !(this.#ram[REGISTER_B]! & B_SET)) {
      flags |= C_UF;
      if (this.#secondsToAlarm() <= updates) flags |= C_AF;
      this.#advance(updates);
    }
    if (flags & ~this.#ram[REGISTER_C]!) {
      this.#ram[REGISTER_C]! |= flags;
      this.#update();
    }
  }

  #update(): void {
    this.#irq.set((this.#flags() & C_IRQF) !== 0);
    this.#arm();
  }

  /** Sets the timer for the next flag that interrupts. With `#sync` done. */
  #arm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#inReset()) return;
    const wanted = this.#ram[REGISTER_B]! & ~this.#ram[REGISTER_C]!;
    let next = Number.POSITIVE_INFINITY;
    const period = this.#periodTicks();
    if (wanted & B_PIE && period) next = (Math.floor(this.#tick / period) + 1) * period;
    if (!(wanted & B_SET)) {
      const second = Math.floor(this.#tick / TICKS_PER_SECOND);
      if (wanted & B_UIE) next = Math.min(next, (second + 1) * TICKS_PER_SECOND);
      if (wanted & B_AIE) next = Math.min(next, (second + this.#secondsToAlarm()) * TICKS_PER_SECOND);
    }
    if (Number.isFinite(next)) {
      this.#timer = this.#clock.schedule(this.#origin + this.#rate.nanos(next), this.#onTimer);
    }
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    this.#sync();
    if (!this.#timer) this.#arm();
  };

  /** Seconds from the time in the registers to the next alarm, 1 to 86400; Infinity where no time matches. */
  #secondsToAlarm(): number {
    const alarm = (index: number) => {
      const value = this.#ram[index]!;
      if (value >= ALARM_ANY) return -1;
      return index === HOURS_ALARM ? this.#decodeHours(value) : this.#decode(value);
    };
    const hours = alarm(HOURS_ALARM);
    const minutes = alarm(MINUTES_ALARM);
    const seconds = alarm(SECONDS_ALARM);
    const now = ((this.#readTime() % SECONDS_PER_DAY) + SECONDS_PER_DAY) % SECONDS_PER_DAY;
    for (let hour = Math.floor(now / 3600); hour < 48; hour++) {
      if (hours >= 0 && hour % 24 !== hours) continue;
      for (let minute = 0; minute < 60; minute++) {
        if (minutes >= 0 && minute !== minutes) continue;
        const start = hour * 3600 + minute * 60;
        if (start + 59 <= now) continue;
        const second = seconds >= 0 ? seconds : Math.max(0, now + 1 - start);
        if (second < 60 && start + second > now) return start + second - now;
      }
    }
    return Number.POSITIVE_INFINITY;
  }

  /** The time registers as seconds since 1970-01-01. Values out of range count on, as in Date.UTC. */
  #readTime(): number {
    const ram = this.#ram;
    const year = this.#decode(ram[CENTURY]!) * 100 + this.#decode(ram[YEAR]!);
    const date = new Date(0);
    date.setUTCFullYear(year, this.#decode(ram[MONTH]!) - 1, this.#decode(ram[DAY_OF_MONTH]!));
    date.setUTCHours(this.#decodeHours(ram[HOURS]!), this.#decode(ram[MINUTES]!), this.#decode(ram[SECONDS]!));
    return date.getTime() / 1000;
  }

  /** Counts the time on. The day of the week is a counter of its own: it moves at each midnight. */
  #advance(seconds: number): void {
    const before = this.#readTime();
    const after = before + seconds;
    const days = Math.floor(after / SECONDS_PER_DAY) - Math.floor(before / SECONDS_PER_DAY);
    if (days > 0) this.#ram[DAY_OF_WEEK] = ((this.#ram[DAY_OF_WEEK]! - 1 + days) % 7) + 1;
    this.#writeTime(after);
  }

  #writeTime(seconds: number): void {
    const ram = this.#ram;
    const date = new Date(seconds * 1000);
    const year = date.getUTCFullYear();
    ram[SECONDS] = this.#encode(date.getUTCSeconds());
    ram[MINUTES] = this.#encode(date.getUTCMinutes());
    ram[HOURS] = this.#encodeHours(date.getUTCHours());
    ram[DAY_OF_MONTH] = this.#encode(date.getUTCDate());
    ram[MONTH] = this.#encode(date.getUTCMonth() + 1);
    ram[YEAR] = this.#encode(year % 100);
    ram[CENTURY] = this.#encode(Math.floor(year / 100) % 100);
  }

  #decode(value: number): number {
    return this.#ram[REGISTER_B]! & B_DM ? value : (value >> 4) * 10 + (value & 15);
  }

  #encode(value: number): number {
    return this.#ram[REGISTER_B]! & B_DM ? value : (Math.floor(value / 10) << 4) | (value % 10);
  }

  #decodeHours(value: number): number {
    if (this.#ram[REGISTER_B]! & B_24) return this.#decode(value);
    return (this.#decode(value & 0x7f) % 12) + (value & HOURS_PM ? 12 : 0);
  }

  #encodeHours(hours: number): number {
    if (this.#ram[REGISTER_B]! & B_24) return this.#encode(hours);
    return this.#encode(hours % 12 || 12) | (hours >= 12 ? HOURS_PM : 0);
  }
}
