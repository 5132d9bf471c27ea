// Power management of the 82371AB (PIIX4), function 3: Intel 82371AB datasheet (290562), chapters 7 and 11, and the
// fixed hardware of ACPI 6.5, section 4.8 (PM1 event and control, PM timer, GPE0, SCI), with the APM ports B2h/B3h.
//
// Deviations: no SMM: what firmware would do on an SMI, switching ACPI on and off by a command at B2h, happens at once;
// APMC_EN in DEVACTB is set from reset on, by which firmware knows that no SMI handler is wanted. Of the sleep types only soft-off is acted upon. The timers and traps for device power management store what is
// written. No SMBus controller.

import type { Clock, Timer } from '../lib/clock.ts';
import { bytewise, type Registers, type Wire } from './contract.ts';
import { COMMAND, COMMAND_IO, PciFunction, type PciFunctionState } from './pci.ts';

// Configuration registers.
const PMBA = 0x40;
const DEVACTB = 0x58;
const APMC_EN = 1 << 25;
const PMREGMISC = 0x80;
const PMIOSE = 1 << 0;

/** Bytes of the register block that PMBA places. */
export const PM_BLOCK_SIZE = 64;

// Registers in the block.
export const PMSTS = 0x00;
const PMEN = 0x02;
export const PMCNTRL = 0x04;
export const PMTMR = 0x08;
export const GPSTS = 0x0c;
const GPEN = 0x0e;
const PLAIN = 0x10;

// PMSTS and PMEN.
const TMROF = 1 << 0;
const GBL = 1 << 5;
const PWRBTN = 1 << 8;
const RTC = 1 << 10;
const RSM = 1 << 15;
const STATUS_BITS = TMROF | (1 << 4) | GBL | PWRBTN | RTC | RSM;
const ENABLE_BITS = TMROF | GBL | PWRBTN | RTC;

// PMCNTRL.
const SCI_EN = 1 << 0;
const GBL_RLS = 1 << 2;
const SUS_EN = 1 << 13;
const CONTROL_BITS = 0x1c03;
/** SUS_TYP, bits 10 to 12: soft-off, which is ACPI's S5. */
export const SUS_TYP_SOFT_OFF = 0;

const GP_BITS = 0x0f01;

/** Values for the APM control port that switch ACPI on and off; the FADT names them. */
export const ACPI_ENABLE = 0xf1;
export const ACPI_DISABLE = 0xf0;

const PM_TIMER_HZ = 3_579_545;
const PM_TIMER_MASK = 0xffffff;
/** Ticks from one change of the timer's top bit to the next: each sets TMROF_STS. */
const OVERFLOW_TICKS = 2 ** 23;

export interface Piix4PmOptions {
  readonly clock: Clock;
  /** The system control interrupt, a level: IRQ 9. */
  readonly sci: Wire;
  /** The guest chose soft-off. */
  readonly powerOff: () => void;
  /** The register block answers at this I/O port from now on; undefined: nowhere. */
  readonly moved: (base: number | undefined) => void;
}

export interface Piix4PmState extends PciFunctionState {
  status: number;
  enable: number;
  control: number;
  gpStatus: number;
  gpEnable: number;
  /** Changes of the timer's top bit up to the last time that TMROF_STS was cleared. */
  overflows: number;
  apm: [number, number];
  /** Registers without effect, from 10h. */
  plain: Uint8Array;
}

export class Piix4Pm extends PciFunction {
  readonly #options: Piix4PmOptions;
  readonly #clock: Clock;
  #state = initialState();
  #base: number | undefined;
  #overflowTimer: Timer | undefined;

  /** The register block, for where `moved` put it. */
  readonly registers: Registers = {
    read: (offset, size) => this.#readBlock(offset, size),
    write: (offset, size, value) => this.#writeBlock(offset, size, value),
  };
  /** Ports B2h (APM control) and B3h (APM status). */
  readonly apm: Registers = bytewise({
    read8: (offset) => this.#state.apm[offset & 1] as number,
    write8: (offset, value) => this.#writeApm(offset & 1, value),
  });

  constructor(options: Piix4PmOptions) {
    super({ vendor: 0x8086, device: 0x7113, revision: 3, classCode: 0x068000, status: 0x0280, interruptPin: 1 });
    this.#options = options;
    this.#clock = options.clock;
    this.define(COMMAND, 2, 0, COMMAND_IO); // for the SMBus, which is not there; PMREGMISC enables this block
    this.define(PMBA, 4, 1, 0x0000ffc0);
    for (let at = 0x44; at < PMREGMISC; at++) this.define(at, 1, 0, 0xff);
    this.define(DEVACTB, 4, APMC_EN, -1);
    this.define(PMREGMISC, 1, 0, PMIOSE);
  }

  override reset(): void {
    super.reset();
    this.#state = initialState();
    this.#state.overflows = this.#overflows();
    this.#move();
    this.#update();
  }

  /** The user presses the power button. */
  pressPowerButton(): void {
    this.#state.status |= PWRBTN;
    this.#update();
  }

  /** Raises general-purpose events (bits of GPSTS): hot-plug and the like. */
  raiseEvents(bits: number): void {
    this.#state.gpStatus |= bits & GP_BITS;
    this.#update();
  }

  override save(): Piix4PmState {
    return { ...super.save(), ...structuredClone(this.#state) };
  }

  override load(state: Piix4PmState): void {
    super.load(state);
    const { config: _config, interrupt: _interrupt, ...own } = structuredClone(state);
    this.#state = own;
    this.#move();
    this.#update();
  }

  protected override configWritten(from: number, to: number): void {
    if ((from < PMBA + 4 && to > PMBA) || (from <= PMREGMISC && to > PMREGMISC)) this.#move();
  }

  #move(): void {
    const enabled = ((this.config[PMREGMISC] as number) & PMIOSE) !== 0;
    const base = enabled ? this.readConfig(PMBA, 32) & 0xffc0 : undefined;
    if (base === this.#base) return;
    this.#base = base;
    this.#options.moved(base);
  }

  #readBlock(offset: number, size: 8 | 16 | 32): number {
    // Aligned 32-bit registers are read at once: the timer must not move between its bytes.
    let value = this.#read32(offset & ~3) >>> (8 * (offset & 3));
    const taken = 32 - 8 * (offset & 3);
    if (taken < size) value |= this.#read32((offset & ~3) + 4) << taken;
    return size === 32 ? value | 0 : value & (2 ** size - 1);
  }

  #read32(offset: number): number {
    const state = this.#state;
    switch (offset) {
      case PMSTS:
        this.#noteOverflow();
        return state.status | (state.enable << 16);
      case PMCNTRL:
        return state.control;
      case PMTMR:
        return this.#ticks() % (PM_TIMER_MASK + 1);
      case GPSTS:
        return state.gpStatus | (state.gpEnable << 16);
      default: {
        let value = 0;
        for (let k = 0; k < 4; k++) value |= (state.plain[offset - PLAIN + k] ?? 0xff) << (8 * k);
        return value;
      }
    }
  }

  /** Splits into the 16-bit registers of the block, with a mask of the bits that are written. */
  #writeBlock(offset: number, size: 8 | 16 | 32, value: number): void {
    if (size === 32) {
      this.#writeBlock(offset, 16, value & 0xffff);
      this.#writeBlock(offset + 2, 16, value >>> 16);
    } else if (size === 16 && offset & 1) {
      this.#writeBlock(offset, 8, value & 255);
      this.#writeBlock(offset + 1, 8, value >>> 8);
    } else {
      const up = 8 * (offset & 1);
      this.#write16(offset & ~1, value << up, size === 16 ? 0xffff : 255 << up);
    }
  }

  #write16(offset: number, value: number, mask: number): void {
    const state = this.#state;
    switch (offset) {
      case PMSTS:
        this.#noteOverflow();
        state.status &= ~(value & STATUS_BITS);
        break;
      case PMEN:
        state.enable = (state.enable & ~mask) | (value & mask & ENABLE_BITS);
        break;
      case PMCNTRL:
        this.#control((state.control & ~mask) | (value & mask));
        break;
      case GPSTS:
        state.gpStatus &= ~value;
        break;
      case GPEN:
        state.gpEnable = (state.gpEnable & ~mask) | (value & mask & GP_BITS);
        break;
      default:
        if (offset >= PLAIN) {
          if (mask & 255) state.plain[offset - PLAIN] = value;
          if (mask & 0xff00) state.plain[offset - PLAIN + 1] = value >> 8;
        }
    }
    this.#update();
  }

  /** SUS_EN is write-only: it starts what SUS_TYP says. GBL_RLS is too: it would raise an SMI. */
  #control(value: number): void {
    this.#state.control = value & CONTROL_BITS & ~GBL_RLS;
    if (value & SUS_EN && ((value >> 10) & 7) === SUS_TYP_SOFT_OFF) this.#options.powerOff();
  }

  #writeApm(offset: number, value: number): void {
    this.#state.apm[offset] = value;
    if (offset !== 0) return;
    if (value === ACPI_ENABLE) this.#state.control |= SCI_EN;
    if (value === ACPI_DISABLE) this.#state.control &= ~SCI_EN;
    this.#update();
  }

  /** Ticks of the PM timer since power-on, not cut to its 24 bits. */
  #ticks(): number {
    return Math.floor((this.#clock.now() * PM_TIMER_HZ) / 1e9);
  }

  #overflows(): number {
    return Math.floor(this.#ticks() / OVERFLOW_TICKS);
  }

  #noteOverflow(): void {
    const overflows = this.#overflows();
    if (overflows !== this.#state.overflows) this.#state.status |= TMROF;
    this.#state.overflows = overflows;
  }

  /** After every change: the SCI, and a timer for the next overflow if somebody wants to be told. */
  #update(): void {
    const state = this.#state;
    this.#noteOverflow();
    const events = (state.status & state.enable) | (state.gpStatus & state.gpEnable);
    this.#options.sci.set((state.control & SCI_EN) !== 0 && events !== 0);

    this.#overflowTimer?.cancel();
    this.#overflowTimer = undefined;
    if ((state.enable & TMROF) === 0) return;
    const ticks = (state.overflows + 1) * OVERFLOW_TICKS;
    // A nanosecond later, so that rounding cannot put the callback before the overflow.
    const at = Math.ceil((ticks * 1e9) / PM_TIMER_HZ) + 1;
    this.#overflowTimer = this.#clock.schedule(at, () => this.#update());
  }
}

function initialState(): Omit<Piix4PmState, keyof PciFunctionState> {
  return {
    status: 0,
    enable: 0,
    control: 0,
    gpStatus: 0,
    gpEnable: 0,
    overflows: 0,
    apm: [0, 0],
    plain: new Uint8Array(PM_BLOCK_SIZE - PLAIN),
  };
}
