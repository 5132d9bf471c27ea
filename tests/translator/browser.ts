// Headless Chromium, for pages that are files: the document after its scripts ran, and what they said on the console.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** Name of the program, or undefined where there is none. */
export const browser = NAMES.find((name) => spawnSync(name, ['--version']).status === 0);

/** Why a test in a browser is skipped; '' where it is not. Under `CI` it is not. */
export const noBrowser = browser || process.env.CI ? '' : ' (skipped: no Chromium here; install the package chromium)';

export interface Rendered {
  /** HTML of the document. */
  readonly dom: string;
  /** Lines that the page wrote to its console: errors of its scripts, and what its policy refused. */
  readonly console: readonly string[];
}

/** Opens a file, at `#hash` if one is given. `prefers`: its colour scheme. */
export function render(path: string, hash = ''): Rendered {
  if (!browser) throw new Error('no Chromium: install the package chromium');
  const profile = mkdtempSync(join(tmpdir(), 'transvisor-browser-'));
  try {
    const { status, stdout, stderr } = spawnSync(
      browser,
      [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--enable-logging=stderr',
        `--user-data-dir=${profile}`,
        '--virtual-time-budget=5000',
        '--dump-dom',
        `${pathToFileURL(path).href}${hash}`,
      ],
      { encoding: 'utf8', maxBuffer: 1 << 28, timeout: 90_000 },
    );
    if (status !== 0) throw new Error(`${browser} ended with ${status}: ${stderr.slice(-2000)}`);
    return { dom: stdout, console: stderr.split('\n').filter((line) => line.includes(':CONSOLE')) };
  } finally {
    rmSync(profile, { recursive: true, force: true });
  }
}
