// Bits of the x87 status and control words (SDM vol. 1, sections 8.1.3 and 8.1.5).

/** Invalid operation, denormal operand, division by zero, overflow, underflow, precision. */
export const FSW_IE = 0x0001;
export const FSW_DE = 0x0002;
export const FSW_ZE = 0x0004;
export const FSW_OE = 0x0008;
export const FSW_UE = 0x0010;
export const FSW_PE = 0x0020;
/** Stack fault. */
export const FSW_SF = 0x0040;
/** Error summary: an unmasked exception is pending. */
export const FSW_ES = 0x0080;
export const FSW_C0 = 0x0100;
export const FSW_C1 = 0x0200;
export const FSW_C2 = 0x0400;
export const FSW_C3 = 0x4000;
/** Busy: mirrors ES. */
export const FSW_B = 0x8000;
/** The six exceptions in the status word, and their masks in the control word. */
export const EXCEPTIONS = 0x003f;

/** Precision control: significands of 24, 53, 64 bits. */
export const PC_MASK = 0x0300;
export const PC_SINGLE = 0x0000;
export const PC_DOUBLE = 0x0200;
export const PC_EXTENDED = 0x0300;
/** Rounding control. */
export const RC_MASK = 0x0c00;
export const RC_NEAREST = 0x0000;
export const RC_DOWN = 0x0400;
export const RC_UP = 0x0800;
export const RC_ZERO = 0x0c00;
/** Bits of the control word that can be written, and the one that always reads as set. */
export const FCW_WRITABLE = 0x1f3f;
export const FCW_FIXED = 0x0040;
/** After FNINIT. */
export const FCW_INITIAL = 0x037f;

/** Sign, exponent of 15 bits, bias. */
export const SIGN = 0x8000;
export const EXPONENT = 0x7fff;
export const BIAS = 16383;
/** Sign and exponent, and high word, of the default NaN and of infinity. */
export const NAN_SE = 0xffff;
export const NAN_HI = 0xc0000000 | 0;
export const MSB = 0x80000000 | 0;

/** Operations of arithmetic. */
export const X87_ADD = 0;
export const X87_SUB = 1;
export const X87_SUBR = 2;
export const X87_MUL = 3;
export const X87_DIV = 4;
export const X87_DIVR = 5;
