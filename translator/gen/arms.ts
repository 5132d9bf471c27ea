// Arms of the dispatch that are no instruction of the guest's: heads of blocks, transfers to another page, the end of an
// interrupt shadow.

import { WORD } from '../../src/isa/register-file.ts';
import { assign, at, binary, brk, id, iff, int, lit, type Node } from '../estree.ts';
import { code, TAG_OF_A } from './packed.ts';

/** One arm of the dispatch; at its end the next instruction follows. */
export interface Arm {
  readonly key: string;
  readonly body: Node[];
  readonly place?: number;
}

/**
 * Block heads, where there is a second tier: `heat` counts entries down in word 1 and asks what to do at the end;
 * `enter` runs the region whose number is in word 1, if the budget is enough for it: at once if words 2 and 3 say that it
 * may be entered for this stamp and page. In bits 10 to 21 of word 0 is where the head is in its page.
 */
export function headArms(): Arm[] {
  const heat = [
    assign(id('b'), int(binary('-', code(1), lit(1)))),
    assign(code(1), id('b')),
    iff(binary('<', id('b'), lit(0)), [brk('slow')]),
  ];
  const isUnknown = binary('||', binary('!==', code(2), id('stamp')), binary('!==', code(3), id('pb')));
  const enter = [
    iff(binary('<', id('n'), id('overshoot')), [brk('next')]),
    iff(isUnknown, [brk('region')]),
    brk('known'),
  ];
  return [
    { key: 'heat', body: heat },
    { key: 'enter', body: enter },
  ];
}

/**
 * A direct transfer to another page. Its mapping may have changed, and the code may lie at another linear address too:
 * what is found by the tags is kept for the page that it was found from and the stamp that holds.
 */
export function crossArm(): Arm {
  const target = int(binary('+', id('pb'), code(1)));
  const page = assign(id('pb'), binary('&', id('a'), lit(-4096)));
  const known = binary('&&', binary('===', code(3), id('pb')), binary('===', code(4), id('stamp')));
  const tag = (k: number): Node => at(id('TAGS'), k ? binary('+', id('b'), lit(k)) : id('b'));
  const found = binary('&&', binary('===', tag(0), id('a')), binary('===', tag(1), id('stamp')));
  return {
    key: 'cross',
    body: [
      assign(id('a'), target),
      iff(known, [assign(id('o'), code(2)), page, brk('jump')]),
      assign(id('b'), TAG_OF_A),
      iff(found, [assign(code(2), tag(2)), assign(code(3), id('pb')), assign(code(4), id('stamp'))]),
      brk('indirect'),
    ],
  };
}

/** Behind the instruction that follows an STI: its shadow is over. No instruction of the guest's. */
export function unshadowArm(): Arm {
  return { key: 'unshadow', body: [assign(at(id('R'), lit(WORD.shadow)), lit(0))] };
}
