import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { buildDemo, demoImage, toolVersion } from '../../guests/demo/build.ts';

const image = readFileSync(demoImage);

describe('the demo image', () => {
  const nasm = toolVersion();

  test.skipIf(!nasm)('equals what nasm makes of its source, byte for byte (skipped without nasm)', () => {
    expect(Buffer.compare(image, buildDemo())).toBe(0);
  });

  test('begins with a Multiboot header whose addresses agree with the file', () => {
    const [magic, flags, checksum, header, load, loadEnd, bssEnd, entry] = new Uint32Array(
      image.buffer.slice(image.byteOffset, image.byteOffset + 32),
    );
    expect(magic).toBe(0x1badb002);
    expect((magic! + flags! + checksum!) >>> 0).toBe(0);
    expect(header).toBe(load);
    expect(loadEnd! - load!).toBe(image.length);
    expect(bssEnd).toBeGreaterThan(loadEnd!);
    expect(entry).toBeGreaterThan(load!);
    expect(entry).toBeLessThan(loadEnd!);
  });
});

// The same five computations, in JavaScript: what the guest's `bench` believes to be right has to be right.
describe('the results that bench expects', () => {
  const source = readFileSync(new URL('../../guests/demo/bench.asm', import.meta.url), 'utf8');
  const expected = (name: string) => Number(new RegExp(`^${name}\\s+equ (\\S+)`, 'm').exec(source)![1]);
  const words = new Uint32Array(0x10000 / 4);
  let x = 0x2545f491;
  for (let k = 0; k < words.length; k++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    words[k] = x;
  }
  const bytes = new Uint8Array(words.buffer);

  test('crc32', () => {
    let crc = 0;
    for (let pass = 0; pass < 8; pass++) crc = crc32(bytes, crc);
    expect(expected('CRC_RESULT')).toBe(crc);
  });

  test('sieve: primes below 2^18', () => {
    const isPrime = (n: number) => {
      for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
      return true;
    };
    let count = 0;
    for (let n = 2; n < 0x40000; n++) if (isPrime(n)) count++;
    expect(expected('SIEVE_RESULT')).toBe(count);
  });

  test('matrix', () => {
    let fold = 0;
    for (let row = 0; row < 64; row++) {
      for (let column = 0; column < 64; column++) {
        let sum = 0;
        for (let k = 0; k < 64; k++) {
          sum = (sum + Math.imul(words[row * 64 + k]!, words[4096 + k * 64 + column]!)) | 0;
        }
        fold = ((fold << 1) | (fold >>> 31)) ^ sum;
      }
    }
    expect(expected('MATRIX_RESULT')).toBe(fold >>> 0);
  });

  test('string', () => {
    let sum = 0;
    for (let pass = 16; pass > 0; pass--) {
      const copy = words.slice();
      copy[pass] = pass;
      sum += words.length - (words.findIndex((word, k) => word !== copy[k]) + 1);
      sum += new Uint8Array(copy.buffer).filter((byte) => byte === 0x5a).length;
    }
    expect(expected('STRING_RESULT')).toBe(sum);
  });

  test('call', () => {
    const fibonacci = (n: number): number => (n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2));
    expect(expected('CALL_RESULT')).toBe(fibonacci(expected('FIBONACCI')));
  });
});

const qemu = spawnSync('qemu-system-i386', ['--version']).status === 0;
const machine = [
  '-M',
  'pc',
  '-accel',
  'tcg',
  '-display',
  'none',
  '-serial',
  'stdio',
  '-monitor',
  'none',
  '-nic',
  'none',
];

describe.skipIf(!qemu)('in QEMU (skipped where it is not installed)', () => {
  for (const [cpu, memory] of [
    ['qemu32', '64'],
    ['486', '2'],
    ['qemu64', '512'],
  ] as const) {
    test(`batch: shows, tests itself, powers off (${cpu}, ${memory} MiB)`, () => {
      const output = execFileSync(
        'qemu-system-i386',
        [...machine, '-cpu', cpu, '-m', memory, '-kernel', demoImage, '-append', 'batch', '-no-reboot'],
        { encoding: 'latin1', timeout: 60_000 },
      );
      expect(output).not.toMatch(/FAIL|WRONG|panic/);
      expect(output).toMatch(/summary: 15 checks passed, 0 failed/);
      expect(output).toMatch(/demo: passed\r\npowering off\r\n$/);
    });
  }

  test('interactive: the commands do what help says', async () => {
    const seen = await converse([
      ['help', /peek ADDRESS: 64 bytes/],
      ['ps', /1 {2}monitor +0 {2}running/],
      ['mem', /frames in use 17 of \d+, page faults mended 16/],
      ['regs', /CR0 80010011|CR0 E0010011/],
      ['peek 100000', /00100000 {2}02 B0 AD 1B/],
      ['poke 80001000 12345678', /demo> /],
      ['peek 80001000', /80001000 {2}78 56 34 12/],
      ['peek 0', /#PF at 0008:[0-9A-F]{8} in task monitor, error code 0000, CR2 00000000/],
      ['poke 100000 1', /error code 0003, CR2 00100000: write to a page without the right to/],
      ['poke nonsense', /poke ADDRESS WORD, both/],
      ['uptime', /\d+ ticks at 100 Hz/],
      ['fault de', /#DE at 0008:[0-9A-F]{8} in task monitor[\s\S]*caught; the monitor goes on/],
      ['fault', /#DE[\s\S]*#UD[\s\S]*#GP[\s\S]*error code FFF8[\s\S]*#PF[\s\S]*#PF[\s\S]*#GP at 001B/],
      ['helq\x7fp', /this list/],
      ['nonsense', /no such command/],
      ['bench', /call +\d+ microseconds {2}0000B520\r/],
      ['test', /demo: passed/],
      ['halt', /$/],
    ]);
    expect(seen).not.toMatch(/WRONG|panic/);
  });

  test('interactive: reboot starts the machine again', async () => {
    const seen = await converse([
      ['reboot', /Transvisor demo guest[\s\S]*Type help/],
      ['halt', /$/],
    ]);
    expect(seen.match(/Type help/g)?.length).toBe(2);
  });
});

/** Types each command at the monitor's prompt once the answer before has come; resolves when the guest powers off. */
async function converse(script: readonly (readonly [command: string, answer: RegExp])[]): Promise<string> {
  const process = spawn('qemu-system-i386', [...machine, '-cpu', 'qemu32', '-m', '32', '-kernel', demoImage]);
  const deadline = setTimeout(() => process.kill(), 60_000);
  let seen = '';
  let from = 0;
  let step = 0;
  let awaited = /demo> $/;
  process.stdout.on('data', (chunk: Buffer) => {
    seen += chunk.toString('latin1');
    const fresh = seen.slice(from);
    if (!awaited.test(fresh) || !fresh.endsWith('demo> ') || step === script.length) return;
    from = seen.length;
    const [command, answer] = script[step++]!;
    awaited = answer;
    process.stdin.write(`${command}\r`);
  });
  await new Promise((resolve) => process.once('close', resolve));
  clearTimeout(deadline);
  expect(`${step} commands answered`).toBe(`${script.length} commands answered`);
  return seen;
}
