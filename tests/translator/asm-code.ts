// Whether V8 compiled a region ahead of time, from asm.js, or takes its text for plain JavaScript: it says so of no
// module that it accepts, so this asks each function.

import { setFlagsFromString } from 'node:v8';
import { compile, type RegionFunction } from '../../translator/compile.ts';

let isWasm: ((f: unknown) => boolean) | undefined;

/** Whether the function came out of a module that was validated as asm.js. */
export function isAsmCode(run: RegionFunction): boolean {
  if (!isWasm) {
    setFlagsFromString('--allow-natives-syntax');
    isWasm = new Function('f', 'return %IsWasmCode(f)') as (f: unknown) => boolean;
  }
  return isWasm(run);
}

/** Whether the host validates asm.js at all. */
export function hostValidates(): boolean {
  const text = 'function one() { return 1; }';
  const [one] = compile({ functions: [{ name: 'one', text }], imports: new Set() }, new ArrayBuffer(1 << 16), {});
  return isAsmCode(one as RegionFunction);
}

/** Runs `work` as on a host that takes all of it for plain JavaScript. */
export function withoutValidation<T>(work: () => T): T {
  setFlagsFromString('--no-validate-asm');
  try {
    return work();
  } finally {
    setFlagsFromString('--validate-asm');
  }
}
