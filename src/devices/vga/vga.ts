// A VGA with the Bochs display interface on PCI, as Bochs and QEMU have it (1234h:1111h): ports 3B0h to 3DFh and 1CEh to
// 1D0h, the windows at A0000h, B0000h and B8000h, and 16 MiB of display memory at base address 0.
//
// IBM Personal System/2 Hardware Interface Technical Reference (1988), "Video Subsystem"; Bochs VBE Display API.
//
// The processor's accesses to the linear frame buffer, and to the windows while bytes there are bytes of display memory
// (chain 4, banks), go to memory without this device. So do those of text modes: the window is then 32 KiB of memory
// of their own, which `settle` copies to the planes. Other modes go through the planes' registers.
//
// Deviations: the ports and windows answer whatever the PCI command register says; no registers at base address 2.

import type { Clock } from '../../lib/clock.ts';
import { bytewise, type Registers } from '../contract.ts';
import { COMMAND, COMMAND_IO, PciFunction, type PciFunctionState } from '../pci.ts';
import { BochsVbe, type BochsVbeState } from './bochs-vbe.ts';
import {
  BIT_MASK,
  DATA_ROTATE,
  ENABLE_SET_RESET,
  GRAPHICS_MODE,
  MAP_MASK,
  MEMORY_CHAIN_4,
  MEMORY_MODE,
  MEMORY_SEQUENTIAL,
  MISC_RAM_ENABLE,
  MISCELLANEOUS,
  MISCELLANEOUS_CHAIN_ODD_EVEN,
  MISCELLANEOUS_GRAPHICS,
  MODE_ODD_EVEN,
  MODE_READ_COMPARE,
  READ_MAP,
  type VgaRegisterState,
} from './names.ts';
import { Planes } from './planes.ts';
import { VgaRegisters } from './registers.ts';

export const VGA_MEMORY_BYTES = 16 * 1024 * 1024;
/** Memory behind the window of text modes. */
const TEXT_BYTES = 0x8000;
/** What the machine gives a VGA of its heap. */
export const DISPLAY_MEMORY_BYTES = VGA_MEMORY_BYTES + TEXT_BYTES;
const PAGE_BYTES = 4096;
/** By this, firmware finds the adapter's BIOS. */
export const VGA_IDENTITY = { vendor: 0x1234, device: 0x1111 } as const;

/** Base and bytes of the window, by the memory map field of the graphics controller. */
const WINDOWS = [
  [0xa0000, 0x20000],
  [0xa0000, 0x10000],
  [0xb0000, 0x8000],
  [0xb8000, 0x8000],
] as const;

/** Memory that guest and device share, and the addresses where the guest sees it. */
export interface DisplayMemory {
  /** `DISPLAY_MEMORY_BYTES` bytes. */
  readonly bytes: Uint8Array;
  /** From now on [base, base + length) is `bytes` from an offset on, or registers, or nothing. Whole pages. */
  map(base: number, length: number, to: number | Registers | undefined): void;
  /** Calls `written` with the address of the next write to each page of [base, base + length), once; false: cannot. */
  watch(base: number, length: number, written: (address: number) => void): boolean;
  /** Ends what `watch` began. */
  unwatch(written: (address: number) => void): void;
}

export interface VgaOptions {
  readonly clock: Clock;
  readonly memory: DisplayMemory;
  /** The adapter's BIOS, for its expansion ROM. */
  readonly rom?: Uint8Array;
}

export interface VgaState extends PciFunctionState {
  registers: VgaRegisterState;
  vbe: BochsVbeState;
  latches: number;
}

/** What the window shows. */
interface Window {
  readonly base: number;
  readonly length: number;
  /** Offset in display memory, or the planes' registers. */
  readonly to: number | 'planes';
}

export class Vga extends PciFunction {
  readonly registers: VgaRegisters;
  readonly vbe: BochsVbe;
  /** Ports 3B0h to 3DFh. */
  readonly ports: Registers;
  /** Ports 1CEh to 1D0h. */
  readonly dispi: Registers;
  /** Display memory. Text modes are in it after `settle`. */
  readonly memory: Uint8Array;
  /** Called when the picture may have changed, once until `pictureTaken`. */
  onChange: () => void = () => {};
  readonly #clock: Clock;
  readonly #display: DisplayMemory;
  readonly #planes: Planes;
  readonly #text: Uint8Array;
  /** The text window as the planes have it. */
  readonly #settled = new Uint8Array(TEXT_BYTES);
  /** Pages of display memory that were written since the picture was taken. */
  readonly dirtyPages = new Uint8Array(VGA_MEMORY_BYTES / PAGE_BYTES);
  #textDirty = true;
  /** Registers changed since the picture was taken, so that all of it may have. */
  #allDirty = true;
  #changed = true;
  #watched = true;
  #window: Window | undefined;
  #frameBuffer: number | undefined;
  /** Every page of the frame buffer that is not dirty has its trace. */
  #frameBufferWatched = false;

  constructor({ clock, memory, rom }: VgaOptions) {
    super({
      ...VGA_IDENTITY,
      revision: 2,
      classCode: 0x030000,
      subsystemVendor: 0x1af4,
      subsystem: 0x1100,
    });
    this.#clock = clock;
    this.#display = memory;
    this.memory = memory.bytes.subarray(0, VGA_MEMORY_BYTES);
    this.#text = memory.bytes.subarray(VGA_MEMORY_BYTES, DISPLAY_MEMORY_BYTES);
    this.define(COMMAND, 2, 0, COMMAND_IO);
    this.defineBar(0, {
      space: 'memory',
      size: VGA_MEMORY_BYTES,
      prefetchable: true,
      moved: (base) => this.#moveFrameBuffer(base),
    });
    if (rom) this.#defineRom(rom);
    this.registers = new VgaRegisters({
      now: () => clock.now(),
      accessChanged: () => this.#updateWindow(),
      pictureChanged: this.pictureChanged,
    });
    this.ports = bytewise(this.registers);
    this.#planes = new Planes(this.registers, this.memory, (byte) => {
      this.dirtyPages[byte >>> 12] = 1;
      this.#touch();
    });
    this.vbe = new BochsVbe({
      memoryBytes: VGA_MEMORY_BYTES,
      clear: (bytes) => {
        this.settle();
        this.memory.fill(0, 0, bytes);
      },
      changed: () => this.#vbeChanged(),
    });
    this.dispi = this.vbe;
  }

  /** Guest-physical address of the linear frame buffer, where it is decoded. */
  get frameBuffer(): number | undefined {
    return this.#frameBuffer;
  }

  /** Frames since power-on: what blinks counts them. */
  get frame(): number {
    return Math.floor(this.#clock.now() / this.registers.timing.frameNanos);
  }

  /** Something besides display memory changed that the picture depends on. */
  readonly pictureChanged = (): void => {
    this.#allDirty = true;
    this.#touch();
  };

  /** Whether more than the dirty pages changed since `pictureTaken`. */
  get allDirty(): boolean {
    return this.#allDirty;
  }

  /** Brings what the guest wrote to a text window into the planes. */
  settle(): void {
    if (!this.#textDirty || this.#window?.to !== VGA_MEMORY_BYTES) return;
    const [text, settled, memory] = [this.#text, this.#settled, this.memory];
    for (let k = 0; k < TEXT_BYTES; k++) {
      const byte = text[k] as number;
      if (byte === settled[k]) continue;
      settled[k] = byte;
      const at = ((k >> 1) << 2) | (k & 1);
      memory[at] = byte;
      this.dirtyPages[at >>> 12] = 1;
    }
  }

  /** Puts characters and attributes, alternating, at the start of the memory of text modes. */
  writeText(bytes: Uint8Array): void {
    this.settle();
    for (let k = 0; k < bytes.length; k++) this.memory[((k >> 1) << 2) | (k & 1)] = bytes[k] as number;
    if (this.#window?.to === VGA_MEMORY_BYTES) this.#fillText();
    this.pictureChanged();
  }

  /** The picture is up to date: from now on changes are noted again. */
  pictureTaken(): void {
    if (!this.#changed) return;
    this.#watched = true;
    const window = this.#window;
    if (window && window.to !== 'planes') this.#watch(window.base, window.length, this.#windowWritten);
    if (this.#frameBuffer !== undefined) this.#watchFrameBuffer(this.#frameBuffer);
    this.#changed = false;
    this.#allDirty = false;
    this.dirtyPages.fill(0);
    this.#textDirty = false;
    // Where writes cannot be watched, everything may have changed at any time.
    if (!this.#watched) {
      this.#textDirty = true;
      this.#allDirty = true;
      this.#changed = true;
    }
  }

  override reset(): void {
    super.reset();
    this.registers.reset();
    this.vbe.reset();
    this.#planes.latches = 0;
    this.#planes.bank = 0;
    this.#updateWindow();
    this.pictureChanged();
  }

  /** Display memory is saved with the machine's. */
  override save(): VgaState {
    this.settle();
    const { latches } = this.#planes;
    return { ...super.save(), registers: this.registers.save(), vbe: { ...this.vbe.state }, latches };
  }

  /** After display memory was restored. */
  override load(state: VgaState): void {
    this.#textDirty = false;
    this.#putWindow(undefined);
    super.load(state);
    this.registers.load(state.registers);
    this.vbe.state = { ...state.vbe };
    this.#planes.latches = state.latches;
    this.#vbeChanged();
  }

  #vbeChanged(): void {
    this.registers.wideDac = this.vbe.enabled && this.vbe.wideDac;
    this.#updateWindow();
    this.pictureChanged();
  }

  #touch(): void {
    if (this.#changed) return;
    this.#changed = true;
    this.onChange();
  }

  #watch(base: number, length: number, written: (address: number) => void): void {
    if (!this.#display.watch(base, length, written)) this.#watched = false;
  }

  /** All of it the first time, then what was written. */
  #watchFrameBuffer(base: number): void {
    if (!this.#frameBufferWatched) this.#watch(base, VGA_MEMORY_BYTES, this.#frameBufferWritten);
    else {
      const { dirtyPages } = this;
      for (let page = dirtyPages.indexOf(1); page >= 0; page = dirtyPages.indexOf(1, page + 1)) {
        this.#watch(base + page * PAGE_BYTES, PAGE_BYTES, this.#frameBufferWritten);
      }
    }
    this.#frameBufferWatched = this.#watched;
  }

  readonly #windowWritten = (address: number): void => {
    const window = this.#window;
    if (!window || window.to === 'planes') return;
    if (window.to === VGA_MEMORY_BYTES) this.#textDirty = true;
    else this.dirtyPages[(window.to + address - window.base) >>> 12] = 1;
    this.#touch();
  };

  readonly #frameBufferWritten = (address: number): void => {
    this.dirtyPages[(address - (this.#frameBuffer as number)) >>> 12] = 1;
    this.#touch();
  };

  #defineRom(rom: Uint8Array): void {
    const size = Math.max(PAGE_BYTES, 2 ** Math.ceil(Math.log2(rom.length)));
    const registers = bytewise({ read8: (offset) => rom[offset] ?? 0xff, write8() {} });
    let at: number | undefined;
    this.defineBar(6, {
      space: 'memory',
      size,
      moved: (base) => {
        if (at !== undefined) this.#display.map(at, size, undefined);
        if (base !== undefined) this.#display.map(base, size, registers);
        at = base;
      },
    });
  }

  #moveFrameBuffer(base: number | undefined): void {
    const old = this.#frameBuffer;
    if (old !== undefined) {
      this.#display.unwatch(this.#frameBufferWritten);
      this.#display.map(old, VGA_MEMORY_BYTES, undefined);
    }
    this.#frameBuffer = base;
    this.#frameBufferWatched = false;
    if (base !== undefined) this.#display.map(base, VGA_MEMORY_BYTES, 0);
    this.pictureChanged();
  }

  #updateWindow(): void {
    const next = this.#chooseWindow();
    const now = this.#window;
    if (next && now && next.base === now.base && next.length === now.length && next.to === now.to) return;
    if (next !== now) this.#putWindow(next);
  }

  /** Which addresses are the adapter's now, and what they are. */
  #chooseWindow(): Window | undefined {
    const { misc, graphics, sequencer } = this.registers.state;
    const { vbe } = this;
    this.#planes.bank = 0;
    if (vbe.enabled) {
      const { bpp, bank } = vbe.state;
      if (bpp !== 4) return { base: 0xa0000, length: 0x10000, to: vbe.bankStart };
      this.#planes.bank = bank * 0x10000;
    }
    if ((misc & MISC_RAM_ENABLE) === 0) return undefined;
    const miscellaneous = graphics[MISCELLANEOUS] as number;
    const [base, length] = WINDOWS[(miscellaneous >> 2) & 3] as (typeof WINDOWS)[number];
    const memoryMode = sequencer[MEMORY_MODE] as number;
    const planes = (sequencer[MAP_MASK] as number) & 15;
    const mode = graphics[GRAPHICS_MODE] as number;
    const plain =
      (mode & (3 | MODE_READ_COMPARE)) === 0 &&
      graphics[DATA_ROTATE] === 0 &&
      graphics[BIT_MASK] === 0xff &&
      ((graphics[ENABLE_SET_RESET] as number) & planes) === 0;
    if (!plain) return { base, length, to: 'planes' };
    if ((memoryMode & MEMORY_CHAIN_4) !== 0) return { base, length, to: planes === 15 ? 0 : 'planes' };
    const isText =
      (memoryMode & MEMORY_SEQUENTIAL) === 0 &&
      (miscellaneous & (MISCELLANEOUS_GRAPHICS | MISCELLANEOUS_CHAIN_ODD_EVEN)) === MISCELLANEOUS_CHAIN_ODD_EVEN &&
      (mode & MODE_ODD_EVEN) !== 0 &&
      planes === 3 &&
      ((graphics[READ_MAP] as number) & 2) === 0 &&
      length === TEXT_BYTES;
    return { base, length, to: isText ? VGA_MEMORY_BYTES : 'planes' };
  }

  #putWindow(next: Window | undefined): void {
    const old = this.#window;
    if (old) {
      this.settle();
      if (old.to !== 'planes') this.#display.unwatch(this.#windowWritten);
      this.#display.map(old.base, old.length, undefined);
    }
    this.#window = next;
    if (next) {
      if (next.to === VGA_MEMORY_BYTES) this.#fillText();
      this.#display.map(next.base, next.length, next.to === 'planes' ? this.#planes : next.to);
    }
    // Writes to memory that was not watched until now.
    this.pictureChanged();
    this.#textDirty = true;
  }

  #fillText(): void {
    const { memory } = this;
    for (let k = 0; k < TEXT_BYTES; k++) this.#text[k] = memory[((k >> 1) << 2) | (k & 1)] as number;
    this.#settled.set(this.#text);
  }
}
