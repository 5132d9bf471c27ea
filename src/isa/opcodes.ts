// The opcode maps of IA-32 through SSE3, as data.
// Source: Intel SDM vol. 2, appendix A (tables) in its own operand notation; the x87 escapes
// are in `opcodes-x87.ts`, MMX and SSE in `opcodes-simd.ts`. Decoder, disassembler and tests derive from
// these rows.
//
// A row is `opcode [prefix] [/digit] OP operands`:
//   opcode   `40+r`: eight opcodes, the low three bits are a register (operand Z); `70+cc`: sixteen, the low four are `cc`
//   prefix   NP (none of 66, F3, F2), 66, F3, F2; a row without this column stands for all four, and a row with it
//            replaces its slot
//   /digit   the reg field of ModRM (an opcode extension); 11B after it: only with mod = 11B
//   operands destination first. The letters are the appendix's: A C D E G I J M N O P Q R S U V W X Y; types
//            b w d q dq v z p s a ps pd ss sd. M takes only memory, N and U only registers.
// What is not in a row is undefined (#UD).
//
// Deviations in notation:
//   Zv, Zb     the register in the opcode's low three bits (the appendix lists the eight registers)
//   Ib         is sign-extended to the size of the instruction; ib and iw are control values and zero-extended
//              (the appendix writes Ib and Iw for both); Ib&31 is a shift count, masked as the CPU does
//   1          the constant of D0 and D1
//   BX+AL      the memory operand of XLAT
//   m32fp ...  the operand names of the x87 instruction pages
//
// Names of operations. They are the manual's mnemonics, except these families:
//   Jcc SETcc CMOVcc FCMOVcc   one name, the condition in `cc` (FCMOVcc: the nibble of the integer condition)
//   JMP CALL       near relative; JMPn CALLn near indirect (src); JMPF CALLF far (src is FAR or MEM)
//   RET RETF       src is the count of bytes to drop (0 where the encoding has none)
//   IMUL           two and three operands (two: src2 is dst); IMUL1 one operand (src)
//   MOVS CMPS STOS LODS SCAS INS OUTS   any size; dst is ES:EDI, src DS:ESI where there is one. CMPS and SCAS therefore
//                  compare src with dst (src - dst)
//   CBW CWD        also CWDE and CDQ (size 32); PUSHA POPA PUSHF POPF IRET by size; JCXZ also JECXZ, by asize
//   MOVSEG PUSHSEG POPSEG MOVCR MOVDR   MOV, PUSH, POP of segment, control and debug registers
//   LFP            LES LCS LSS LDS LFS LGS: dst, src (MEM, size of the offset), src2 is the segment register
//   INT1           ICEBP (F1)
//   NOP            also hint NOPs and PREFETCHh, with their operand in src
//   SHL            also /6 of the shift group; TEST also /1 of group 3
//   FENI FDISI FSETPM are FNOP; the undocumented x87 aliases have the name of what they do
//   CMPSDX MOVSDX  the scalar double instructions (CMPSD and MOVSD are strings)
//   UD             undefined: UD0, UD1, UD2 and everything that is not in a row, or illegal
//   TOOLONG        more than 15 bytes: #GP(0)
// One operand that is written is `dst` (also when it is read before); one that is only read is `src`.

/** Arithmetic with accumulator and ModRM forms: 00-3F, eight operations of six opcodes each. */
const ARITHMETIC = ['ADD', 'OR', 'ADC', 'SBB', 'AND', 'SUB', 'XOR', 'CMP']
  .map((op, n) => {
    const at = (k: number): string => (8 * n + k).toString(16).toUpperCase().padStart(2, '0');
    return `
${at(0)} ${op} Eb,Gb
${at(1)} ${op} Ev,Gv
${at(2)} ${op} Gb,Eb
${at(3)} ${op} Gv,Ev
${at(4)} ${op} AL,Ib
${at(5)} ${op} eAX,Iz
80 /${n} ${op} Eb,Ib
81 /${n} ${op} Ev,Iz
82 /${n} ${op} Eb,Ib
83 /${n} ${op} Ev,Ib`;
  })
  .join('');

/** Group 2, shifts and rotates: C0 C1 D0-D3. /6 is undefined in the manual and SHL in every CPU. */
const SHIFTS = ['ROL', 'ROR', 'RCL', 'RCR', 'SHL', 'SHR', 'SHL', 'SAR']
  .map(
    (op, n) => `
C0 /${n} ${op} Eb,Ib&31
C1 /${n} ${op} Ev,Ib&31
D0 /${n} ${op} Eb,1
D1 /${n} ${op} Ev,1
D2 /${n} ${op} Eb,CL
D3 /${n} ${op} Ev,CL`,
  )
  .join('');

/** One-byte opcodes (table A-2) with groups 1 to 5, 11 and 1A (table A-6). Prefixes and escapes are the decoder's. */
export const ONE_BYTE = `${ARITHMETIC}
06 PUSHSEG ES
07 POPSEG ES
0E PUSHSEG CS
16 PUSHSEG SS
17 POPSEG SS
1E PUSHSEG DS
1F POPSEG DS
27 DAA
2F DAS
37 AAA
3F AAS
40+r INC Zv
48+r DEC Zv
50+r PUSH -,Zv
58+r POP Zv
60 PUSHA
61 POPA
62 BOUND Gv,Ma
63 ARPL Ew,Gw
68 PUSH -,Iz
69 IMUL Gv,Ev,Iz
6A PUSH -,Ib
6B IMUL Gv,Ev,Ib
6C INS Yb,DX
6D INS Yz,DX
6E OUTS DX,Xb
6F OUTS DX,Xz
70+cc Jcc Jb
84 TEST Eb,Gb
85 TEST Ev,Gv
86 XCHG Eb,Gb
87 XCHG Ev,Gv
88 MOV Eb,Gb
89 MOV Ev,Gv
8A MOV Gb,Eb
8B MOV Gv,Ev
8C MOVSEG Rv/Mw,Sw
8D LEA Gv,Mv
8E MOVSEG Sw,Ew
8F /0 POP Ev
90+r XCHG Zv,eAX
90 NP NOP
90 66 NOP
90 F2 NOP
90 F3 PAUSE
98 CBW
99 CWD
9A CALLF -,Ap
9B FWAIT
9C PUSHF
9D POPF
9E SAHF
9F LAHF
A0 MOV AL,Ob
A1 MOV eAX,Ov
A2 MOV Ob,AL
A3 MOV Ov,eAX
A4 MOVS Yb,Xb
A5 MOVS Yv,Xv
A6 CMPS Yb,Xb
A7 CMPS Yv,Xv
A8 TEST AL,Ib
A9 TEST eAX,Iz
AA STOS Yb,AL
AB STOS Yv,eAX
AC LODS AL,Xb
AD LODS eAX,Xv
AE SCAS Yb,AL
AF SCAS Yv,eAX
B0+r MOV Zb,Ib
B8+r MOV Zv,Iv
C2 RET -,iw
C3 RET -,0
C4 LFP Gv,Mp,ES
C5 LFP Gv,Mp,DS
C6 /0 MOV Eb,Ib
C7 /0 MOV Ev,Iz
C8 ENTER -,iw,ib
C9 LEAVE
CA RETF -,iw
CB RETF -,0
CC INT3
CD INT -,ib
CE INTO
CF IRET
${SHIFTS}
D4 AAM -,ib
D5 AAD -,ib
D6 SALC
D7 XLAT -,BX+AL
E0 LOOPNE Jb
E1 LOOPE Jb
E2 LOOP Jb
E3 JCXZ Jb
E4 IN AL,ib
E5 IN eAX,ib
E6 OUT ib,AL
E7 OUT ib,eAX
E8 CALL Jz
E9 JMP Jz
EA JMPF -,Ap
EB JMP Jb
EC IN AL,DX
ED IN eAX,DX
EE OUT DX,AL
EF OUT DX,eAX
F1 INT1
F4 HLT
F5 CMC
F6 /0 TEST Eb,Ib
F6 /1 TEST Eb,Ib
F6 /2 NOT Eb
F6 /3 NEG Eb
F6 /4 MUL -,Eb
F6 /5 IMUL1 -,Eb
F6 /6 DIV -,Eb
F6 /7 IDIV -,Eb
F7 /0 TEST Ev,Iz
F7 /1 TEST Ev,Iz
F7 /2 NOT Ev
F7 /3 NEG Ev
F7 /4 MUL -,Ev
F7 /5 IMUL1 -,Ev
F7 /6 DIV -,Ev
F7 /7 IDIV -,Ev
F8 CLC
F9 STC
FA CLI
FB STI
FC CLD
FD STD
FE /0 INC Eb
FE /1 DEC Eb
FF /0 INC Ev
FF /1 DEC Ev
FF /2 CALLn -,Ev
FF /3 CALLF -,Mp
FF /4 JMPn -,Ev
FF /5 JMPF -,Mp
FF /6 PUSH -,Ev`;
// 8C and 8E: sreg numbers 6 and 7 and a MOV to CS are undefined; the entry builder leaves them out.

/** Two-byte opcodes (0F xx, table A-3) other than MMX and SSE, with groups 6 to 9 and 16. */
export const TWO_BYTE = `
00 /0 SLDT Rv/Mw
00 /1 STR Rv/Mw
00 /2 LLDT -,Ew
00 /3 LTR -,Ew
00 /4 VERR -,Ew
00 /5 VERW -,Ew
01 /0 SGDT Ms
01 /1 SIDT Ms
01 /2 LGDT -,Ms
01 /3 LIDT -,Ms
01 /4 SMSW Rv/Mw
01 /6 LMSW -,Ew
01 /7 INVLPG -,Mb
02 LAR Gv,Ew
03 LSL Gv,Ew
06 CLTS
08 INVD
09 WBINVD
0B UD
0D NOP -,Mb
18 NOP -,Ev
19 NOP -,Ev
1A NOP -,Ev
1B NOP -,Ev
1C NOP -,Ev
1D NOP -,Ev
1E NOP -,Ev
1F NOP -,Ev
20 MOVCR Rd,Cd
21 MOVDR Rd,Dd
22 MOVCR Cd,Rd
23 MOVDR Dd,Rd
30 WRMSR
31 RDTSC
32 RDMSR
33 RDPMC
34 SYSENTER
35 SYSEXIT
40+cc CMOVcc Gv,Ev
80+cc Jcc Jz
90+cc SETcc Eb
A0 PUSHSEG FS
A1 POPSEG FS
A2 CPUID
A3 BT Ev,Gv
A4 SHLD Ev,Gv,Ib&31
A5 SHLD Ev,Gv,CL
A8 PUSHSEG GS
A9 POPSEG GS
AB BTS Ev,Gv
AC SHRD Ev,Gv,Ib&31
AD SHRD Ev,Gv,CL
AF IMUL Gv,Ev
B0 CMPXCHG Eb,Gb
B1 CMPXCHG Ev,Gv
B2 LFP Gv,Mp,SS
B3 BTR Ev,Gv
B4 LFP Gv,Mp,FS
B5 LFP Gv,Mp,GS
B6 MOVZX Gv,Eb
B7 MOVZX Gv,Ew
B9 UD Gd,Ed
BA /4 BT Ev,ib
BA /5 BTS Ev,ib
BA /6 BTR Ev,ib
BA /7 BTC Ev,ib
BB BTC Ev,Gv
BC BSF Gv,Ev
BD BSR Gv,Ev
BE MOVSX Gv,Eb
BF MOVSX Gv,Ew
C0 XADD Eb,Gb
C1 XADD Ev,Gv
C7 /1 CMPXCHG8B Mq
C8+r BSWAP Zv
FF UD Gd,Ed`;
// 0D: PREFETCH and PREFETCHW of AMD; a CPU without them that has Intel 64 treats the opcode as a NOP.
// 18-1F: PREFETCHh (18), NOP Ev (1F) and the hint NOPs between, which later extensions took (MPX, CET, CLDEMOTE).
// 20-23: the mod field is ignored, the operand is always a register; CR1, CR5-7 are undefined.
// AA (RSM) is undefined outside system management mode. 05 and 07 (SYSCALL, SYSRET) are not reported by CPUID.

/** Operations that take a LOCK prefix when their destination is memory (SDM vol. 2, "LOCK"). */
export const LOCKABLE: ReadonlySet<string> = new Set(
  'ADD ADC AND BTC BTR BTS CMPXCHG CMPXCHG8B DEC INC NEG NOT OR SBB SUB XOR XADD XCHG'.split(' '),
);

/** String operations: the ones that a repeat prefix repeats. */
export const STRINGS: ReadonlySet<string> = new Set('MOVS CMPS STOS LODS SCAS INS OUTS'.split(' '));

/** Byte instructions whose operands are implicit. */
export const IMPLICIT_BYTE: ReadonlySet<string> = new Set('DAA DAS AAA AAS AAM AAD SALC SAHF LAHF'.split(' '));
