// ACPI machine language, as much as a DSDT of fixed hardware needs: ACPI Specification 6.5, chapter 20 (encoding) and
// section 6.4 (resource descriptors). Every function returns the bytes of one term; terms nest by concatenation.

import { Builder } from './bytes.ts';

/** Encoded AML. */
export type Aml = Uint8Array;

export const zero: Aml = Uint8Array.of(0x00);
export const arg0: Aml = Uint8Array.of(0x68);
export const local0: Aml = Uint8Array.of(0x60);

/** A NameString: `\` and `^` prefixes, segments separated by dots. */
export function name(path: string): Aml {
  const out = new Builder();
  const prefix = /^(\\|\^*)/.exec(path)?.[0] ?? '';
  out.text(prefix);
  const segments = path.slice(prefix.length).split('.').filter(Boolean);
  if (segments.length === 0) out.u8(0x00);
  if (segments.length === 2) out.u8(0x2e);
  if (segments.length > 2) out.u8(0x2f, segments.length);
  for (const segment of segments) out.text(segment, 4, '_'.charCodeAt(0));
  return out.finish();
}

/** An integer constant of 0 to 2^32 - 1, in the shortest form. */
export function integer(value: number): Aml {
  if (value < 2) return Uint8Array.of(value);
  if (value < 0x100) return Uint8Array.of(0x0a, value);
  if (value < 0x10000) return new Builder().u8(0x0b).u16(value).finish();
  return new Builder().u8(0x0c).u32(value).finish();
}

/** EISAID(): three letters and four hexadecimal digits in 32 bits. */
export function eisaId(id: string): Aml {
  const letter = (at: number) => id.charCodeAt(at) - 0x40;
  const vendor = (letter(0) << 10) | (letter(1) << 5) | letter(2);
  const product = Number.parseInt(id.slice(3), 16);
  return Uint8Array.of(0x0c, vendor >> 8, vendor, product >> 8, product);
}

/** Name(path, value) */
export function define(path: string, value: Aml): Aml {
  return term([0x08], name(path), value);
}

export function scope(path: string, ...body: Aml[]): Aml {
  return pkg([0x10], name(path), ...body);
}

export function device(path: string, ...body: Aml[]): Aml {
  return pkg([0x5b, 0x82], name(path), ...body);
}

/** Processor(path, id, 0, 0) {}: no processor register block. */
export function processor(path: string, id: number): Aml {
  return pkg([0x5b, 0x83], name(path), Uint8Array.of(id, 0, 0, 0, 0, 0));
}

/** Package(), of at most 255 elements. */
export function packageOf(...elements: Aml[]): Aml {
  return pkg([0x12], Uint8Array.of(elements.length), ...elements);
}

/** Buffer() with these bytes. */
export function buffer(bytes: Uint8Array): Aml {
  return pkg([0x11], integer(bytes.length), bytes);
}

/** Method(path, args, Serialized) */
export function method(path: string, args: number, ...body: Aml[]): Aml {
  return pkg([0x14], name(path), Uint8Array.of(args | 8), ...body);
}

/** OperationRegion(path, PCI_Config, offset, length) */
export function pciConfigRegion(path: string, offset: number, length: number): Aml {
  return term([0x5b, 0x80], name(path), Uint8Array.of(2), integer(offset), integer(length));
}

/** Field(region, ByteAcc, NoLock, Preserve) of named bytes. */
export function byteFields(region: string, ...names: string[]): Aml {
  const eightBits = Uint8Array.of(8);
  return pkg([0x5b, 0x81], name(region), Uint8Array.of(1), ...names.flatMap((field) => [name(field), eightBits]));
}

/** CreateDWordField(source, byteIndex, path) */
export function createDwordField(source: Aml, byteIndex: number, path: string): Aml {
  return term([0x8a], source, integer(byteIndex), name(path));
}

export function store(source: Aml, target: Aml): Aml {
  return term([0x70], source, target);
}

export function and(a: Aml, b: Aml, target: Aml = zero): Aml {
  return term([0x7b], a, b, target);
}

export function or(a: Aml, b: Aml, target: Aml = zero): Aml {
  return term([0x7d], a, b, target);
}

export function ifElse(predicate: Aml, then: readonly Aml[], otherwise: readonly Aml[] = []): Aml {
  const first = pkg([0xa0], predicate, ...then);
  return otherwise.length === 0 ? first : term([], first, pkg([0xa1], ...otherwise));
}

/** Return(value); the name is a keyword here. */
export function returns(value: Aml): Aml {
  return term([0xa4], value);
}

/** A resource template: descriptors and the end tag, as a buffer. */
export function resources(...descriptors: Aml[]): Aml {
  return buffer(term([], ...descriptors, Uint8Array.of(0x79, 0)));
}

/** IO(Decode16, base, base, 1, length) */
export function io(base: number, length: number): Aml {
  return new Builder().u8(0x47, 1).u16(base, base).u8(1, length).finish();
}

/** IRQNoFlags(): edge-triggered, active high, exclusive. */
export function irq(line: number): Aml {
  return new Builder()
    .u8(0x22)
    .u16(1 << line)
    .finish();
}

/** DMA(Compatibility, NotBusMaster, Transfer8) */
export function dma(channel: number): Aml {
  return Uint8Array.of(0x2a, 1 << channel, 0);
}

/** Interrupt(ResourceConsumer, Level, ActiveHigh, Shared) of one or several interrupts. */
export function levelInterrupts(...interrupts: number[]): Aml {
  return new Builder()
    .u8(0x89)
    .u16(2 + 4 * interrupts.length)
    .u8(0x09, interrupts.length)
    .u32(...interrupts)
    .finish();
}

/** Offset of the first interrupt number in the buffer of `resources(levelInterrupts(...))`. */
export const FIRST_INTERRUPT = 5;

/** Memory32Fixed(ReadWrite, base, length) */
export function memory32Fixed(base: number, length: number): Aml {
  return new Builder().u8(0x86).u16(9).u8(1).u32(base, length).finish();
}

/** WordBusNumber(ResourceProducer, MinFixed, MaxFixed, PosDecode) */
export function busNumbers(first: number, last: number): Aml {
  return wordRange(2, 0x00, first, last);
}

/** WordIO(ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange) */
export function ioWindow(first: number, last: number): Aml {
  return wordRange(1, 0x03, first, last);
}

/** DWordMemory(ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite) */
export function memoryWindow(first: number, last: number): Aml {
  return new Builder()
    .u8(0x87)
    .u16(23)
    .u8(0, 0x0c, 1)
    .u32(0, first, last, 0, last - first + 1)
    .finish();
}

function wordRange(type: number, flags: number, first: number, last: number): Aml {
  return new Builder()
    .u8(0x88)
    .u16(13)
    .u8(type, 0x0c, flags)
    .u16(0, first, last, 0, last - first + 1)
    .finish();
}

function term(opcode: readonly number[], ...parts: Aml[]): Aml {
  const out = new Builder().u8(...opcode);
  for (const part of parts) out.bytes(part);
  return out.finish();
}

/** An opcode with a PkgLength, which counts itself and everything behind it. */
function pkg(opcode: readonly number[], ...parts: Aml[]): Aml {
  const body = term([], ...parts);
  const out = new Builder().u8(...opcode);
  if (body.length + 1 < 0x40) out.u8(body.length + 1);
  else {
    const extra = body.length + 2 < 0x1000 ? 1 : 2;
    const length = body.length + 1 + extra;
    out.u8((extra << 6) | (length & 15));
    for (let k = 0; k < extra; k++) out.u8(length >> (4 + 8 * k));
  }
  return out.bytes(body).finish();
}
