// Guest memory as instructions see it: guest-linear addresses, through the shadow page tables where they answer, else
// through the guest's page tables, the physical map and the traces. It also serves DMA, loaders and debuggers.
//
// A place is a host offset where the shadow tables answer: loads and stores through it are accesses to the heap. Where
// they do not, it is a ticket of the slow path (slow-path.ts).

import { MemoryAccess } from './access.ts';
import { Bulk } from './bulk.ts';
import type { MemoryOptions, MemoryState, MemoryStats } from './contract.ts';
import { DEFAULT_CODE, makeHeap } from './heap.ts';
import { DIRECT_BYTES, type HeapLayout, layoutHeap } from './layout.ts';
import { MapChanges } from './map-changes.ts';
import { Paging, type PagingRegisters } from './paging.ts';
import { PhysicalMap } from './physical-map.ts';
import { PhysicalTraces } from './physical-traces.ts';
import { EXECUTED, NO_EXECUTE, NOT_WRITABLE, ShadowTables, WRITABLE } from './shadow.ts';
import { ROM, SlowPath } from './slow-path.ts';
import { AddressSpaces } from './spaces.ts';
import { CODE, type DirtySubscriber, PAGE_TABLE, Traces } from './traces.ts';
import { FETCH, PageWalk, READ, WRITE } from './walk.ts';

type int = number;

const HOST_BITS = 0x3fffffff;

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
  readonly #attributes: Uint8Array;
  readonly #firstWord: int;
  readonly #ramBytes: int;
  /** First entry number of the current user table: `Paging` says which. */
  #userFirst: int = 0;
  readonly #paging: Paging;
  readonly #physicalTraces: PhysicalTraces;

  /** Throws `UserError` for a RAM size out of range. */
  constructor(options: MemoryOptions) {
    const layout = layoutHeap(options);
    const heap = makeHeap(layout.heapBytes, options.code ?? DEFAULT_CODE);
    this.layout = layout;
    this.heap = heap;
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
      () => this.#paging.reportLost(),
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
      reportLost: () => this.#paging.reportLost(),
    });
    this.#paging = new Paging({
      shadow: this.shadow,
      walk: this.walker,
      spaces: this.spaces,
      slow: this.#slow,
      listener: options,
      useEntries: (first) => {
        this.#userFirst = first;
        this.#slow.userFirst = first;
      },
    });
    this.#physicalTraces = new PhysicalTraces(this.map, this.shadow, this.traces);
    this.map.listener = new MapChanges({
      map: this.map,
      shadow: this.shadow,
      traces: this.traces,
      spaces: this.spaces,
      access: this.#access,
      paging: this.#paging,
    });
  }

  // Places. See GuestMemory in isa/environment.ts.

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
    this.#paging.reportLost();
    return code;
  }

  /**
   * Stores a doubleword at `linear`, if that is aligned, may be written, and lies in a page table that nobody watches for
   * anything else. Whether it did: else nothing has happened.
   */
  storeToTable(linear: int, user: int, value: int): boolean {
    const at = (user !== 0 ? this.#userFirst : 0) | (linear >>> 12);
    const p = this.i32[this.#firstWord + at] ^ linear;
    if (p < 0 || (linear & 3) !== 0 || (this.#attributes[at] & WRITABLE) === 0) return false;
    const host = p & HOST_BITS;
    if (this.traces.flags[host >>> 12] !== PAGE_TABLE) return false;
    this.#access.store(host, 4, value);
    return true;
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
    this.#paging.reportLost();
    if (this.#attributes[at] !== 0) this.#attributes[at] |= EXECUTED;
    return this.#slow.mode <= ROM ? this.#access.physicalOf(this.#slow.host) : this.#slow.physical;
  }

  /** Looks at code as `fetch` does, but raises nothing: the error code of the page fault, or -1 if there is none. */
  touchCode(linear: int, user: int): int {
    const at = (user !== 0 ? this.#userFirst : 0) | (linear >>> 12);
    const p = this.i32[this.#firstWord + at] ^ linear;
    if (p >= 0 && (this.#attributes[at] & NO_EXECUTE) === 0) return -1;
    const code = this.#slow.attempt(linear, user, FETCH);
    this.#paging.reportLost();
    return code;
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
    this.#paging.contextChanged(cpu);
  }

  /** MOV CR3: selects the address space. With PAE, `loadPdptes` comes first. */
  loadCr3(cpu: PagingRegisters): void {
    this.#paging.loadCr3(cpu);
  }

  /** PAE: loads the four PDPTEs from `cr3`; false, and nothing changes, if a present one has reserved bits set. */
  loadPdptes(cr3: int): boolean {
    return this.#paging.loadPdptes(cr3);
  }

  /**
   * INVLPG. Entries are kept true without it, but for one case that the manual leaves to the guest as well: an
   * instruction that stores into a page table which one of its own accesses has just used for the first time.
   */
  invalidatePage(linear: int): void {
    this.#paging.invalidatePage(linear);
  }

  /** The A20 gate: while it is shut (false), the processor's address bit 20 is zero. DMA does not pass it. */
  setA20(open: boolean): void {
    this.#paging.setA20(open);
  }

  // Traces.

  /** Marks the granules (64 bytes) of [physical, physical + bytes) as holding code: writes reach `onCodeWrite`. */
  traceCode(physical: number, bytes: number): void {
    this.#physicalTraces.traceCode(physical, bytes);
  }

  /** Takes marks off granules that lie wholly or partly in [physical, physical + bytes). */
  untraceCode(physical: number, bytes: number): void {
    this.#physicalTraces.untraceCode(physical, bytes);
  }

  /** Reports the next write to each page of a range, once. Calling it again for a page sets its trace again. */
  traceDirty(physical: number, bytes: number, subscriber: DirtySubscriber): void {
    this.#physicalTraces.traceDirty(physical, bytes, subscriber);
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
    this.#paging.reset();
  }

  save(): MemoryState {
    return this.#paging.save();
  }

  /** After the heap's memory was replaced: forgets all that was derived from it. `contextChanged` must follow. */
  load(state: MemoryState): void {
    for (let frame = 0; frame < this.traces.flags.length; frame++)
      if ((this.traces.flags[frame] & CODE) !== 0) this.#access.forget(-1, frame);
    this.#paging.load(state);
  }
}
