// What the program asks of V8 before anything is hot. Node only; an embedder of the library does the same if it can.
//
// One flag takes effect on Node's command line only, so it stands in the first line of main.ts and in the scripts of
// package.json: --no-concurrent-recompilation. It keeps Node from hanging at its exit, for ever though rarely, when a
// compiler in the background waits for a garbage collection that the main thread no longer does (nodejs/node#54918).
// The boot of a Debian kernel takes 6 to 9 % less CPU time with it in the interpreter, and as much in the translator.

import { setFlagsFromString } from 'node:v8';

const FLAGS = [
  // V8 never optimises a function of more bytecode than this; its default is 61,440 bytes. The generated interpreter is
  // one function of more than 100 KB, and unoptimised it is about ten times slower.
  '--max-optimized-bytecode-size=1000000',
  // On-stack replacement leaves a large function in a slow mode: its code is entered in the middle of a loop. Engines
  // return to the monitor often enough to be entered anew. It takes a tenth off the boot of a Debian kernel.
  '--no-use-osr',
] as const;

/** Call it before the first guest instruction: V8 reads these flags each time that it thinks of optimising. */
export function prepareHost(): void {
  for (const flag of FLAGS) setFlagsFromString(flag);
}
