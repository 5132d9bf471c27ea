// Typed events.

/** Functions by event name. */
export class Listeners<Events extends object> {
  readonly #functions = new Map<keyof Events, Set<(value: never) => void>>();

  /** Calls `listener` with each event. Returns what ends that. */
  on<E extends keyof Events>(event: E, listener: (value: Events[E]) => void): () => void {
    let set = this.#functions.get(event);
    if (!set) {
      set = new Set();
      this.#functions.set(event, set);
    }
    // A wrapper, so that a function given twice is called twice and each unsubscribes itself.
    const wrapper = (value: Events[E]): void => listener(value);
    set.add(wrapper);
    return () => void set.delete(wrapper);
  }

  emit<E extends keyof Events>(event: E, value: Events[E]): void {
    const set = this.#functions.get(event);
    if (set) for (const listener of [...set]) (listener as (value: Events[E]) => void)(value);
  }
}
