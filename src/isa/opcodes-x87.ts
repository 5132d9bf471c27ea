// The x87 escape maps D8-DF, as data. Source: SDM vol. 2, tables A-7 to A-22; memory operands in the words of the
// instruction pages. Rows: `escape /digit OP operands` for memory, `escape second-byte OP operands` for registers
// (`C0+i`: eight second bytes, the low three bits are ST(i)).
//
// Deviations: the encodings that the manual leaves out and CPUs execute as aliases are here, under the name of what they
// do (D9 D8: FSTP; DC D0, D8: FCOM, FCOMP; DD C8: FXCH; DE D0: FCOMP; DF C0: FFREEP; DF C8: FXCH; DF D0, D8: FSTP).
// FENI, FDISI (8087) and FSETPM (287) do nothing: FNOP. Waiting forms are FWAIT and the non-waiting instruction.

const FP = ['FADD', 'FMUL', 'FCOM', 'FCOMP', 'FSUB', 'FSUBR', 'FDIV', 'FDIVR'];
/** In DC and DE the reverse forms of subtraction and division have changed places. */
const REVERSED = ['FADD', 'FMUL', 'FCOM', 'FCOMP', 'FSUBR', 'FSUB', 'FDIVR', 'FDIV'];

const second = (n: number): string => (0xc0 + 8 * n).toString(16).toUpperCase();

const ARITHMETIC = FP.map((op, n) => {
  const integer = op.replace('F', 'FI');
  const compare = n === 2 || n === 3;
  const reversed = REVERSED[n];
  return `
D8 /${n} ${op} ST0,m32fp
DC /${n} ${op} ST0,m64fp
DA /${n} ${integer} ST0,m32int
DE /${n} ${integer} ST0,m16int
D8 ${second(n)}+i ${op} ST0,STi
DC ${second(n)}+i ${compare ? `${op} ST0,STi` : `${reversed} STi,ST0`}
${compare ? '' : `DE ${second(n)}+i ${reversed}P STi,ST0`}`;
}).join('');

/** Condition nibbles of FCMOVcc: those of the integer conditions, with U (unordered) as P. */
export const FCMOV: readonly (readonly [escape: number, second: number, cc: number])[] = [
  [0xda, 0xc0, 2],
  [0xda, 0xc8, 4],
  [0xda, 0xd0, 6],
  [0xda, 0xd8, 10],
  [0xdb, 0xc0, 3],
  [0xdb, 0xc8, 5],
  [0xdb, 0xd0, 7],
  [0xdb, 0xd8, 11],
];

export const X87 = `${ARITHMETIC}
D9 /0 FLD -,m32fp
D9 /2 FST m32fp
D9 /3 FSTP m32fp
D9 /4 FLDENV -,m28byte
D9 /5 FLDCW -,m2byte
D9 /6 FNSTENV m28byte
D9 /7 FNSTCW m2byte
D9 C0+i FLD -,STi
D9 C8+i FXCH ST0,STi
D9 D0 FNOP
D9 D8+i FSTP STi
D9 E0 FCHS
D9 E1 FABS
D9 E4 FTST
D9 E5 FXAM
D9 E8 FLD1
D9 E9 FLDL2T
D9 EA FLDL2E
D9 EB FLDPI
D9 EC FLDLG2
D9 ED FLDLN2
D9 EE FLDZ
D9 F0 F2XM1
D9 F1 FYL2X
D9 F2 FPTAN
D9 F3 FPATAN
D9 F4 FXTRACT
D9 F5 FPREM1
D9 F6 FDECSTP
D9 F7 FINCSTP
D9 F8 FPREM
D9 F9 FYL2XP1
D9 FA FSQRT
D9 FB FSINCOS
D9 FC FRNDINT
D9 FD FSCALE
D9 FE FSIN
D9 FF FCOS
DA C0+i FCMOVcc ST0,STi
DA C8+i FCMOVcc ST0,STi
DA D0+i FCMOVcc ST0,STi
DA D8+i FCMOVcc ST0,STi
DA E9 FUCOMPP
DB /0 FILD -,m32int
DB /1 FISTTP m32int
DB /2 FIST m32int
DB /3 FISTP m32int
DB /5 FLD -,m80fp
DB /7 FSTP m80fp
DB C0+i FCMOVcc ST0,STi
DB C8+i FCMOVcc ST0,STi
DB D0+i FCMOVcc ST0,STi
DB D8+i FCMOVcc ST0,STi
DB E0 FNOP
DB E1 FNOP
DB E2 FNCLEX
DB E3 FNINIT
DB E4 FNOP
DB E8+i FUCOMI ST0,STi
DB F0+i FCOMI ST0,STi
DD /0 FLD -,m64fp
DD /1 FISTTP m64int
DD /2 FST m64fp
DD /3 FSTP m64fp
DD /4 FRSTOR -,m94byte
DD /6 FNSAVE m94byte
DD /7 FNSTSW m2byte
DD C0+i FFREE STi
DD C8+i FXCH ST0,STi
DD D0+i FST STi
DD D8+i FSTP STi
DD E0+i FUCOM ST0,STi
DD E8+i FUCOMP ST0,STi
DE D0+i FCOMP ST0,STi
DE D9 FCOMPP
DF /0 FILD -,m16int
DF /1 FISTTP m16int
DF /2 FIST m16int
DF /3 FISTP m16int
DF /4 FBLD -,m80bcd
DF /5 FILD -,m64int
DF /6 FBSTP m80bcd
DF /7 FISTP m64int
DF C0+i FFREEP STi
DF C8+i FXCH ST0,STi
DF D0+i FSTP STi
DF D8+i FSTP STi
DF E0 FNSTSW AX
DF E8+i FUCOMIP ST0,STi
DF F0+i FCOMIP ST0,STi`;
