// Debian packages without root and without touching the host: apt and dpkg-deb on a private configuration.
//
// Documents: apt.conf(5), apt-get(8), sources.list(5), dpkg-deb(1). The mirror is the one the host is configured with
// (or $TRANSVISOR_DEBIAN_MIRROR) and the archive's signature is checked as always; state, lists and cache are ours.
// The host's own apt.conf is still read first, since a proxy may be set there; its hooks are switched off.
//
// Deviations: only the suite below and only `main`. Not its security suite: that is refreshed on a schedule of its own
// and its index sometimes names packages that a mirror does not have yet; a guest to test with need not be the newest.

import { execFile } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { UserError } from '../../src/lib/errors.ts';
import { cacheDirectory, exists } from './cache.ts';

const SUITE = 'bookworm';

/** Debian's own names of suites: a source of the host with one of these is a Debian archive. */
const DEBIAN_SUITES =
  /^(buster|bullseye|bookworm|trixie|forky|sid|oldoldstable|oldstable|stable|testing|unstable)(\/|$)/;

/** Where package debian-archive-keyring puts the archive's keys. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Debian's name of an architecture. Packages of architecture `all` come with any of them. */
export type Architecture = 'i386' | 'amd64';

/** A real guest cannot be had on this machine: no apt, no mirror, no such package. One line that says which. */
export class GuestUnavailable extends UserError {}

/** Fetches the archive's index for `architecture`. */
export async function aptUpdate(architecture: Architecture): Promise<void> {
  await run('apt-get', ['-c', await configuration(architecture), '-q', 'update']);
}

/**
 * Downloads the newest version of package `name` into directory `into`; returns the path of the .deb. Asks the index
 * at hand first and refreshes it only where there is none or it names what the mirror no longer has.
 */
export async function aptDownload(name: string, architecture: Architecture, into: string): Promise<string> {
  if (!/^[a-z0-9][a-z0-9+.-]+$/.test(name)) throw new GuestUnavailable(`'${name}' is not a name of a Debian package`);
  const config = await configuration(architecture);
  const download = () => run('apt-get', ['-c', config, '-q', 'download', name], into);
  if (await exists(join(root(architecture), 'pkgcache.bin'))) {
    await download().catch(async () => {
      await aptUpdate(architecture);
      await download();
    });
  } else {
    await aptUpdate(architecture);
    await download();
  }
  const file = (await readdir(into)).find((entry) => entry.startsWith(`${name}_`) && entry.endsWith('.deb'));
  if (!file) throw new GuestUnavailable(`apt-get download ${name} left no package behind`);
  return join(into, file);
}

/**
 * Downloads packages with all that they depend on, not with what they recommend; returns the paths of the .debs. A name
 * may be one of apt's patterns, such as `?essential`.
 */
export async function aptDownloadAll(names: readonly string[], architecture: Architecture): Promise<string[]> {
  const config = await configuration(architecture);
  if (!(await exists(join(root(architecture), 'pkgcache.bin')))) await aptUpdate(architecture);
  const install = ['-c', config, '-q', '-y', '--no-install-recommends', 'install', ...names];
  await run('apt-get', ['--download-only', ...install]);
  // `Inst name (version origin [architecture])`; a colon of the version is escaped in file names.
  const plan = await run('apt-get', ['--simulate', ...install]);
  const found = [...plan.matchAll(/^Inst (\S+) \((\S+) .*\[(\S+)\]\)/gm)];
  return found.map(([, name = '', version = '', arch = '']) =>
    join(root(architecture), 'archives', `${name}_${version.replaceAll(':', '%3a')}_${arch}.deb`),
  );
}

/** Value of a field of a package file's control information, such as `Version`; empty where it has none. */
export async function debField(deb: string, field: string): Promise<string> {
  return (await run('dpkg-deb', ['-f', deb, field])).trim();
}

/** Unpacks a package file below `directory`, its control information into `DEBIAN/` there. */
export async function debUnpack(deb: string, directory: string): Promise<void> {
  await run('dpkg-deb', ['-R', deb, directory]);
}

/** Writes the private configuration and its directories where they are missing; returns the configuration's path. */
async function configuration(architecture: Architecture): Promise<string> {
  const base = root(architecture);
  const file = join(base, 'apt.conf');
  if (await exists(file)) return file;
  for (const directory of ['lists/partial', 'archives/partial', 'sources']) {
    await mkdir(join(base, directory), { recursive: true });
  }
  const signedBy = (await exists(KEYRING)) ? `Signed-By: ${KEYRING}\n` : '';
  await writeFile(
    join(base, 'sources/debian.sources'),
    `Types: deb\nURIs: ${await mirror()}\nSuites: ${SUITE}\nComponents: main\n${signedBy}`,
  );
  await writeFile(join(base, 'status'), '');
  await writeFile(
    file,
    `#clear APT::Update;
#clear APT::Architectures;
#clear DPkg;
#clear Dir::Cache;
APT::Architecture "${architecture}";
APT::Architectures { "${architecture}"; };
APT::Sandbox::User "";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
Acquire::Retries "1";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
Dir::State "${base}";
Dir::State::lists "${base}/lists";
Dir::State::status "${base}/status";
Dir::State::extended_states "${base}/extended_states";
Dir::Cache "${base}";
Dir::Cache::archives "${base}/archives";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "${base}/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Log "${base}";
`,
  );
  return file;
}

function root(architecture: Architecture): string {
  return join(cacheDirectory(), `apt-${architecture}`);
}

/** The Debian archive that this host is configured with, as apt itself reads its configuration. */
async function mirror(): Promise<string> {
  const chosen = process.env.TRANSVISOR_DEBIAN_MIRROR;
  if (chosen) return chosen;
  const format = '$(RELEASE) $(COMPONENT) $(REPO_URI)';
  const listing = await run('apt-get', [
    'indextargets',
    '--no-release-info',
    '--format',
    format,
    'Created-By: Packages',
  ]);
  for (const line of listing.split('\n')) {
    const [release = '', component, uri] = line.split(' ');
    if (DEBIAN_SUITES.test(release) && component === 'main' && uri) return uri;
  }
  throw new GuestUnavailable(
    'no Debian mirror among the sources of apt on this host; name one in TRANSVISOR_DEBIAN_MIRROR',
  );
}

/** Runs a tool and returns what it printed. Its first line of complaint becomes the error. */
async function run(command: string, args: readonly string[], cwd?: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(command, args, {
      cwd,
      env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
      maxBuffer: 1 << 26,
    });
    return stdout;
  } catch (error) {
    const { code, stderr } = error as { code?: string | number; stderr?: string };
    if (code === 'ENOENT') {
      throw new GuestUnavailable(`${command} is not installed: real guests come from Debian's packages through apt`);
    }
    const complaint = stderr?.split('\n').find((line) => /^(E|dpkg-deb: error):/.test(line)) ?? String(error);
    throw new GuestUnavailable(`${command} ${args.at(-2)} ${args.at(-1)}: ${complaint.replace(/^E: /, '').trim()}`);
  }
}
