// Looks for patterns in text that arrives in pieces, UTF-8 characters and matches across pieces included.

/** Characters that a match may span at least; older text is forgotten. */
export const WINDOW_CHARACTERS = 16 * 1024;

interface Watcher {
  readonly pattern: RegExp;
  /** Position in the whole text from where on it looks. */
  readonly from: number;
  readonly found: (match: RegExpExecArray) => void;
}

export class TextSearch {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  readonly #watchers = new Set<Watcher>();
  #text = '';
  /** Position of the first character of `#text` in the whole text. */
  #base = 0;
  /** Position behind the last match that was consumed. */
  #consumed = 0;

  /** Whether anybody looks for anything. */
  get watched(): boolean {
    return this.#watchers.size > 0;
  }

  /** More text. Calls the watchers that find their pattern. Invalid UTF-8 becomes U+FFFD. */
  append(bytes: Uint8Array): void {
    const more = this.#decoder.decode(bytes, { stream: true });
    if (more === '') return;
    this.#text += more;
    for (const watcher of [...this.#watchers]) this.#try(watcher);
    if (this.#text.length > 2 * WINDOW_CHARACTERS) {
      this.#base += this.#text.length - WINDOW_CHARACTERS;
      this.#text = this.#text.slice(-WINDOW_CHARACTERS);
    }
  }

  /**
   * Calls back once, with the first match behind the last one that was found; at once if it is there already. Text is
   * found literally; of a regular expression the flags g and y are ignored.
   * @returns what ends the search.
   */
  watch(pattern: string | RegExp, found: (match: RegExpExecArray) => void): () => void {
    const watcher: Watcher = { pattern: searchable(pattern), from: this.#consumed, found };
    this.#watchers.add(watcher);
    this.#try(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** The last `count` characters or fewer. */
  tail(count: number): string {
    return this.#text.slice(-count);
  }

  #try(watcher: Watcher): void {
    const { pattern } = watcher;
    pattern.lastIndex = Math.max(0, watcher.from - this.#base);
    const match = pattern.exec(this.#text);
    if (!match) return;
    this.#watchers.delete(watcher);
    this.#consumed = Math.max(this.#consumed, this.#base + match.index + match[0].length);
    watcher.found(match);
  }
}

function searchable(pattern: string | RegExp): RegExp {
  if (typeof pattern === 'string') return new RegExp(pattern.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'), 'g');
  return new RegExp(pattern.source, `${pattern.flags.replace(/[gy]/g, '')}g`);
}
