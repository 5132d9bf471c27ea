// Guest symbols: names of addresses, from System.map, /proc/kallsyms or nm, from ELF files, or read out of the guest.
// Names are the guest's or the user's text: `identifier` makes them fit to stand in generated text.

export interface GuestSymbol {
  /** Guest-linear address: 0 to 2^32 - 1. */
  readonly address: number;
  readonly name: string;
}

/** How far behind the last symbol an address still belongs to it, in bytes. */
const LAST_BYTES = 4096;
/** Longest symbol in an identifier. */
const IDENTIFIER_LENGTH = 64;
/** nm's letters of code; W and w are weak. */
const CODE = /^[tTwWiI]$/;
const LINE = /^(?:0x)?([0-9a-fA-F]{4,16})\s+(?:([A-Za-z?-])\s+)?(\S+)/;

/** Symbols by address. */
export class Symbols {
  readonly #sorted: readonly GuestSymbol[];

  /** Of symbols at one address the first is the name. */
  constructor(symbols: Iterable<GuestSymbol>) {
    const byAddress = new Map<number, GuestSymbol>();
    for (const s of symbols) if (!byAddress.has(s.address)) byAddress.set(s.address, s);
    this.#sorted = [...byAddress.values()].sort((a, b) => a.address - b.address);
  }

  get count(): number {
    return this.#sorted.length;
  }

  /** The symbol at or before an address (an int32 or unsigned), and how far behind it the address is. */
  at(address: number): { readonly name: string; readonly offset: number } | undefined {
    const wanted = address >>> 0;
    const list = this.#sorted;
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((list[middle] as GuestSymbol).address <= wanted) low = middle + 1;
      else high = middle;
    }
    const found = list[low - 1];
    if (!found || (low === list.length && wanted - found.address >= LAST_BYTES)) return undefined;
    return { name: found.name, offset: wanted - found.address };
  }

  /** `name`, `name+0x12`, or undefined where nothing is known. */
  text(address: number): string | undefined {
    const found = this.at(address);
    return found && (found.offset ? `${found.name}+0x${found.offset.toString(16)}` : found.name);
  }

  /** Address of a symbol of that name. */
  find(name: string): number | undefined {
    return this.#sorted.find((s) => s.name === name)?.address;
  }
}

/**
 * Reads lines of `address [type] name`: System.map, /proc/kallsyms, nm. Where types are given, only code is taken.
 * Other lines are passed over.
 */
export function parseSymbols(text: string): GuestSymbol[] {
  const symbols: GuestSymbol[] = [];
  for (const line of text.split('\n')) {
    const [, hex, type, name] = LINE.exec(line) ?? [];
    if (hex === undefined || name === undefined || (type !== undefined && !CODE.test(type))) continue;
    const address = Number.parseInt(hex, 16);
    // /proc/kallsyms shows zeros to those who may not see addresses.
    if (address > 0 && address < 2 ** 32) symbols.push({ address, name });
  }
  return symbols;
}

/** A name as part of an identifier of generated text: other characters than A-Z, a-z, 0-9 and _ become _. */
export function identifier(name: string): string {
  return name.slice(0, IDENTIFIER_LENGTH).replaceAll(/[^A-Za-z0-9_]/g, '_');
}
