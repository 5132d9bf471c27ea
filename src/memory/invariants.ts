// What must hold of the shadow page tables at every instruction boundary; for tests and `--paranoid`.

import { TABLE_ENTRIES } from './layout.ts';
import type { Memory } from './memory.ts';
import { PAGE_KIND, PAGE_RAM } from './physical-map.ts';
import { FILLED, NO_EXECUTE, NOT_DIRECT, NOT_WRITABLE, WRITABLE } from './shadow.ts';
import { CODE, DIRTY, PAGE_TABLE } from './traces.ts';
import { ENTRY_A, READ, type WalkRoot } from './walk.ts';

type int = number;

/**
 * Throws an error that names the first violation:
 * - every filled entry is what a fresh walk finds, with no more rights, and no direct write past a trace;
 * - every other entry gives no access;
 * - the back map lists exactly the filled entries of each frame;
 * - a frame is traced as a page table exactly while something is derived from it.
 */
export function checkInvariants(memory: Memory): void {
  const { shadow, spaces, walker } = memory;
  const { paging } = walker;
  const uses = new Map<int, int>();
  const counts = new Map<int, int>();
  try {
    for (let table = 0; table < shadow.tables; table++) {
      const space = spaces.spaces.find((candidate) => candidate.table === table);
      const root: WalkRoot | undefined = table === 0 ? spaces.current : space?.valid ? space : undefined;
      if (table !== 0) walker.paging = true;
      checkTable(memory, table, root, uses, counts);
      walker.paging = paging;
    }
  } finally {
    walker.paging = paging;
  }
  for (const space of spaces.spaces)
    if (space.valid)
      for (const [quarter, frame] of space.directories.entries())
        if (frame >= 0) uses.set(shadow.directoryNode + ((space.number << 2) | quarter), frame);
  checkFrames(memory, uses, counts);
}

function checkTable(
  memory: Memory,
  table: int,
  root: WalkRoot | undefined,
  uses: Map<int, int>,
  counts: Map<int, int>,
): void {
  const { shadow } = memory;
  for (let region = shadow.nextRegion(table, 0); region >= 0; region = shadow.nextRegion(table, region + 1)) {
    const node = (table << 11) | region;
    if (shadow.regionTable[node] >= 0) uses.set(node, shadow.regionTable[node]);
  }
  if (!shadow.isPrepared(table)) return;
  const end = (table + 1) * TABLE_ENTRIES;
  for (let at = shadow.nextLive(end - TABLE_ENTRIES, end); at >= 0; at = shadow.nextLive(at + 1, end)) {
    if (shadow.attributes[at] === 0) fail(at, 'gives access without being filled');
    const frame = root
      ? checkEntry(memory, at, table === 0 ? 0 : 1, root)
      : fail(at, 'is filled in a table that nobody uses');
    counts.set(frame, (counts.get(frame) ?? 0) + 1);
  }
}

/** Returns the host frame that the entry maps. */
function checkEntry(memory: Memory, at: int, user: int, root: WalkRoot): int {
  const { shadow, walker } = memory;
  const attributes = shadow.attributes[at];
  const p = shadow.look(at);
  const frame = (p & 0x3fffffff) >>> 12;
  if ((attributes & FILLED) === 0 || !shadow.isFilled(at)) fail(at, 'is not marked as filled');
  if (!shadow.isActive(shadow.nodeOf(at))) fail(at, 'lies in a region that is not active');
  if ((p & NOT_DIRECT) !== 0) fail(at, 'is filled and gives no access');
  const code = walker.walk(root, at << 12, user, READ, false);
  if (code >= 0) fail(at, `is filled where the guest's tables fault with ${code}`);
  if (!walker.cacheable) fail(at, 'is derived from memory that cannot be traced');
  if (walker.paging && (walker.entry & ENTRY_A) === 0) fail(at, 'has a directory entry that was not accessed');
  const word = walker.page <= 0xfffff ? memory.map.pages[walker.page] : 0;
  if ((word & PAGE_KIND) < PAGE_RAM || word >>> 2 !== frame) fail(at, `maps frame ${frame}, not ${word >>> 2}`);
  if ((attributes & WRITABLE) !== 0) {
    if ((walker.attributes & WRITABLE) === 0) fail(at, 'is writable where the tables forbid it or call it clean');
    if ((word & PAGE_KIND) !== PAGE_RAM) fail(at, 'makes ROM writable');
  }
  if ((attributes & NO_EXECUTE) !== (walker.attributes & NO_EXECUTE)) fail(at, 'has another execute right');
  if ((p & NOT_WRITABLE) === 0) {
    if ((attributes & WRITABLE) === 0) fail(at, 'is writable directly without the right');
    if (memory.traces.flags[frame] !== 0) fail(at, 'is writable directly past a trace');
  }
  const node = shadow.nodeOf(at);
  if (shadow.regionTable[node] !== walker.tableFrame) fail(at, 'lies in a region of another page table');
  return frame;
}

function checkFrames(memory: Memory, uses: Map<int, int>, counts: Map<int, int>): void {
  const { shadow, traces } = memory;
  let known = 0;
  for (let frame = 0; frame < traces.flags.length; frame++) {
    let mapped = 0;
    for (let link = shadow.mappings(frame); link !== 0; link = shadow.mappingAfter(link - 1)) {
      if ((shadow.look(link - 1) & 0x3fffffff) >>> 12 !== frame) fail(link - 1, `is listed under frame ${frame}`);
      mapped++;
    }
    if (mapped !== (counts.get(frame) ?? 0)) throw new Error(`frame ${frame} lists ${mapped} of its mappings`);
    for (let use = shadow.useHead[frame]; use !== 0; use = shadow.useNext[use - 1]) {
      if (uses.get(use - 1) !== frame) throw new Error(`frame ${frame} lists use ${use - 1}, which is not its own`);
      known++;
    }
    const traced = (traces.flags[frame] & PAGE_TABLE) !== 0;
    if (traced !== (shadow.useHead[frame] !== 0)) throw new Error(`frame ${frame}: page-table trace is ${traced}`);
    if ((traces.flags[frame] & ~(CODE | DIRTY | PAGE_TABLE)) !== 0) throw new Error(`frame ${frame}: unknown trace`);
  }
  if (known !== uses.size) throw new Error(`${uses.size} uses of page tables, ${known} of them listed`);
}

function fail(at: int, what: string): never {
  const place = `table ${at >>> 20} page ${(at & 0xfffff).toString(16)}`;
  throw new Error(`shadow entry (${place}) ${what}`);
}
