// Records what QEMU's IDE controller answers: `node tests/devices/qemu-ide/record.ts` writes ide-qemu.vectors.json.

import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packetScripts } from './packets.ts';
import { DISC_SECTORS, DISK_SECTORS, digest, type IdeStep, pattern } from './script.ts';
import { scripts } from './scripts.ts';

const QEMU = 'qemu-system-i386';

/** QEMU with its processor stopped: its devices are driven by lines of text (docs/devel/testing/qtest of QEMU). */
class Qtest {
  readonly #qemu: ChildProcessWithoutNullStreams;
  readonly #answers: ((answer: string) => void)[] = [];
  readonly levels = new Map<number, boolean>();

  constructor(disk: string, disc: string) {
    const options = [
      '-machine',
      'pc',
      '-accel',
      'tcg',
      '-S',
      '-m',
      '16',
      '-nodefaults',
      '-display',
      'none',
      '-qtest',
      'stdio',
    ];
    this.#qemu = spawn(QEMU, [
      ...options,
      '-drive',
      `file=${disk},format=raw,if=ide,index=0`,
      '-drive',
      `file=${disc},format=raw,if=ide,index=2,media=cdrom`,
      '-qtest-log',
      '/dev/null',
    ]);
    createInterface({ input: this.#qemu.stdout }).on('line', (line) => {
      const change = /^IRQ (raise|lower) (\d+)/.exec(line);
      if (change) this.levels.set(Number(change[2]), change[1] === 'raise');
      else this.#answers.shift()?.(line);
    });
  }

  async ask(line: string): Promise<string> {
    const answer = await new Promise<string>((resolve) => {
      this.#answers.push(resolve);
      this.#qemu.stdin.write(`${line}\n`);
    });
    if (!answer.startsWith('OK')) throw new Error(`${line}: ${answer}`);
    return answer.slice(3);
  }

  end(): Promise<void> {
    return new Promise((resolve) => {
      this.#qemu.on('exit', () => resolve());
      this.#qemu.kill('SIGTERM');
    });
  }
}

const LETTER = { 8: 'b', 16: 'w', 32: 'l' } as const;

async function record(steps: readonly IdeStep[], disk: string, disc: string): Promise<string[]> {
  writeFileSync(disk, pattern(0, DISK_SECTORS));
  writeFileSync(disc, pattern(DISK_SECTORS, DISC_SECTORS));
  const qemu = new Qtest(disk, disc);
  const results: string[] = [];
  await qemu.ask('irq_intercept_in ioapic');
  for (const step of steps) {
    switch (step[0]) {
      case 'out':
        await qemu.ask(`out${LETTER[step[1]]} ${step[2]} 0x${(step[3] >>> 0).toString(16)}`);
        break;
      case 'in': {
        const [, size, port, times] = step;
        const bytes: number[] = [];
        for (let k = 0; k < times; k++) {
          const value = Number(await qemu.ask(`in${LETTER[size]} ${port}`));
          for (let at = 0; at < size; at += 8) bytes.push((value >>> at) & 255);
        }
        results.push(digest(Uint8Array.from(bytes)));
        break;
      }
      case 'bits':
        results.push((Number(await qemu.ask(`in${LETTER[step[1]]} ${step[2]}`)) & step[3]).toString(16));
        break;
      case 'ready':
        while (Number(await qemu.ask(`inb ${step[1]}`)) & step[2]);
        break;
      case 'irq':
        results.push(qemu.levels.get(step[1]) ? 'high' : 'low');
        break;
      case 'poke':
        await qemu.ask(`write ${step[1]} ${step[2].length} 0x${Buffer.from(step[2]).toString('hex')}`);
        break;
      case 'peek': {
        const hex = await qemu.ask(`read ${step[1]} ${step[2]}`);
        results.push(digest(Buffer.from(hex.slice(2), 'hex')));
        break;
      }
    }
  }
  await qemu.end();
  const image = readFileSync(disk);
  for (const step of steps) {
    if (step[0] === 'disk') results.push(digest(image.subarray(step[1] * 512, (step[1] + step[2]) * 512)));
  }
  return results;
}

const folder = mkdtempSync(join(tmpdir(), 'ide-scripts-'));
try {
  const version = execFileSync(QEMU, ['--version'], { encoding: 'utf8' }).split('\n')[0];
  const results: Record<string, string> = {};
  for (const [name, steps] of Object.entries({ ...scripts, ...packetScripts })) {
    results[name] = (await record(steps, join(folder, 'disk.img'), join(folder, 'disc.iso'))).join(' | ');
  }
  const file = new URL('../ide-qemu.vectors.json', import.meta.url);
  writeFileSync(file, `${JSON.stringify({ recordedFrom: version, results }, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true });
}
