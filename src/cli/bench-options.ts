// Options of `transvisor bench` and their help. Apart from it, so that help is printed without loading any engine.

export interface BenchOptions {
  readonly engines?: string;
  readonly runs: number;
  readonly repeat: number;
  readonly only?: string;
  readonly scale: number;
  readonly linux?: true;
  readonly timeout: number;
  readonly json?: string;
  readonly svg?: string;
  readonly profile?: string;
  readonly verbose?: true;
}

export const BENCH_HELP = `
Engines: native, qemu, v86, interpreter, asm.js, translator. native is the same program on this host (needs gcc with its
32-bit C library, as --linux does), qemu is qemu-system-i386 without KVM, v86 the npm package, asm.js the translator with
--code asm.js. Processor time counts all threads of the engine's process. With --repeat, its resident memory after each
time through the suite is shown. A benchmark whose checksum differs between engines is marked (!), and the exit status
is 1.

Examples:
  transvisor bench
  transvisor bench --only sha256,qsort --runs 5
  transvisor bench --linux --engines translator --repeat 10 --timeout 3600
  transvisor bench --linux --engines native,qemu,v86,translator --json linux.json --svg linux.svg`;
