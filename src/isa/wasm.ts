// WebAssembly binaries by hand (WebAssembly core specification, chapter 5): instructions as nested calls, operands
// first, so that `add(get(0), constant(1))` reads as the tree that it is; functions; the sections of a module.

export const I32 = 0x7f;
export const I64 = 0x7e;
export const F64 = 0x7c;
export const V128 = 0x7b;
export type ValueType = typeof I32 | typeof I64 | typeof F64;

/** Bytes of instructions. */
export type Code = readonly number[];

/** Unsigned LEB128 (section 5.2.2). */
export function unsigned(value: number): Code {
  const out: number[] = [];
  let v = value;
  do {
    const rest = v >>> 7;
    out.push((v & 127) | (rest ? 128 : 0));
    v = rest;
  } while (v);
  return out;
}

/** Bytes of a number that is written as wide as any of 32 bits. */
export const PADDED_BYTES = 5;

/** Unsigned LEB128 of 32 bits, as wide as any: what it is can be changed where it stands. */
export function padded(value: number): Code {
  return Array.from({ length: PADDED_BYTES }, (_, k) => ((value >>> (7 * k)) & 127) | (k < PADDED_BYTES - 1 ? 128 : 0));
}

/** Signed LEB128. */
function signed(value: bigint): Code {
  const out: number[] = [];
  for (let v = value; ; v >>= 7n) {
    const b = Number(v & 127n);
    if (v >= -64n && v < 64n) return [...out, b];
    out.push(b | 128);
  }
}

const operator =
  (code: number) =>
  (...operands: readonly Code[]): Code => [...operands.flat(), code];

export const int32 = (v: number): Code => [0x41, ...signed(BigInt(v))];
/** `v`: its low 64 bits. */
export const int64 = (v: bigint): Code => [0x42, ...signed(BigInt.asIntN(64, v))];

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];
export const getGlobal = (global: number): Code => [0x23, ...unsigned(global)];
export const setGlobal = (global: number, value: Code): Code => [...value, 0x24, ...unsigned(global)];

export const when = (test: Code, then: readonly Code[], otherwise: readonly Code[] = []): Code => [
  ...test,
  ...[0x04, 0x40],
  ...then.flat(),
  ...(otherwise.length > 0 ? [0x05, ...otherwise.flat()] : []),
  0x0b,
];
export const answer = (value: Code): Code => [...value, 0x0f];
/** `a` if `test` is not zero, else `b`; all three are evaluated. */
export const pick = (test: Code, a: Code, b: Code): Code => [...a, ...b, ...test, 0x1b];

/** Of 32 bits. */
export const i32 = {
  eqz: operator(0x45),
  eq: operator(0x46),
  ne: operator(0x47),
  ltU: operator(0x49),
  gtS: operator(0x4a),
  gtU: operator(0x4b),
  ltS: operator(0x48),
  geS: operator(0x4e),
  add: operator(0x6a),
  sub: operator(0x6b),
  and: operator(0x71),
  or: operator(0x72),
  xor: operator(0x73),
  shl: operator(0x74),
  shr: operator(0x75),
  shrU: operator(0x76),
  wrap: operator(0xa7),
} as const;

/** Of 64 bits. */
export const i64 = {
  eqz: operator(0x50),
  eq: operator(0x51),
  ne: operator(0x52),
  ltS: operator(0x53),
  ltU: operator(0x54),
  gtU: operator(0x56),
  geS: operator(0x59),
  geU: operator(0x5a),
  clz: operator(0x79),
  add: operator(0x7c),
  sub: operator(0x7d),
  mul: operator(0x7e),
  divS: operator(0x7f),
  divU: operator(0x80),
  and: operator(0x83),
  or: operator(0x84),
  xor: operator(0x85),
  shl: operator(0x86),
  shr: operator(0x87),
  shrU: operator(0x88),
  extendS: operator(0xac),
  extendU: operator(0xad),
  /** From a double, truncated; it must fit. */
  truncU: operator(0xb1),
} as const;

export const f64 = {
  sqrt: operator(0x9f),
  fromU64: operator(0xba),
  /** The double that 64 bits are. */
  reinterpret: operator(0xbf),
} as const;

export interface WasmFunction {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly result: ValueType;
  /** Types of the locals behind the parameters. */
  readonly locals: readonly ValueType[];
  /** Ends with the result on the stack. */
  readonly body: Code;
}

/** Magic and version (section 5.5.16). */
export const HEADER: Code = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
export const vector = (list: readonly Code[]): Code => [...unsigned(list.length), ...list.flat()];
export const section = (id: number, body: Code): Code => [id, ...unsigned(body.length), ...body];
/** A name of ASCII characters. */
export const name = (s: string): Code => vector([...s].map((c) => [c.charCodeAt(0)]));

/** A module that exports its functions, and its globals: they are mutable, of 64 bits, and start as zero. */
export function wasmModule(functions: readonly WasmFunction[], globals: readonly string[]): Uint8Array {
  const types = functions.map((f): Code => [0x60, ...vector(f.parameters.map((t) => [t])), 1, f.result]);
  const bodies = functions.map((f): Code => {
    const code = [...vector(f.locals.map((t) => [1, t])), ...f.body, 0x0b];
    return [...unsigned(code.length), ...code];
  });
  return Uint8Array.from([
    ...HEADER,
    ...section(1, vector(types)),
    ...section(3, vector(functions.map((_, k) => unsigned(k)))),
    ...section(6, vector(globals.map(() => [I64, 1, ...int64(0n), 0x0b]))),
    ...section(
      7,
      vector([
        ...functions.map((f, k) => [...name(f.name), 0, ...unsigned(k)]),
        ...globals.map((global, k) => [...name(global), 3, ...unsigned(k)]),
      ]),
    ),
    ...section(10, vector(bodies)),
  ]);
}
