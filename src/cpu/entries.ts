// Where packed code is entered: at CS:EIP, which the tags know, or which is looked up by its guest-physical address.

import { GuestFault, PF } from '../isa/fault.ts';
import type { int } from '../isa/insn.ts';
import { deliverFault } from '../isa/semantics/interrupt.ts';
import type { Memory } from '../memory/memory.ts';
import type { BlockCache } from './block-cache.ts';
import { BUDGET, PAGE_EIP, STAMP, TABLE } from './engine-words.ts';
import type { Links } from './links.ts';
import { modeOf } from './mode.ts';
import type { Reference } from './reference.ts';
import type { Situation } from './situation.ts';
import { findTag, setTag, TAG_ENTRIES, TAG_WORDS } from './tags.ts';

/** Instead of a code offset: the generated function leaves. */
export const LEAVE = -1;

export class Entries {
  readonly tags: Int32Array;
  /** Where `find` found the code. */
  physical: int = 0;
  /** Searches by guest-physical address. */
  lookups = 0;
  readonly #situation: Situation;
  readonly #memory: Memory;
  readonly #reference: Reference;
  readonly #blocks: BlockCache;
  readonly #links: Links;

  constructor(situation: Situation, memory: Memory, reference: Reference, blocks: BlockCache, links: Links) {
    this.tags = new Int32Array(memory.heap, memory.layout.tagsAt, TAG_ENTRIES * TAG_WORDS);
    this.#situation = situation;
    this.#memory = memory;
    this.#reference = reference;
    this.#blocks = blocks;
    this.#links = links;
  }

  /**
   * Code offset for CS:EIP, and the words that go with it; LEAVE if only the reference can go on. Where the tags know
   * it, `physical` is not found.
   */
  enter(): int {
    const c = this.#situation.cpu;
    const mode = modeOf(c);
    if (!this.#situation.canRunBlocks(mode)) return LEAVE;
    const eip = c.eip;
    const user = c.cpl === 3 ? 1 : 0;
    const stamp = this.#links.stamp(mode, user, c.cr3, this.#memory.tableWord(user));
    const o = findTag(this.tags, eip, stamp);
    return o < 0 ? this.find() : this.#begin(o, eip, mode, user, stamp);
  }

  /** The same, by the guest-physical address of the code. */
  find(): int {
    const situation = this.#situation;
    const { cpu: c, words } = situation;
    this.lookups++;
    for (;;) {
      const mode = modeOf(c);
      if (!situation.canRunBlocks(mode)) return LEAVE;
      const eip = c.eip;
      const user = c.cpl === 3 ? 1 : 0;
      // Without an exception of the host's, which takes microseconds: programs begin with a fault for each page of code.
      const error = this.#memory.touchCode(eip, user);
      if (error >= 0) {
        c.cr2 = eip;
        deliverFault(c, new GuestFault(PF, error));
        words[BUDGET] -= 1;
        situation.left = words[BUDGET];
        if (situation.mustReturn()) return LEAVE;
        continue;
      }
      const physical = this.#memory.fetch(eip, user);
      if (this.#blocks.isFull()) {
        this.#blocks.clear();
        this.loseLinks();
      }
      const o = this.#blocks.block(physical, mode);
      if (o < 0) return LEAVE;
      this.physical = physical;
      const stamp = this.#links.stamp(mode, user, c.cr3, this.#memory.tableWord(user));
      setTag(this.tags, eip, stamp, o);
      return this.#begin(o, eip, mode, user, stamp);
    }
  }

  /** The same, where a region led to: the words that go with it are the region's already. */
  ledTo(): int {
    const { cpu: c, words } = this.#situation;
    const eip = c.eip;
    const o = findTag(this.tags, eip, words[STAMP]);
    if (o < 0) return this.find();
    words[PAGE_EIP] = eip & -4096;
    this.#blocks.code.leftTo(o);
    return o;
  }

  /** After the end of a block in the slow path: interrupts and shadows first, then the next block. */
  resume(): int {
    const situation = this.#situation;
    const { cpu: c, words } = situation;
    situation.codeChanged = false;
    situation.atBoundary();
    while (c.shadow !== 0 && c.attention === 0 && c.TF === 0) {
      this.#reference.step();
      words[BUDGET] -= 1;
      situation.left = words[BUDGET];
    }
    if (situation.mustReturn() || words[BUDGET] < 0) return LEAVE;
    return this.enter();
  }

  /** No tag, link or head that knows where it may be entered holds any more. */
  loseLinks(): void {
    this.#links.loseAll();
    // What is running must not go on with them either.
    this.#situation.words[STAMP] = this.#links.fresh();
  }

  #begin(o: int, eip: int, mode: int, user: int, stamp: int): int {
    const { cpu: c, words } = this.#situation;
    this.#situation.mode = mode;
    // It lasts for one instruction, and counts only where there are breakpoints. At least one instruction follows,
    // without the reference, which clears it otherwise.
    c.RF = 0;
    words[PAGE_EIP] = eip & -4096;
    words[TABLE] = this.#memory.tableWord(user);
    words[STAMP] = stamp;
    return o;
  }
}
