// Traces as their users set them: on ranges of guest-physical memory. A new trace takes direct writing away from every
// mapping of its frames; so does the first use of a frame as a page table.

import { DIRECT_BYTES } from './layout.ts';
import type { PhysicalMap } from './physical-map.ts';
import type { ShadowTables } from './shadow.ts';
import { type DirtySubscriber, PAGE_TABLE, type Traces } from './traces.ts';

type int = number;

export class PhysicalTraces {
  readonly #map: PhysicalMap;
  readonly #shadow: ShadowTables;
  readonly #traces: Traces;

  constructor(map: PhysicalMap, shadow: ShadowTables, traces: Traces) {
    this.#map = map;
    this.#shadow = shadow;
    this.#traces = traces;
    shadow.useChanged = (frame, used) => {
      if (used) {
        traces.flags[frame] |= PAGE_TABLE;
        shadow.downgradeFrame(frame);
      } else traces.flags[frame] &= ~PAGE_TABLE;
    };
  }

  /** See `Memory.traceCode`. */
  traceCode(physical: number, bytes: number): void {
    this.#eachPart(physical, bytes, (host, part) => {
      if (this.#traces.markCode(host, part)) this.#shadow.downgradeFrame(host >>> 12);
    });
  }

  untraceCode(physical: number, bytes: number): void {
    this.#eachPart(physical, bytes, (host, part) => this.#traces.unmarkCode(host, part));
  }

  /** See `Memory.traceDirty`. */
  traceDirty(physical: number, bytes: number, subscriber: DirtySubscriber): void {
    this.#eachPart(physical & ~0xfff, bytes + (physical & 0xfff), (host, _part, address) => {
      const frame = host >>> 12;
      this.#traces.watch(frame, frame, address, subscriber);
      this.#shadow.downgradeFrame(frame);
    });
  }

  /** Calls `each` for the parts, page by page, of a physical range that are memory which can be traced. */
  #eachPart(physical: number, bytes: number, each: (host: int, bytes: int, physical: number) => void): void {
    const start = physical >>> 0;
    for (let done = 0; done < bytes; ) {
      const address = start + done;
      const part = Math.min(bytes - done, 4096 - (address & 0xfff));
      const host = this.#map.hostOf(address);
      if (host >= 0 && host < DIRECT_BYTES) each(host, part, address);
      done += part;
    }
  }
}
