// The walk through the guest's page tables (SDM vol. 3, chapter 4): no paging, 32-bit paging with 4 KiB and 4 MiB
// pages, PAE paging with 4 KiB and 2 MiB pages. Accessed and dirty bits are set when the whole translation has
// succeeded, as Bochs and KVM do; the manual leaves it open whether a walk that faults sets some before.
//
// Not there: PSE-36 (its bits are reserved), SMEP, SMAP, protection keys, 1 GiB pages.

import { DIRECT_BYTES } from './layout.ts';
import { PAGE_KIND, PAGE_RAM, type PhysicalMap } from './physical-map.ts';
import { NO_EXECUTE, WP_LIFTED, WRITABLE } from './shadow.ts';

type int = number;

// What an access wants.
export const READ = 0;
export const WRITE = 1;
export const FETCH = 2;

// Entries of page directories and page tables (SDM vol. 3, tables 4-4 to 4-11).
export const ENTRY_P = 1 << 0;
export const ENTRY_RW = 1 << 1;
export const ENTRY_US = 1 << 2;
export const ENTRY_A = 1 << 5;
export const ENTRY_D = 1 << 6;
/** PS: the directory entry maps a large page. */
export const ENTRY_PS = 1 << 7;
/** In the high word of a PAE entry. */
export const ENTRY_NX = 1 << 31;
const FRAME_BITS = ~0xfff;

// Page-fault error code (SDM vol. 3, section 4.7).
export const FAULT_P = 1 << 0;
export const FAULT_W = 1 << 1;
export const FAULT_U = 1 << 2;
export const FAULT_RSVD = 1 << 3;
export const FAULT_I = 1 << 4;

/** Reserved in a directory entry of a 4 MiB page (bits 21..13: no PSE-36) and of a 2 MiB page (bits 20..13). */
const RESERVED_4M = 0x003fe000;
const RESERVED_2M = 0x001fe000;
/** Reserved in the low word of a PDPTE: bits 1, 2 and 5 to 8. */
const RESERVED_PDPTE = 0x1e6;

/** What a walk starts from. */
export interface WalkRoot {
  /** CR3; with PAE only for the record. */
  readonly cr3: int;
  /** With PAE, the four PDPTEs as MOV CR3 loaded them: low and high words. */
  readonly pdptes: Int32Array;
}

export class PageWalk {
  // The mode, from CR0, CR4 and EFER.
  paging = false;
  pae = false;
  pse = false;
  nxe = false;
  wp = false;
  /** Ands physical page numbers: clears address bit 20 while the A20 gate is shut. */
  pageMask: int = -1;

  // What the last walk that did not fault found.
  /** Physical page number; beyond 2^20 - 1 nothing can be there. */
  page: int = 0;
  /** WRITABLE, NO_EXECUTE, WP_LIFTED, for those whom the walk was made for. */
  attributes: int = 0;
  /** Whether the accessed bits of all entries were set before. */
  accessed = true;
  /** The directory entry, accessed and dirty bits set; with PAE its high word too. */
  entry: int = 0;
  entryHigh: int = 0;
  /** Host frame of the page table, or -1 if there is none. */
  tableFrame: int = -1;
  /** Whether all entries lie in memory that can be traced. */
  cacheable = true;

  readonly #h32: Int32Array;
  readonly #map: PhysicalMap;
  readonly #highAddress: int;
  /** Told of each entry whose accessed or dirty bit was set, by host offset. */
  readonly #wrote: (host: int) => void;

  /** `physicalAddressBits`: 32 to 52; the bits above are reserved in PAE entries. */
  constructor(h32: Int32Array, map: PhysicalMap, physicalAddressBits: int, wrote: (host: int) => void) {
    this.#h32 = h32;
    this.#map = map;
    this.#highAddress = 2 ** (physicalAddressBits - 32) - 1;
    this.#wrote = wrote;
  }

  /**
   * Translates `linear` for READ, WRITE or FETCH with user (1) or supervisor (0) rights. Returns -1 and fills in the
   * fields above, or returns the error code of the page fault. `commit`: set accessed and dirty bits.
   */
  walk(root: WalkRoot, linear: int, user: int, access: int, commit: boolean): int {
    this.cacheable = true;
    this.tableFrame = -1;
    if (!this.paging) {
      this.page = (linear >>> 12) & this.pageMask;
      this.attributes = WRITABLE;
      this.accessed = true;
      this.entry = this.entryHigh = 0;
      return -1;
    }
    return this.pae
      ? this.#walkPae(root, linear, user, access, commit)
      : this.#walk32(root, linear, user, access, commit);
  }

  /** Whether a PDPTE has a reserved bit set; the caller has seen that it is present. */
  pdpteIsReserved(low: int, high: int): boolean {
    return (low & RESERVED_PDPTE) !== 0 || (high & ~this.#highAddress) !== 0;
  }

  /** Host offset of the page at a physical address, or -1 if it is not memory. */
  hostOf(physical: int): int {
    const word = this.#map.pages[(physical >>> 12) & this.pageMask];
    return (word & PAGE_KIND) >= PAGE_RAM ? (word >>> 2) * 4096 + (physical & 0xfff) : -1;
  }

  /** Host frame of a page directory (with PAE that of a quarter of the address space), or -1 if it cannot be traced. */
  directoryFrame(root: WalkRoot, quarter: int): int {
    let physical = root.cr3 & FRAME_BITS;
    if (this.pae) {
      if ((root.pdptes[2 * quarter] & ENTRY_P) === 0 || (root.pdptes[2 * quarter + 1] & this.#highAddress) !== 0)
        return -1;
      physical = root.pdptes[2 * quarter] & FRAME_BITS;
    }
    const host = this.hostOf(physical);
    return host < DIRECT_BYTES ? host >> 12 : -1;
  }

  /** A dword of the guest's tables at a physical address below 4 GiB. */
  loadEntry(physical: int): int {
    const host = this.hostOf(physical);
    return host >= 0 ? this.#h32[host >> 2] : this.#map.readDevice(physical & ((this.pageMask << 12) | 0xfff), 32) | 0;
  }

  #walk32(root: WalkRoot, linear: int, user: int, access: int, commit: boolean): int {
    const pdeAt = (root.cr3 & FRAME_BITS) | ((linear >>> 22) << 2);
    let pde = this.loadEntry(pdeAt);
    if ((pde & ENTRY_P) === 0) return this.#fault(0, user, access);
    if (this.pse && (pde & ENTRY_PS) !== 0) {
      if ((pde & RESERVED_4M) !== 0) return this.#fault(FAULT_P | FAULT_RSVD, user, access);
      if (this.#denied(pde, 0, user, access)) return this.#fault(FAULT_P, user, access);
      if (commit) pde = this.#setBits(pdeAt, pde, access === WRITE ? ENTRY_A | ENTRY_D : ENTRY_A);
      this.#found((((pde >>> 12) & 0xffc00) | ((linear >>> 12) & 0x3ff)) & this.pageMask, pde, pde, 0, user, access);
    } else {
      const pteAt = (pde & FRAME_BITS) | (((linear >>> 12) & 0x3ff) << 2);
      let pte = this.loadEntry(pteAt);
      if ((pte & ENTRY_P) === 0) return this.#fault(0, user, access);
      const rights = pde & pte;
      if (this.#denied(rights, 0, user, access)) return this.#fault(FAULT_P, user, access);
      if (commit) {
        pde = this.#setBits(pdeAt, pde, ENTRY_A);
        pte = this.#setBits(pteAt, pte, access === WRITE ? ENTRY_A | ENTRY_D : ENTRY_A);
      }
      this.#found((pte >>> 12) & this.pageMask, rights, pte, 0, user, access);
      this.#under(pteAt);
    }
    this.entry = pde;
    this.entryHigh = 0;
    this.#traceable(pdeAt);
    return -1;
  }

  #walkPae(root: WalkRoot, linear: int, user: int, access: int, commit: boolean): int {
    const quarter = linear >>> 30;
    const pdpte = root.pdptes[2 * quarter];
    if ((pdpte & ENTRY_P) === 0) return this.#fault(0, user, access);
    // Above 4 GiB there is nothing: entries read as ones, with reserved bits among them.
    if ((root.pdptes[2 * quarter + 1] & this.#highAddress) !== 0)
      return this.#fault(FAULT_P | FAULT_RSVD, user, access);
    const pdeAt = (pdpte & FRAME_BITS) | (((linear >>> 21) & 0x1ff) << 3);
    let pde = this.loadEntry(pdeAt);
    const pdeHigh = this.loadEntry(pdeAt + 4);
    const reserved = this.#reservedHigh();
    if ((pde & ENTRY_P) === 0) return this.#fault(0, user, access);
    const large = (pde & ENTRY_PS) !== 0;
    if ((pdeHigh & reserved) !== 0 || (large && (pde & RESERVED_2M) !== 0))
      return this.#fault(FAULT_P | FAULT_RSVD, user, access);
    if (large) {
      if (this.#denied(pde, pdeHigh, user, access)) return this.#fault(FAULT_P, user, access);
      if (commit) pde = this.#setBits(pdeAt, pde, access === WRITE ? ENTRY_A | ENTRY_D : ENTRY_A);
      const page = ((pde >>> 12) & 0xffe00) | ((linear >>> 12) & 0x1ff);
      this.#found(this.#combine(pdeHigh, page), pde, pde, pdeHigh, user, access);
    } else {
      if ((pdeHigh & this.#highAddress) !== 0) return this.#fault(FAULT_P | FAULT_RSVD, user, access);
      const pteAt = (pde & FRAME_BITS) | (((linear >>> 12) & 0x1ff) << 3);
      let pte = this.loadEntry(pteAt);
      const pteHigh = this.loadEntry(pteAt + 4);
      if ((pte & ENTRY_P) === 0) return this.#fault(0, user, access);
      if ((pteHigh & reserved) !== 0) return this.#fault(FAULT_P | FAULT_RSVD, user, access);
      const rights = pde & pte;
      const high = pdeHigh | pteHigh;
      if (this.#denied(rights, high, user, access)) return this.#fault(FAULT_P, user, access);
      if (commit) {
        pde = this.#setBits(pdeAt, pde, ENTRY_A);
        pte = this.#setBits(pteAt, pte, access === WRITE ? ENTRY_A | ENTRY_D : ENTRY_A);
      }
      this.#found(this.#combine(pteHigh, pte >>> 12), rights, pte, high, user, access);
      this.#under(pteAt);
    }
    this.entry = pde;
    this.entryHigh = pdeHigh;
    this.#traceable(pdeAt);
    return -1;
  }

  /** Whether the combined rights forbid the access. */
  #denied(rights: int, high: int, user: int, access: int): boolean {
    if (user !== 0 && (rights & ENTRY_US) === 0) return true;
    if (access === WRITE) return (rights & ENTRY_RW) === 0 && (user !== 0 || this.wp);
    return access === FETCH && this.nxe && high < 0;
  }

  /** `last`: the entry that has the dirty bit. */
  #found(page: int, rights: int, last: int, high: int, user: int, access: int): void {
    this.page = page;
    this.accessed = (rights & ENTRY_A) !== 0;
    let attributes = this.nxe && high < 0 ? NO_EXECUTE : 0;
    if ((last & ENTRY_D) !== 0 || access === WRITE) {
      if ((rights & ENTRY_RW) !== 0) attributes |= WRITABLE;
      else if (user === 0 && !this.wp) attributes |= WRITABLE | WP_LIFTED;
    }
    this.attributes = attributes;
  }

  #combine(high: int, page: int): int {
    return ((high & this.#highAddress) << 20) | (page & this.pageMask);
  }

  #reservedHigh(): int {
    return (~this.#highAddress & ~ENTRY_NX) | (this.nxe ? 0 : ENTRY_NX);
  }

  #fault(code: int, user: int, access: int): int {
    if (access === WRITE) code |= FAULT_W;
    else if (access === FETCH && this.nxe) code |= FAULT_I;
    return user !== 0 ? code | FAULT_U : code;
  }

  /** Sets bits of an entry, in memory too if that is RAM. */
  #setBits(physical: int, entry: int, bits: int): int {
    const set = entry | bits;
    if (set !== entry) {
      const word = this.#map.pages[(physical >>> 12) & this.pageMask];
      if ((word & PAGE_KIND) === PAGE_RAM) {
        const host = (word >>> 2) * 4096 + (physical & 0xfff);
        this.#h32[host >> 2] = set;
        this.#wrote(host);
      }
    }
    return set;
  }

  #under(pteAt: int): void {
    const host = this.hostOf(pteAt);
    this.tableFrame = host >>> 12;
    if (host < 0 || host >= DIRECT_BYTES) {
      this.cacheable = false;
      this.tableFrame = -1;
    }
  }

  #traceable(pdeAt: int): void {
    const host = this.hostOf(pdeAt);
    if (host < 0 || host >= DIRECT_BYTES) this.cacheable = false;
  }
}
