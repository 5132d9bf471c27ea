// The registers of the local APIC, by offset from its base address.
//
// Intel SDM volume 3A, chapter "Advanced Programmable Interrupt Controller (APIC)", "Local APIC Register Address Map".

export const ID = 0x020;
export const VERSION = 0x030;
export const TPR = 0x080;
export const APR = 0x090;
export const PPR = 0x0a0;
export const EOI = 0x0b0;
export const LDR = 0x0d0;
export const DFR = 0x0e0;
export const SVR = 0x0f0;
/** The first of eight words of ISR; as many of TMR and IRR follow. */
export const ISR = 0x100;
export const ESR = 0x280;
export const ICR_LOW = 0x300;
export const ICR_HIGH = 0x310;
/** The first and the last entry of the local vector table. */
export const LVT_TIMER = 0x320;
export const LVT_ERROR = 0x370;
export const INITIAL_COUNT = 0x380;
export const CURRENT_COUNT = 0x390;
export const DIVIDE = 0x3e0;
