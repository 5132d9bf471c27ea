// Expressions of a region, and above all its accesses to the heap: to words of the register file at constant addresses,
// to the shadow page table for a lookup, and to guest memory through a place that was checked.

import type { Expression, MemberExpression } from 'acorn';
import { SITE } from '../src/cpu/engine-words.ts';
import { WORD } from '../src/isa/register-file.ts';
import { REGISTERS_BYTES } from '../src/memory/layout.ts';
import { HOST_BITS, NOT_DIRECT, NOT_WRITABLE } from '../src/memory/shadow.ts';
import type { Place, State } from './verify-flow.ts';
import { constantOf, nameOf, refuse, sumOf, withConstant } from './verify-match.ts';
import type { ModuleNames } from './verify-module.ts';

const PAGE = 4096;

const BINARY = new Set(['+', '-', '*', '/', '&', '|', '^', '<<', '>>', '>>>', '<', '<=', '>', '>=', '==', '!=']);
const UNARY = new Set(['-', '+', '~']);
/** Functions that are called in their own statements only. */
const STATEMENTS = new Set(['callout', 'visit']);
/** First word behind the architectural state: of the engine's words, a region writes its budget and its site only. */
const ENGINE = WORD.engine;

export class Expressions {
  readonly #names: ModuleNames;
  readonly #locals: ReadonlySet<string>;
  readonly #registersAt: number;

  constructor(names: ModuleNames, locals: ReadonlySet<string>, registersAt: number) {
    this.#names = names;
    this.#locals = locals;
    this.#registersAt = registersAt;
  }

  /** Refuses what an expression may not be. */
  check(e: Expression, state: State): void {
    switch (e.type) {
      case 'Literal':
        if (typeof e.value !== 'number') refuse(e, 'a literal that is no number');
        return;
      case 'Identifier':
        if (!this.#locals.has(e.name)) refuse(e, `${e.name} is no local`);
        return;
      case 'UnaryExpression':
        if (!UNARY.has(e.operator)) refuse(e, `the operator ${e.operator}`);
        this.check(e.argument, state);
        return;
      case 'BinaryExpression':
        if (!BINARY.has(e.operator) || e.left.type === 'PrivateIdentifier') refuse(e, `the operator ${e.operator}`);
        this.check(e.left, state);
        this.check(e.right, state);
        return;
      case 'ConditionalExpression':
        this.check(e.test, state);
        this.check(e.consequent, state);
        this.check(e.alternate, state);
        return;
      case 'CallExpression': {
        const name = e.callee.type === 'Identifier' ? e.callee.name : undefined;
        if (name === undefined || !this.#names.functions.has(name) || STATEMENTS.has(name)) refuse(e, 'a call of it');
        for (const a of e.arguments) {
          if (a.type === 'SpreadElement') refuse(a, 'arguments that are not spelt out');
          this.check(a, state);
        }
        return;
      }
      case 'MemberExpression':
        this.access(e, state, false);
        return;
      default:
        refuse(e, `a ${e.type}`);
    }
  }

  /** Refuses an access to the heap that is not to the register file or through a place. */
  access(e: MemberExpression, state: State, write: boolean): void {
    const { address, bytes } = this.#split(e);
    const constant = constantOf(address);
    if (constant !== undefined) {
      const at = constant - this.#registersAt;
      if (at < 0 || at + bytes > REGISTERS_BYTES || at % bytes !== 0) refuse(e, 'a constant outside the register file');
      const word = at >> 2;
      const reserved = word > ENGINE && word < WORD.msr && word !== SITE;
      if (write && reserved) refuse(e, "a write to the engine's words");
      return;
    }
    let place = address;
    let offset = 0;
    const coerced = withConstant(address, '|');
    if (coerced) {
      const sum = coerced.constant === 0 ? sumOf(coerced.left) : undefined;
      if (!sum) refuse(e, 'an address that is no place');
      place = sum.left;
      offset = sum.constant;
    }
    const masked = withConstant(place, '&');
    if (masked && masked.constant !== HOST_BITS) refuse(e, 'an address that is no place');
    const name = nameOf(masked ? masked.left : place);
    const known = name === undefined ? undefined : state.places.get(name);
    if (!known || known.bytes === 0) refuse(e, 'an access that was not checked');
    if (write && !known.write) refuse(e, 'a write that was checked for reading');
    if (!masked && !known.write) refuse(e, 'the mark of a page that cannot be written is in the address');
    if (offset < 0 || offset + bytes > known.bytes) refuse(e, 'an access beyond what was checked');
  }

  /** The byte in the heap, if an access is to a whole word of the register file. */
  registerByte(e: MemberExpression): number | undefined {
    const { address, bytes } = this.#split(e);
    const at = constantOf(address);
    if (at === undefined || bytes !== 4) return undefined;
    return at;
  }

  /** The byte address in `view[address >> shift]`, or in `view[constant]`. */
  #split(e: MemberExpression): { address: Expression; bytes: number } {
    const view = e.object.type === 'Identifier' ? this.#names.views.get(e.object.name) : undefined;
    if (!view || !e.computed || e.property.type === 'PrivateIdentifier') return refuse(e, 'not an access to the heap');
    const constant = constantOf(e.property);
    if (constant !== undefined) {
      const value = constant * view.bytes;
      return {
        address: { ...e.property, type: 'Literal', value, raw: String(value) } as Expression,
        bytes: view.bytes,
      };
    }
    const index = withConstant(e.property, '>>');
    if (!index || 1 << index.constant !== view.bytes) return refuse(e, 'an index that is not shifted by the size');
    return { address: index.left, bytes: view.bytes };
  }
}

/** `H32[(tab + (x >>> 12 << 2) | 0) >> 2] ^ x`: the address x, an expression without accesses. */
export function tableLookup(e: Expression, names: ModuleNames): Expression | undefined {
  if (e.type !== 'BinaryExpression' || e.operator !== '^' || e.left.type !== 'MemberExpression') return undefined;
  const { object, property, computed } = e.left;
  const view = object.type === 'Identifier' ? names.views.get(object.name) : undefined;
  if (!computed || !view || view.bytes !== 4 || !view.integer || property.type === 'PrivateIdentifier')
    return undefined;
  const index = withConstant(property, '>>');
  const coerced = index?.constant === 2 ? withConstant(index.left, '|') : undefined;
  const sum = coerced?.constant === 0 ? coerced.left : undefined;
  if (sum?.type !== 'BinaryExpression' || sum.operator !== '+' || sum.left.type === 'PrivateIdentifier')
    return undefined;
  if (nameOf(sum.left) !== 'tab') return undefined;
  const scaled = withConstant(sum.right, '<<');
  const page = scaled?.constant === 2 ? withConstant(scaled.left, '>>>') : undefined;
  if (page?.constant !== 12) return undefined;
  const name = nameOf(page.left);
  return name !== undefined && nameOf(e.right) === name ? e.right : undefined;
}

/**
 * What a condition under which a region leaves says of a place where it does not hold:
 *   (p | 0) < 0                              a byte, for reading
 *   (p & mask | 0) != 0                      as the mask says
 *   (p & mask | (p & 4095) > n | 0) != 0     and the first 4096 - n bytes are on its page
 */
export function checkedPlace(test: Expression): Place | undefined {
  const sign = withConstant(test, '<');
  if (sign?.constant === 0) {
    const name = nameOf(withConstant(sign.left, '|')?.left);
    return name === undefined ? undefined : { name, bytes: 1, write: false };
  }
  const zero = withConstant(test, '!=');
  const value = zero?.constant === 0 ? withConstant(zero.left, '|') : undefined;
  if (value?.constant !== 0) return undefined;
  const { left } = value;
  if (left.type === 'BinaryExpression' && left.operator === '|' && left.left.type !== 'PrivateIdentifier') {
    const masked = withConstant(left.left, '&');
    const crosses = withConstant(left.right, '>');
    const inPage = crosses && withConstant(crosses.left, '&');
    const place = masked && ofMask(nameOf(masked.left), masked.constant);
    if (!place || inPage?.constant !== PAGE - 1 || nameOf(inPage.left) !== place.name || !crosses) return undefined;
    return { ...place, bytes: Math.max(place.bytes, PAGE - crosses.constant) };
  }
  const masked = withConstant(left, '&');
  return masked && ofMask(nameOf(masked.left), masked.constant);
}

/** A mask without the bit that says that the entry answers proves nothing. */
function ofMask(name: string | undefined, mask: number): Place | undefined {
  if (name === undefined || (mask & NOT_DIRECT) === 0) return undefined;
  const aligned = mask & (PAGE - 1);
  // Aligned to a power of two, and so that many bytes are on the page.
  if ((aligned & (aligned + 1)) !== 0) return undefined;
  return { name, bytes: aligned + 1, write: (mask & NOT_WRITABLE) !== 0 };
}
