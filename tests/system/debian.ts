// Debian's guests for the tests: skipped with the reason where there is no mirror, never where CI is set.

import { type Guest, type GuestName, type GuestOptions, guestOrReason } from '../../guests/debian/guests.ts';

export interface Found {
  /** Why there is no such guest here; empty if there is. */
  readonly reason: string;
  /** The guest's name, and the reason if it is skipped. */
  readonly title: string;
  /** The guest; only where `reason` is empty. */
  readonly guest: Guest;
}

export async function found(name: GuestName, options: GuestOptions = {}): Promise<Found> {
  const it = await guestOrReason(name, options);
  if (typeof it === 'string') return { reason: it, title: `${name} (skipped: ${it})`, guest: {} as Guest };
  return { reason: '', title: `${name} ${it.version}`, guest: it };
}

/** The options that boot it, with `extra` words on the kernel's command line. */
export function bootOptions(guest: Guest, extra = '', memoryMebibytes = guest.memory / 2 ** 20): string[] {
  const { kernel, initrd, append } = guest;
  const words = extra === '' ? append : `${append} ${extra}`;
  return ['-m', `${memoryMebibytes}M`, '--kernel', kernel, '--initrd', initrd, '--append', words];
}

/** What a kernel says when something is wrong with the machine that it runs on, or with itself. */
export const COMPLAINT =
  /^.*(?:BUG|WARNING|INFO: rcu|Oops|Call Trace|Kernel panic|nobody cared|\[Firmware Bug\]|\[Firmware Warn\]|soft lockup|general protection|segfault|traps:|unchecked MSR|spurious).*$/m;
