// What the program asks of V8 before anything is hot. Node only; an embedder of the library does the same if it can.

import { setFlagsFromString } from 'node:v8';

const FLAGS = [
  // V8 never optimises a function of more bytecode than this; its default is 61,440 bytes. The generated interpreter is
  // one function of more than 100 KB, and unoptimised it is about ten times slower.
  '--max-optimized-bytecode-size=1000000',
  // Two habits that leave a large function in a slow mode: compiling it in the background while its type feedback still
  // changes, and entering it in the middle of a loop by on-stack replacement. Without both, the boot of a Debian kernel
  // takes 10 to 15 % less CPU time. Background compilation is also what can hang Node at its exit (nodejs/node#54918).
  '--no-concurrent-recompilation',
  '--no-use-osr',
] as const;

/** Call it before the first guest instruction: V8 reads these flags each time that it thinks of optimising. */
export function prepareHost(): void {
  for (const flag of FLAGS) setFlagsFromString(flag);
}
