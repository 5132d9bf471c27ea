// Bits of segment attributes and of control registers.

// Segment attributes (`access`): bits 8..15 of the descriptor's high word in bits 0..7, bits 20..23 in bits 12..15.
export const ACCESS_WRITABLE_OR_READABLE = 0x0002;
export const ACCESS_DOWN_OR_CONFORMING = 0x0004;
export const ACCESS_CODE = 0x0008;
/** S: a code or data segment, not a system one. */
export const ACCESS_SEGMENT = 0x0010;
export const ACCESS_DPL_SHIFT = 5;
export const ACCESS_PRESENT = 0x0080;
/** D/B: 32-bit code, stack or upper bound. */
export const ACCESS_BIG = 0x4000;
export const ACCESS_GRANULARITY = 0x8000;
/** Ours: a null selector was loaded; every access faults. */
export const ACCESS_UNUSABLE = 0x10000;

// CR0, CR4, EFER (SDM vol. 3, section 2.5 and 2.2.1).
export const CR0_PE = 1 << 0;
export const CR0_MP = 1 << 1;
export const CR0_EM = 1 << 2;
export const CR0_TS = 1 << 3;
export const CR0_ET = 1 << 4;
export const CR0_NE = 1 << 5;
export const CR0_WP = 1 << 16;
export const CR0_AM = 1 << 18;
export const CR0_NW = 1 << 29;
export const CR0_CD = 1 << 30;
export const CR0_PG = 1 << 31;
export const CR4_VME = 1 << 0;
export const CR4_PVI = 1 << 1;
export const CR4_TSD = 1 << 2;
export const CR4_DE = 1 << 3;
export const CR4_PSE = 1 << 4;
export const CR4_PAE = 1 << 5;
export const CR4_MCE = 1 << 6;
export const CR4_PGE = 1 << 7;
export const CR4_PCE = 1 << 8;
export const CR4_OSFXSR = 1 << 9;
export const CR4_OSXMMEXCPT = 1 << 10;
export const EFER_NXE = 1 << 11;
