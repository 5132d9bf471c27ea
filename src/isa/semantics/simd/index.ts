// MMX, SSE, SSE2 and SSE3: every instruction by the name of its operation.
// Elsewhere: FISTTP and FXSAVE/FXRSTOR (x87), fences, PREFETCH (NOP), MONITOR and MWAIT (system).

export {
  CVTDQ2PD,
  CVTDQ2PS,
  CVTPD2DQ,
  CVTPD2PI,
  CVTPD2PS,
  CVTPI2PD,
  CVTPI2PS,
  CVTPS2DQ,
  CVTPS2PD,
  CVTPS2PI,
  CVTTPD2DQ,
  CVTTPD2PI,
  CVTTPS2DQ,
  CVTTPS2PI,
} from './convert.ts';
export * from './float-approximate.ts';
export {
  CMPPD,
  CMPPS,
  CMPSDX,
  CMPSS,
  MAXPD,
  MAXPS,
  MAXSD,
  MAXSS,
  MINPD,
  MINPS,
  MINSD,
  MINSS,
} from './float-compare.ts';
export * from './float-horizontal.ts';
export * from './interleave.ts';
export * from './logic.ts';
export * from './masked.ts';
export * from './move.ts';
export { LDMXCSR, STMXCSR } from './mxcsr.ts';
export * from './packed-add.ts';
export * from './packed-compare.ts';
export * from './packed-double.ts';
export * from './packed-multiply.ts';
export * from './packed-quadword.ts';
export * from './packed-shift.ts';
export * from './scalar-double.ts';
export * from './shuffle.ts';
export * from './single.ts';
