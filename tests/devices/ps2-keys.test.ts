import { describe, expect, test } from 'vitest';
import {
  isKeyCode,
  type KeyCode,
  keySequence,
  SET2_CODES,
  sequenceInSet1,
  translateToSet1,
} from '../../src/devices/ps2-keys.ts';

const none = { control: false, shift: false, alt: false };

/** The set 1 make codes of an XT keyboard, in the order of its numbering: an independent list. */
// biome-ignore format: a row of keys in a line
const XT = [
  'Escape', 'Digit1', 'Digit2', 'Digit3', 'Digit4', 'Digit5', 'Digit6', 'Digit7', 'Digit8', 'Digit9', 'Digit0', 'Minus',
  'Equal', 'Backspace', 'Tab', 'KeyQ', 'KeyW', 'KeyE', 'KeyR', 'KeyT', 'KeyY', 'KeyU', 'KeyI', 'KeyO', 'KeyP',
  'BracketLeft', 'BracketRight', 'Enter', 'ControlLeft', 'KeyA', 'KeyS', 'KeyD', 'KeyF', 'KeyG', 'KeyH', 'KeyJ', 'KeyK',
  'KeyL', 'Semicolon', 'Quote', 'Backquote', 'ShiftLeft', 'Backslash', 'KeyZ', 'KeyX', 'KeyC', 'KeyV', 'KeyB', 'KeyN',
  'KeyM', 'Comma', 'Period', 'Slash', 'ShiftRight', 'NumpadMultiply', 'AltLeft', 'Space', 'CapsLock', 'F1', 'F2', 'F3',
  'F4', 'F5', 'F6', 'F7', 'F8', 'F9', 'F10', 'NumLock', 'ScrollLock', 'Numpad7', 'Numpad8', 'Numpad9', 'NumpadSubtract',
  'Numpad4', 'Numpad5', 'Numpad6', 'NumpadAdd', 'Numpad1', 'Numpad2', 'Numpad3', 'Numpad0', 'NumpadDecimal',
] as const satisfies readonly KeyCode[];

describe('translation', () => {
  test("the keys of the XT come out as 1 to 53h, in the keyboard's order", () => {
    expect(XT.length).toBe(0x53);
    XT.forEach((key, k) => {
      expect(sequenceInSet1(keySequence(key, true, none)), key).toEqual([k + 1]);
    });
  });

  test('the later keys', () => {
    const set1 = (key: KeyCode) => sequenceInSet1(keySequence(key, true, none));
    expect(set1('F11')).toEqual([0x57]);
    expect(set1('F12')).toEqual([0x58]);
    expect(set1('IntlBackslash')).toEqual([0x56]);
    // The grey keys have the codes of their twins on the number pad.
    const twins: [KeyCode, KeyCode][] = [
      ['Home', 'Numpad7'],
      ['ArrowUp', 'Numpad8'],
      ['PageUp', 'Numpad9'],
      ['ArrowLeft', 'Numpad4'],
      ['ArrowRight', 'Numpad6'],
      ['End', 'Numpad1'],
      ['ArrowDown', 'Numpad2'],
      ['PageDown', 'Numpad3'],
      ['Insert', 'Numpad0'],
      ['Delete', 'NumpadDecimal'],
      ['NumpadEnter', 'Enter'],
      ['NumpadDivide', 'Slash'],
      ['ControlRight', 'ControlLeft'],
      ['AltRight', 'AltLeft'],
    ];
    for (const [grey, twin] of twins) expect(set1(grey), grey).toEqual([0xe0, ...set1(twin)]);
    expect(set1('MetaLeft')).toEqual([0xe0, 0x5b]);
    expect(set1('MetaRight')).toEqual([0xe0, 0x5c]);
    expect(set1('ContextMenu')).toEqual([0xe0, 0x5d]);
  });

  test('no two codes of set 2 below 80h become the same; replies pass', () => {
    const codes = new Set(Array.from({ length: 0x80 }, (_, k) => translateToSet1(k)));
    expect(codes.size).toBe(0x80);
    for (const reply of [0xaa, 0xab, 0xee, 0xfa, 0xfe]) expect(translateToSet1(reply)).toBe(reply);
  });
});

test('no two keys share a code', () => {
  const codes = Object.values(SET2_CODES);
  expect(new Set(codes).size).toBe(codes.length);
});

test('names', () => {
  expect(isKeyCode('KeyA')).toBe(true);
  expect(isKeyCode('toString')).toBe(false);
});
