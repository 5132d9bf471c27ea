// Paging as the control registers and the A20 gate set it: the mode of the walk, the PDPTEs that were loaded, the
// address space that is selected, and so the shadow page table for user rights (SDM vol. 3, sections 4.1 and 4.4.1).

import type { MemoryOptions, MemoryState } from './contract.ts';
import { TABLE_ENTRIES } from './layout.ts';
import type { ShadowTables } from './shadow.ts';
import type { SlowPath } from './slow-path.ts';
import type { AddressSpaces } from './spaces.ts';
import type { PageWalk } from './walk.ts';

type int = number;

const CR0_WP = 1 << 16;
const CR0_PG = 1 << 31;
const CR4_PSE = 1 << 4;
const CR4_PAE = 1 << 5;
const EFER_NXE = 1 << 11;
/** Ands physical page numbers while the A20 gate is shut: address bit 20. */
const A20_SHUT = ~0x100;

/** The control registers that paging depends on (int32 each). */
export interface PagingRegisters {
  readonly cr0: int;
  readonly cr3: int;
  readonly cr4: int;
  readonly efer: int;
}

export interface PagingParts {
  readonly shadow: ShadowTables;
  readonly walk: PageWalk;
  readonly spaces: AddressSpaces;
  readonly slow: Pick<SlowPath, 'endLifting'>;
  /** Whoever is told of mappings that code was fetched through. */
  readonly listener: Pick<MemoryOptions, 'onMappingLost'>;
  /** Another table serves user rights from now on: the number of its first entry. */
  readonly useEntries: (first: int) => void;
}

export class Paging {
  readonly #shadow: ShadowTables;
  readonly #walk: PageWalk;
  readonly #spaces: AddressSpaces;
  readonly #parts: PagingParts;
  /** First entry number of the current user table. */
  #userFirst: int = 0;
  /** PDPTEs: low and high words of each. */
  readonly #pdptes = new Int32Array(8);
  readonly #loadedPdptes = new Int32Array(8);

  constructor(parts: PagingParts) {
    this.#parts = parts;
    this.#shadow = parts.shadow;
    this.#walk = parts.walk;
    this.#spaces = parts.spaces;
  }

  /** CR0, CR3, CR4 or EFER changed. Nothing needs flushing for its own sake: entries are always true. */
  contextChanged(cpu: PagingRegisters): void {
    const walk = this.#walk;
    const paging = (cpu.cr0 & CR0_PG) !== 0;
    const pae = (cpu.cr4 & CR4_PAE) !== 0;
    const pse = (cpu.cr4 & CR4_PSE) !== 0;
    const nxe = pae && (cpu.efer & EFER_NXE) !== 0;
    const wp = (cpu.cr0 & CR0_WP) !== 0;
    if (pae !== walk.pae || pse !== walk.pse || nxe !== walk.nxe) this.#spaces.dropAll();
    else if (paging !== walk.paging) this.#shadow.dropTable(0);
    if (wp && !walk.wp) this.#parts.slow.endLifting();
    walk.paging = paging;
    walk.pae = pae;
    walk.pse = pse;
    walk.nxe = nxe;
    walk.wp = wp;
    this.#shadow.regionShift = pae ? 9 : 10;
    if (paging) this.loadCr3(cpu);
    else this.#leave();
  }

  /** MOV CR3: selects the address space. With PAE, `loadPdptes` comes first. */
  loadCr3(cpu: PagingRegisters): void {
    if (!this.#walk.paging) return;
    this.#spaces.select(cpu.cr3, this.#pdptes);
    this.#useTable(this.#spaces.current.table);
  }

  /** PAE: loads the four PDPTEs from `cr3`; false, and nothing changes, if a present one has reserved bits set. */
  loadPdptes(cr3: int): boolean {
    const walk = this.#walk;
    const loaded = this.#loadedPdptes;
    for (let k = 0; k < 8; k++) loaded[k] = walk.loadEntry((cr3 & ~0x1f) + 4 * k);
    for (let k = 0; k < 8; k += 2)
      if ((loaded[k] & 1) !== 0 && walk.pdpteIsReserved(loaded[k], loaded[k + 1])) return false;
    this.#pdptes.set(loaded);
    return true;
  }

  /** INVLPG: drops what both tables have for the page of `linear`. */
  invalidatePage(linear: int): void {
    this.#shadow.drop(linear >>> 12);
    this.#shadow.drop(this.#userFirst | (linear >>> 12));
    this.reportLost();
  }

  /** The A20 gate: while it is shut (false), the processor's address bit 20 is zero. */
  setA20(open: boolean): void {
    const mask = open ? -1 : A20_SHUT;
    if (mask === this.#walk.pageMask) return;
    this.#walk.pageMask = mask;
    this.reselect();
  }

  /** Drops everything that was derived and selects the current space again. */
  reselect(): void {
    const { cr3 } = this.#spaces.current;
    this.#spaces.dropAll();
    if (this.#walk.paging) this.#spaces.select(cr3, this.#pdptes);
    this.#useTable(this.#spaces.current.table);
  }

  /** Tells the listener of the mappings that were lost since the last call. Whoever drops shadow entries calls it. */
  reportLost(): void {
    const shadow = this.#shadow;
    const lost = shadow.lost;
    if (lost === 0) return;
    shadow.lost = 0;
    const { listener } = this.#parts;
    if (!listener.onMappingLost) return;
    for (let table = 0; table < shadow.tables; table++) {
      if ((lost & (1 << table)) === 0) continue;
      const word = shadow.firstWord + table * TABLE_ENTRIES;
      listener.onMappingLost(table === 0 ? 0 : 1, word);
      // Without paging, both privileges use table 0.
      if (table === 0 && this.#userFirst === 0) listener.onMappingLost(1, word);
    }
  }

  /** Power-on: no paging, A20 open. */
  reset(): void {
    this.#pdptes.fill(0);
    this.#walk.pageMask = -1;
    this.contextChanged({ cr0: 0, cr3: 0, cr4: 0, efer: 0 });
    this.reselect();
  }

  save(): MemoryState {
    return { a20: this.#walk.pageMask === -1, pdptes: [...this.#pdptes] };
  }

  /** Forgets all that was derived from memory as it was. `contextChanged` must follow. */
  load(state: MemoryState): void {
    this.#walk.pageMask = state.a20 ? -1 : A20_SHUT;
    this.#pdptes.set(state.pdptes);
    this.#spaces.dropAll();
    this.#leave();
    this.#walk.paging = false;
  }

  #leave(): void {
    this.#spaces.leave();
    this.#useTable(0);
  }

  /** Makes a table the one for user rights. */
  #useTable(table: int): void {
    this.#userFirst = table * TABLE_ENTRIES;
    this.#parts.useEntries(this.#userFirst);
    this.reportLost();
  }
}
