// Records what QEMU's VGA shows and reads in the scripts: `node tests/display/record.ts` writes vga.vectors.json. With
// a folder, the pictures too, as PPM.

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digest } from './digest.ts';
import { FRAME_BUFFER, type Step, scripts } from './vga-scripts.ts';

const QEMU = 'qemu-system-i386';
/** Slot of the adapter: configuration address of 00:02.0. */
const CONFIG = 0x80001000;

/** Sends lines, and waits for one answer each. */
function lines(socket: Socket): (line: string) => Promise<string> {
  let buffer = '';
  let waiting: ((line: string) => void) | undefined;
  socket.on('error', () => {}); // QEMU is killed at the end
  socket.on('data', (data) => {
    buffer += data.toString();
    for (;;) {
      const end = buffer.indexOf('\n');
      if (end < 0) return;
      const line = buffer.slice(0, end);
      buffer = buffer.slice(end + 1);
      // Interrupts and events come in between.
      if (/^IRQ|"event"|"QMP"/.test(line)) continue;
      waiting?.(line);
    }
  });
  return (line) =>
    new Promise((resolve) => {
      waiting = resolve;
      socket.write(line);
    });
}

async function write(qtest: (line: string) => Promise<string>, at: number, bytes: Uint8Array): Promise<void> {
  if (at < FRAME_BUFFER) {
    for (const [k, byte] of bytes.entries()) await qtest(`writeb 0x${(at + k).toString(16)} 0x${byte.toString(16)}\n`);
    return;
  }
  for (let k = 0; k < bytes.length; k += 4096) {
    const part = Buffer.from(bytes.subarray(k, k + 4096)).toString('hex');
    await qtest(`write 0x${(at + k).toString(16)} 0x${(part.length / 2).toString(16)} 0x${part}\n`);
  }
}

async function record(steps: readonly Step[], folder: string): Promise<{ reads: string; ppm: Buffer }> {
  const qtestPath = join(folder, 'qtest');
  const qmpPath = join(folder, 'qmp');
  const server = createServer();
  const connected = new Promise<Socket>((resolve) => server.once('connection', resolve));
  await new Promise<void>((resolve) => server.listen(qtestPath, resolve));
  const child = spawn(
    QEMU,
    `-machine pc,accel=tcg -S -m 16 -nodefaults -device VGA,addr=2 -display none -qtest unix:${qtestPath} -qtest-log /dev/null -qmp unix:${qmpPath},server=on,wait=off`.split(
      ' ',
    ),
    { stdio: 'inherit' },
  );
  try {
    const qtest = lines(await connected);
    const config = async (register: number, value: number): Promise<void> => {
      await qtest(`outl 0xcf8 0x${(CONFIG + register).toString(16)}\n`);
      await qtest(`outl 0xcfc 0x${value.toString(16)}\n`);
    };
    await config(0x10, FRAME_BUFFER);
    await config(0x04, 3);
    let reads = '';
    for (const [kind, at, value] of steps) {
      const address = `0x${at.toString(16)}`;
      if (kind === 'write') await write(qtest, at, value);
      else if (kind === 'read') {
        // A byte at a time, as a processor would: the latches see it.
        for (let k = 0; k < value; k++) {
          reads += (await qtest(`readb 0x${(at + k).toString(16)}\n`)).slice(-2);
        }
      } else if (kind === 'in8') await qtest(`inb ${address}\n`);
      else await qtest(`${kind === 'out8' ? 'outb' : 'outw'} ${address} 0x${value.toString(16)}\n`);
    }
    const qmp = lines(createConnection(qmpPath));
    await qmp('{"execute":"qmp_capabilities"}\n');
    const file = join(folder, 'screen.ppm');
    const answer = await qmp(`{"execute":"screendump","arguments":{"filename":"${file}"}}\n`);
    if (!answer.includes('"return"')) throw new Error(answer);
    return { reads, ppm: readFileSync(file) };
  } finally {
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    server.close();
    for (const path of [qtestPath, qmpPath]) rmSync(path, { force: true });
  }
}

const folder = mkdtempSync(join(tmpdir(), 'vga-scripts-'));
const pictures = process.argv[2];
try {
  const recordedFrom = execFileSync(QEMU, ['--version'], { encoding: 'utf8' }).split('\n')[0];
  const results: Record<string, { size: string; pixels: string; reads: string }> = {};
  for (const [name, steps] of Object.entries(scripts)) {
    const { reads, ppm } = await record(steps, folder);
    const [header = '', size = ''] = /^P6\n(\d+ \d+)\n255\n/.exec(ppm.toString('latin1', 0, 40)) ?? [];
    if (header === '') throw new Error(`${name}: not a PPM`);
    const pixels = digest(ppm.subarray(header.length));
    results[name] = { size, pixels, reads };
    if (pictures) writeFileSync(join(pictures, `${name.replaceAll(/\W+/g, '-')}.ppm`), ppm);
  }
  const file = new URL('vga.vectors.json', import.meta.url);
  writeFileSync(file, JSON.stringify({ recordedFrom, results }, null, 2) + '\n');
} finally {
  rmSync(folder, { recursive: true });
}
