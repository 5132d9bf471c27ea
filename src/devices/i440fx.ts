// The host bridge 82441FX (PMC) of the 440FX set: Intel 440FX PCIset datasheet (290549), section 3.2. What matters to
// software on this machine are the PAM registers, which turn ROM shadowing on and off, and the SMRAM register.
//
// Deviations: the subsystem identification, which the chip does not have, is that of QEMU's machine of this chip set:
// firmware for virtual machines knows by it that there is a firmware configuration device. The DRAM registers store what is written and have no effect; there is no SMM, so SMRAM is RAM at A0000h
// that the processor sees only while it is open.

import { PciFunction, type PciFunctionState } from './pci.ts';

const PMCCFG = 0x50;
const DRAMC = 0x57;
const DRAMT = 0x58;
const PAM0 = 0x59;
const PAM6 = 0x5f;
const DRB0 = 0x60;
const SMRAM = 0x72;
const ERRCMD = 0x90;
const ERRSTS = 0x91;

// PAM attributes, a nibble for each range.
const READ_ENABLE = 1 << 0;
const WRITE_ENABLE = 1 << 1;

const SMRAM_OPEN = 1 << 6;
const SMRAM_CLOSED = 1 << 5;
const SMRAM_LOCK = 1 << 4;
const SMRAM_ENABLE = 1 << 3;
/** The segment field can only be 010b: A0000h. */
const SMRAM_RESET = 0b010;

export interface I440fxOptions {
  /** Reads or writes of [base, base + length) go to RAM from now on, or to what is on the PCI bus (ROM, nothing). */
  readonly shadow: (base: number, length: number, readRam: boolean, writeRam: boolean) => void;
  /** SMRAM at A0000h covers the display adapter from now on, or no longer. */
  readonly smram?: (open: boolean) => void;
}

export class I440fx extends PciFunction {
  readonly #options: I440fxOptions;
  /** Attributes of each range as last reported: read, write. */
  readonly #reported = new Uint8Array(13);
  #smramOpen = false;
  #smramLocked = false;

  constructor(options: I440fxOptions) {
    super({
      vendor: 0x8086,
      device: 0x1237,
      revision: 2,
      classCode: 0x060000,
      command: 0x0006,
      status: 0x0280,
      subsystemVendor: 0x1af4,
      subsystem: 0x1100,
    });
    this.#options = options;
    this.define(PMCCFG, 2, 0, 0xffff);
    this.define(DRAMC, 1, 0x01, 0x3f);
    this.define(DRAMT, 1, 0x10, 0xff);
    this.define(PAM0, 1, 0, 0x30);
    for (let pam = PAM0 + 1; pam <= PAM6; pam++) this.define(pam, 1, 0, 0x33);
    for (let row = 0; row < 8; row++) this.define(DRB0 + row, 1, 1, 0xff);
    this.define(SMRAM, 1, SMRAM_RESET, SMRAM_OPEN | SMRAM_CLOSED | SMRAM_LOCK | SMRAM_ENABLE);
    this.define(ERRCMD, 1, 0, 0xff);
    this.define(ERRSTS, 1, 0);
  }

  override reset(): void {
    super.reset();
    this.#smramLocked = false;
    this.#reportShadow();
    this.#reportSmram();
  }

  override load(state: PciFunctionState): void {
    this.#smramLocked = false; // the saved register decides
    super.load(state);
  }

  protected override configWritten(from: number, to: number): void {
    if (from <= PAM6 && to > PAM0) this.#reportShadow();
    if (from <= SMRAM && to > SMRAM) this.#reportSmram();
  }

  /** Range 0 is F0000h (64 KiB, the upper nibble of PAM0), then twelve of 16 KiB from C0000h. */
  #reportShadow(): void {
    for (let range = 0; range < 13; range++) {
      const nibble = range === 0 ? 1 : range + 1;
      const attributes = ((this.config[PAM0 + (nibble >> 1)] as number) >> (4 * (nibble & 1))) & 3;
      if (attributes === this.#reported[range]) continue;
      this.#reported[range] = attributes;
      const base = range === 0 ? 0xf0000 : 0xc0000 + (range - 1) * 0x4000;
      const length = range === 0 ? 0x10000 : 0x4000;
      this.#options.shadow(base, length, (attributes & READ_ENABLE) !== 0, (attributes & WRITE_ENABLE) !== 0);
    }
  }

  /** Once locked, SMRAM can neither be opened nor unlocked before reset. */
  #reportSmram(): void {
    let value = this.config[SMRAM] as number;
    if (this.#smramLocked) value = (value & ~SMRAM_OPEN) | SMRAM_LOCK | SMRAM_ENABLE;
    if (value & SMRAM_LOCK) {
      value &= ~SMRAM_OPEN;
      this.#smramLocked = true;
    }
    this.config[SMRAM] = value;
    const open = (value & (SMRAM_OPEN | SMRAM_ENABLE)) === (SMRAM_OPEN | SMRAM_ENABLE);
    if (open === this.#smramOpen) return;
    this.#smramOpen = open;
    this.#options.smram?.(open);
  }
}
