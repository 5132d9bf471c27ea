// The slow path of memory accesses: whatever the shadow tables do not answer directly. It translates, fills the shadow
// tables, and hands out tickets. A ticket, -1 - k, names one of eight slots; a slot holds the two halves of an access
// (at most two pages), each with what it is: plain memory, traced memory, ROM, a device.

import type { MemoryAccess } from './access.ts';
import {
  type AccessSize,
  PAGE_DEVICE,
  PAGE_HOLE,
  PAGE_KIND,
  PAGE_RAM,
  PAGE_ROM,
  type PhysicalMap,
} from './physical-map.ts';
import { NO_EXECUTE, NOT_WRITABLE, type ShadowTables, WP_LIFTED, WRITABLE } from './shadow.ts';
import type { AddressSpaces } from './spaces.ts';
import { CODE, DIRTY, type Traces } from './traces.ts';
import { FETCH, type PageWalk, READ, WRITE } from './walk.ts';

type int = number;

const HOST_BITS = 0x3fffffff;

// What one half of a slow access is.
/** Plain memory at a host offset. */
const DIRECT = 0;
/** Memory whose writes somebody watches. */
const TRACED = 1;
export const ROM = 2;
/** A device, or nothing, at a physical address. */
const DEVICE = 3;
/** An address above 4 GiB: nothing. */
const BEYOND = 4;

/** More entries than these, made writable by CR0.WP = 0, are not noted one by one. */
const LIFTED_NOTED = 1024;

const SLOTS = 8;
/** Words of a slot: (mode, host, physical) twice, bytes in the first half. */
const SLOT_WORDS = 8;

/** What the slow path works with. */
export interface SlowPathParts {
  readonly h32: Int32Array;
  readonly map: PhysicalMap;
  readonly shadow: ShadowTables;
  readonly traces: Traces;
  readonly walk: PageWalk;
  readonly spaces: AddressSpaces;
  readonly access: MemoryAccess;
  /** Sets CR2 and throws #PF. */
  raisePageFault(linear: int, code: int): never;
  /** Called when entries that code was fetched through may have gone. */
  reportLost(): void;
}

export class SlowPath {
  /** First entry number of the current user table: 0 without paging. */
  userFirst: int = 0;
  // What `translate` found: what it is, its host offset if it is memory, its physical address if it is not direct.
  mode: int = DIRECT;
  host: int = 0;
  physical: int = 0;
  hiddenFills = 0;
  trueFaults = 0;
  readonly #parts: SlowPathParts;
  readonly #h32: Int32Array;
  readonly #map: PhysicalMap;
  readonly #shadow: ShadowTables;
  readonly #traces: Traces;
  readonly #walk: PageWalk;
  readonly #spaces: AddressSpaces;
  readonly #access: MemoryAccess;
  readonly #attributes: Uint8Array;
  readonly #firstWord: int;
  readonly #frames: int;
  readonly #slots = new Int32Array(SLOTS * SLOT_WORDS);
  #nextSlot = 0;
  /** Entries that are writable only because CR0.WP is clear: the first LIFTED_NOTED of them. */
  #lifted: int[] = [];

  constructor(parts: SlowPathParts) {
    this.#parts = parts;
    this.#h32 = parts.h32;
    this.#map = parts.map;
    this.#shadow = parts.shadow;
    this.#traces = parts.traces;
    this.#walk = parts.walk;
    this.#spaces = parts.spaces;
    this.#access = parts.access;
    this.#attributes = parts.shadow.attributes;
    this.#firstWord = parts.shadow.firstWord;
    this.#frames = parts.traces.flags.length;
  }

  /** A place for READ or WRITE, as GuestMemory's `readPlace` and `writePlace`: raises #PF, fills the shadow table. */
  place(linear: int, bytes: int, user: int, access: int): int {
    const left = 4096 - (linear & 0xfff);
    this.translate(linear, user, access);
    if (bytes <= left) {
      if (this.mode === TRACED && access === WRITE && this.#missesTraces(bytes)) this.mode = DIRECT;
      this.#parts.reportLost();
      if (this.mode === DIRECT) return this.host;
    }
    const slot = this.#nextSlot;
    this.#nextSlot = (slot + 1) & (SLOTS - 1);
    const at = slot * SLOT_WORDS;
    this.#note(at);
    this.#slots[at + 6] = bytes <= left ? bytes : left;
    if (bytes > left) {
      this.translate((linear + left) | 0, user, access);
      this.#note(at + 3);
      this.#parts.reportLost();
    }
    return -1 - slot;
  }

  #note(at: int): void {
    this.#slots[at] = this.mode;
    this.#slots[at + 1] = this.host;
    this.#slots[at + 2] = this.physical;
  }

  /** Whether `bytes` of traced memory at `host` can be written without anybody being told. */
  #missesTraces(bytes: int): boolean {
    return this.#traces.flags[this.host >>> 12] === CODE && !this.#traces.touchesCode(this.host, bytes);
  }

  /** Host offset of a ticket's `bytes`, if they are traced RAM within one page; else -1. */
  tracedHost(place: int, bytes: int): int {
    const at = (-1 - place) * SLOT_WORDS;
    return this.#slots[at] === TRACED && bytes <= this.#slots[at + 6] ? this.#slots[at + 1] : -1;
  }

  /** The sign-extended value of 1, 2 or 4 bytes through a ticket. */
  load(place: int, at: int, bytes: int): int {
    const slot = (-1 - place) * SLOT_WORDS;
    const split = this.#slots[slot + 6];
    if (at + bytes <= split) return this.#partLoad(slot, at, bytes);
    if (at >= split) return this.#partLoad(slot + 3, at - split, bytes);
    let value = 0;
    for (let k = 0; k < bytes; k++) {
      const byte = at + k < split ? this.#partLoad(slot, at + k, 1) : this.#partLoad(slot + 3, at + k - split, 1);
      value |= (byte & 255) << (8 * k);
    }
    return bytes === 2 ? (value << 16) >> 16 : value;
  }

  #partLoad(part: int, at: int, bytes: int): int {
    const mode = this.#slots[part];
    if (mode <= ROM) return this.#access.load(this.#slots[part + 1] + at, bytes);
    if (mode === BEYOND) return -1;
    const shift = 32 - 8 * bytes;
    return (this.#map.readDevice(this.#slots[part + 2] + at, (8 * bytes) as AccessSize) << shift) >> shift;
  }

  /** Stores 1, 2 or 4 bytes through a ticket. */
  store(place: int, at: int, bytes: int, value: int): void {
    const slot = (-1 - place) * SLOT_WORDS;
    const split = this.#slots[slot + 6];
    if (at + bytes <= split) this.#partStore(slot, at, bytes, value);
    else if (at >= split) this.#partStore(slot + 3, at - split, bytes, value);
    else
      for (let k = 0; k < bytes; k++) {
        const byte = (value << (24 - 8 * k)) >> 24;
        if (at + k < split) this.#partStore(slot, at + k, 1, byte);
        else this.#partStore(slot + 3, at + k - split, 1, byte);
      }
  }

  #partStore(part: int, at: int, bytes: int, value: int): void {
    const mode = this.#slots[part];
    if (mode <= TRACED) this.#access.store(this.#slots[part + 1] + at, bytes, value);
    else if (mode !== BEYOND) {
      if (mode === ROM) this.#access.hits.rom++;
      this.#map.writeDevice(this.#slots[part + 2] + at, (8 * bytes) as AccessSize, value);
    }
  }

  /** Finds what `linear` is, for the access; fills the shadow table. Raises #PF. Leaves `mode`, `host`, `physical`. */
  translate(linear: int, user: int, access: int): void {
    const code = this.attempt(linear, user, access);
    if (code < 0) return;
    this.#parts.reportLost();
    this.#parts.raisePageFault(linear, code);
  }

  /** The same, but it raises nothing: the error code of the page fault, or -1 if there is none. */
  attempt(linear: int, user: int, access: int): int {
    const at = (user !== 0 ? this.userFirst : 0) | (linear >>> 12);
    const p = this.#h32[this.#firstWord + at] ^ linear;
    if (p >= 0 && access !== FETCH) {
      const host = p & HOST_BITS;
      this.host = host;
      if (access === READ || p < NOT_WRITABLE) {
        this.mode = DIRECT;
        return -1;
      }
      if ((this.#attributes[at] & WRITABLE) !== 0) {
        this.mode = this.#watched(host >>> 12) ? TRACED : DIRECT;
        if (this.mode === DIRECT) this.#shadow.upgrade(at);
        return -1;
      }
    }
    if (user === 0 && this.#borrow(at, linear, access)) return -1;
    const walk = this.#walk;
    const code = walk.walk(this.#spaces.current, linear, user, access, true);
    if (code >= 0) {
      this.trueFaults++;
      return code;
    }
    const page = walk.page;
    if (page > 0xfffff) {
      this.mode = BEYOND;
      this.physical = 0;
      return -1;
    }
    const word = this.#map.pages[page];
    const kind = word & PAGE_KIND;
    this.physical = (page << 12) | (linear & 0xfff);
    if (kind === PAGE_HOLE || kind === PAGE_DEVICE) {
      this.mode = DEVICE;
      return -1;
    }
    const frame = word >>> 2;
    this.host = frame * 4096 + (linear & 0xfff);
    const watched = this.#fill(at, frame, kind, access, linear);
    this.mode = kind === PAGE_ROM ? ROM : watched ? TRACED : DIRECT;
    if (access !== WRITE) this.mode = DIRECT;
    return -1;
  }

  /**
   * Fills a supervisor entry from the current user table, which has what the supervisor may do with a user page (copies
   * from and to user memory). False if it does not answer.
   */
  #borrow(at: int, linear: int, access: int): boolean {
    const from = this.userFirst | at;
    const attributes = this.#attributes[from];
    if (this.userFirst === 0 || attributes === 0 || this.#attributes[at] !== 0 || access === FETCH) return false;
    if (access === WRITE && (attributes & WRITABLE) === 0) return false;
    const host = this.#shadow.look(from) & HOST_BITS & ~0xfff;
    const frame = host >>> 12;
    const watched = access === WRITE ? this.#watched(frame) : this.#traces.flags[frame] !== 0;
    this.hiddenFills++;
    this.#shadow.copyEntry(at, from, WRITABLE | NO_EXECUTE, (attributes & WRITABLE) !== 0 && !watched);
    this.host = host | (linear & 0xfff);
    this.mode = access === WRITE && watched ? TRACED : DIRECT;
    return true;
  }

  /** Enters the last walk's result. Returns whether writes to the frame are watched. */
  #fill(at: int, frame: int, kind: int, access: int, linear: int): boolean {
    const walk = this.#walk;
    if (frame >= this.#frames) return false;
    if (!walk.cacheable || !this.#spaces.traces(linear)) return access === WRITE && this.#watched(frame);
    this.hiddenFills++;
    this.#shadow.derive(at, walk.entry, walk.entryHigh, walk.tableFrame);
    if (walk.tableFrame >= 0) this.#spaces.filledThrough(walk.tableFrame);
    const attributes = kind === PAGE_RAM ? walk.attributes : walk.attributes & ~(WRITABLE | WP_LIFTED);
    const watched = access === WRITE ? this.#watched(frame) : this.#traces.flags[frame] !== 0;
    this.#shadow.enter(at, frame, attributes, (attributes & WRITABLE) !== 0 && !watched);
    if ((attributes & WP_LIFTED) !== 0 && this.#lifted.length < LIFTED_NOTED) this.#lifted.push(at);
    return watched;
  }

  /** Before a write to a frame: ends its DIRTY trace; whether other traces remain. */
  #watched(frame: int): boolean {
    if ((this.#traces.flags[frame] & DIRTY) !== 0) this.#access.dirtied(frame);
    return this.#traces.flags[frame] !== 0;
  }

  /** CR0.WP is set now: entries that its absence made writable go. */
  endLifting(): void {
    if (this.#lifted.length === LIFTED_NOTED) this.#shadow.dropTable(0);
    for (const at of this.#lifted) if ((this.#attributes[at] & WP_LIFTED) !== 0) this.#shadow.drop(at);
    this.#lifted = [];
  }
}
