// MMX, SSE, SSE2 and SSE3 opcodes (0F xx), as data. Source: SDM vol. 2, table A-3 and groups 12 to 15; the legacy
// (non-VEX) forms, in the notation of `opcodes.ts`. A row without a prefix column does not occur here: all three
// prefixes select.
//
// Deviations: the type of a memory operand is what the instruction reads or writes (MOVLPS Vq,Mq; CVTPS2PD Vpd,Wq;
// PUNPCKLBW Pq,Qd), also where the appendix has the type of the register. The implicit memory operand of MASKMOVQ and
// MASKMOVDQU is written BDq, BDdq (DS:EDI) and is their destination.

/** Packed and scalar arithmetic with all four prefixes: PS, PD, SS, SD. */
const FOUR = ['51 SQRT', '58 ADD', '59 MUL', '5C SUB', '5D MIN', '5E DIV', '5F MAX']
  .map((row) => {
    const [opcode, op] = row.split(' ');
    return `
${opcode} NP ${op}PS Vps,Wps
${opcode} 66 ${op}PD Vpd,Wpd
${opcode} F3 ${op}SS Vss,Wss
${opcode} F2 ${op}SD Vsd,Wsd`;
  })
  .join('');

/** Packed only: PS and PD. */
const PACKED = ['14 UNPCKL', '15 UNPCKH', '54 AND', '55 ANDN', '56 OR', '57 XOR']
  .map((row) => {
    const [opcode, op] = row.split(' ');
    return `
${opcode} NP ${op}PS Vps,Wps
${opcode} 66 ${op}PD Vpd,Wpd`;
  })
  .join('');

/** Integer operations of MMX that SSE2 extends to 128 bits. */
const INTEGER = `63 PACKSSWB
64 PCMPGTB
65 PCMPGTW
66 PCMPGTD
67 PACKUSWB
68 PUNPCKHBW
69 PUNPCKHWD
6A PUNPCKHDQ
6B PACKSSDW
74 PCMPEQB
75 PCMPEQW
76 PCMPEQD
D1 PSRLW
D2 PSRLD
D3 PSRLQ
D4 PADDQ
D5 PMULLW
D8 PSUBUSB
D9 PSUBUSW
DA PMINUB
DB PAND
DC PADDUSB
DD PADDUSW
DE PMAXUB
DF PANDN
E0 PAVGB
E1 PSRAW
E2 PSRAD
E3 PAVGW
E4 PMULHUW
E5 PMULHW
E8 PSUBSB
E9 PSUBSW
EA PMINSW
EB POR
EC PADDSB
ED PADDSW
EE PMAXSW
EF PXOR
F1 PSLLW
F2 PSLLD
F3 PSLLQ
F4 PMULUDQ
F5 PMADDWD
F6 PSADBW
F8 PSUBB
F9 PSUBW
FA PSUBD
FB PSUBQ
FC PADDB
FD PADDW
FE PADDD`
  .split('\n')
  .map((row) => {
    const [opcode, op] = row.split(' ');
    return `
${opcode} NP ${op} Pq,Qq
${opcode} 66 ${op} Vdq,Wdq`;
  })
  .join('');

export const SIMD = `${FOUR}${PACKED}${INTEGER}
10 NP MOVUPS Vps,Wps
10 66 MOVUPD Vpd,Wpd
10 F3 MOVSS Vss,Wss
10 F2 MOVSDX Vsd,Wsd
11 NP MOVUPS Wps,Vps
11 66 MOVUPD Wpd,Vpd
11 F3 MOVSS Wss,Vss
11 F2 MOVSDX Wsd,Vsd
12 NP MOVLPS Vq,Mq
12 NP MOVHLPS Vq,Uq
12 66 MOVLPD Vq,Mq
12 F3 MOVSLDUP Vps,Wps
12 F2 MOVDDUP Vq,Wq
13 NP MOVLPS Mq,Vq
13 66 MOVLPD Mq,Vq
16 NP MOVHPS Vq,Mq
16 NP MOVLHPS Vq,Uq
16 66 MOVHPD Vq,Mq
16 F3 MOVSHDUP Vps,Wps
17 NP MOVHPS Mq,Vq
17 66 MOVHPD Mq,Vq
28 NP MOVAPS Vps,Wps
28 66 MOVAPD Vpd,Wpd
29 NP MOVAPS Wps,Vps
29 66 MOVAPD Wpd,Vpd
2A NP CVTPI2PS Vq,Qq
2A 66 CVTPI2PD Vpd,Qq
2A F3 CVTSI2SS Vss,Ed
2A F2 CVTSI2SD Vsd,Ed
2B NP MOVNTPS Mps,Vps
2B 66 MOVNTPD Mpd,Vpd
2C NP CVTTPS2PI Pq,Wq
2C 66 CVTTPD2PI Pq,Wpd
2C F3 CVTTSS2SI Gd,Wss
2C F2 CVTTSD2SI Gd,Wsd
2D NP CVTPS2PI Pq,Wq
2D 66 CVTPD2PI Pq,Wpd
2D F3 CVTSS2SI Gd,Wss
2D F2 CVTSD2SI Gd,Wsd
2E NP UCOMISS Vss,Wss
2E 66 UCOMISD Vsd,Wsd
2F NP COMISS Vss,Wss
2F 66 COMISD Vsd,Wsd
50 NP MOVMSKPS Gd,Ups
50 66 MOVMSKPD Gd,Upd
52 NP RSQRTPS Vps,Wps
52 F3 RSQRTSS Vss,Wss
53 NP RCPPS Vps,Wps
53 F3 RCPSS Vss,Wss
5A NP CVTPS2PD Vpd,Wq
5A 66 CVTPD2PS Vps,Wpd
5A F3 CVTSS2SD Vsd,Wss
5A F2 CVTSD2SS Vss,Wsd
5B NP CVTDQ2PS Vps,Wdq
5B 66 CVTPS2DQ Vdq,Wps
5B F3 CVTTPS2DQ Vdq,Wps
60 NP PUNPCKLBW Pq,Qd
60 66 PUNPCKLBW Vdq,Wdq
61 NP PUNPCKLWD Pq,Qd
61 66 PUNPCKLWD Vdq,Wdq
62 NP PUNPCKLDQ Pq,Qd
62 66 PUNPCKLDQ Vdq,Wdq
6C 66 PUNPCKLQDQ Vdq,Wdq
6D 66 PUNPCKHQDQ Vdq,Wdq
6E NP MOVD Pd,Ed
6E 66 MOVD Vd,Ed
6F NP MOVQ Pq,Qq
6F 66 MOVDQA Vdq,Wdq
6F F3 MOVDQU Vdq,Wdq
70 NP PSHUFW Pq,Qq,ib
70 66 PSHUFD Vdq,Wdq,ib
70 F3 PSHUFHW Vdq,Wdq,ib
70 F2 PSHUFLW Vdq,Wdq,ib
71 NP /2 PSRLW Nq,ib
71 66 /2 PSRLW Udq,ib
71 NP /4 PSRAW Nq,ib
71 66 /4 PSRAW Udq,ib
71 NP /6 PSLLW Nq,ib
71 66 /6 PSLLW Udq,ib
72 NP /2 PSRLD Nq,ib
72 66 /2 PSRLD Udq,ib
72 NP /4 PSRAD Nq,ib
72 66 /4 PSRAD Udq,ib
72 NP /6 PSLLD Nq,ib
72 66 /6 PSLLD Udq,ib
73 NP /2 PSRLQ Nq,ib
73 66 /2 PSRLQ Udq,ib
73 66 /3 PSRLDQ Udq,ib
73 NP /6 PSLLQ Nq,ib
73 66 /6 PSLLQ Udq,ib
73 66 /7 PSLLDQ Udq,ib
77 NP EMMS
7C 66 HADDPD Vpd,Wpd
7C F2 HADDPS Vps,Wps
7D 66 HSUBPD Vpd,Wpd
7D F2 HSUBPS Vps,Wps
7E NP MOVD Ed,Pd
7E 66 MOVD Ed,Vd
7E F3 MOVQ Vq,Wq
7F NP MOVQ Qq,Pq
7F 66 MOVDQA Wdq,Vdq
7F F3 MOVDQU Wdq,Vdq
AE NP /0 FXSAVE Mfx
AE NP /1 FXRSTOR -,Mfx
AE NP /2 LDMXCSR -,Md
AE NP /3 STMXCSR Md
AE NP /5 11B LFENCE
AE NP /6 11B MFENCE
AE NP /7 11B SFENCE
AE NP /7 CLFLUSH -,Mb
C2 NP CMPPS Vps,Wps,ib
C2 66 CMPPD Vpd,Wpd,ib
C2 F3 CMPSS Vss,Wss,ib
C2 F2 CMPSDX Vsd,Wsd,ib
C3 NP MOVNTI Md,Gd
C4 NP PINSRW Pq,Rd/Mw,ib
C4 66 PINSRW Vdq,Rd/Mw,ib
C5 NP PEXTRW Gd,Nq,ib
C5 66 PEXTRW Gd,Udq,ib
C6 NP SHUFPS Vps,Wps,ib
C6 66 SHUFPD Vpd,Wpd,ib
D0 66 ADDSUBPD Vpd,Wpd
D0 F2 ADDSUBPS Vps,Wps
D6 66 MOVQ Wq,Vq
D6 F3 MOVQ2DQ Vdq,Nq
D6 F2 MOVDQ2Q Pq,Uq
D7 NP PMOVMSKB Gd,Nq
D7 66 PMOVMSKB Gd,Udq
E6 66 CVTTPD2DQ Vdq,Wpd
E6 F3 CVTDQ2PD Vpd,Wq
E6 F2 CVTPD2DQ Vdq,Wpd
E7 NP MOVNTQ Mq,Pq
E7 66 MOVNTDQ Mdq,Vdq
F0 F2 LDDQU Vdq,Mdq
F7 NP MASKMOVQ BDq,Pq,Nq
F7 66 MASKMOVDQU BDdq,Vdq,Udq`;
// AE: the fences take any rm (SDM vol. 2, LFENCE).
