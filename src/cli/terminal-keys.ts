// From what a terminal sends to the keys that were struck: characters of a US keyboard, control characters, and the
// sequences of function keys (ECMA-48, as xterm and the Linux console send them).

import { keyOfCharacter } from '../machine/us-layout.ts';

/** Final byte of ESC [ and ESC O sequences. */
const LETTERS: Readonly<Record<string, string>> = {
  A: 'ArrowUp',
  B: 'ArrowDown',
  C: 'ArrowRight',
  D: 'ArrowLeft',
  F: 'End',
  H: 'Home',
  P: 'F1',
  Q: 'F2',
  R: 'F3',
  S: 'F4',
  M: 'NumpadEnter',
  Z: 'Tab', // with Shift
};
/** First number of ESC [ ... ~ sequences. */
const NUMBERS: Readonly<Record<string, string>> = {
  1: 'Home',
  2: 'Insert',
  3: 'Delete',
  4: 'End',
  5: 'PageUp',
  6: 'PageDown',
  7: 'Home',
  8: 'End',
  11: 'F1',
  12: 'F2',
  13: 'F3',
  14: 'F4',
  15: 'F5',
  17: 'F6',
  18: 'F7',
  19: 'F8',
  20: 'F9',
  21: 'F10',
  23: 'F11',
  24: 'F12',
};
/** The Linux console's F1 to F5 are ESC [ [ A to E. */
const LINUX_FUNCTION = 'ABCDE';

/**
 * Splits what came into strokes for `KeyboardInput.keys`.
 * @param final nothing follows: an ESC at the end is the key of that name.
 * @returns `rest`: the start of a sequence whose end is still to come.
 */
export function keyStrokes(text: string, final: boolean): { strokes: string[]; rest: string } {
  const strokes: string[] = [];
  let rest = text;
  while (rest !== '') {
    const [taken, stroke] = first(rest, final);
    if (taken === 0) break;
    if (stroke !== '') strokes.push(stroke);
    rest = rest.slice(taken);
  }
  return { strokes, rest };
}

/** Characters of the first key, 0 if more must come; and its stroke, empty if it is none of ours. */
function first(text: string, final: boolean): readonly [number, string] {
  if (text[0] !== '\x1b') {
    const [character = ''] = text;
    return [character.length, ofCharacter(character)];
  }
  const tail = text.slice(1);
  const linux = /^\[\[([A-E])/.exec(tail);
  if (linux) return [1 + linux[0].length, `F${LINUX_FUNCTION.indexOf(linux[1] as string) + 1}`];
  const sequence = /^(?:\[([\d;]*)([A-Za-z~])|O(\d?)([A-Za-z]))/.exec(tail);
  if (sequence) {
    const [all, parameters = sequence[3] ? `1;${sequence[3]}` : '', last = sequence[4] ?? ''] = sequence;
    return [1 + all.length, ofSequence(parameters, last)];
  }
  if (/^(?:\[[\d;[]*|O\d?)?$/.test(tail) && !final) return [0, ''];
  if (text.length === 1 || text[1] === '\x1b') return [1, 'Escape'];
  // Terminals send ESC before what is struck with Alt.
  const [, character = ''] = [...text];
  const stroke = ofCharacter(character);
  return [1 + character.length, stroke === '' ? '' : `alt-${stroke}`];
}

function ofSequence(parameters: string, last: string): string {
  const [number = '', modifier = '1'] = parameters.split(';');
  const key = last === '~' ? NUMBERS[number] : LETTERS[last];
  if (!key) return '';
  const bits = last === 'Z' ? 1 : Number(modifier) - 1;
  return `${bits & 4 ? 'ctrl-' : ''}${bits & 2 ? 'alt-' : ''}${bits & 1 ? 'shift-' : ''}${key}`;
}

function ofCharacter(character: string): string {
  const found = keyOfCharacter(character);
  if (found) return `${found[1] ? 'shift-' : ''}${found[0]}`;
  const code = character.charCodeAt(0);
  // What Control makes of the characters from @ to _.
  if (code >= 32) return '';
  const key = keyOfCharacter(String.fromCharCode(code + 64).toLowerCase());
  return key ? `ctrl-${key[1] ? 'shift-' : ''}${key[0]}` : '';
}
