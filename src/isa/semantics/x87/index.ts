// The x87 instructions by the decoder's names.

export { FPATAN } from './arctangent.ts';
export {
  FABS,
  FADD,
  FADDP,
  FCHS,
  FDIV,
  FDIVP,
  FDIVR,
  FDIVRP,
  FIADD,
  FIDIV,
  FIDIVR,
  FIMUL,
  FISUB,
  FISUBR,
  FMUL,
  FMULP,
  FRNDINT,
  FSCALE,
  FSQRT,
  FSUB,
  FSUBP,
  FSUBR,
  FSUBRP,
  FXTRACT,
} from './arithmetic.ts';
export {
  FCOM,
  FCOMI,
  FCOMIP,
  FCOMP,
  FCOMPP,
  FICOM,
  FICOMP,
  FTST,
  FUCOM,
  FUCOMI,
  FUCOMIP,
  FUCOMP,
  FUCOMPP,
  FXAM,
} from './compare.ts';
export { FLD1, FLDL2E, FLDL2T, FLDLG2, FLDLN2, FLDPI, FLDZ } from './constants.ts';
export {
  FDECSTP,
  FFREE,
  FFREEP,
  FINCSTP,
  FLDCW,
  FLDENV,
  FNCLEX,
  FNINIT,
  FNOP,
  FNSAVE,
  FNSTCW,
  FNSTENV,
  FNSTSW,
  FRSTOR,
  FWAIT,
} from './control.ts';
export { FXRSTOR, FXSAVE } from './fxsave.ts';
export { FBLD, FBSTP, FILD, FIST, FISTP, FISTTP } from './integer-transfer.ts';
export { FCMOVcc, FLD, FST, FSTP, FXCH } from './load-store.ts';
export { F2XM1, FYL2X, FYL2XP1 } from './logarithmic.ts';
export { FPREM, FPREM1 } from './remainder.ts';
export { FCOS, FPTAN, FSIN, FSINCOS } from './trigonometric.ts';
