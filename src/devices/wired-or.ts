// Several outputs on one line: open-drain interrupt lines such as PCI's INTx# and the ACPI SCI.

import type { Wire } from './contract.ts';

/** Drives `output` while at least one of its inputs is asserted. */
export class WiredOr {
  readonly #output: Wire;
  #asserted = 0;

  constructor(output: Wire) {
    this.#output = output;
  }

  get level(): boolean {
    return this.#asserted > 0;
  }

  /** A further input, not asserted. */
  input(): Wire {
    let own = false;
    return {
      set: (level) => {
        if (level === own) return;
        own = level;
        this.#asserted += level ? 1 : -1;
        if (this.#asserted === (level ? 1 : 0)) this.#output.set(level);
      },
    };
  }
}
