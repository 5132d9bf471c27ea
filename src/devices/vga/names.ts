// Names of the VGA's registers and their bits, and the state that they are.
//
// IBM Personal System/2 Hardware Interface Technical Reference (1988), "Video Subsystem".

// Sequencer registers.
export const CLOCKING_MODE = 1;
export const MAP_MASK = 2;
export const CHARACTER_MAP = 3;
export const MEMORY_MODE = 4;
export const CLOCKING_EIGHT_DOTS = 1 << 0;
export const CLOCKING_HALF_DOT_CLOCK = 1 << 3;
export const CLOCKING_SCREEN_OFF = 1 << 5;
export const MEMORY_SEQUENTIAL = 1 << 2; // not odd/even
export const MEMORY_CHAIN_4 = 1 << 3;

// Graphics controller registers.
export const SET_RESET = 0;
export const ENABLE_SET_RESET = 1;
export const COLOUR_COMPARE = 2;
export const DATA_ROTATE = 3;
export const READ_MAP = 4;
export const GRAPHICS_MODE = 5;
export const MISCELLANEOUS = 6;
export const COLOUR_DONT_CARE = 7;
export const BIT_MASK = 8;
export const MODE_READ_COMPARE = 1 << 3;
export const MODE_ODD_EVEN = 1 << 4;
export const MODE_SHIFT_INTERLEAVE = 1 << 5;
export const MODE_SHIFT_256 = 1 << 6;
export const MISCELLANEOUS_GRAPHICS = 1 << 0;
export const MISCELLANEOUS_CHAIN_ODD_EVEN = 1 << 1;

// CRT controller registers.
export const HORIZONTAL_TOTAL = 0x00;
export const HORIZONTAL_DISPLAY_END = 0x01;
export const VERTICAL_TOTAL = 0x06;
export const OVERFLOW = 0x07;
export const PRESET_ROW_SCAN = 0x08;
export const MAXIMUM_SCAN_LINE = 0x09;
export const CURSOR_START = 0x0a;
export const CURSOR_END = 0x0b;
export const START_ADDRESS_HIGH = 0x0c;
export const START_ADDRESS_LOW = 0x0d;
export const CURSOR_HIGH = 0x0e;
export const CURSOR_LOW = 0x0f;
export const VERTICAL_RETRACE_START = 0x10;
export const VERTICAL_RETRACE_END = 0x11;
export const VERTICAL_DISPLAY_END = 0x12;
export const OFFSET = 0x13;
export const UNDERLINE = 0x14;
export const CRTC_MODE = 0x17;
export const LINE_COMPARE = 0x18;
export const CRTC_PROTECT = 1 << 7; // in VERTICAL_RETRACE_END
export const OVERFLOW_LINE_COMPARE = 1 << 4;
export const SCAN_DOUBLING = 1 << 7; // in MAXIMUM_SCAN_LINE
export const UNDERLINE_DOUBLEWORD = 1 << 6;
export const CRTC_ROW_SCAN_13 = 1 << 0; // clear: row scan bit 0 in place of address bit 13
export const CRTC_ROW_SCAN_14 = 1 << 1;
export const CRTC_ADDRESS_WRAP = 1 << 5;
export const CRTC_BYTE_MODE = 1 << 6;

// Attribute controller registers.
export const ATTRIBUTE_MODE = 0x10;
export const OVERSCAN = 0x11;
export const PLANE_ENABLE = 0x12;
export const PANNING = 0x13;
export const COLOUR_SELECT = 0x14;
export const ATTRIBUTE_LINE_GRAPHICS = 1 << 2;
export const ATTRIBUTE_BLINK = 1 << 3;
export const ATTRIBUTE_PANNING_COMPATIBLE = 1 << 5;
export const ATTRIBUTE_PALETTE_5_4 = 1 << 7;
/** In the attribute controller's index: the palette feeds the screen, and cannot be written. */
export const PALETTE_ADDRESS_SOURCE = 1 << 5;

// Miscellaneous output.
export const MISC_COLOUR = 1 << 0;
export const MISC_RAM_ENABLE = 1 << 1;

export const CRTC_REGISTERS = 25;

export interface VgaRegisterState {
  misc: number;
  enabled: number;
  feature: number;
  sequencerIndex: number;
  sequencer: Uint8Array;
  graphicsIndex: number;
  graphics: Uint8Array;
  crtcIndex: number;
  crtc: Uint8Array;
  attributeIndex: number;
  /** The next write to 3C0h is data. */
  attributeData: boolean;
  attribute: Uint8Array;
  dacMask: number;
  dacIndex: number;
  /** Component that comes next: red, green, blue. */
  dacComponent: number;
  dacReading: boolean;
  /** Components that wait for the third. */
  dacLatch: Uint8Array;
  /** 256 colours of three components, as written. */
  dac: Uint8Array;
}
