// MMX, SSE, SSE2 and SSE3: every instruction by the name of its operation.
// Elsewhere: FISTTP and FXSAVE/FXRSTOR (x87), fences, PREFETCH (NOP), MONITOR and MWAIT (system).

export * from './convert.ts';
export * from './float-approximate.ts';
export * from './float-arithmetic.ts';
export * from './float-compare.ts';
export * from './float-horizontal.ts';
export * from './logic.ts';
export * from './masked.ts';
export * from './move.ts';
export { LDMXCSR, STMXCSR } from './mxcsr.ts';
export * from './packed-add.ts';
export * from './packed-compare.ts';
export * from './packed-multiply.ts';
export * from './packed-quadword.ts';
export * from './packed-shift.ts';
export * from './shuffle.ts';
