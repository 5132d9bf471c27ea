// Which keys of a US keyboard make a character, and names for keys as people say them.

import { isKeyCode, type KeyCode } from '../devices/ps2-keys.ts';

/** Keys with what they make, alone and with Shift. */
const PAIRS: readonly (readonly [KeyCode, string, string])[] = [
  ['Backquote', '`', '~'],
  ['Minus', '-', '_'],
  ['Equal', '=', '+'],
  ['BracketLeft', '[', '{'],
  ['BracketRight', ']', '}'],
  ['Backslash', '\\', '|'],
  ['Semicolon', ';', ':'],
  ['Quote', "'", '"'],
  ['Comma', ',', '<'],
  ['Period', '.', '>'],
  ['Slash', '/', '?'],
  ...[...')!@#$%^&*('].map((shifted, k) => [`Digit${k}` as KeyCode, `${k}`, shifted] as const),
  ...[...'abcdefghijklmnopqrstuvwxyz'].map((letter) => {
    const upper = letter.toUpperCase();
    return [`Key${upper}` as KeyCode, letter, upper] as const;
  }),
];

const CHARACTERS = new Map<string, readonly [key: KeyCode, shift: boolean]>([
  [' ', ['Space', false]],
  ['\n', ['Enter', false]],
  ['\r', ['Enter', false]],
  ['\t', ['Tab', false]],
  ['\b', ['Backspace', false]],
  ['\x7f', ['Backspace', false]],
  ['\x1b', ['Escape', false]],
]);
for (const [key, plain, shifted] of PAIRS) {
  CHARACTERS.set(plain, [key, false]);
  CHARACTERS.set(shifted, [key, true]);
}

const NAMES: Readonly<Record<string, KeyCode>> = {
  ctrl: 'ControlLeft',
  control: 'ControlLeft',
  ctrl_r: 'ControlRight',
  alt: 'AltLeft',
  alt_r: 'AltRight',
  shift: 'ShiftLeft',
  shift_r: 'ShiftRight',
  meta: 'MetaLeft',
  meta_l: 'MetaLeft',
  meta_r: 'MetaRight',
  ret: 'Enter',
  enter: 'Enter',
  esc: 'Escape',
  spc: 'Space',
  space: 'Space',
  backspace: 'Backspace',
  tab: 'Tab',
  up: 'ArrowUp',
  down: 'ArrowDown',
  left: 'ArrowLeft',
  right: 'ArrowRight',
  home: 'Home',
  end: 'End',
  pgup: 'PageUp',
  pageup: 'PageUp',
  pgdn: 'PageDown',
  pagedown: 'PageDown',
  insert: 'Insert',
  delete: 'Delete',
  del: 'Delete',
  caps_lock: 'CapsLock',
  num_lock: 'NumLock',
  scroll_lock: 'ScrollLock',
  print: 'PrintScreen',
  sysrq: 'PrintScreen',
  pause: 'Pause',
  menu: 'ContextMenu',
  minus: 'Minus',
  kp_enter: 'NumpadEnter',
  ...Object.fromEntries(Array.from({ length: 12 }, (_, k) => [`f${k + 1}`, `F${k + 1}` as KeyCode])),
};

/** The key that makes `character`, and whether it takes Shift; undefined: no key does. */
export function keyOfCharacter(character: string): readonly [key: KeyCode, shift: boolean] | undefined {
  return CHARACTERS.get(character);
}

/** The key of that name: as in KeyboardEvent.code, as QEMU's sendkey has it, or the character that it makes. */
export function keyOfName(name: string): KeyCode | undefined {
  if (isKeyCode(name)) return name;
  return NAMES[name.toLowerCase()] ?? CHARACTERS.get(name)?.[0];
}
