// A host without vectors: V8 on x64 has them where the processor has SSE4.1, which a flag takes away.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { benchImage } from '../../guests/bench/build.ts';
import { PROGRAM } from '../cli/program.ts';

const COMPILE = fileURLToPath(new URL('../../translator/compile.ts', import.meta.url));
const WITHOUT = '--no-enable-sse4-1';

test.skipIf(process.arch !== 'x64')('regions of packed integers come out the same (the flag is that of x64)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'transvisor-no-vectors-'));
  try {
    const statistics = join(folder, 'stats.json');
    const run = (...flags: string[]): string => {
      const guest = ['--kernel', benchImage, '--append', 'scale=100 packed-int', '--stats', statistics];
      const { stdout } = spawnSync(process.execPath, [...flags, ...PROGRAM, 'run', ...guest], { encoding: 'utf8' });
      const { byEngine } = JSON.parse(readFileSync(statistics, 'utf8')).instructions;
      expect(byEngine.translator).toBeGreaterThan(byEngine.interpreter);
      return stdout;
    };
    expect(hostHasVectors(WITHOUT)).toBe('false');
    expect(hostHasVectors()).toBe('true');
    const without = run(WITHOUT);
    expect(without).toMatch(/bench packed-int end [0-9a-f]{8}/);
    expect(without).toBe(run());
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function hostHasVectors(...flags: string[]): string {
  const script = `console.log((await import(${JSON.stringify(COMPILE)})).hostHasVectors())`;
  const module = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script];
  return spawnSync(process.execPath, [...flags, ...module], { encoding: 'utf8' }).stdout.trim();
}
