// What the program asks of V8 before anything is hot. Node only; an embedder of the library does the same if it can.

import { setFlagsFromString } from 'node:v8';
import { type CodeKind, DEFAULT_CODE } from '../memory/heap.ts';

/**
 * V8 never optimises a function of more bytecode than this; its default is 61,440 bytes. The generated interpreter in
 * JavaScript is one function of more than 100 KB, and unoptimised it is about ten times slower.
 */
const MAX_OPTIMIZED_BYTECODE_BYTES = 1_000_000;

/** Name of that function. */
const GENERATED_INTERPRETER = 'interpret';

/**
 * With WebAssembly, the JavaScript that is left is the program's own, most of it the translator's, and wide rather than
 * hot: baseline code at once and Maglev serve it best, and TurboFan's time comes in only for what is called ten times as
 * often as V8's default of 3,000 (docs/decisions/0021).
 *
 * While a machine trains its interpreter in JavaScript (there is none with WebAssembly), V8 must not compile it: what it
 * has not seen by then it would compile as an exit, and a compilation takes a second. The function is left and entered
 * again all the time, so that replacing it on the stack (OSR) is only one more compilation; Maglev's version of it is
 * thrown away at the first overflow. The rest of us, the translator above all, is the better for Maglev.
 *
 * The same flags for each, since they hold for the process, which may make machines of both.
 */
const FLAGS: Readonly<Record<CodeKind, readonly string[]>> = {
  webassembly: ['--always-sparkplug', '--invocation-count-for-turbofan=30000', '--use-osr', '--maglev-filter=*'],
  'asm.js': [
    '--no-always-sparkplug',
    '--invocation-count-for-turbofan=3000',
    '--no-use-osr',
    `--maglev-filter=-${GENERATED_INTERPRETER}`,
  ],
};

/** Call it before a machine is made, whose code will be of that kind. */
export function prepareHost(code: CodeKind = DEFAULT_CODE): void {
  for (const flag of FLAGS[code]) setFlagsFromString(flag);
}

/** Call it once that machine is made. The flag is read each time V8 thinks of optimising. */
export function hostTrained(code: CodeKind = DEFAULT_CODE): void {
  if (code === 'asm.js') setFlagsFromString(`--max-optimized-bytecode-size=${MAX_OPTIMIZED_BYTECODE_BYTES}`);
}

/**
 * Arguments of Node that the program is started with (its first line, and the scripts of package.json, have them too):
 * what is hot is compiled at once; and V8 lets less garbage lie before it collects: translation leaves much of it, for
 * which the young generation (16 MiB instead of 128) and the old one (60 % of what lives in it) would grow beyond
 * all that the rest takes. In time it costs nothing that could be measured; a young generation of 4 MiB costs a sixth.
 *
 * And one thread collects the young generation. With others to help it, as V8 has it, the kernel-bound benchmarks took 1.06
 * to 1.12 times the processor time (by the least and by the medians of six runs each in turn), and the same memory.
 */
export const NODE_ARGUMENTS = [
  '--no-concurrent-recompilation',
  '--max-semi-space-size=16',
  '--heap-growing-percent=60',
  '--no-parallel-scavenge',
] as const;

/** Arguments of Node that profile or debug its JavaScript. */
const PROFILERS = /^--(cpu-prof|prof|inspect|perf[_-](basic[_-])?prof)/;

/** Whether Node was started to be profiled or debugged. */
export function isProfiled(): boolean {
  const words = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(' ')];
  return words.some((word) => PROFILERS.test(word));
}
