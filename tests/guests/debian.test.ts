import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { GuestUnavailable } from '../../guests/debian/apt.ts';
import { type Guest, guest, guestOrReason } from '../../guests/debian/guests.ts';

const scratch = mkdtempSync(join(tmpdir(), 'transvisor-guests-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const linux = await guestOrReason('linux-686');
const pae = await guestOrReason('linux-686-pae');

describe('without a mirror', () => {
  test('a host without apt is told so in one line', async () => {
    vi.stubEnv('TRANSVISOR_CACHE', join(scratch, 'no-apt'));
    vi.stubEnv('PATH', scratch);
    await expect(guest('linux-686')).rejects.toThrow(GuestUnavailable);
    await expect(guest('linux-686')).rejects.toThrow(/^apt-get is not installed[^\n]*$/);
    vi.unstubAllEnvs();
  });

  test.skipIf(typeof linux === 'string')(
    'an unreachable mirror: a reason for a skip, but an error under CI',
    async () => {
      vi.stubEnv('TRANSVISOR_CACHE', join(scratch, 'no-mirror'));
      // Port 1 (tcpmux) is closed on any host that runs tests.
      vi.stubEnv('TRANSVISOR_DEBIAN_MIRROR', 'http://127.0.0.1:1/debian');
      vi.stubEnv('CI', '');
      expect(await guestOrReason('linux-686')).toMatch(/^apt-get -q update: [^\n]+$/);
      vi.stubEnv('CI', 'true');
      await expect(guestOrReason('linux-686')).rejects.toThrow(GuestUnavailable);
      vi.unstubAllEnvs();
    },
  );
});

for (const found of [linux, pae]) {
  const reason = typeof found === 'string' ? found : '';
  describe.skipIf(reason)(
    `${typeof found === 'string' ? 'a Debian kernel' : found.name} ${reason && `(skipped: ${reason})`}`,
    () => {
      const made = found as Guest;

      test('is a bzImage (boot protocol: HdrS at 202h)', () => {
        expect(readFileSync(made.kernel).toString('latin1', 0x202, 0x206)).toBe('HdrS');
        expect(made.kernel).toContain(made.version);
      });

      test('comes a second time without the network', async () => {
        vi.stubEnv('PATH', scratch);
        expect(await guest(made.name)).toEqual(made);
        vi.unstubAllEnvs();
      });

      const qemu = spawnSync('qemu-system-i386', ['--version']).status === 0;
      test.skipIf(!qemu)(
        'boots in QEMU to a shell that runs commands and powers off (skipped without QEMU)',
        async () => {
          const seen = await converse(made, [
            [made.ready, 'echo $((6*7))-$(uname -r); tty\r'],
            [new RegExp(`42-${made.version}[\\s\\S]*/dev/(console|ttyS0)[\\s\\S]*# `), 'poweroff\r'],
          ]);
          expect(seen).toContain('reboot: Power down');
        },
      );
    },
  );
}

/** Boots in QEMU; answers each expectation once it has been printed after the previous one. Returns all output. */
async function converse(made: Guest, script: [RegExp, string][]): Promise<string> {
  const { kernel, initrd, append, memory } = made;
  const qemu = spawn(
    'qemu-system-i386',
    ['-accel', 'tcg', '-M', 'pc', '-cpu', 'qemu32', '-m', `${memory >>> 20}`, '-nic', 'none', '-no-reboot']
      .concat(['-display', 'none', '-serial', 'stdio', '-monitor', 'none'])
      .concat(['-kernel', kernel, '-initrd', initrd, '-append', `${append} quiet loglevel=6`]),
  );
  const deadline = setTimeout(() => qemu.kill(), 100_000);
  let seen = '';
  let from = 0;
  qemu.stdout.on('data', (chunk: Buffer) => {
    seen += chunk.toString('latin1');
    const match = script[0]?.[0].exec(seen.slice(from));
    if (!match) return;
    from = seen.length;
    qemu.stdin.write(script.shift()![1]);
  });
  await new Promise((resolve) => qemu.once('close', resolve));
  clearTimeout(deadline);
  return seen;
}
