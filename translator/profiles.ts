// Profiles: where instructions that leave their regions by a value (indirect jumps and calls, returns) lead. One in a
// thousand links is a sample. What is likely becomes part of the region when it is made again.

import type { int } from '../src/isa/insn.ts';

/** Samples (see SAMPLE_LINKS) of an instruction before its targets are judged, at least. */
const SAMPLES = 48;
/** Share of the samples that makes a target likely. */
const LIKELY = 1 / 64;
/** Most targets of an instruction that become part of its region. */
const MAX_TARGETS = 32;
/** Times that a region is looked at again for the same target: code that was cold may be warm the next time. */
const MAX_TRIES = 2;

/** Where an instruction, in whatever region, led whenever a sample was taken: distances from it. */
interface Profile {
  readonly samples: Map<int, int>;
  /**
   * Distances that were likely when a region was to be made again. They remain so: what a region has inside is not sampled
   * any more, and would be left out the next time.
   */
  readonly kept: Set<number>;
  /** Distances for which its region was made again, or found to be no better, and how often. */
  readonly tried: Map<int, int>;
  total: int;
  /** Samples when it is judged next. */
  next: int;
}

/** What a region is to be made again for. */
export interface Wanted {
  readonly distances: readonly int[];
  /** That were taken so far. */
  readonly samples: int;
}

export class Profiles {
  readonly #profiles = new Map<int, Profile>();

  /**
   * Counts a sample of the instruction with a key: it led `distance` bytes away. What its region is to be made again for, if
   * it is time: likely targets that `isInside` says it has not, twice for the same target at most. `price`: samples that
   * cost as much as to make it as it is; so many, SAMPLES at least, are between two times.
   */
  sampled(key: int, distance: int, isInside: (distance: int) => boolean, price: number): Wanted | undefined {
    let profile = this.#profiles.get(key);
    if (!profile) {
      profile = { samples: new Map(), kept: new Set(), tried: new Map(), total: 0, next: Math.max(SAMPLES, price) };
      this.#profiles.set(key, profile);
    }
    const { samples, tried } = profile;
    samples.set(distance, (samples.get(distance) ?? 0) + 1);
    if (++profile.total < profile.next) return undefined;
    profile.next = profile.total + Math.max(SAMPLES, price);
    const targets = likely(profile);
    const wanted = targets.filter((d) => !isInside(d));
    const isTriedOut = wanted.every((d) => (tried.get(d) ?? 0) >= MAX_TRIES);
    if (isTriedOut) return undefined;
    for (const d of targets) profile.kept.add(d);
    for (const d of wanted) tried.set(d, (tried.get(d) ?? 0) + 1);
    return { distances: wanted, samples: profile.total };
  }

  /** Its region would be larger than the samples pay for: it is time once there are as many as `price`. */
  postpone(key: int, { distances }: Wanted, price: number): void {
    const profile = this.#profiles.get(key);
    if (!profile) return;
    profile.next = price;
    for (const d of distances) profile.tried.set(d, (profile.tried.get(d) as number) - 1);
  }

  /** Distances to where it is likely to lead, the likeliest first. */
  likely(key: int): int[] {
    const profile = this.#profiles.get(key);
    return profile ? likely(profile) : [];
  }

  clear(): void {
    this.#profiles.clear();
  }
}

function likely({ samples, kept, total }: Profile): int[] {
  const often = [...samples].filter(([d, n]) => kept.has(d) || n >= total * LIKELY).sort((a, b) => b[1] - a[1]);
  return often.slice(0, MAX_TARGETS).map(([distance]) => distance);
}
