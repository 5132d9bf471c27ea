// What the program asks of V8 before anything is hot. Node only; an embedder of the library does the same if it can.

import { setFlagsFromString } from 'node:v8';

/**
 * V8 never optimises a function of more bytecode than this; its default is 61,440 bytes. The generated interpreter is
 * one function of more than 100 KB, and unoptimised it is about ten times slower.
 */
const MAX_OPTIMIZED_BYTECODE_BYTES = 1_000_000;

/** Call it before the first guest instruction: the flag is read each time V8 thinks of optimising. */
export function prepareHost(): void {
  setFlagsFromString(`--max-optimized-bytecode-size=${MAX_OPTIMIZED_BYTECODE_BYTES}`);
}
