// A Debian package, unpacked in the guest cache.

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Architecture, aptDownload, debField, debUnpack } from './apt.ts';
import { cacheDirectory, locked, madeDirectory, pointTo, resolved } from './cache.ts';

/** Options of everything that fetches. */
export interface FetchOptions {
  /** Ask the mirror for newer versions instead of being content with what the cache has. */
  readonly update?: boolean;
}

/**
 * Directory with the unpacked content of Debian package `name` (control information in `DEBIAN/`), fetched on first
 * use; later calls use no network. The directory's own name is `name_version_architecture`.
 * @throws {GuestUnavailable} no apt, no mirror, no such package
 */
export async function debianPackage(
  name: string,
  architecture: Architecture = 'i386',
  { update = false }: FetchOptions = {},
): Promise<string> {
  const packages = join(cacheDirectory(), 'packages');
  const link = join(packages, `${name}_${architecture}`);
  const cached = async () => (update ? undefined : resolved(link));
  return (
    (await cached()) ??
    (await locked(async () => {
      const meanwhile = await cached();
      if (meanwhile) return meanwhile;
      const downloads = join(packages, `.download.${process.pid}`);
      try {
        await mkdir(downloads, { recursive: true });
        const deb = await aptDownload(name, architecture, downloads);
        const version = await debField(deb, 'Version');
        // A colon (of an epoch) is not welcome in file names everywhere.
        const title = `${name}_${version.replace(':', '%3a')}_${architecture}`;
        const directory = await madeDirectory(packages, title, (into) => debUnpack(deb, into));
        await pointTo(link, directory);
        return directory;
      } finally {
        await rm(downloads, { recursive: true, force: true });
      }
    }))
  );
}
