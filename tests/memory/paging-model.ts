// A second opinion on paging, written from SDM vol. 3, chapter 4 with no thought of speed: every access walks.

/** Physical memory as the model sees it: RAM at 0, one ROM page, nothing else. */
export interface ModelMemory {
  readonly ram: Uint8Array;
  readonly rom: { at: number; bytes: Uint8Array };
}

export interface Mode {
  paging: boolean;
  pae: boolean;
  pse: boolean;
  nxe: boolean;
  wp: boolean;
  a20: boolean;
  cr3: number;
  /** As MOV CR3 loaded them. */
  pdptes: bigint[];
}

export type Access = 'read' | 'write' | 'fetch';
export type Result = { readonly physical: bigint } | { readonly fault: number };

const PHYSICAL_BITS = 36n;

export class PagingModel {
  readonly memory: ModelMemory;
  readonly mode: Mode;
  #look = false;

  constructor(memory: ModelMemory, mode: Mode) {
    this.memory = memory;
    this.mode = mode;
  }

  /** The byte at a physical address, after the A20 gate. */
  readByte(physical: bigint): number {
    const at = Number(this.gate(physical));
    const { ram, rom } = this.memory;
    if (at < ram.length) return ram[at];
    if (at >= rom.at && at < rom.at + rom.bytes.length) return rom.bytes[at - rom.at];
    return 0xff;
  }

  writeByte(physical: bigint, value: number): void {
    const at = Number(this.gate(physical));
    if (at < this.memory.ram.length) this.memory.ram[at] = value;
  }

  gate(physical: bigint): bigint {
    return this.mode.a20 ? physical : physical & ~(1n << 20n);
  }

  /** The PDPTEs at CR3, or undefined if a present one has reserved bits set. */
  pdptesAt(cr3: number): bigint[] | undefined {
    const loaded = [0n, 8n, 16n, 24n].map((by) => this.#read(BigInt((cr3 & ~31) >>> 0) + by, 8));
    const reserved = 0x1e6n | (~0n & ((1n << 64n) - (1n << PHYSICAL_BITS)));
    return loaded.some((entry) => (entry & 1n) !== 0n && (entry & reserved) !== 0n) ? undefined : loaded;
  }

  /** Translates one byte's address; sets accessed and dirty bits if that succeeds, unless it is a mere look. */
  translate(linear: number, access: Access, user: boolean, look = false): Result {
    this.#look = look;
    const { mode } = this;
    const address = BigInt(linear >>> 0);
    if (!mode.paging) return { physical: this.gate(address) };
    const entryBytes = mode.pae ? 8 : 4;
    const indexBits = mode.pae ? 9n : 10n;
    const largeShift = mode.pae ? 21n : 22n;
    let code = user ? 4 : 0;
    if (access === 'write') code |= 2;
    if (access === 'fetch' && mode.pae && mode.nxe) code |= 16;
    let table: bigint;
    if (mode.pae) {
      const pdpte = mode.pdptes[Number(address >> 30n)];
      if ((pdpte & 1n) === 0n) return { fault: code };
      table = pdpte & 0xffffff000n;
    } else table = BigInt((mode.cr3 & ~0xfff) >>> 0);

    const used: { at: bigint; entry: bigint }[] = [];
    for (let level = 2; level >= 1; level--) {
      const shift = level === 2 ? largeShift : 12n;
      const at = table + ((address >> shift) & ((1n << indexBits) - 1n)) * BigInt(entryBytes);
      const entry = this.#read(at, entryBytes);
      used.push({ at, entry });
      if ((entry & 1n) === 0n) return { fault: code };
      const large = level === 2 && (entry & 0x80n) !== 0n && (mode.pae || mode.pse);
      if ((entry & this.#reserved(large)) !== 0n) return { fault: code | 9 };
      if (large || level === 1) {
        const size = 1n << (large ? shift : 12n);
        const base = entry & (mode.pae ? 0xffffff000n : 0xfffff000n) & ~(size - 1n);
        return this.#finish(used, base | (address & (size - 1n)), access, user, code, entryBytes);
      }
      table = entry & (mode.pae ? 0xffffff000n : 0xfffff000n);
    }
    throw new Error('unreachable');
  }

  #finish(
    used: { at: bigint; entry: bigint }[],
    physical: bigint,
    access: Access,
    user: boolean,
    code: number,
    entryBytes: number,
  ): Result {
    const { mode } = this;
    const everywhere = (bit: bigint) => used.every(({ entry }) => (entry & bit) !== 0n);
    const denied =
      (user && !everywhere(4n)) ||
      (access === 'write' && !everywhere(2n) && (user || mode.wp)) ||
      (access === 'fetch' && mode.pae && mode.nxe && used.some(({ entry }) => entry >> 63n !== 0n));
    if (denied) return { fault: code | 1 };
    for (const [k, { at, entry }] of used.entries()) {
      // The entry anew: a directory may be its own page table.
      const bits = 0x20n | (access === 'write' && k === used.length - 1 ? 0x40n : 0n);
      if ((entry | bits) !== entry && !this.#look) this.#write(at, this.#read(at, entryBytes) | bits, entryBytes);
    }
    return { physical: this.gate(physical) };
  }

  #reserved(large: boolean): bigint {
    if (!this.mode.pae) return large ? 0x3fe000n : 0n;
    let bits = ((1n << 63n) - 1n) & ~((1n << PHYSICAL_BITS) - 1n);
    if (!this.mode.nxe) bits |= 1n << 63n;
    return large ? bits | 0x1fe000n : bits;
  }

  #read(at: bigint, bytes: number): bigint {
    let value = 0n;
    for (let k = bytes - 1; k >= 0; k--) value = (value << 8n) | BigInt(this.readByte(at + BigInt(k)));
    return value;
  }

  #write(at: bigint, value: bigint, bytes: number): void {
    for (let k = 0; k < bytes; k++) this.writeByte(at + BigInt(k), Number((value >> BigInt(8 * k)) & 255n));
  }
}
