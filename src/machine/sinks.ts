// Outputs of bytes, put together.

import type { SerialSink } from '../devices/uart16550.ts';

/** Drops what it gets. */
export const nowhere: SerialSink = { write() {} };

/** Writes to the first, and tells the second. */
export function both(output: SerialSink, tap: SerialSink): SerialSink {
  return {
    write: (byte) => {
      output.write(byte);
      tap.write(byte);
    },
  };
}
