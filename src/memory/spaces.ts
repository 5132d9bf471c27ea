// Cached address spaces, and the traces on guest page tables that keep everything derived from them true.
//
// An address space is a CR3 value. Each has a user table of its own; loading CR3 selects one and flushes nothing of
// it, for writes to its page tables are seen as they happen, whether it is current or not. The supervisor table is
// always derived from the current space: a CR3 load keeps the regions whose page-directory entry is the same in both
// spaces (in practice the kernel's) and drops the others. That is exact without the global bit, so a guest that does
// not use it loses nothing.
//
// TLB maintenance by the guest (INVLPG, a reload of CR3, a toggle of CR4.PGE) has nothing left to do: an update of a
// page table takes effect at once, as the manual allows (SDM vol. 3, section 4.10.4). What the manual does define by
// CR3 loads alone, the PDPTEs, are kept as loaded.

import type { HeapLayout } from './layout.ts';
import type { ShadowTables } from './shadow.ts';
import { ENTRY_A, ENTRY_D, ENTRY_P, ENTRY_RW, type PageWalk, type WalkRoot } from './walk.ts';

type int = number;

/** Bits of an entry that software may use (11..9) and the global bit. */
const ENTRY_IGNORED = 0xf00;
/** Writes to the directory of a space that is not current, after which its frame counts as reused for something else. */
const FOREIGN_WRITES = 32;
/** Writes to a page table without a fill through it, after which its mappings are dropped and its trace ends. */
const IDLE_WRITES = 128;

export class AddressSpace implements WalkRoot {
  readonly number: int;
  /** Its shadow page table for user rights. */
  readonly table: int;
  cr3: int = 0;
  readonly pdptes = new Int32Array(8);
  /** Host frames of the page directories (one, or four with PAE), -1 where there is none that can be traced. */
  readonly directories = new Int32Array(4).fill(-1);
  valid = false;
  lastUse = 0;
  foreignWrites = 0;

  constructor(number: int, table: int) {
    this.number = number;
    this.table = table;
  }
}

export class AddressSpaces {
  /** The space in use. Without paging: one that has no user table. */
  current: AddressSpace;
  readonly spaces: AddressSpace[] = [];
  hits = 0;
  misses = 0;
  evictions = 0;
  readonly #identity: AddressSpace;
  readonly #shadow: ShadowTables;
  readonly #walk: PageWalk;
  readonly #h32: Int32Array;
  readonly #writes: Uint8Array;
  #clock = 0;

  constructor(h32: Int32Array, layout: HeapLayout, shadow: ShadowTables, walk: PageWalk, frames: number) {
    this.#h32 = h32;
    this.#shadow = shadow;
    this.#walk = walk;
    this.#writes = new Uint8Array(frames);
    this.#identity = new AddressSpace(layout.userTables, 0);
    for (let k = 0; k < layout.userTables; k++) this.spaces.push(new AddressSpace(k, k + 1));
    this.current = this.#identity;
  }

  get cached(): number {
    return this.spaces.filter((space) => space.valid).length;
  }

  /** No paging: everything is the supervisor table's, which the caller has emptied. */
  leave(): void {
    this.current = this.#identity;
  }

  /** Makes the space of `cr3` (with PAE: and of the PDPTEs) current. */
  select(cr3: int, pdptes: Int32Array): void {
    const pae = this.#walk.pae;
    const key = cr3 & (pae ? ~0x1f : ~0xfff);
    let space = this.#find(key);
    if (space) {
      this.hits++;
      if (pae) this.#updatePdptes(space, pdptes);
    } else {
      this.misses++;
      space = this.#allocate();
      space.cr3 = key;
      space.pdptes.set(pdptes);
      space.valid = true;
      this.#shadow.prepare(space.table);
      for (let quarter = 0; quarter < (pae ? 4 : 1); quarter++) this.#link(space, quarter);
    }
    space.lastUse = ++this.#clock;
    space.foreignWrites = 0;
    const previous = this.current;
    if (space === previous) return;
    this.current = space;
    this.#reviseSupervisor(previous, space);
  }

  /** Forgets every space; the supervisor table too. */
  dropAll(): void {
    this.#shadow.dropTable(0);
    for (const space of this.spaces) if (space.valid) this.#evict(space);
    this.current = this.#identity;
  }

  /** A fill went through a page table: it is one still. */
  filledThrough(frame: int): void {
    this.#writes[frame] = 0;
  }

  /** Whether the directory of a page can be traced, so that what it maps may have entries. */
  traces(linear: int): boolean {
    return !this.#walk.paging || this.current.directories[this.#walk.pae ? linear >>> 30 : 0] >= 0;
  }

  /** Whether a space uses one of its directories from memory that cannot be traced: a new physical map may mend that. */
  get anyUntraced(): boolean {
    return this.spaces.some((space) => {
      if (!space.valid) return false;
      if (!this.#walk.pae) return space.directories[0] < 0;
      return space.directories.some((frame, quarter) => frame < 0 && (space.pdptes[2 * quarter] & ENTRY_P) !== 0);
    });
  }

  /**
   * The guest (or a device) changed the dword `index` of a frame that is used as a page table or directory: drops or
   * restricts what was derived from it, in every space.
   */
  entryWritten(frame: int, index: int, old: int, now: int): void {
    const shadow = this.#shadow;
    const pae = this.#walk.pae;
    const high = pae && (index & 1) !== 0;
    const entry = pae ? index >> 1 : index;
    const changed = (old ^ now) & ~ENTRY_IGNORED;
    const lost = old & ~now;
    // More rights, or accessed and dirty set by software: what was derived is true as far as it goes.
    const adds =
      !high && (changed & ~(ENTRY_A | ENTRY_D | ENTRY_RW)) === 0 && (lost & (ENTRY_A | ENTRY_D | ENTRY_RW)) === 0;
    const protects = !high && (changed & ~(ENTRY_D | ENTRY_RW)) === 0;
    for (let use = shadow.useHead[frame]; use !== 0; ) {
      const node = use - 1;
      use = shadow.useNext[node];
      if (node >= shadow.directoryNode) {
        // Dropping a region can take other uses of this frame with it (a directory that maps itself): start again.
        if (this.#directoryWritten(node - shadow.directoryNode, entry, high, changed, lost, now))
          use = shadow.useHead[frame];
      } else {
        const at = ((node >>> 11) << 20) | ((node & 2047) << shadow.regionShift) | entry;
        if (shadow.attributes[at] === 0 || adds) continue;
        if (protects) shadow.protect(at);
        else shadow.drop(at);
      }
    }
    if (++this.#writes[frame] > IDLE_WRITES) this.#abandon(frame);
  }

  /** Returns whether uses may have changed. */
  #directoryWritten(use: int, entry: int, high: boolean, changed: int, lost: int, now: int): boolean {
    const space = this.spaces[use >> 2];
    const region = this.#walk.pae ? ((use & 3) << 9) | entry : entry;
    const adds = !high && (changed & ~(ENTRY_A | ENTRY_D)) === 0 && (lost & (ENTRY_A | ENTRY_D)) === 0;
    let dropped = this.#regionWritten((space.table << 11) | region, adds, now);
    if (space === this.current) dropped = this.#regionWritten(region, adds, now) || dropped;
    else if (++space.foreignWrites > FOREIGN_WRITES) {
      this.#evict(space);
      dropped = true;
    }
    return dropped;
  }

  #regionWritten(node: int, adds: boolean, now: int): boolean {
    if (!this.#shadow.isActive(node)) return false;
    if (adds) {
      this.#shadow.regionEntry[node] = now;
      return false;
    }
    this.#shadow.dropRegion(node);
    return true;
  }

  /** Ends the uses of a frame as a page table (not those as a directory). */
  #abandon(frame: int): void {
    const shadow = this.#shadow;
    this.#writes[frame] = 0;
    for (let use = shadow.useHead[frame]; use !== 0; ) {
      const node = use - 1;
      use = shadow.useNext[node];
      if (node >= shadow.directoryNode) continue;
      shadow.dropRegion(node);
      use = shadow.useHead[frame];
    }
  }

  #find(cr3: int): AddressSpace | undefined {
    for (const space of this.spaces) if (space.cr3 === cr3 && space.valid) return space;
    return undefined;
  }

  /** A free space, or the one not used for longest. */
  #allocate(): AddressSpace {
    let oldest: AddressSpace | undefined;
    for (const space of this.spaces) {
      if (!space.valid) return space;
      if (space !== this.current && (!oldest || space.lastUse < oldest.lastUse)) oldest = space;
    }
    if (!oldest) throw new Error('no address space to evict');
    this.#evict(oldest);
    return oldest;
  }

  #evict(space: AddressSpace): void {
    this.evictions++;
    this.#shadow.dropTable(space.table);
    for (let quarter = 0; quarter < 4; quarter++) this.#unlink(space, quarter);
    space.valid = false;
  }

  #updatePdptes(space: AddressSpace, pdptes: Int32Array): void {
    for (let quarter = 0; quarter < 4; quarter++) {
      const at = 2 * quarter;
      if (space.pdptes[at] === pdptes[at] && space.pdptes[at + 1] === pdptes[at + 1]) continue;
      this.#shadow.dropRegions(space.table, quarter << 9, (quarter << 9) | 511);
      if (space === this.current) this.#shadow.dropRegions(0, quarter << 9, (quarter << 9) | 511);
      this.#unlink(space, quarter);
      space.pdptes[at] = pdptes[at];
      space.pdptes[at + 1] = pdptes[at + 1];
      this.#link(space, quarter);
    }
  }

  #link(space: AddressSpace, quarter: int): void {
    const frame = this.#walk.directoryFrame(space, quarter);
    space.directories[quarter] = frame;
    if (frame >= 0) this.#shadow.addUse(this.#shadow.directoryNode + ((space.number << 2) | quarter), frame);
  }

  #unlink(space: AddressSpace, quarter: int): void {
    const frame = space.directories[quarter];
    if (frame < 0) return;
    this.#shadow.removeUse(this.#shadow.directoryNode + ((space.number << 2) | quarter), frame);
    space.directories[quarter] = -1;
  }

  /** Drops the supervisor table's regions whose directory entry is not the same in `next` as in `previous`. */
  #reviseSupervisor(previous: AddressSpace, next: AddressSpace): void {
    const shadow = this.#shadow;
    const pae = this.#walk.pae;
    for (let region = shadow.nextRegion(0, 0); region >= 0; region = shadow.nextRegion(0, region + 1)) {
      const quarter = pae ? region >> 9 : 0;
      const frame = next.directories[quarter];
      if (frame >= 0 && frame === previous.directories[quarter]) {
        // One directory for both (the kernel's part, with PAE): nothing to compare in its quarter.
        region |= 511;
        continue;
      }
      let same = false;
      if (frame >= 0) {
        const word = (frame << 10) + (pae ? (region & 511) << 1 : region);
        const entry = this.#h32[word];
        same =
          (entry & ENTRY_P) !== 0 &&
          entry === shadow.regionEntry[region] &&
          (!pae || this.#h32[word + 1] === shadow.regionEntryHigh[region]);
      }
      if (!same) shadow.dropRegion(region);
    }
  }
}
