// On the virtual clock, time is the count of retired instructions: two runs of the same guest are the same run.

import { describe, expect, test } from 'vitest';
import { bootOptions, found } from './debian.ts';
import { runToEnd } from './transvisor.ts';

const { reason, title, guest } = await found('linux-686');

describe.skipIf(reason)(`Debian ${title}, twice`, () => {
  test('retires the same number of instructions and prints the same bytes', async () => {
    // What depends on time most: clocks, counts of interrupts, where the kernel put things, its random numbers.
    const command =
      'cat /proc/uptime /proc/interrupts /proc/stat; date; head -c 16 /dev/urandom | md5sum; sleep 2; ps -l';
    const args = [...bootOptions(guest, `tv_run="${command}"`), '--clock', 'virtual'];
    const first = await runToEnd(args);
    const second = await runToEnd(args);
    expect(first.output).toMatch(/transvisor: exit status 0\r\n[\s\S]*reboot: Power down\r\n$/);
    expect(first.status).toBe(0);
    expect(second.status).toBe(0);
    expect(second.output).toBe(first.output);
    expect(second.stats.instructions.retired).toBe(first.stats.instructions.retired);
    expect(second.stats.guestSeconds).toBe(first.stats.guestSeconds);
    expect(second.stats.interrupts).toEqual(first.stats.interrupts);
    expect(first.stats.instructions.retired).toBeGreaterThan(1e9);
  });
});
