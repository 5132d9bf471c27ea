// Keys of a raw terminal: all of them are the guest's, but what follows Ctrl-A. The conventions are those of QEMU's
// -nographic.

export const ESCAPE = 0x01; // Ctrl-A

export const KEYS_HELP = [
  'Ctrl-A x       quit',
  'Ctrl-A h       this help',
  'Ctrl-A Ctrl-A  send Ctrl-A to the guest',
] as const;

export interface KeyActions {
  send(bytes: Uint8Array): void;
  quit(): void;
  help(): void;
}

/** Splits what is typed into what the guest gets and what the program does. An unknown key after Ctrl-A does nothing. */
export class KeyFilter {
  readonly #actions: KeyActions;
  #escaped = false;

  constructor(actions: KeyActions) {
    this.#actions = actions;
  }

  type(bytes: Uint8Array): void {
    let from = 0;
    for (let k = 0; k < bytes.length; k++) {
      const byte = bytes[k] as number;
      if (this.#escaped) {
        this.#escaped = false;
        from = k + 1;
        if (byte === ESCAPE) from = k;
        else this.#act(String.fromCharCode(byte));
      } else if (byte === ESCAPE) {
        this.#escaped = true;
        if (k > from) this.#actions.send(bytes.subarray(from, k));
        from = k + 1;
      }
    }
    if (from < bytes.length) this.#actions.send(bytes.subarray(from));
  }

  #act(key: string): void {
    if (key === 'x' || key === 'X') this.#actions.quit();
    else if (key === 'h' || key === 'H' || key === '?') this.#actions.help();
  }
}
