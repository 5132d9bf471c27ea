// Effect classes of the primitives (src/isa/prims.ts): the one table that the checker and the specialiser read.

export type Effect =
  /** A value, from values only. */
  | 'pure'
  /** A checked memory operand: may leave the instruction. */
  | 'place'
  /** Leaves the instruction if its condition holds; behind it the condition is known to be false. */
  | 'exit'
  /** Done by the engine's quick way, or left: behind it the answer is known to be 0. A commit. */
  | 'quick'
  /** Leaves for a transfer beyond CS's limit: nothing in flat code. */
  | 'reach'
  | 'load'
  | 'store'
  /** State has the value of a place already, as a double: for the passes. */
  | 'holds'
  /** EIP of the next instruction, of this one. */
  | 'next'
  | 'here'
  /** That the x87 can be used: regions see to it before they come to such an instruction (translator/x87.ts). */
  | 'ready'
  /** Ends the instruction. */
  | 'control';

export const EFFECTS: Readonly<Record<string, Effect>> = {
  lt: 'pure',
  ltu: 'pure',
  le: 'pure',
  leu: 'pure',
  gt: 'pure',
  gtu: 'pure',
  ge: 'pure',
  geu: 'pure',
  eq: 'pure',
  ne: 'pure',
  imul: 'pure',
  clz: 'pure',
  mulhu: 'pure',
  divu: 'pure',
  divw: 'pure',
  fadd: 'pure',
  fsub: 'pure',
  fmul: 'pure',
  fdiv: 'pure',
  fsqrt: 'pure',
  fabs: 'pure',
  fneg: 'pure',
  fround: 'pure',
  flt: 'pure',
  fle: 'pure',
  feq: 'pure',
  fne: 'pure',
  fromInt: 'pure',
  oddDouble: 'pure',
  oddProduct: 'pure',
  oddQuotient: 'pure',
  toInt: 'pure',
  x87add: 'pure',
  x87sub: 'pure',
  x87mul: 'pure',
  x87div: 'pure',
  x87sqrt: 'pure',
  x87double: 'pure',
  x87single: 'pure',
  x87integer: 'pure',
  x87round: 'pure',
  x87load: 'pure',
  x87compare: 'pure',
  x87lo: 'pure',
  x87hi: 'pure',
  readPlace: 'place',
  writePlace: 'place',
  readAligned: 'place',
  writeAligned: 'place',
  raiseIf: 'exit',
  leaveIf: 'exit',
  quickMoves: 'quick',
  quickStores: 'quick',
  quickScans: 'quick',
  quickCompares: 'quick',
  quickSegment: 'quick',
  quickCycles: 'quick',
  reach: 'reach',
  reachTo: 'reach',
  load: 'load',
  store: 'store',
  holdsDouble: 'holds',
  nextEip: 'next',
  currentEip: 'here',
  waiting: 'ready',
  present: 'ready',
  settled: 'ready',
  branch: 'control',
  jump: 'control',
  jumpTo: 'control',
};

/** Functions of the dialect's files that are residual: every engine calls the reference for them. */
export const RESIDUAL: ReadonlySet<string> = new Set(
  (
    'popMemory PUSHA POPA ENTER setEflags setStatusFlags cliVirtual stiVirtual pushVirtualFlags popVirtualFlags ' +
    'checkVme settleExceptions readCycles loadControlRegister'
  ).split(' '),
);
