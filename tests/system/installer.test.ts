// Debian's installer, from its netboot image: a larger user space that draws on the console.

import { describe, expect, test } from 'vitest';
import { bootOptions, COMPLAINT, found } from './debian.ts';
import { runToEnd } from './transvisor.ts';

const { reason, title, guest } = await found('installer');

describe.skipIf(reason)(`Debian's ${title}`, () => {
  test('reaches the menu of languages', async () => {
    // The menu is sorted by the languages' English names, so this is when its first page is complete.
    const menu = 'Select a language[^]*Albanian[^]*English[^]*Go Back';
    const { status, output, stats } = await runToEnd([...bootOptions(guest), '--until', menu]);
    expect(output).toMatch(/Choose the language to be used for the installation process/);
    expect(COMPLAINT.exec(output)?.[0]).toBeUndefined();
    expect(stats.exit.reason).toBe('until');
    expect(status).toBe(0);
  });
});
