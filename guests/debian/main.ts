// npm run guests [-- [--update] [NAME...]]: fetches and builds the real guests and prints where they are.

import { parseArgs } from 'node:util';
import { UserError } from '../../src/lib/errors.ts';
import { type GuestName, guest, guestNames } from './guests.ts';

const usage = `usage: npm run guests -- [--update] [NAME...]
Fetches Debian's i386 kernels and installer through apt, without root, and builds an initramfs.
NAME: ${guestNames.join(', ')} (all of them where none is given)
--update: look for newer versions`;

try {
  const { values, positionals } = parseArgs({
    options: { update: { type: 'boolean' }, help: { type: 'boolean' } },
    allowPositionals: true,
  });
  if (values.help) {
    console.log(usage);
  } else {
    for (const name of positionals.length ? positionals : guestNames) {
      if (!isGuestName(name)) throw new UserError(`no guest '${name}': there are ${guestNames.join(', ')}`);
      const made = await guest(name, { update: values.update });
      console.log(`${made.name} (${made.version})`);
      console.log(`  --memory ${made.memory >>> 20}M`);
      console.log(`  --kernel ${made.kernel}`);
      console.log(`  --initrd ${made.initrd}`);
      console.log(`  --append "${made.append}"`);
    }
  }
} catch (error) {
  if (!(error instanceof UserError) && !(error instanceof TypeError && 'code' in error)) throw error;
  console.error(`guests: ${error.message}`);
  process.exitCode = 1;
}

function isGuestName(name: string): name is GuestName {
  return (guestNames as readonly string[]).includes(name);
}
