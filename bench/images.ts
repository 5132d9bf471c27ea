// What the suite runs: the bare-metal image, or the Linux program in an initramfs of Debian's kernel and busybox.

import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildLinux, compilerVersion } from '../guests/bench/build.ts';
import { guest } from '../guests/debian/guests.ts';
import { initramfs } from '../guests/debian/initramfs.ts';
import { debianPackage } from '../guests/debian/package.ts';
import { packageFile } from '../src/cli/package.ts';

const MEBIBYTE = 1 << 20;

/** A guest of the suite, and the same program for the host. */
export interface Images extends Disposable {
  readonly title: string;
  readonly kernel: string;
  readonly initrd?: string;
  /** The kernel's command line with these words for the program. */
  readonly append: (words: readonly string[]) => string;
  /** Bytes. */
  readonly memory: number;
  /** Output at which the guest has booted. */
  readonly booted?: string;
  /** The program and its arguments; none where it could not be built. */
  readonly program?: (words: readonly string[]) => readonly string[];
}

/** The bare-metal image. `native`: also builds the program for the host. */
export function metalImages({ native }: { readonly native: boolean }): Images {
  const scratch = mkdtempSync(join(tmpdir(), 'transvisor-bench-'));
  return {
    title: 'bench.elf',
    kernel: packageFile('guests', 'bench', 'bench.elf'),
    append: (words) => words.join(' '),
    memory: 64 * MEBIBYTE,
    // What needs a kernel is not part of this suite.
    ...(native && compilerVersion() && nativeKernels(scratch)),
    [Symbol.dispose]: () => rmSync(scratch, { recursive: true, force: true }),
  };
}

/**
 * The Linux guest.
 * @throws {UserError} Debian's packages or gcc with its 32-bit C library cannot be had
 */
export async function linuxImages(): Promise<Images> {
  const linux = await guest('linux-686');
  const busybox = join(await debianPackage('busybox-static', 'i386'), 'bin/busybox');
  const scratch = mkdtempSync(join(tmpdir(), 'transvisor-bench-'));
  const file = join(scratch, 'bench');
  const data = buildLinux();
  writeFileSync(file, data, { mode: 0o755 });
  const initrd = join(scratch, 'initramfs.cpio.gz');
  const extra = [{ kind: 'file', path: 'bin/bench', mode: 0o755, data }] as const;
  writeFileSync(initrd, await initramfs({ busybox, extra }));
  return {
    title: `Debian's linux ${linux.version}`,
    kernel: linux.kernel,
    initrd,
    append: (words) => `${linux.append} quiet tv_run="bench markers=port ${words.join(' ')}"`,
    memory: linux.memory,
    booted: linux.ready.source,
    program: (words) => [file, `busybox=${busybox}`, `directory=${sharedMemory(scratch)}`, ...words],
    [Symbol.dispose]: () => rmSync(scratch, { recursive: true, force: true }),
  };
}

/** The Linux program for the host, restricted to what the bare-metal image has. */
function nativeKernels(scratch: string): Pick<Images, 'program'> {
  const file = join(scratch, 'bench');
  writeFileSync(file, buildLinux(), { mode: 0o755 });
  return { program: (words) => [file, 'kernels', ...words] };
}

/** A directory on a tmpfs, as the guest has one; elsewhere, the scratch directory. */
function sharedMemory(scratch: string): string {
  try {
    accessSync('/dev/shm', constants.W_OK);
    return '/dev/shm';
  } catch {
    return scratch;
  }
}
