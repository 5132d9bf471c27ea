// Whether to wait for the host on the spot. What is in the host's page cache takes it 1 to 2 microseconds; to hand the same
// request to Node's thread pool and be told of its end takes 15 to 35. But a request that the disk has to answer takes
// milliseconds, in which no guest runs and no key is seen, and nobody can tell beforehand which it will be.
//
// So the past decides: requests are waited for while that pays, and after a slow one the next ones go to the pool, twice as
// many each time it happens again. On a disk that is always slow one request in a thousand is waited for.

/** Milliseconds that a request may take beyond its transfer. */
const SLOW = 0.25;
/** Bytes that a page cache gives per millisecond, low. */
const BYTES_PER_MILLI = 1 << 20;
/** Larger requests gain nothing by being waited for. */
const LARGEST = 128 << 10;
const LONGEST_AVOIDANCE = 1024;

export class Patience {
  /** Requests that still go to the pool. */
  #avoid = 0;
  #nextAvoidance = 8;

  /** Whether to wait for the next request, of so many bytes. */
  allows(bytes: number): boolean {
    if (bytes > LARGEST) return false;
    if (this.#avoid === 0) return true;
    this.#avoid--;
    return false;
  }

  /** Notes how long a request took that was waited for. */
  took(millis: number, bytes: number): void {
    if (millis <= SLOW + bytes / BYTES_PER_MILLI) {
      // Slowly forgiven: one fast answer amid slow ones says little.
      if (this.#nextAvoidance > 8) this.#nextAvoidance--;
      return;
    }
    this.#avoid = this.#nextAvoidance;
    this.#nextAvoidance = Math.min(LONGEST_AVOIDANCE, 2 * this.#nextAvoidance);
  }
}
