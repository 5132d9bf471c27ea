// The "dispi" interface of Bochs: a linear frame buffer set up through an index port and a data port.
//
// Bochs VBE Display API (bochs.sourceforge.io, "VBE DISPI interface", ids B0C0h to B0C5h).
//
// Deviations: resolutions up to 2560x1600; no registers in memory (the ports do everything).

import type { Registers } from '../contract.ts';

const ID = 0;
const XRES = 1;
const YRES = 2;
const BPP = 3;
const ENABLE = 4;
const BANK = 5;
const VIRT_WIDTH = 6;
const VIRT_HEIGHT = 7;
const X_OFFSET = 8;
const Y_OFFSET = 9;
const VIDEO_MEMORY_64K = 10;

const FIRST_ID = 0xb0c0;
const LAST_ID = 0xb0c5;
const ENABLED = 0x01;
const GETCAPS = 0x02;
const DAC_8BIT = 0x20;
const LFB_ENABLED = 0x40;
const NO_CLEAR_MEMORY = 0x80;

const MAX_XRES = 2560;
const MAX_YRES = 1600;
const MAX_BPP = 32;
const DEPTHS = [4, 8, 15, 16, 24, 32];
const BANK_BYTES = 0x10000;

export interface BochsVbeState {
  index: number;
  id: number;
  xres: number;
  yres: number;
  bpp: number;
  enable: number;
  bank: number;
  virtualWidth: number;
  xOffset: number;
  yOffset: number;
}

const powerOn = (): BochsVbeState => ({
  index: 0,
  id: LAST_ID,
  xres: 0,
  yres: 0,
  bpp: 8,
  enable: 0,
  bank: 0,
  virtualWidth: 0,
  xOffset: 0,
  yOffset: 0,
});

export interface BochsVbeOptions {
  readonly memoryBytes: number;
  /** Sets the first `bytes` of the display memory to zero. */
  readonly clear: (bytes: number) => void;
  /** Anything changed. */
  readonly changed: () => void;
}

export class BochsVbe implements Registers {
  /** Read-only to others. */
  state = powerOn();
  readonly #options: BochsVbeOptions;

  constructor(options: BochsVbeOptions) {
    this.#options = options;
  }

  get enabled(): boolean {
    return (this.state.enable & ENABLED) !== 0;
  }

  get wideDac(): boolean {
    return (this.state.enable & DAC_8BIT) !== 0;
  }

  /** Bytes from a line to the next. Of four planes at once with 4 bits a pixel. */
  get pitch(): number {
    const { bpp, virtualWidth } = this.state;
    return bpp === 4 ? virtualWidth >> 1 : virtualWidth * bytesOf(bpp);
  }

  /** First byte of the bank at A0000h. */
  get bankStart(): number {
    return this.state.bank * BANK_BYTES;
  }

  /** Index at offset 0 (port 1CEh), data at offsets 1 and 2 (1CFh; 1D0h, where other machines have it). 16 bits. */
  read(offset: number, size: 8 | 16 | 32): number {
    const value = offset === 0 ? this.state.index : this.#read();
    return size === 8 ? value & 0xff : value;
  }

  write(offset: number, _size: 8 | 16 | 32, value: number): void {
    const word = value & 0xffff;
    if (offset === 0) this.state.index = word;
    else this.#write(word);
  }

  reset(): void {
    this.state = powerOn();
  }

  #read(): number {
    const s = this.state;
    const capabilities = (s.enable & GETCAPS) !== 0;
    switch (s.index) {
      case ID:
        return s.id;
      case XRES:
        return capabilities ? MAX_XRES : s.xres;
      case YRES:
        return capabilities ? MAX_YRES : s.yres;
      case BPP:
        return capabilities ? MAX_BPP : s.bpp;
      case ENABLE:
        return s.enable;
      case BANK:
        return s.bank;
      case VIRT_WIDTH:
        return s.virtualWidth;
      case VIRT_HEIGHT:
        return this.#lines();
      case X_OFFSET:
        return s.xOffset;
      case Y_OFFSET:
        return s.yOffset;
      case VIDEO_MEMORY_64K:
        return this.#options.memoryBytes / BANK_BYTES;
      default:
        return 0;
    }
  }

  /** Size and depth change only while disabled. */
  #write(value: number): void {
    const s = this.state;
    switch (s.index) {
      case ID:
        if (value >= FIRST_ID && value <= LAST_ID) s.id = value;
        return;
      case XRES:
        if (!this.enabled && value <= MAX_XRES) s.xres = value & ~7;
        return;
      case YRES:
        if (!this.enabled && value <= MAX_YRES) s.yres = value;
        return;
      case BPP:
        if (!this.enabled) s.bpp = value === 0 ? 8 : DEPTHS.includes(value) ? value : s.bpp;
        return;
      case ENABLE:
        this.#enable(value);
        break;
      case BANK:
        if (value < this.#options.memoryBytes / BANK_BYTES) s.bank = value;
        break;
      case VIRT_WIDTH:
        this.#setVirtualWidth(value);
        break;
      case X_OFFSET:
        s.xOffset = Math.min(value, s.virtualWidth - s.xres);
        break;
      case Y_OFFSET:
        s.yOffset = Math.min(value, Math.max(0, this.#lines() - s.yres));
        break;
      default:
        return;
    }
    this.#options.changed();
  }

  #enable(value: number): void {
    const s = this.state;
    const bytes = s.bpp === 4 ? (s.xres * s.yres) >> 1 : s.xres * s.yres * bytesOf(s.bpp);
    const possible = s.xres > 0 && s.yres > 0 && bytes <= this.#options.memoryBytes;
    const starts = (value & ENABLED) !== 0 && possible && !this.enabled;
    const kept = value & (GETCAPS | DAC_8BIT | LFB_ENABLED | NO_CLEAR_MEMORY);
    s.enable = kept | ((value & ENABLED) !== 0 && possible ? ENABLED : 0);
    if (!starts) {
      if (!this.enabled) s.bank = 0;
      return;
    }
    s.virtualWidth = s.xres;
    s.xOffset = 0;
    s.yOffset = 0;
    s.bank = 0;
    if ((value & NO_CLEAR_MEMORY) === 0) this.#options.clear(bytes);
  }

  #setVirtualWidth(value: number): void {
    const s = this.state;
    const width = Math.max(value & ~7, s.xres);
    const bytes = s.bpp === 4 ? width >> 1 : width * bytesOf(s.bpp);
    if (bytes * s.yres > this.#options.memoryBytes) return;
    s.virtualWidth = width;
    s.xOffset = Math.min(s.xOffset, width - s.xres);
    s.yOffset = Math.min(s.yOffset, Math.max(0, this.#lines() - s.yres));
  }

  /** Lines that the display memory holds. */
  #lines(): number {
    return this.pitch === 0 ? 0 : Math.min(0xffff, Math.floor(this.#options.memoryBytes / this.pitch));
  }
}

/** Bytes of a pixel of 8 to 32 bits. */
export function bytesOf(bpp: number): number {
  return (bpp + 7) >> 3;
}
