// How a device waits for its host: a request is a promise, and its end an event between two instructions of the guest.

export interface HostWork {
  /**
   * Takes a request that was made just now, of `bytes` bytes. `ended` is called between two instructions once `work`
   * has settled, with what it was rejected with or undefined; the machine decides when, so that a run on the virtual
   * clock is reproducible.
   */
  start(work: Promise<void>, bytes: number, ended: (error: unknown) => void): void;
}
