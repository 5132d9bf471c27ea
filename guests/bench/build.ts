// Builds the benchmark's images: `node guests/bench/build.ts` writes bench.elf (bare metal), `--check` says whether it
// is up to date, `--linux FILE` writes the Linux program.
//
// bench.elf is our own code and part of the repository, so that nobody needs a compiler to run the benchmark. The same
// compiler makes the same bytes: no paths, no dates, no build identifier.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../src/lib/errors.ts';

const directory = fileURLToPath(new URL('.', import.meta.url));

/** Path of the image that is part of the repository. */
export const benchImage = join(directory, 'bench.elf');

/** The compiler that made it: `gcc -dumpfullversion`. Another one may make other bytes. */
export const COMPILER_VERSION = '12.2.0';

/** Kernels by source file, with what each needs beyond the common flags. */
const SOURCES: Readonly<Record<string, readonly string[]>> = {
  'kernels.c': [],
  'suite.c': [],
  'integer.c': [],
  'wide.c': [],
  'hash.c': [],
  'lz.c': [],
  'sort.c': [],
  'chase.c': [],
  'matrix.c': [],
  'float-x87.c': ['-mfpmath=387'],
  'float-sse2.c': ['-msse2', '-mfpmath=sse'],
  'packed.c': ['-msse2', '-mfpmath=sse'],
  'memory.c': [],
  'recursion.c': [],
  'vm.c': [],
  'text.c': [],
  'smc.c': [],
};

const FLAGS = [
  ...['-m32', '-march=i686', '-O2', '-std=gnu17', '-ffreestanding', '-fno-pic', '-fno-pie', '-fno-stack-protector'],
  ...[
    '-fno-asynchronous-unwind-tables',
    '-fcf-protection=none',
    '-fno-math-errno',
    '-fno-ident',
    '-fno-strict-aliasing',
  ],
  // Loops that copy and fill stay loops.
  '-fno-tree-loop-distribute-patterns',
  ...['-Wall', '-Wextra', '-Werror', '-Wno-parentheses', '-Wno-misleading-indentation', '-Wno-sign-compare'],
];

/** Version of the compiler, or undefined where there is none that makes 32-bit code. */
export function compilerVersion(): string | undefined {
  try {
    return execFileSync('gcc', ['-m32', '-dumpfullversion'], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return undefined;
  }
}

/**
 * The bare-metal image.
 * @throws {UserError} gcc is not installed, or finds an error in the source
 */
export function buildMetal(): Buffer {
  return inScratch((scratch) => {
    const objects = [...compileKernels(scratch), ...compile(scratch, ['start.S', 'metal.c'], [])];
    const output = join(scratch, 'bench.elf');
    const link = [
      '-m32',
      '-nostdlib',
      '-static',
      '-no-pie',
      '-s',
      '-Wl,--build-id=none,-z,noexecstack,--no-warn-rwx-segments',
    ];
    gcc([...link, '-Wl,-z,max-page-size=4096', '-T', 'metal.ld', '-o', output, ...objects, '-lgcc']);
    return readFileSync(output);
  });
}

/**
 * The Linux program, for i386 and static. Natively it runs on any Linux for x86.
 * @throws {UserError} gcc or its 32-bit C library is not installed
 */
export function buildLinux(): Buffer {
  return inScratch((scratch) => {
    const hosted = FLAGS.filter((flag) => flag !== '-ffreestanding');
    const objects = compileKernels(scratch);
    const output = join(scratch, 'bench');
    gcc([...hosted, '-static', '-s', '-Wl,--build-id=none', '-o', output, 'linux.c', 'system.c', ...objects]);
    return readFileSync(output);
  });
}

function compileKernels(scratch: string): string[] {
  return Object.entries(SOURCES).flatMap(([file, flags]) => compile(scratch, [file], flags));
}

function compile(scratch: string, files: readonly string[], flags: readonly string[]): string[] {
  return files.map((file) => {
    const object = join(scratch, `${file}.o`);
    gcc([...FLAGS, ...flags, '-c', '-o', object, file]);
    return object;
  });
}

function gcc(words: readonly string[]): void {
  try {
    execFileSync('gcc', words, { cwd: directory, stdio: 'pipe', env: { ...process.env, LC_ALL: 'C' } });
  } catch (error) {
    const { code, stderr } = error as { code?: string; stderr?: Buffer };
    if (code === 'ENOENT') throw new UserError('gcc is not installed: the benchmark is compiled by it');
    throw new UserError(`gcc: ${stderr ? stderr.toString().trim().split('\n').slice(0, 5).join('; ') : String(error)}`);
  }
}

function inScratch<T>(work: (scratch: string) => T): T {
  const scratch = mkdtempSync(join(tmpdir(), 'transvisor-bench-'));
  try {
    return work(scratch);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

if (import.meta.main) {
  try {
    const at = process.argv.indexOf('--linux');
    if (at >= 0) {
      const path = process.argv[at + 1];
      if (!path) throw new UserError('--linux wants a file');
      writeFileSync(path, buildLinux(), { mode: 0o755 });
    } else {
      const image = buildMetal();
      if (!process.argv.includes('--check')) writeFileSync(benchImage, image);
      else if (image.compare(readFileSync(benchImage))) {
        throw new UserError('bench.elf is stale: run node guests/bench/build.ts');
      }
      console.log(`${benchImage}: ${image.length} bytes`);
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(`bench: ${error.message}`);
    process.exitCode = 1;
  }
}
