// Debian's installer, from its netboot image: a larger user space, with a full-screen program on the console.

import { describe, expect, test } from 'vitest';
import { bootOptions, COMPLAINT, found } from './debian.ts';
import { Run } from './transvisor.ts';

const { reason, title, guest } = await found('installer');

describe.skipIf(reason)(`Debian's ${title}`, () => {
  test('reaches the menu of languages and takes an answer', async () => {
    await using run = new Run([...bootOptions(guest), '--until', 'Select your location'], 'pipe');
    await run.waitFor(/Select a language/);
    await run.waitFor(/Choose the language to be used for the installation process\./);
    await run.waitFor(/English[\s\S]*<Go Back>/);
    run.type('\r');
    const { status, output, errors } = await run.ended;
    expect(errors).toBe('');
    expect(status).toBe(0);
    expect(COMPLAINT.exec(output)?.[0]).toBeUndefined();
  });
});
