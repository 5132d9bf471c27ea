// Training: every case of the generated interpreter is executed a few times before the guest starts. V8 compiles a
// function by what it has seen of it: a case that it has not seen becomes a deoptimisation of the whole function when
// a guest first needs it, and the function is so large that each costs about a second of compilation.

import { type int, NONE } from '../isa/insn.ts';
import { WORD } from '../isa/register-file.ts';
import { ENTERED } from './engine-words.ts';
import { CASES } from './generated/interpreter.js';
import { NO_STAMP } from './links.ts';
import { HEAT } from './pack.ts';
import { OTHER_WAY, tagOf } from './tags.ts';

/** What a training run works on: the engine's own function and arrays, before they hold anything. */
export interface Gymnasium {
  /** Runs the function from a code offset with a budget; the slow path and lookups leave at once. */
  run(o: int, budget: int): void;
  readonly code: Int32Array;
  readonly words: Int32Array;
  /** See tags.ts. The stamp that holds is 0. */
  readonly tags: Int32Array;
  /** Guest-linear address of a page that can be read and written directly, and heap offset of the same. */
  readonly page: int;
  readonly heap: Int32Array;
}

/** Runs of each case: with operands of all magnitudes, so that no sum looks as if it never overflowed. */
const RUNS = 40;
const FIRST = 64;
/** Slots that a case takes besides the first one. */
const MAX_OTHERS = 3;
const MEMORY_MARK = -0x80000000;
/** Code offset at which a training run ends: while the engine trains, whatever it is asked for goes on here. */
export const TRAINING_EXIT = FIRST + 32;
const SEGMENT_MARK = 0x40000000;

export function train(g: Gymnasium): void {
  const random = generator();
  const { code, words } = g;
  const exit = TRAINING_EXIT;
  const eipAtReset = words[WORD.eip] as int;
  code.fill(0, FIRST, exit + 4);
  for (let run = 0; run < RUNS; run++) {
    CASES.forEach((name, k) => {
      const value = operands(run & 7, random);
      for (let r = 0; r < 8; r++) words[WORD.reg + r] = value();
      for (let w = WORD.fz; w <= WORD.cb; w++) words[w] = run % 3 === 0 ? random() & 1 : run % 3 === 1 ? random() : 0;
      for (let d = 0; d < 16; d++) g.heap[(g.page >> 2) + d] = value();
      // ESI is the address; the stack's top lies in the page too, with an EIP on it that the tags know every other time.
      words[WORD.reg + 6] = g.page;
      words[WORD.reg + 4] = g.page + 32;
      if (name.startsWith('LEAVE')) words[WORD.reg + 5] = g.page + 32;
      const eip = g.page + 256;
      const tag = tagOf(eip);
      g.tags[tag] = eip;
      // The other way is tried where the first is another's.
      g.tags[tag ^ OTHER_WAY] = eip;
      g.tags[(tag ^ OTHER_WAY) + 1] = run % 4 === 3 ? 0 : 1;
      g.tags[(tag ^ OTHER_WAY) + 2] = exit;
      // The stamp is 0, or is not.
      g.tags[tag + 1] = run % 5 === 4 ? 1 : 0;
      g.tags[tag + 2] = exit;
      if (run % 2 === 0) for (const at of [32, 36]) g.heap[(g.page + at) >> 2] = eip;
      const registers = ((run & 3) << 10) | (((run >> 2) & 3) << 14);
      const high = (run & 1) << 28;
      code[FIRST] = (k + 1) | registers | high | (6 << 18) | (NONE << 22) | MEMORY_MARK;
      if (run % 5 === 4) code[FIRST] |= SEGMENT_MARK;
      // A shift count is from 1 to 31; a link leads to the exit.
      const links = /^(Jcc|JMP32\.,|LOOP|JCXZ)/.test(name);
      code[FIRST + 1] = links
        ? exit
        : /^(SH|SA|RO|RC)/.test(name)
          ? 1 + (run % 31)
          : name === 'heat'
            ? run - 2
            : value();
      code[FIRST + 2] = /^(Jcc|JMP32\.,|CALL32\.,|LOOP|JCXZ)/.test(name) ? exit : 0;
      // Segment words: one that is zero for the base; the span is that of the reset state, or of nothing.
      const span = run % 2 === 0 ? WORD.reg + NONE : WORD.readSpan;
      code[FIRST + 3] = 1 | (run % 10 === 9 ? 0x100 : 0) | ((WORD.base + 6) << 9) | (span << 16);
      // Behind a transfer a head is counted, and passed or not.
      code[exit] = HEAT;
      code[exit + 1] = run % 3;
      // What follows in a sequence, with an operand in the same page; a transfer leads to the exit.
      const other = name.includes(';') ? registers | (6 << 18) | (NONE << 22) | MEMORY_MARK : 0;
      for (let slot = 1; slot <= MAX_OTHERS; slot++) {
        code[FIRST + 4 * slot] = other;
        code[FIRST + 4 * slot + 1] = exit;
        code[FIRST + 4 * slot + 2] = exit;
        code[FIRST + 4 * slot + 3] = 1 + slot;
      }
      if (name === 'cross') {
        // Known already; in the tags; neither.
        const isKnown = run % 3 === 0;
        code[FIRST + 1] = run % 3 === 2 ? value() : eip - g.page;
        code[FIRST + 2] = exit;
        code[FIRST + 3] = run % 6 === 0 ? g.page + 4096 : g.page;
        code[FIRST + 4] = isKnown ? 0 : NO_STAMP;
      }
      if (name === 'enter') {
        // Known, or to be asked about; the region's number says how it is left.
        code[FIRST + 3] = run % 4 === 0 ? 0 : g.page;
        code[FIRST + 1] = run;
      }
      g.run(FIRST, run % 7 === 6 ? 0 : 1000);
    });
  }
  code.fill(0, FIRST, exit + 4);
  g.heap.fill(0, g.page >> 2, (g.page >> 2) + 1024);
  words.fill(0, 0, WORD.cb + 1);
  words[ENTERED] = 0;
  words[WORD.eip] = eipAtReset;
}

/**
 * Operands of one kind: anything; zeros; ones; all ones; small; all the same. Between them every condition comes true
 * and false, and every compare-and-exchange succeeds and fails.
 */
function operands(kind: int, random: () => int): () => int {
  const same = random();
  switch (kind) {
    case 1:
      return () => 0;
    case 2:
      return () => 1;
    case 3:
      return () => -1;
    case 4:
    case 5:
      return () => random() & 3;
    case 6:
      return () => same;
    default:
      return random;
  }
}

/** xorshift32: the same numbers each time. */
function generator(): () => int {
  let state = 0x2545f491;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state | 0;
  };
}
