// Disk speed in a Linux guest, side by side: sequential reads and writes and random reads of 4 KiB through the guest's
// own ata_piix driver, by DMA. Every engine runs in a process of its own, all of them in turn.
//
//   node bench/disk.ts [--engines translator,v86,qemu] [--runs 1]
//
// The guest says when it begins and ends each part, and the host's clocks are read then. v86 has the disk in memory,
// Transvisor and QEMU in a file with a snapshot over it, which the host's page cache holds.
//
// Linux's ACPI hot plug is off in all of them: SeaBIOS tells v86's guests of hot plug registers that v86 does not have,
// and from what it reads there Linux concludes that every PCI device has been pulled out, the IDE function too.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { guest } from '../guests/debian/guests.ts';
import { NODE_ARGUMENTS } from '../src/cli/host.ts';
import { UserError } from '../src/lib/errors.ts';
import type { Boot, Cost } from './peers/peer.ts';
import { bootQemu } from './peers/qemu.ts';
import { bootTransvisor } from './peers/transvisor.ts';
import { bootV86 } from './peers/v86.ts';
import { RANDOM_READS, randomReader } from './random-reader.ts';

const ENGINES: Readonly<Record<string, (boot: Boot) => Promise<Cost>>> = {
  translator: (boot) => bootTransvisor(boot, { engine: 'translator' }),
  interpreter: (boot) => bootTransvisor(boot, { engine: 'interpreter' }),
  v86: (boot) => bootV86(boot, { jit: true }),
  qemu: bootQemu,
};
const NODE = [...NODE_ARGUMENTS, '--disable-warning=ExperimentalWarning'] as const;

const MEBIBYTE = 1 << 20;
const DISK_MEBIBYTES = 256;
const WRITTEN_MEBIBYTES = 128;
/** The reader is in the disk's first sector, and the part that is written leaves it alone. */
const COMMAND = [
  'while ! test -b /dev/sda; do usleep 10000; done',
  'dd if=/dev/sda of=/tmp/r bs=512 count=1 2>/dev/null',
  'chmod +x /tmp/r',
  'echo 3 > /proc/sys/vm/drop_caches',
  'echo mark 0',
  'dd if=/dev/sda of=/dev/null bs=1M 2>/dev/null',
  'echo mark 1',
  `dd if=/dev/zero of=/dev/sda bs=1M seek=1 count=${WRITTEN_MEBIBYTES} conv=fsync 2>/dev/null`,
  'echo mark 2',
  '/tmp/r && echo mark 3',
].join('; ');

/** Seconds of a part: of the wall's clock, and of the engine's processor time. */
interface Part {
  readonly wall: number;
  readonly cpu: number;
}

/** Runs one engine in this process. */
async function measure(engine: string, disk: string): Promise<Part[]> {
  const { kernel, initrd, append, memory } = await guest('linux-686', { modules: ['ata_piix', 'sd_mod'] });
  const marks: Part[] = [];
  let tail = '';
  const boot: Boot = {
    kernel,
    initrd,
    append: `${append} quiet acpiphp.disable=1 tv_run="${COMMAND}"`,
    memory,
    disk,
    until: /mark 3\r?\n/,
    timeout: 400,
    output: (text, meter) => {
      tail = (tail + text).slice(-4096);
      while (new RegExp(`mark ${marks.length}\r?\n`).test(tail)) {
        marks.push({ wall: performance.now() / 1000, cpu: meter().cpuSeconds });
      }
    },
  };
  await (ENGINES[engine] as (boot: Boot) => Promise<Cost>)(boot);
  if (marks.length < 4) throw new UserError(`${engine}: the guest did not come to its end:\n${tail.slice(-500)}`);
  return marks.slice(1).map((mark, k) => {
    const before = marks[k] as Part;
    return { wall: mark.wall - before.wall, cpu: mark.cpu - before.cpu };
  });
}

/** Runs one engine in a process of its own. */
function measureApart(engine: string, disk: string): Part[] | string {
  const script = fileURLToPath(import.meta.url);
  const { stdout, stderr } = spawnSync(process.execPath, [...NODE, script, '--one', engine, '--disk', disk], {
    encoding: 'utf8',
  });
  const last = stdout.trim().split('\n').at(-1) ?? '';
  return last.startsWith('[') ? (JSON.parse(last) as Part[]) : stderr.trim().split('\n').slice(-3).join(' ');
}

function row(engine: string, runs: readonly Part[][]): string {
  // The best of the runs: whatever else the host does only slows one down.
  const best = (part: number, of: keyof Part): number => Math.min(...runs.map((run) => (run[part] as Part)[of]));
  const speed = (part: number, amount: number): string =>
    `${(amount / best(part, 'wall')).toFixed(0)} | ${(amount / best(part, 'cpu')).toFixed(0)}`;
  return `| ${engine} | ${speed(0, DISK_MEBIBYTES)} | ${speed(1, WRITTEN_MEBIBYTES)} | ${speed(2, RANDOM_READS)} |`;
}

function compare(engines: readonly string[], runs: number): void {
  const directory = mkdtempSync(join(tmpdir(), 'transvisor-disk-'));
  try {
    const disk = join(directory, 'disk.img');
    const bytes = new Uint8Array(DISK_MEBIBYTES * MEBIBYTE);
    for (let k = 0; k < bytes.length; k += 512) bytes.fill(k >> 9, k, k + 512);
    bytes.set(randomReader(bytes.length / 4096));
    writeFileSync(disk, bytes);
    const measured = new Map<string, Part[][]>(engines.map((engine) => [engine, []]));
    for (let run = 0; run < runs; run++) {
      for (const [engine, parts] of measured) {
        const one = measureApart(engine, disk);
        if (typeof one === 'string') console.error(`disk: ${engine}: ${one}`);
        else parts.push(one);
      }
    }
    console.log('| engine | read MiB/s | of CPU | write MiB/s | of CPU | 4 KiB random reads/s | of CPU |');
    console.log('|:--|--:|--:|--:|--:|--:|--:|');
    for (const [engine, parts] of measured) if (parts.length > 0) console.log(row(engine, parts));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

try {
  const { values } = parseArgs({
    options: {
      engines: { type: 'string', default: 'translator,v86,qemu' },
      runs: { type: 'string', default: '1' },
      one: { type: 'string' },
      disk: { type: 'string' },
    },
  });
  if (values.one !== undefined && values.disk !== undefined) {
    process.stdout.write(`${JSON.stringify(await measure(values.one, values.disk))}\n`);
    process.exit(0);
  }
  const engines = values.engines.split(',');
  const unknown = engines.find((engine) => !Object.hasOwn(ENGINES, engine));
  if (unknown !== undefined) {
    throw new UserError(`no engine '${unknown}': there are ${Object.keys(ENGINES).join(', ')}`);
  }
  compare(engines, Number(values.runs));
} catch (error) {
  if (!(error instanceof UserError) && !(error instanceof TypeError && 'code' in error)) throw error;
  console.error(`disk: ${error.message}`);
  process.exitCode = 1;
}
