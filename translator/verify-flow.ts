// What the verifier knows at a point of the text, on every path to it.

/** A local that holds a shadow page table entry, exclusive-or the address: bytes that may be accessed behind it. */
export interface Place {
  readonly name: string;
  /** 0 before the check. */
  readonly bytes: number;
  readonly write: boolean;
}

export interface State {
  readonly places: ReadonlyMap<string, Place>;
  /** By how much `cnt` may at most have gone up since the head of each loop around this point. */
  readonly gained: ReadonlyMap<string, number>;
  /** By how much the budget's word in the register file is more than `cnt`, if it is known. */
  readonly spilled: number | undefined;
}

export const START: State = { places: new Map(), gained: new Map(), spilled: undefined };

/** What holds where two paths meet; undefined is a path that is never taken. */
export function meet(a: State | undefined, b: State | undefined): State | undefined {
  if (!a || !b) return a ?? b;
  if (a === b) return a;
  const places = new Map<string, Place>();
  for (const [name, p] of a.places) {
    const q = b.places.get(name);
    if (q) places.set(name, { name, bytes: Math.min(p.bytes, q.bytes), write: p.write && q.write });
  }
  const gained = new Map(a.gained);
  for (const [name, n] of b.gained) gained.set(name, Math.max(n, gained.get(name) ?? n));
  return { places, gained, spilled: a.spilled === b.spilled ? a.spilled : undefined };
}

export function withUnchecked(state: State, name: string): State {
  return { ...state, places: new Map(state.places).set(name, { name, bytes: 0, write: false }) };
}

export function withChecked(state: State, place: Place): State {
  return { ...state, places: new Map(state.places).set(place.name, place) };
}

/** Without what was assigned. */
export function without(places: ReadonlyMap<string, Place>, names: ReadonlySet<string>): ReadonlyMap<string, Place> {
  return new Map([...places].filter(([name]) => !names.has(name)));
}
