// One writer or many readers, across processes and within one; a killed process leaves nothing behind.

import { type ChildProcess, spawn } from 'node:child_process';
import { linkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { openImage } from '../../src/storage/node/index.ts';
import { failure, file, HAS_FLOCK, HAS_QEMU_IO, pattern, temporaryFolder } from './files.ts';

const folder = temporaryFolder();
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Starts a process that opens the image; resolves with its first line. */
async function hold(path: string, options: object = {}): Promise<{ line: string; child: ChildProcess }> {
  const program = fileURLToPath(new URL('hold.ts', import.meta.url));
  const child = spawn(process.execPath, [program, path, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  for await (const line of createInterface({ input: child.stdout })) return { line, child };
  throw new Error('the child said nothing');
}

const ended = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => child.once('exit', resolve));

const locks = test.skipIf(!HAS_FLOCK);
const why = HAS_FLOCK ? '' : ' (skipped: no flock program)';

locks(`a second writer gets one line, and a killed first one leaves nothing behind${why}`, async () => {
  const path = file(folder, 'one.img', pattern(1024));
  const first = await hold(path);
  expect(first.line).toBe('open');
  const second = await hold(path);
  expect(second.line).toBe(
    `${path}: in use by another process; end the other one, or open it with --snapshot in both (many may read an image)`,
  );
  first.child.kill('SIGKILL');
  await ended(first.child);
  expect((await hold(path)).line).toBe('open');
});

locks(`many readers, and no writer among them${why}`, async () => {
  const path = file(folder, 'many.img', pattern(1024));
  const reader = await openImage(path, { readOnly: true });
  const snapshot = await openImage(path, { snapshot: true });
  expect((await hold(path, { snapshot: true })).line).toBe('open');
  expect((await failure(openImage(path))).message).toContain('in use');
  await reader.close();
  await snapshot.close();
});

locks(`a reader does not start while another writes${why}`, async () => {
  const path = file(folder, 'written.img', pattern(1024));
  const writer = await openImage(path);
  expect((await failure(openImage(path, { readOnly: true }))).message).toContain('in use');
  await writer.close();
  await (await openImage(path, { readOnly: true })).close();
});

locks(`the same file by another name is the same image${why}`, async () => {
  const path = file(folder, 'name.img', pattern(1024));
  const [hard, soft] = [join(folder, 'hard.img'), join(folder, 'soft.img')];
  linkSync(path, hard);
  symlinkSync(path, soft);
  const first = await openImage(path);
  expect((await failure(openImage(hard))).message).toContain('in use');
  expect((await failure(openImage(soft))).message).toContain('in use');
  await first.close();
});

locks(`a failed opening keeps no lock${why}`, async () => {
  const path = file(folder, 'bad.img', 'KDMV');
  await failure(openImage(path));
  const raw = await openImage(path, { format: 'raw' });
  await raw.close();
});

const LINUX_WITH_QEMU = process.platform === 'linux' && HAS_QEMU_IO;
test.skipIf(!LINUX_WITH_QEMU)(
  `an image that QEMU writes${LINUX_WITH_QEMU ? '' : ' (skipped: no qemu-io)'}`,
  async () => {
    const path = file(folder, 'qemu.img', pattern(4096));
    const qemu = spawn('qemu-io', ['-f', 'raw', path], { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(qemu);
    qemu.stdin.write('length\n');
    for await (const line of createInterface({ input: qemu.stdout })) if (line.includes('4 KiB')) break;
    expect((await failure(openImage(path))).message).toContain('in use');
    expect((await failure(openImage(path, { readOnly: true }))).message).toContain('in use');
    qemu.kill('SIGKILL');
    await ended(qemu);
    await (await openImage(path)).close();
  },
);
