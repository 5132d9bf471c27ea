// Accesses by host offset and by guest-physical address: what the slow path of instructions, DMA, firmware loaders and
// debuggers use. Writes honour traces; only the slow path of instructions reaches devices.

import type { HeapLayout } from './layout.ts';
import { PAGE_KIND, PAGE_RAM, PAGE_ROM, type PhysicalMap } from './physical-map.ts';
import type { AddressSpaces } from './spaces.ts';
import { CODE, DIRTY, PAGE_TABLE, type Traces } from './traces.ts';

type int = number;

export class MemoryAccess {
  /** The heap. */
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  /** Trace hits by subscriber. */
  readonly hits = { pageTable: 0, code: 0, rom: 0, dirty: 0 };
  readonly #view: DataView;
  readonly #map: PhysicalMap;
  readonly #traces: Traces;
  readonly #spaces: AddressSpaces;
  readonly #layout: HeapLayout;
  readonly #frames: int;
  /** Physical page by which a frame of extra memory is known, -1 if not yet. */
  readonly #names: Int32Array;
  readonly #onCodeWrite: (physical: number, bytes: number) => void;
  readonly #lost: () => void;
  /** A page table as it was before `overwrite`. */
  readonly #before = new Int32Array(1024);

  /** `lost`: called after page-table writes, when shadow entries may have gone. */
  constructor(
    heap: ArrayBuffer,
    layout: HeapLayout,
    map: PhysicalMap,
    traces: Traces,
    spaces: AddressSpaces,
    onCodeWrite: (physical: number, bytes: number) => void,
    lost: () => void,
  ) {
    this.u8 = new Uint8Array(heap);
    this.i32 = new Int32Array(heap);
    this.#view = new DataView(heap);
    this.#map = map;
    this.#traces = traces;
    this.#spaces = spaces;
    this.#layout = layout;
    this.#frames = traces.flags.length;
    this.#names = new Int32Array(layout.extraBytes >>> 12).fill(-1);
    this.#onCodeWrite = onCodeWrite;
    this.#lost = lost;
  }

  /** The sign-extended value of 1, 2 or 4 bytes at a host offset. */
  load(host: int, bytes: int): int {
    if (bytes === 4) return this.#view.getInt32(host, true);
    return bytes === 1 ? this.#view.getInt8(host) : this.#view.getInt16(host, true);
  }

  /** Stores 1, 2 or 4 bytes at a host offset in RAM, within one page, and tells whoever traces it. */
  store(host: int, bytes: int, value: int): void {
    const frame = host >>> 12;
    const flags = frame < this.#frames ? this.#traces.flags[frame] : 0;
    if (flags === 0) {
      this.#put(host, bytes, value);
      return;
    }
    if ((flags & PAGE_TABLE) !== 0) this.#storeToTable(host, bytes, value);
    else this.#put(host, bytes, value);
    this.#written(host, bytes, flags);
  }

  /** Tells the CODE and DIRTY subscribers of a write that was done otherwise, within one page. */
  written(host: int, bytes: int): void {
    const frame = host >>> 12;
    if (frame < this.#frames && this.#traces.flags[frame] !== 0) this.#written(host, bytes, this.#traces.flags[frame]);
  }

  /** The frame is about to be written: reports it if it has a DIRTY trace. */
  dirtied(frame: int): void {
    this.hits.dirty++;
    this.#traces.dirtied(frame);
  }

  /**
   * The guest-physical address by which a host offset is known: the one that code there is found by. For RAM they are
   * the same; for extra memory it is one of the addresses where it appears, and stays while it appears there.
   */
  physicalOf(host: int): int {
    if (host < this.#layout.ramBytes) return host;
    const frame = (host - this.#layout.extraAt) >>> 12;
    if (this.#names[frame] < 0) this.#names[frame] = this.#findName(host >>> 12);
    return (this.#names[frame] << 12) | (host & 0xfff);
  }

  /** The physical page `page` no longer shows the host frame: reports code in it, forgets its name. */
  forget(page: int, frame: int): void {
    if (frame < this.#frames && (this.#traces.flags[frame] & CODE) !== 0) {
      const physical = this.physicalOf(frame << 12) >>> 0;
      this.#onCodeWrite(physical, 4096);
      this.#traces.unmarkCode(frame << 12, 4096);
    }
    const extra = frame - (this.#layout.extraAt >>> 12);
    if (extra >= 0 && this.#names[extra] === page) this.#names[extra] = -1;
  }

  /** Copies guest-physical memory to `bytes`. Devices and holes read as ones. */
  readPhysical(physical: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const address = physical + done;
      const part = Math.min(bytes.length - done, 4096 - (address & 0xfff));
      const host = this.#map.hostOf(address);
      if (host >= 0) bytes.set(this.u8.subarray(host, host + part), done);
      else bytes.fill(0xff, done, done + part);
      done += part;
    }
  }

  /** Copies `bytes` to guest-physical memory, honouring traces. ROM, devices and holes drop it. */
  writePhysical(physical: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const address = physical + done;
      const part = Math.min(bytes.length - done, 4096 - (address & 0xfff));
      const kind = this.#map.pages[address >>> 12] & PAGE_KIND;
      if (kind === PAGE_RAM) this.storeBytes(this.#map.hostOf(address), bytes.subarray(done, done + part));
      else if (kind === PAGE_ROM) this.hits.rom++;
      done += part;
    }
  }

  /** Stores bytes at a host offset in RAM, within one page. */
  storeBytes(host: int, bytes: Uint8Array): void {
    const frame = host >>> 12;
    const flags = frame < this.#frames ? this.#traces.flags[frame] : 0;
    if ((flags & PAGE_TABLE) !== 0) {
      for (let k = 0; k < bytes.length; k++) this.#storeToTable(host + k, 1, bytes[k]);
    } else this.u8.set(bytes, host);
    if (flags !== 0) this.#written(host, bytes.length, flags);
  }

  /** Lets `write` change `bytes` at a host offset in RAM, upwards and within one page, and tells whoever traces them. */
  overwrite(host: int, bytes: int, write: (host: int) => void): void {
    const frame = host >>> 12;
    const flags = frame < this.#frames ? this.#traces.flags[frame] : 0;
    if ((flags & PAGE_TABLE) === 0) write(host);
    else {
      const first = host >> 2;
      const last = (host + bytes - 1) >> 2;
      const before = this.#before;
      before.set(this.i32.subarray(first, last + 1));
      write(host);
      this.hits.pageTable++;
      for (let k = first; k <= last; k++) {
        const now = this.i32[k];
        if (now !== before[k - first]) this.#spaces.entryWritten(frame, k & 1023, before[k - first], now);
      }
      this.#lost();
    }
    if (flags !== 0) this.#written(host, bytes, flags);
  }

  #put(host: int, bytes: int, value: int): void {
    if (bytes === 4) this.#view.setInt32(host, value, true);
    else if (bytes === 1) this.u8[host] = value;
    else this.#view.setInt16(host, value, true);
  }

  #storeToTable(host: int, bytes: int, value: int): void {
    const first = host >> 2;
    const last = (host + bytes - 1) >> 2;
    const oldFirst = this.i32[first];
    const oldLast = this.i32[last];
    this.#put(host, bytes, value);
    this.hits.pageTable++;
    const frame = host >>> 12;
    if (this.i32[first] !== oldFirst) this.#spaces.entryWritten(frame, first & 1023, oldFirst, this.i32[first]);
    if (last !== first && this.i32[last] !== oldLast)
      this.#spaces.entryWritten(frame, last & 1023, oldLast, this.i32[last]);
    this.#lost();
  }

  #written(host: int, bytes: int, flags: int): void {
    if ((flags & DIRTY) !== 0) this.dirtied(host >>> 12);
    if ((flags & CODE) !== 0 && this.#traces.touchesCode(host, bytes)) {
      this.hits.code++;
      this.#onCodeWrite(this.physicalOf(host) >>> 0, bytes);
    }
  }

  #findName(frame: int): int {
    for (const { start, bytes, backing } of this.#map.ranges) {
      if (backing.kind === 'mmio') continue;
      const first = backing.host / 4096;
      if (first <= frame && frame < first + bytes / 4096) return start / 4096 + frame - first;
    }
    return 0xfffff;
  }
}
