// The file behind a snapshot that outgrew its memory. It has no name from the start, so that the host takes it back
// when the process ends, however it ends.

import { randomBytes } from 'node:crypto';
import { open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { ByteFile } from '../byte-file.ts';
import { hostError } from './host-error.ts';
import { HostFile } from './host-file.ts';

/** /tmp is memory on many hosts; /var/tmp is for large files (File-system Hierarchy Standard 5.15). */
const folder = (): string => process.env.TMPDIR || '/var/tmp';

/** Makes a nameless file in TMPDIR or /var/tmp. Rejects with a StorageError. */
export async function makeSpill(): Promise<ByteFile> {
  const path = join(folder(), `transvisor-snapshot-${randomBytes(6).toString('hex')}`);
  const name = `${folder()} (the snapshot's spill file; TMPDIR names another place)`;
  try {
    const handle = await open(path, 'wx+', 0o600);
    await unlink(path);
    return new HostFile(handle, { name, readOnly: false, size: 0 });
  } catch (error) {
    throw hostError(name, error);
  }
}
