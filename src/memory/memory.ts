// Guest memory as instructions see it: guest-linear addresses, through the shadow page tables where they answer, else
// through the guest's page tables, the physical map and the traces. It also serves DMA, loaders and debuggers.
//
// A place is a host offset where the shadow tables answer: loads and stores through it are accesses to the heap. Where
// they do not, it is a ticket of the slow path (slow-path.ts).

import { MemoryAccess } from './access.ts';
import { Bulk } from './bulk.ts';
import { type CodeKind, DEFAULT_CODE, makeHeap } from './heap.ts';
import { DIRECT_BYTES, type HeapLayout, type HeapOptions, layoutHeap, TABLE_ENTRIES } from './layout.ts';
import { PAGE_KIND, PAGE_RAM, PhysicalMap } from './physical-map.ts';
import { EXECUTED, NO_EXECUTE, NOT_WRITABLE, ShadowTables } from './shadow.ts';
import { ROM, SlowPath } from './slow-path.ts';
import { AddressSpaces } from './spaces.ts';
import { CODE, type DirtySubscriber, PAGE_TABLE, Traces } from './traces.ts';
import { FETCH, PageWalk, READ, WRITE } from './walk.ts';

type int = number;

const HOST_BITS = 0x3fffffff;

const CR0_WP = 1 << 16;
const CR0_PG = 1 << 31;
const CR4_PSE = 1 << 4;
const CR4_PAE = 1 << 5;
const EFER_NXE = 1 << 11;

/** The control registers that paging depends on (int32 each). */
export interface PagingRegisters {
  readonly cr0: int;
  readonly cr3: int;
  readonly cr4: int;
  readonly efer: int;
}

export interface MemoryOptions extends HeapOptions {
  /** Bits of physical addresses: 32 to 52; those above are reserved in PAE entries. 36 unless given. */
  readonly physicalAddressBits?: number;
  /** What translated code on this heap will be: `DEFAULT_CODE` unless given. */
  readonly code?: CodeKind;
  /** Sets CR2 to `linear` and throws #PF with the error code. */
  raisePageFault(linear: int, code: int): never;
  /** A write, done by now, touched granules marked by `traceCode`. */
  onCodeWrite?(physical: number, bytes: number): void;
  /**
   * An entry that code was fetched through went away or changed, in the table with that word (see `tableWord`) of the
   * supervisor (0) or of a user (1). A change of CR3 that selects another table is not told: compare `tableWord(1)`.
   */
  onMappingLost?(user: int, tableWord: int): void;
}

/** Counters since the start, for `--stats`. */
export interface MemoryStats {
  readonly hiddenFills: number;
  readonly trueFaults: number;
  readonly traceHits: {
    readonly pageTable: number;
    readonly code: number;
    readonly rom: number;
    readonly dirty: number;
  };
  readonly spaces: {
    readonly cached: number;
    readonly hits: number;
    readonly misses: number;
    readonly evictions: number;
  };
}

/** What a snapshot keeps besides RAM, extra memory and the register file. */
export interface MemoryState {
  readonly a20: boolean;
  readonly pdptes: readonly number[];
}

export class Memory {
  readonly layout: HeapLayout;
  /** The machine: RAM, extra memory, register file, shadow tables. */
  readonly heap: ArrayBuffer;
  /** Empty at first: the machine adds RAM and the rest. */
  readonly map = new PhysicalMap();
  readonly u8: Uint8Array;
  readonly i8: Int8Array;
  readonly u16: Uint16Array;
  readonly i16: Int16Array;
  readonly i32: Int32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly bulk: Bulk;
  /** Internals, for the invariant checker and the tests. */
  readonly shadow: ShadowTables;
  readonly walker: PageWalk;
  readonly spaces: AddressSpaces;
  readonly traces: Traces;

  readonly #view: DataView;
  readonly #access: MemoryAccess;
  readonly #slow: SlowPath;
  readonly #options: MemoryOptions;
  readonly #attributes: Uint8Array;
  readonly #firstWord: int;
  readonly #ramBytes: int;
  readonly #frames: int;
  /** First entry number of the current user table. */
  #userFirst: int = 0;
  /** PDPTEs: low and high words of each. */
  readonly #pdptes = new Int32Array(8);
  readonly #loadedPdptes = new Int32Array(8);
  /** The physical map is changing under a page table. */
  #rebuild = false;

  /** Throws `UserError` for a RAM size out of range. */
  constructor(options: MemoryOptions) {
    const layout = layoutHeap(options);
    const heap = makeHeap(layout.heapBytes, options.code ?? DEFAULT_CODE);
    this.layout = layout;
    this.heap = heap;
    this.#options = options;
    this.u8 = new Uint8Array(heap);
    this.i8 = new Int8Array(heap);
    this.u16 = new Uint16Array(heap);
    this.i16 = new Int16Array(heap);
    this.i32 = new Int32Array(heap);
    this.f32 = new Float32Array(heap);
    this.f64 = new Float64Array(heap);
    this.#view = new DataView(heap);
    this.bulk = new Bulk(heap);
    const frames = Math.min(layout.registersAt, DIRECT_BYTES) >>> 12;
    this.#frames = frames;
    this.#ramBytes = layout.ramBytes;
    this.traces = new Traces(frames);
    this.shadow = new ShadowTables(this.i32, layout, frames);
    this.#attributes = this.shadow.attributes;
    this.#firstWord = this.shadow.firstWord;
    this.walker = new PageWalk(this.i32, this.map, options.physicalAddressBits ?? 36, (host) =>
      this.#access.written(host, 4),
    );
    this.spaces = new AddressSpaces(this.i32, layout, this.shadow, this.walker, frames);
    this.#access = new MemoryAccess(
      heap,
      layout,
      this.map,
      this.traces,
      this.spaces,
      (physical, bytes) => options.onCodeWrite?.(physical, bytes),
      () => this.#reportLost(),
    );
    this.#slow = new SlowPath({
      h32: this.i32,
      map: this.map,
      shadow: this.shadow,
      traces: this.traces,
      walk: this.walker,
      spaces: this.spaces,
      access: this.#access,
      raisePageFault: (linear, code) => options.raisePageFault(linear, code),
      reportLost: () => this.#reportLost(),
    });
    this.shadow.useChanged = (frame, used) => {
      if (used) {
        this.traces.flags[frame] |= PAGE_TABLE;
        this.shadow.downgradeFrame(frame);
      } else this.traces.flags[frame] &= ~PAGE_TABLE;
    };
    this.map.listener = {
      changing: (first, last) => this.#mapChanging(first, last),
      changed: () => this.#mapChanged(),
    };
  }

  // Places. See GuestMemory in isa/state.ts.

  /** Checks that `bytes` (1..512; up to a page if within one) at `linear` can be read. */
  readPlace(linear: int, bytes: int, user: int): int {
    const first = this.#firstWord + (user !== 0 ? this.#userFirst : 0);
    const p = this.i32[first + (linear >>> 12)] ^ linear;
    if (p >= 0 && (linear & 0xfff) + bytes <= 4096) return p & HOST_BITS;
    return this.#slow.place(linear, bytes, user, READ);
  }

  /** Checks that they can be written; sets accessed and dirty bits. */
  writePlace(linear: int, bytes: int, user: int): int {
    const first = this.#firstWord + (user !== 0 ? this.#userFirst : 0);
    const p = this.i32[first + (linear >>> 12)] ^ linear;
    if (p >= 0 && p < NOT_WRITABLE && (linear & 0xfff) + bytes <= 4096) return p;
    return this.#slow.place(linear, bytes, user, WRITE);
  }

  /**
   * Fills the shadow table for an access of an instruction within a page, as `readPlace` and `writePlace` do, but raises
   * nothing: the error code of the page fault, or -1 if there is none.
   */
  touch(linear: int, user: int, write: boolean): int {
    const code = this.#slow.attempt(linear, user, write ? WRITE : READ);
    this.#reportLost();
    return code;
  }

  load8(place: int, at: int): int {
    return place >= 0 ? this.i8[place + at] : this.#slow.load(place, at, 1);
  }

  load16(place: int, at: int): int {
    if (place < 0) return this.#slow.load(place, at, 2);
    const host = place + at;
    return (host & 1) === 0 ? this.i16[host >> 1] : this.#view.getInt16(host, true);
  }

  load32(place: int, at: int): int {
    if (place < 0) return this.#slow.load(place, at, 4);
    const host = place + at;
    return (host & 3) === 0 ? this.i32[host >> 2] : this.#view.getInt32(host, true);
  }

  store8(place: int, at: int, value: int): void {
    if (place >= 0) this.i8[place + at] = value;
    else this.#slow.store(place, at, 1, value);
  }

  store16(place: int, at: int, value: int): void {
    const host = place + at;
    if (place < 0) this.#slow.store(place, at, 2, value);
    else if ((host & 1) === 0) this.i16[host >> 1] = value;
    else this.#view.setInt16(host, value, true);
  }

  store32(place: int, at: int, value: int): void {
    const host = place + at;
    if (place < 0) this.#slow.store(place, at, 4, value);
    else if ((host & 3) === 0) this.i32[host >> 2] = value;
    else this.#view.setInt32(host, value, true);
  }

  /** See GuestMemory. */
  overwrite(place: int, bytes: int, write: (host: int) => void): boolean {
    const host = this.#slow.tracedHost(place, bytes);
    if (host < 0) return false;
    this.#access.overwrite(host, bytes, write);
    return true;
  }

  // What generated code and the engines use.

  /**
   * Word index in the heap of the current shadow page table for supervisor (0) or user (1) rights. It may change
   * whenever anything but a direct access ran: a fill, MOV CR, a write to a page table.
   */
  tableWord(user: int): int {
    return this.#firstWord + (user !== 0 ? this.#userFirst : 0);
  }

  /**
   * Guest-physical address of the code byte at `linear`, after checking that it may be executed; raises #PF. Code in
   * memory is found by that address (see `physicalOf` for memory that appears at several); while it is cached under a
   * linear address, `onMappingLost` tells when to look again. Where `isRam` of the address is false (a device, nothing,
   * or memory above the first GiB of the heap), do not cache: read it anew by places. Addresses are int32.
   */
  fetch(linear: int, user: int): int {
    const at = (user !== 0 ? this.#userFirst : 0) | (linear >>> 12);
    const p = this.i32[this.#firstWord + at] ^ linear;
    if (p >= 0) {
      const attributes = this.#attributes[at];
      if ((attributes & NO_EXECUTE) === 0) {
        if ((attributes & EXECUTED) === 0) this.#attributes[at] = attributes | EXECUTED;
        const host = p & HOST_BITS;
        return host < this.#ramBytes ? host : this.#access.physicalOf(host);
      }
    }
    this.#slow.translate(linear, user, FETCH);
    this.#reportLost();
    if (this.#attributes[at] !== 0) this.#attributes[at] |= EXECUTED;
    return this.#slow.mode <= ROM ? this.#access.physicalOf(this.#slow.host) : this.#slow.physical;
  }

  /**
   * What `fetch` would return if that changes nothing that the guest can see: no fault, accessed bits set already. Else
   * -1.
   */
  probeFetch(linear: int, user: int): int {
    const { walker } = this;
    if (walker.walk(this.spaces.current, linear, user, FETCH, false) >= 0 || !walker.accessed) return -1;
    return walker.page < 1 << 20 ? (walker.page << 12) | (linear & 0xfff) : -1;
  }

  /** Whether code and data at a guest-physical address lie in memory (RAM or ROM) that can be traced. */
  isRam(physical: number): boolean {
    const host = this.map.hostOf(physical);
    return host >= 0 && host < DIRECT_BYTES;
  }

  /** Host offset of a guest-physical address in memory, or -1. */
  hostOf(physical: number): int {
    return this.map.hostOf(physical);
  }

  // Paging (see GuestMemory).

  /** CR0, CR3, CR4 or EFER changed. Nothing needs flushing for its own sake: entries are always true. */
  contextChanged(cpu: PagingRegisters, _flushGlobal: boolean): void {
    const walk = this.walker;
    const paging = (cpu.cr0 & CR0_PG) !== 0;
    const pae = (cpu.cr4 & CR4_PAE) !== 0;
    const pse = (cpu.cr4 & CR4_PSE) !== 0;
    const nxe = pae && (cpu.efer & EFER_NXE) !== 0;
    const wp = (cpu.cr0 & CR0_WP) !== 0;
    if (pae !== walk.pae || pse !== walk.pse || nxe !== walk.nxe) this.spaces.dropAll();
    else if (paging !== walk.paging) this.shadow.dropTable(0);
    if (wp && !walk.wp) this.#slow.endLifting();
    walk.paging = paging;
    walk.pae = pae;
    walk.pse = pse;
    walk.nxe = nxe;
    walk.wp = wp;
    this.shadow.regionShift = pae ? 9 : 10;
    if (paging) this.loadCr3(cpu);
    else this.#leavePaging();
  }

  /** MOV CR3: selects the address space. With PAE, `loadPdptes` comes first. */
  loadCr3(cpu: PagingRegisters): void {
    if (!this.walker.paging) return;
    this.spaces.select(cpu.cr3, this.#pdptes);
    this.#useTable(this.spaces.current.table);
  }

  /** PAE: loads the four PDPTEs from `cr3`; false, and nothing changes, if a present one has reserved bits set. */
  loadPdptes(cr3: int): boolean {
    const walk = this.walker;
    const loaded = this.#loadedPdptes;
    for (let k = 0; k < 8; k++) loaded[k] = walk.loadEntry((cr3 & ~0x1f) + 4 * k);
    for (let k = 0; k < 8; k += 2)
      if ((loaded[k] & 1) !== 0 && walk.pdpteIsReserved(loaded[k], loaded[k + 1])) return false;
    this.#pdptes.set(loaded);
    return true;
  }

  /**
   * INVLPG. Entries are kept true without it, but for one case that the manual leaves to the guest as well: an
   * instruction that stores into a page table which one of its own accesses has just used for the first time.
   */
  invalidatePage(linear: int): void {
    this.shadow.drop(linear >>> 12);
    this.shadow.drop(this.#userFirst | (linear >>> 12));
    this.#reportLost();
  }

  /** The A20 gate: while it is shut (false), the processor's address bit 20 is zero. DMA does not pass it. */
  setA20(open: boolean): void {
    const mask = open ? -1 : ~0x100;
    if (mask === this.walker.pageMask) return;
    this.walker.pageMask = mask;
    this.#reselect();
  }

  // Traces.

  /** Marks the granules (64 bytes) of [physical, physical + bytes) as holding code: writes reach `onCodeWrite`. */
  traceCode(physical: number, bytes: number): void {
    this.#eachPart(physical, bytes, (host, part) => {
      if (this.traces.markCode(host, part)) this.shadow.downgradeFrame(host >>> 12);
    });
  }

  /** Takes marks off granules that lie wholly or partly in [physical, physical + bytes). */
  untraceCode(physical: number, bytes: number): void {
    this.#eachPart(physical, bytes, (host, part) => this.traces.unmarkCode(host, part));
  }

  /** Reports the next write to each page of a range, once. Calling it again for a page sets its trace again. */
  traceDirty(physical: number, bytes: number, subscriber: DirtySubscriber): void {
    this.#eachPart(physical & ~0xfff, bytes + (physical & 0xfff), (host, _part, address) => {
      const frame = host >>> 12;
      this.traces.watch(frame, frame, address, subscriber);
      this.shadow.downgradeFrame(frame);
    });
  }

  untraceDirty(subscriber: DirtySubscriber): void {
    this.traces.unwatch(subscriber);
  }

  // Guest-physical memory for DMA, loaders and debuggers: no devices, no A20 gate.

  readPhysical(address: number, bytes: Uint8Array): void {
    this.#access.readPhysical(address, bytes);
  }

  writePhysical(address: number, bytes: Uint8Array): void {
    this.#access.writePhysical(address, bytes);
  }

  /** Unsigned; what is not memory reads as ones. */
  readPhysical8(address: number): number {
    const host = this.map.hostOf(address);
    return host >= 0 ? this.u8[host] : 0xff;
  }

  readPhysical16(address: number): number {
    return this.readPhysical8(address) | (this.readPhysical8(address + 1) << 8);
  }

  /** An int32. */
  readPhysical32(address: number): int {
    const host = this.map.hostOf(address);
    if (host >= 0 && (host & 0xfff) <= 4092) return this.#view.getInt32(host, true);
    return this.readPhysical16(address) | (this.readPhysical16(address + 2) << 16);
  }

  /** The guest-physical address by which a host offset is known. */
  physicalOf(host: int): int {
    return this.#access.physicalOf(host);
  }

  /** Translation of `linear` for a debugger: supervisor rights, no faults, no accessed bits. -1 if not mapped. */
  debugTranslate(linear: int): number {
    if (this.walker.walk(this.spaces.current, linear, 0, READ, false) >= 0) return -1;
    return this.walker.page * 4096 + (linear & 0xfff);
  }

  get stats(): MemoryStats {
    const { cached, hits, misses, evictions } = this.spaces;
    return {
      hiddenFills: this.#slow.hiddenFills,
      trueFaults: this.#slow.trueFaults,
      traceHits: { ...this.#access.hits },
      spaces: { cached, hits, misses, evictions },
    };
  }

  /** Power-on: no paging, A20 open, no traces on code. RAM keeps its contents. */
  reset(): void {
    this.#pdptes.fill(0);
    this.walker.pageMask = -1;
    this.contextChanged({ cr0: 0, cr3: 0, cr4: 0, efer: 0 }, true);
    this.#reselect();
  }

  save(): MemoryState {
    return { a20: this.walker.pageMask === -1, pdptes: [...this.#pdptes] };
  }

  /** After the heap's memory was replaced: forgets all that was derived from it. `contextChanged` must follow. */
  load(state: MemoryState): void {
    this.walker.pageMask = state.a20 ? -1 : ~0x100;
    this.#pdptes.set(state.pdptes);
    for (let frame = 0; frame < this.#frames; frame++)
      if ((this.traces.flags[frame] & CODE) !== 0) this.#access.forget(-1, frame);
    this.spaces.dropAll();
    this.#leavePaging();
    this.walker.paging = false;
  }

  // Changes of context.

  #leavePaging(): void {
    this.spaces.leave();
    this.#useTable(0);
  }

  /** Makes a table the one for user rights. */
  #useTable(table: int): void {
    this.#userFirst = table * TABLE_ENTRIES;
    this.#slow.userFirst = this.#userFirst;
    this.#reportLost();
  }

  /** Drops everything and selects the current space again. */
  #reselect(): void {
    const { cr3 } = this.spaces.current;
    this.spaces.dropAll();
    if (this.walker.paging) this.spaces.select(cr3, this.#pdptes);
    this.#useTable(this.spaces.current.table);
  }

  #reportLost(): void {
    const lost = this.shadow.lost;
    if (lost === 0) return;
    this.shadow.lost = 0;
    const report = this.#options.onMappingLost;
    if (!report) return;
    for (let table = 0; table < this.shadow.tables; table++) {
      if ((lost & (1 << table)) === 0) continue;
      const word = this.#firstWord + table * TABLE_ENTRIES;
      report.call(this.#options, table === 0 ? 0 : 1, word);
      // Without paging, both privileges use table 0.
      if (table === 0 && this.#userFirst === 0) report.call(this.#options, 1, word);
    }
  }

  /** Calls `each` for the parts, page by page, of a physical range that are memory which can be traced. */
  #eachPart(physical: number, bytes: number, each: (host: int, bytes: int, physical: number) => void): void {
    const start = physical >>> 0;
    for (let done = 0; done < bytes; ) {
      const address = start + done;
      const part = Math.min(bytes - done, 4096 - (address & 0xfff));
      const host = this.map.hostOf(address);
      if (host >= 0 && host < DIRECT_BYTES) each(host, part, address);
      done += part;
    }
  }

  #mapChanging(first: int, last: int): void {
    for (let page = first; page <= last; page++) {
      const word = this.map.pages[page];
      if ((word & PAGE_KIND) < PAGE_RAM) continue;
      const frame = word >>> 2;
      if (frame >= this.#frames) continue;
      this.shadow.dropFrame(frame);
      if ((this.traces.flags[frame] & PAGE_TABLE) !== 0) this.#rebuild = true;
      this.#access.forget(page, frame);
    }
  }

  #mapChanged(): void {
    if (this.#rebuild || this.spaces.anyUntraced) this.#reselect();
    this.#rebuild = false;
    this.#reportLost();
  }
}
