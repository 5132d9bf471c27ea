// Templates as the passes want them: laid out by the constructors of the residual language, with what passes ask of
// them found once. Made when an instruction first wants one: a guest uses a few hundred.

import { ByShape, shapeKey } from '../src/cpu/shape.ts';
import type { Insn } from '../src/isa/insn.ts';
import { WORD } from '../src/isa/register-file.ts';
import { findingOf, NOP } from './classify.ts';
import type { Template } from './gen/specialise.ts';
import { TEMPLATES } from './generated/templates.js';
import { type Conditions, conditionsIn } from './invariants.ts';
import { type Expr, laidOut, type Stmt } from './ir.ts';
import { isCheck } from './passes/checks.ts';
import { uses } from './walk.ts';

export interface Ready {
  readonly body: readonly Stmt[];
  readonly temporaries: number;
  /** Whether it is one of the x87: see Template. */
  readonly x87: boolean;
  /** Whether state is looked at through a view of the whole register file: it may be a lane of an XMM register. */
  readonly views: boolean;
  /** Whether something is said for the passes only, or the staging register used. */
  readonly stages: boolean;
  /** Whether doubles are checked to be plain. */
  readonly checks: boolean;
  readonly conditions: Conditions;
}

/** First word of the staging register, behind the last XMM register. */
const STAGED = WORD.xmm + 32;

const named = (key: string): Ready | undefined => (key in TEMPLATES ? make(TEMPLATES[key] as Template) : undefined);

const byShape = new ByShape((i) => named(shapeKey(i)));
let nothing: Ready | undefined;

/** The template that an instruction instantiates, or undefined. */
export function templateFor(i: Insn): Ready | undefined {
  const finding = findingOf(i);
  if (finding === 'none') return undefined;
  if (finding === 'shape') return byShape.of(i);
  nothing ??= named(NOP);
  return finding === 'nothing' || byShape.of(i) ? nothing : undefined;
}

export function isStaging(e: Expr): boolean {
  if (e.k !== 'r' || e.n.k !== 'n') return false;
  return e.array === 'doubles'
    ? e.n.v >= STAGED >> 1
    : (e.array === 'words' || e.array === 'singles') && e.n.v >= STAGED;
}

function make({ temporaries, x87, ...template }: Template): Ready {
  const body = template.body.map(laidOut);
  let views = false;
  let stages = false;
  let checks = false;
  const note = (e: Expr): void => {
    if (e.k === 'r') views ||= e.array === 'words' || e.array === 'doubles' || e.array === 'singles';
    stages ||= isStaging(e);
  };
  const look = (s: Stmt): void => {
    uses(s, note);
    if (s.k === 'set' || s.k === 'holds') note(s.to);
    if (s.k === 'holds') stages = true;
    if (s.k === 'let' || s.k === 'exit') checks ||= isCheck(s.e);
    if (s.k !== 'if') return;
    for (const x of s.then) look(x);
    for (const x of s.else) look(x);
  };
  for (const s of body) look(s);
  return { body, temporaries, x87: x87 === true, views, stages, checks, conditions: conditionsIn(body) };
}
