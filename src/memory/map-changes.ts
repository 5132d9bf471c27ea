// What a change of the physical map takes with it: shadow entries of the frames that move, code in them, and, if one of
// them is a guest page table, everything that was derived.

import type { MemoryAccess } from './access.ts';
import type { Paging } from './paging.ts';
import { type MapListener, PAGE_KIND, PAGE_RAM, type PhysicalMap } from './physical-map.ts';
import type { ShadowTables } from './shadow.ts';
import type { AddressSpaces } from './spaces.ts';
import { PAGE_TABLE, type Traces } from './traces.ts';

export interface MapChangesParts {
  readonly map: PhysicalMap;
  readonly shadow: ShadowTables;
  readonly traces: Traces;
  readonly spaces: AddressSpaces;
  readonly access: MemoryAccess;
  readonly paging: Paging;
}

export class MapChanges implements MapListener {
  readonly #parts: MapChangesParts;
  /** The map is changing under a page table. */
  #rebuild = false;

  constructor(parts: MapChangesParts) {
    this.#parts = parts;
  }

  changing(first: number, last: number): void {
    const { map, shadow, traces, access } = this.#parts;
    for (let page = first; page <= last; page++) {
      const word = map.pages[page];
      if ((word & PAGE_KIND) < PAGE_RAM) continue;
      const frame = word >>> 2;
      if (frame >= traces.flags.length) continue;
      shadow.dropFrame(frame);
      if ((traces.flags[frame] & PAGE_TABLE) !== 0) this.#rebuild = true;
      access.forget(page, frame);
    }
  }

  changed(): void {
    const { spaces, paging } = this.#parts;
    if (this.#rebuild || spaces.anyUntraced) paging.reselect();
    this.#rebuild = false;
    paging.reportLost();
  }
}
