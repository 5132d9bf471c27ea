// The CRT controller's way through display memory: which bytes are shown where.
//
// IBM Personal System/2 Hardware Interface Technical Reference (1988), "Video Subsystem": CRT controller; FreeVGA,
// "CRT Controller Registers".
//
// Deviations: skew, and counting by two or four character clocks, are ignored.

import {
  ATTRIBUTE_MODE,
  ATTRIBUTE_PANNING_COMPATIBLE,
  CLOCKING_EIGHT_DOTS,
  CLOCKING_HALF_DOT_CLOCK,
  CLOCKING_MODE,
  CLOCKING_SCREEN_OFF,
  CRTC_ADDRESS_WRAP,
  CRTC_BYTE_MODE,
  CRTC_MODE,
  CRTC_ROW_SCAN_13,
  CRTC_ROW_SCAN_14,
  CURSOR_HIGH,
  CURSOR_LOW,
  HORIZONTAL_DISPLAY_END,
  LINE_COMPARE,
  MAXIMUM_SCAN_LINE,
  MEMORY_CHAIN_4,
  MEMORY_MODE,
  MISCELLANEOUS,
  MISCELLANEOUS_CHAIN_ODD_EVEN,
  MISCELLANEOUS_GRAPHICS,
  OFFSET,
  OVERFLOW,
  PALETTE_ADDRESS_SOURCE,
  PANNING,
  PRESET_ROW_SCAN,
  SCAN_DOUBLING,
  START_ADDRESS_HIGH,
  START_ADDRESS_LOW,
  UNDERLINE,
  UNDERLINE_DOUBLEWORD,
  VERTICAL_DISPLAY_END,
  type VgaRegisterState,
} from './names.ts';

/** Smaller than that, no picture is set up yet. */
const FEWEST_COLUMNS = 16;
const FEWEST_LINES = 64;

export class ScanOut {
  /** The screen is off, or the palette does not feed it. */
  blanked = true;
  /** There is a mode that can be shown. */
  active = false;
  graphics = false;
  /** Character clocks and scan lines that are displayed. */
  columns = 0;
  lines = 0;
  /** Dots of a character clock: 8 or 9. */
  characterDots = 8;
  /** Each dot is shown twice. */
  halfDotClock = false;
  /** Scan lines of a character row, and how often each is shown. */
  rowLines = 1;
  lineRepeat = 1;
  /** Addresses from a row to the next. */
  pitch = 0;
  start = 0;
  cursor = 0;
  lineCompare = 0;
  presetRowScan = 0;
  panning = 0;
  /** Panning ends at the line compare. */
  panningStops = false;
  #mode = 0;
  #doubleword = false;
  /** How far display memory offsets are shifted: see planes.ts. */
  #shift = 0;

  update({ sequencer, graphics, crtc, attribute, attributeIndex }: VgaRegisterState): void {
    const at = (index: number) => crtc[index] as number;
    const overflow = at(OVERFLOW);
    const maximum = at(MAXIMUM_SCAN_LINE);
    const clocking = sequencer[CLOCKING_MODE] as number;
    const miscellaneous = graphics[MISCELLANEOUS] as number;
    this.graphics = (miscellaneous & MISCELLANEOUS_GRAPHICS) !== 0;
    this.columns = at(HORIZONTAL_DISPLAY_END) + 1;
    this.lines = (at(VERTICAL_DISPLAY_END) | ((overflow & 2) << 7) | ((overflow & 0x40) << 3)) + 1;
    this.blanked = (clocking & CLOCKING_SCREEN_OFF) !== 0 || (attributeIndex & PALETTE_ADDRESS_SOURCE) === 0;
    this.active = this.columns >= FEWEST_COLUMNS && this.lines >= FEWEST_LINES;
    this.characterDots = this.graphics || clocking & CLOCKING_EIGHT_DOTS ? 8 : 9;
    this.halfDotClock = (clocking & CLOCKING_HALF_DOT_CLOCK) !== 0;
    this.rowLines = (maximum & 31) + 1;
    this.lineRepeat = maximum & SCAN_DOUBLING ? 2 : 1;
    this.pitch = at(OFFSET) * 2;
    this.lineCompare = at(LINE_COMPARE) | ((overflow & 0x10) << 4) | ((maximum & 0x40) << 3);
    this.presetRowScan = at(PRESET_ROW_SCAN) & 31;
    this.start = ((at(START_ADDRESS_HIGH) << 8) | at(START_ADDRESS_LOW)) + ((at(PRESET_ROW_SCAN) >> 5) & 3);
    this.cursor = (at(CURSOR_HIGH) << 8) | at(CURSOR_LOW);
    this.panning = (attribute[PANNING] as number) & 15;
    this.panningStops = ((attribute[ATTRIBUTE_MODE] as number) & ATTRIBUTE_PANNING_COMPATIBLE) !== 0;
    this.#mode = at(CRTC_MODE);
    this.#doubleword = (at(UNDERLINE) & UNDERLINE_DOUBLEWORD) !== 0;
    const chain4 = ((sequencer[MEMORY_MODE] as number) & MEMORY_CHAIN_4) !== 0;
    this.#shift = chain4 ? 2 : miscellaneous & MISCELLANEOUS_CHAIN_ODD_EVEN ? 1 : 0;
  }

  /** Rows of characters. */
  get rows(): number {
    return Math.max(1, Math.floor(this.lines / (this.rowLines * this.lineRepeat)));
  }

  /** Word (four planes) of display memory that the address counter `ma` shows in scan line `rowScan` of its row. */
  word(ma: number, rowScan: number): number {
    const mode = this.#mode;
    let address: number;
    if (this.#doubleword) address = (ma << 2) | ((ma >> 14) & 3);
    else if (mode & CRTC_BYTE_MODE) address = ma;
    else address = (ma << 1) | ((mode & CRTC_ADDRESS_WRAP ? ma >> 15 : ma >> 13) & 1);
    if ((mode & CRTC_ROW_SCAN_13) === 0) address = (address & ~0x2000) | ((rowScan & 1) << 13);
    if ((mode & CRTC_ROW_SCAN_14) === 0) address = (address & ~0x4000) | ((rowScan & 2) << 13);
    return (address >> this.#shift) & 0xffff;
  }
}
