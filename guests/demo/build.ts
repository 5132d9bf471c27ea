// Builds the demo guest: `node guests/demo/build.ts` writes demo.bin, `--check` says whether it is up to date.
//
// One assembler, one flat file, no linker. The image is part of the repository, so that nobody needs the assembler to
// run it; a test compares it with a fresh build.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../src/lib/errors.ts';

const directory = fileURLToPath(new URL('.', import.meta.url));

/** Path of the image that is part of the repository. */
export const demoImage = join(directory, 'demo.bin');

/** What nasm says about its version, or undefined where it is not installed. */
export function toolVersion(): string | undefined {
  try {
    return execFileSync('nasm', ['-v'], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

/**
 * Assembles the source; returns the image.
 * @throws {UserError} nasm is not installed, or finds an error in the source
 */
export function buildDemo(): Buffer {
  if (!toolVersion()) throw new UserError('nasm is not installed: the demo guest is assembled by it');
  const scratch = mkdtempSync(join(tmpdir(), 'transvisor-demo-'));
  try {
    const output = join(scratch, 'demo.bin');
    execFileSync('nasm', ['-Ox', '-Werror', '-f', 'bin', '-o', output, 'demo.asm'], { cwd: directory, stdio: 'pipe' });
    return readFileSync(output);
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer };
    throw new UserError(
      `nasm: ${stderr ? stderr.toString().trim().split('\n').slice(0, 5).join('; ') : String(error)}`,
    );
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

if (import.meta.main) {
  try {
    const image = buildDemo();
    if (process.argv.includes('--check')) {
      if (image.compare(readFileSync(demoImage)))
        throw new UserError('demo.bin is stale: run node guests/demo/build.ts');
    } else {
      writeFileSync(demoImage, image);
    }
    console.log(`${demoImage}: ${image.length} bytes`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(`demo: ${error.message}`);
    process.exitCode = 1;
  }
}
