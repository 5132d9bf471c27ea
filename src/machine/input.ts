// The hands at keyboard and mouse. Keys follow each other in guest time, so slowly that a guest with a buffer of a few
// keys keeps up.

import type { Ps2Keyboard } from '../devices/ps2-keyboard.ts';
import type { KeyCode } from '../devices/ps2-keys.ts';
import type { MouseButton, Ps2Mouse } from '../devices/ps2-mouse.ts';
import type { Clock } from '../lib/clock.ts';
import { keyOfCharacter, keyOfName } from './us-layout.ts';

export type { MouseButton } from '../devices/ps2-mouse.ts';

/** Guest time that a key stays down, and up before the next. */
const DOWN_NANOS = 20e6;
const UP_NANOS = 20e6;
/** Guest time that a mouse button is down for a click. */
const CLICK_NANOS = 50e6;
/** How long to wait again while the guest has not taken what was typed. */
const BUSY_NANOS = 5e6;

interface Stroke {
  /** Pressed in this order, and released in the other. */
  readonly keys: readonly KeyCode[];
  readonly done?: () => void;
}

export class KeyboardInput {
  readonly #keyboard: Ps2Keyboard;
  readonly #clock: Clock;
  readonly #ended: Promise<unknown>;
  #queue: Stroke[] = [];
  #typing = false;

  /** `ended`: after that, nobody reads any more. */
  constructor(keyboard: Ps2Keyboard, clock: Clock, ended: Promise<unknown>) {
    this.#keyboard = keyboard;
    this.#clock = clock;
    this.#ended = ended;
  }

  /**
   * Types text as on a US keyboard; a line feed is Enter.
   * @returns when the last key is up, or the machine stopped.
   * @throws RangeError for a character that such a keyboard does not have; nothing is typed then.
   */
  type(text: string): Promise<void> {
    const strokes = [...text].map((character) => {
      const found = keyOfCharacter(character);
      if (!found) throw new RangeError(`a US keyboard has no key for ${JSON.stringify(character)}`);
      const [key, shift] = found;
      return shift ? (['ShiftLeft', key] as const) : ([key] as const);
    });
    return this.#strike(strokes);
  }

  /**
   * Strikes keys one after the other, or several at once: `keys('ctrl-alt-delete')`, `keys(['down', 'down', 'ret'])`.
   * Names are those of KeyboardEvent.code (`ArrowDown`), short ones (`down`, `ret`, `f10`), or characters.
   * @returns when the last key is up, or the machine stopped.
   * @throws RangeError for a name that is no key's; nothing is struck then.
   */
  keys(names: string | readonly string[]): Promise<void> {
    return this.#strike((typeof names === 'string' ? [names] : names).map(chord));
  }

  /** A key goes down, and repeats until it goes up. */
  press(name: string): void {
    this.#keyboard.press(known(name));
  }

  release(name: string): void {
    this.#keyboard.release(known(name));
  }

  #strike(strokes: readonly (readonly KeyCode[])[]): Promise<void> {
    if (strokes.length === 0) return Promise.resolve();
    const done = new Promise<void>((resolve) => {
      for (const [k, keys] of strokes.entries()) {
        this.#queue.push(k === strokes.length - 1 ? { keys, done: resolve } : { keys });
      }
    });
    if (!this.#typing) {
      this.#typing = true;
      this.#next();
    }
    return Promise.race([done, this.#ended.then(() => {})]);
  }

  readonly #next = (): void => {
    if (this.#keyboard.ready) {
      this.#after(BUSY_NANOS, this.#next);
      return;
    }
    const stroke = this.#queue.shift();
    if (!stroke) {
      this.#typing = false;
      return;
    }
    for (const key of stroke.keys) this.#keyboard.press(key);
    this.#after(DOWN_NANOS, () => {
      for (const key of stroke.keys.toReversed()) this.#keyboard.release(key);
      this.#after(UP_NANOS, () => {
        stroke.done?.();
        this.#next();
      });
    });
  };

  #after(nanos: number, callback: () => void): void {
    this.#clock.schedule(this.#clock.now() + nanos, callback);
  }
}

export class MouseInput {
  readonly #mouse: Ps2Mouse;
  readonly #clock: Clock;

  constructor(mouse: Ps2Mouse, clock: Clock) {
    this.#mouse = mouse;
    this.#clock = clock;
  }

  /** Moves by counts to the right and down, and turns the wheel by detents towards the user. */
  move(x: number, y: number, wheel = 0): void {
    this.#mouse.move(x, y, wheel);
  }

  /** Sets the buttons that are named: `buttons({ left: true })` presses the left one. */
  buttons(state: { readonly [button in MouseButton]?: boolean }): void {
    for (const [button, down] of Object.entries(state)) this.#mouse.button(button as MouseButton, down);
  }

  /** Presses a button, and releases it after a moment of guest time. */
  click(button: MouseButton = 'left'): void {
    this.#mouse.button(button, true);
    this.#clock.schedule(this.#clock.now() + CLICK_NANOS, () => this.#mouse.button(button, false));
  }
}

/** `ctrl-alt-delete` to its keys. A hyphen by itself is one. */
function chord(text: string): readonly KeyCode[] {
  const names = keyOfName(text) ? [text] : text.split('-');
  return names.map(known);
}

function known(name: string): KeyCode {
  const key = keyOfName(name);
  if (!key) throw new RangeError(`there is no key ${JSON.stringify(name)}`);
  return key;
}
