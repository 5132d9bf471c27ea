// The register file: the architectural state of one processor as words in the machine's heap, so that generated code,
// snapshots and the reference interpreter see the same ones.

/** Bytes of heap that the register file takes. */
export const REGISTER_FILE_BYTES = 4096;

/** Word offsets in the register file of what is not a plain accessor of `Cpu`. */
export const WORD = {
  /** EAX..EDI, then NONE, which reads as zero. */
  reg: 0,
  fz: 16,
  fr: 17,
  oa: 18,
  ob: 19,
  ca: 20,
  cb: 21,
  eip: 22,
  cpl: 23,
  IF: 24,
  DF: 25,
  TF: 26,
  IOPL: 27,
  NT: 28,
  RF: 29,
  VM: 30,
  AC: 31,
  VIF: 32,
  VIP: 33,
  ID: 34,
  shadow: 35,
  attention: 37,
  intr: 38,
  cr0: 40,
  cr2: 41,
  cr3: 42,
  cr4: 43,
  dr: 48,
  sel: 64,
  base: 72,
  limit: 80,
  access: 88,
  readSpan: 96,
  writeSpan: 104,
  fcw: 112,
  fsw: 113,
  ftop: 114,
  ftag: 115,
  fip: 116,
  fcs: 117,
  fdp: 118,
  fds: 119,
  mxcsr: 121,
  /** Eight physical x87 registers of four words: significand low, high, sign and exponent (16 bits), zero. */
  fpr: 128,
  /** Eight XMM registers of four words; then one more, where memory operands are staged. */
  xmm: 192,
  /** Engine-private words (budget, tables): see cpu/. */
  engine: 256,
  /** What a quick way found: see prims.ts. */
  quickCount: 300,
  quickValue: 301,
  quickOther: 302,
  /** Model-specific registers that only store, two words each: see semantics/msr.ts. */
  msr: 896,
} as const;
