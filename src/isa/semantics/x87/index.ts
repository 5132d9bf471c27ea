// The x87 instructions by the decoder's names.

export { FPATAN } from './arctangent.ts';
export { FXTRACT } from './arithmetic.ts';
export { FLDENV, FNCLEX, FNINIT, FNSAVE, FNSTENV, FRSTOR } from './control.ts';
export { FXRSTOR, FXSAVE } from './fxsave.ts';
export { FBLD, FBSTP } from './integer-transfer.ts';
export { F2XM1, FYL2X, FYL2XP1 } from './logarithmic.ts';
export * from './plain-arithmetic.ts';
export * from './plain-compare.ts';
export * from './plain-control.ts';
export * from './plain-transfer.ts';
export { FPREM, FPREM1 } from './remainder.ts';
export { FCOS, FPTAN, FSIN, FSINCOS } from './trigonometric.ts';
