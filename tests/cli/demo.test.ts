// Without an image the demo guest runs.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { transvisor } from './program.ts';

const image = fileURLToPath(new URL('../../guests/demo/demo.bin', import.meta.url));

test.skipIf(!existsSync(image))(
  'the demo guest passes and powers off by itself (skipped before it is built)',
  async () => {
    const { status, stdout, stderr } = await transvisor(['run', '--timeout', '100', '--append', 'extra']);
    expect(stdout).toContain('command line: demo.bin extra batch');
    expect(stdout).toContain('demo: passed');
    expect(stderr).toBe('');
    expect(status).toBe(0);
  },
);
