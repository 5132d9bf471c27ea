// npm run guests [-- [--update] [NAME...]]: fetches and builds the real guests and media and prints where they are.

import { parseArgs } from 'node:util';
import { UserError } from '../../src/lib/errors.ts';
import { debianDisk } from './disk.ts';
import { type GuestName, guest, guestNames } from './guests.ts';
import { type MediumName, medium, mediumNames } from './media.ts';

const usage = `usage: npm run guests -- [--update] [--arguments] [NAME...]
Fetches Debian's i386 kernels and installer through apt, without root, and builds an initramfs.
NAME: ${guestNames.join(', ')} (these where none is given);
  bootable media and firmware: ${mediumNames.join(', ')}; a disk with Debian 12: debian-disk
--update: look for newer versions
--arguments: print nothing but the options of \`transvisor run\`, on one line, quoted for a shell`;

try {
  const { values, positionals } = parseArgs({
    options: { update: { type: 'boolean' }, arguments: { type: 'boolean' }, help: { type: 'boolean' } },
    allowPositionals: true,
  });
  if (values.help) {
    console.log(usage);
  } else {
    for (const name of positionals.length ? positionals : guestNames) {
      if (name === 'debian-disk') {
        const { path, user, password } = await debianDisk();
        if (values.arguments) console.log(`--hda ${quoted(path)}`);
        else console.log(`debian-disk\n  --hda ${path}\n  user ${user}, password ${password}`);
        continue;
      }
      if (isMediumName(name)) {
        await printMedium(name, values.update, values.arguments);
        continue;
      }
      if (!isGuestName(name)) {
        throw new UserError(
          `no guest '${name}': there are ${[...guestNames, ...mediumNames, 'debian-disk'].join(', ')}`,
        );
      }
      const made = await guest(name, { update: values.update });
      if (values.arguments) {
        const { kernel, initrd, append, memory } = made;
        const words = ['--memory', `${memory >>> 20}M`, '--kernel', kernel, '--initrd', initrd, '--append', append];
        console.log(words.map(quoted).join(' '));
        continue;
      }
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

async function printMedium(name: MediumName, update: boolean | undefined, onlyArguments: boolean | undefined) {
  const { bios, vgaBios, cdrom, floppy } = await medium(name, { update });
  const options: readonly (readonly [string, string | undefined])[] = [
    ['--bios', bios],
    ['--vgabios', vgaBios],
    ['--cdrom', cdrom],
    ['--fda', cdrom && onlyArguments ? undefined : floppy],
  ];
  const given = options.flatMap(([option, path]) => (path === undefined ? [] : [[option, path] as const]));
  if (onlyArguments) console.log(given.map(([option, path]) => `${option} ${quoted(path)}`).join(' '));
  else console.log([name, ...given.map(([option, path]) => `  ${option} ${path}`)].join('\n'));
}

/** A word for a POSIX shell. */
function quoted(word: string): string {
  return /^[\w./:=+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function isMediumName(name: string): name is MediumName {
  return (mediumNames as readonly string[]).includes(name);
}

function isGuestName(name: string): name is GuestName {
  return (guestNames as readonly string[]).includes(name);
}
