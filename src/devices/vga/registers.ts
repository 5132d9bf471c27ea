// The registers of a VGA behind ports 3B0h to 3DFh: sequencer, graphics controller, CRT controller, attribute
// controller, DAC, and the general registers.
//
// IBM Personal System/2 Hardware Interface Technical Reference (1988), "Video Subsystem"; FreeVGA, "VGA I/O Port
// Reference".
//
// Deviations: reset bits of the sequencer and the test bits do nothing; feature control is stored; the switch sense bit
// is always set; the CRT controller's interrupt is not there (as on most adapters).

import {
  ATTRIBUTE_MODE,
  CLOCKING_MODE,
  CRTC_PROTECT,
  CRTC_REGISTERS,
  GRAPHICS_MODE,
  MAP_MASK,
  MEMORY_MODE,
  MISC_COLOUR,
  MISCELLANEOUS,
  OVERFLOW,
  OVERFLOW_LINE_COMPARE,
  PALETTE_ADDRESS_SOURCE,
  VERTICAL_DISPLAY_END,
  VERTICAL_RETRACE_END,
  VERTICAL_RETRACE_START,
  type VgaRegisterState,
} from './names.ts';
import { ScanTiming } from './timing.ts';

// Ports, as offsets from 3B0h.
const MONO_CRTC_INDEX = 0x04;
const MONO_CRTC_DATA = 0x05;
const MONO_STATUS = 0x0a;
const ATTRIBUTE = 0x10;
const ATTRIBUTE_READ = 0x11;
const MISC_WRITE = 0x12;
const ENABLE = 0x13;
const SEQUENCER_INDEX = 0x14;
const SEQUENCER_DATA = 0x15;
const DAC_MASK = 0x16;
const DAC_READ_INDEX = 0x17;
const DAC_WRITE_INDEX = 0x18;
const DAC_DATA = 0x19;
const FEATURE_READ = 0x1a;
const MISC_READ = 0x1c;
const GRAPHICS_INDEX = 0x1e;
const GRAPHICS_DATA = 0x1f;
const COLOUR_CRTC_INDEX = 0x24;
const COLOUR_CRTC_DATA = 0x25;
const COLOUR_STATUS = 0x2a;

const STATUS_DISPLAY_OFF = 1 << 0;
const STATUS_VERTICAL_RETRACE = 1 << 3;
const SWITCH_SENSE = 1 << 4;

const SEQUENCER_MASKS = [0x03, 0x3d, 0x0f, 0x3f, 0x0e] as const;
const GRAPHICS_MASKS = [0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff] as const;
const ATTRIBUTE_MASKS = [0xef, 0xff, 0x3f, 0x0f, 0x0f] as const;

function powerOn(): VgaRegisterState {
  return {
    misc: 0,
    enabled: 1,
    feature: 0,
    sequencerIndex: 0,
    sequencer: new Uint8Array(5),
    graphicsIndex: 0,
    graphics: new Uint8Array(9),
    crtcIndex: 0,
    crtc: new Uint8Array(CRTC_REGISTERS),
    attributeIndex: 0,
    attributeData: false,
    attribute: new Uint8Array(21),
    dacMask: 0xff,
    dacIndex: 0,
    dacComponent: 0,
    dacReading: false,
    dacLatch: new Uint8Array(3),
    dac: new Uint8Array(768),
  };
}

export interface VgaRegistersOptions {
  /** Guest time in nanoseconds. */
  readonly now: () => number;
  /** A register of the sequencer, the graphics controller or misc changed: what the processor sees may have too. */
  readonly accessChanged: () => void;
  /** Something that the picture depends on changed. */
  readonly pictureChanged: () => void;
}

export class VgaRegisters {
  /** Read-only to others. */
  state = powerOn();
  /** Eight bits a component rather than six. */
  wideDac = false;
  readonly timing = new ScanTiming();
  readonly #options: VgaRegistersOptions;

  constructor(options: VgaRegistersOptions) {
    this.#options = options;
  }

  /** `offset` from 3B0h. */
  read8(offset: number): number {
    const s = this.state;
    switch (this.#crtcOffset(offset)) {
      case ATTRIBUTE:
        return s.attributeIndex;
      case ATTRIBUTE_READ:
        return s.attribute[s.attributeIndex & 31] ?? 0;
      case MISC_WRITE:
        return SWITCH_SENSE; // input status 0
      case ENABLE:
        return s.enabled;
      case SEQUENCER_INDEX:
        return s.sequencerIndex;
      case SEQUENCER_DATA:
        return s.sequencer[s.sequencerIndex] ?? 0;
      case DAC_MASK:
        return s.dacMask;
      case DAC_READ_INDEX:
        return s.dacReading ? 3 : 0;
      case DAC_WRITE_INDEX:
        return s.dacIndex;
      case DAC_DATA:
        return this.#readDac();
      case FEATURE_READ:
        return s.feature;
      case MISC_READ:
        return s.misc;
      case GRAPHICS_INDEX:
        return s.graphicsIndex;
      case GRAPHICS_DATA:
        return s.graphics[s.graphicsIndex] ?? 0;
      case COLOUR_CRTC_INDEX:
        return s.crtcIndex;
      case COLOUR_CRTC_DATA:
        return s.crtc[s.crtcIndex] ?? 0;
      case COLOUR_STATUS:
        s.attributeData = false;
        return this.#status();
      default:
        return 0xff;
    }
  }

  /** `offset` from 3B0h. */
  write8(offset: number, value: number): void {
    const s = this.state;
    switch (this.#crtcOffset(offset)) {
      case ATTRIBUTE:
        this.#writeAttribute(value);
        break;
      case MISC_WRITE:
        if (value === s.misc) break;
        s.misc = value;
        this.timing.update(s);
        this.#options.accessChanged();
        this.#options.pictureChanged();
        break;
      case ENABLE:
        s.enabled = value & 1;
        break;
      case SEQUENCER_INDEX:
        s.sequencerIndex = value & 7;
        break;
      case SEQUENCER_DATA:
        this.#writeSequencer(value);
        break;
      case DAC_MASK:
        if (value !== s.dacMask) this.#options.pictureChanged();
        s.dacMask = value;
        break;
      case DAC_READ_INDEX:
      case DAC_WRITE_INDEX:
        s.dacIndex = value;
        s.dacReading = offset === DAC_READ_INDEX;
        s.dacComponent = 0;
        break;
      case DAC_DATA:
        this.#writeDac(value);
        break;
      case GRAPHICS_INDEX:
        s.graphicsIndex = value & 15;
        break;
      case GRAPHICS_DATA:
        this.#writeGraphics(value);
        break;
      case COLOUR_CRTC_INDEX:
        s.crtcIndex = value & 63;
        break;
      case COLOUR_CRTC_DATA:
        this.#writeCrtc(value);
        break;
      case COLOUR_STATUS:
        s.feature = value;
        break;
    }
  }

  reset(): void {
    this.state = powerOn();
    this.wideDac = false;
    this.timing.update(this.state);
  }

  save(): VgaRegisterState {
    return structuredClone(this.state);
  }

  load(state: VgaRegisterState): void {
    this.state = structuredClone(state);
    this.timing.update(this.state);
  }

  /** The CRT controller and status 1 answer at 3Bxh or 3Dxh: the offset in the latter, or -1. */
  #crtcOffset(offset: number): number {
    const colour = (this.state.misc & MISC_COLOUR) !== 0;
    switch (offset) {
      case MONO_CRTC_INDEX:
      case MONO_CRTC_DATA:
      case MONO_STATUS:
        return colour ? -1 : offset + 0x20;
      case COLOUR_CRTC_INDEX:
      case COLOUR_CRTC_DATA:
      case COLOUR_STATUS:
        return colour ? offset : -1;
      default:
        return offset;
    }
  }

  #status(): number {
    const now = this.#options.now();
    return (
      (this.timing.displaying(now) ? 0 : STATUS_DISPLAY_OFF) |
      (this.timing.retracing(now) ? STATUS_VERTICAL_RETRACE : 0)
    );
  }

  #writeSequencer(value: number): void {
    const s = this.state;
    const index = s.sequencerIndex;
    if (index >= SEQUENCER_MASKS.length) return;
    const next = value & (SEQUENCER_MASKS[index] as number);
    if (s.sequencer[index] === next) return;
    s.sequencer[index] = next;
    if (index === MAP_MASK) {
      this.#options.accessChanged();
      return;
    }
    if (index === CLOCKING_MODE) this.timing.update(s);
    if (index === MEMORY_MODE) this.#options.accessChanged();
    this.#options.pictureChanged();
  }

  #writeGraphics(value: number): void {
    const s = this.state;
    const index = s.graphicsIndex;
    if (index >= GRAPHICS_MASKS.length) return;
    const next = value & (GRAPHICS_MASKS[index] as number);
    if (s.graphics[index] === next) return;
    s.graphics[index] = next;
    this.#options.accessChanged();
    if (index === GRAPHICS_MODE || index === MISCELLANEOUS) this.#options.pictureChanged();
  }

  #writeCrtc(value: number): void {
    const s = this.state;
    const index = s.crtcIndex;
    if (index >= CRTC_REGISTERS) return;
    let next = value;
    if (((s.crtc[VERTICAL_RETRACE_END] as number) & CRTC_PROTECT) !== 0 && index <= OVERFLOW) {
      if (index !== OVERFLOW) return;
      next = ((s.crtc[OVERFLOW] as number) & ~OVERFLOW_LINE_COMPARE) | (value & OVERFLOW_LINE_COMPARE);
    }
    if (s.crtc[index] === next) return;
    s.crtc[index] = next;
    if (index <= OVERFLOW || (index >= VERTICAL_RETRACE_START && index <= VERTICAL_DISPLAY_END)) this.timing.update(s);
    this.#options.pictureChanged();
  }

  #writeAttribute(value: number): void {
    const s = this.state;
    s.attributeData = !s.attributeData;
    if (s.attributeData) {
      if (((s.attributeIndex ^ value) & PALETTE_ADDRESS_SOURCE) !== 0) this.#options.pictureChanged();
      s.attributeIndex = value & 0x3f;
      return;
    }
    const index = s.attributeIndex & 31;
    if (index >= s.attribute.length) return;
    // While the palette feeds the screen, its registers cannot be written.
    if (index < ATTRIBUTE_MODE && (s.attributeIndex & PALETTE_ADDRESS_SOURCE) !== 0) return;
    const next = value & (index < ATTRIBUTE_MODE ? 0x3f : (ATTRIBUTE_MASKS[index - ATTRIBUTE_MODE] as number));
    if (s.attribute[index] === next) return;
    s.attribute[index] = next;
    this.#options.pictureChanged();
  }

  #readDac(): number {
    const s = this.state;
    const value = s.dac[s.dacIndex * 3 + s.dacComponent] as number;
    this.#nextComponent();
    return value;
  }

  /** A colour changes when its third component is written. */
  #writeDac(value: number): void {
    const s = this.state;
    s.dacLatch[s.dacComponent] = this.wideDac ? value : value & 0x3f;
    if (s.dacComponent === 2) {
      s.dac.set(s.dacLatch, s.dacIndex * 3);
      this.#options.pictureChanged();
    }
    this.#nextComponent();
  }

  #nextComponent(): void {
    const s = this.state;
    s.dacComponent++;
    if (s.dacComponent < 3) return;
    s.dacComponent = 0;
    s.dacIndex = (s.dacIndex + 1) & 0xff;
  }
}
