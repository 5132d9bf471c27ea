// `transvisor dump` as text and as JSON: on the demo guest, and on a guest of a few instructions whose regions are known.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RegionReport } from '../../translator/explain/region.ts';
import { guest, powerOff, print } from '../cli/guests.ts';
import { Folder, PROGRAM, transvisor } from '../cli/program.ts';

const folder = new Folder();
afterAll(() => folder.remove());

/** Times that the loops of the guests go round. */
const ROUNDS = 1_000_000;
const bytes = (n: number): number[] => [0, 8, 16, 24].map((shift) => (n >> shift) & 255);

/** Where their code starts, and the head of the loop. */
const ENTRY = 0x100020;
const HEAD = 0x10002a;
const CALLEE = 0x100034;

/** A loop of one block. */
const loop = (rounds: number): Uint8Array =>
  guest(
    [0xbc, 0x00, 0x10, 0x11, 0x00], // 20 MOV ESP,111000h
    [0xb9, ...bytes(rounds)], // 25 MOV ECX,rounds
    [0x01, 0xc8], // 2A ADD EAX,ECX
    [0x50, 0x58], // 2C PUSH EAX; POP EAX
    [0x49], // 2E DEC ECX
    [0x75, 0xf9], // 2F JNZ 2A
    print('done'), // 31
    powerOff,
  );
const kernel = folder.file('kernel', loop(ROUNDS));
/** The same for long enough that a profiler, which looks once in a millisecond, cannot miss it. */
const lasting = folder.file('lasting', loop(50 * ROUNDS));

/** A loop with a call in it, and a CPUID behind it. */
const calling = folder.file(
  'calling',
  guest(
    [0xbc, 0x00, 0x10, 0x11, 0x00], // 20 MOV ESP,111000h
    [0xb9, ...bytes(ROUNDS)], // 25 MOV ECX,ROUNDS
    [0xe8, 0x05, 0x00, 0x00, 0x00], // 2A CALL 34
    [0x49], // 2F DEC ECX
    [0x75, 0xf8], // 30 JNZ 2A
    [0xeb, 0x06], // 32 JMP 3A
    [0x01, 0xc8], // 34 ADD EAX,ECX
    [0x90, 0xc3], // 36 NOP; RET
    [0x90, 0x90], // 38 NOP; NOP
    [0x0f, 0xa2], // 3A CPUID
    powerOff,
  ),
);

interface Dump {
  readonly made: number;
  readonly regions: readonly RegionReport[];
}

async function dumped(...args: string[]): Promise<Dump> {
  const { status, stdout, stderr } = await transvisor(['dump', '--json', ...args]);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return JSON.parse(stdout) as Dump;
}

describe('a loop', () => {
  let region: RegionReport;
  beforeAll(async () => {
    const { regions, made } = await dumped('--clock', 'virtual', '--stages', kernel);
    expect(made).toBeGreaterThan(0);
    region = regions[0] as RegionReport;
  });

  test('its entry, key and size', () => {
    expect(region.entry).toEqual({ linear: HEAD, physical: HEAD });
    expect(region.key).toEqual(['CS.D', 'SS.B', 'CPL 0-2', expect.stringContaining('FS, GS through base and limit')]);
    expect(region.size).toMatchObject({ instructions: 5, blocks: 1, guestBytes: 7, pages: 1 });
    expect(region.dropped).toBe(false);
  });

  test('its code, as the processor has it', () => {
    const [block] = region.blocks;
    expect(block?.instructions.map(({ address, bytes, text }) => [address, bytes, text])).toEqual([
      [0x10002a, '01c8', 'add eax,ecx'],
      [0x10002c, '50', 'push eax'],
      [0x10002d, '58', 'pop eax'],
      [0x10002e, '49', 'dec ecx'],
      [0x10002f, '75f9', 'jnz 0x10002a'],
    ]);
    expect(block?.instructions.map((i) => i.class)).toEqual(new Array(5).fill('ident'));
    expect(block?.successors).toEqual([HEAD]);
  });

  test('how often it was executed', () => {
    // The interpreter executes the loop until it is hot, which is a small part of the whole.
    const times = region.blocks[0]?.executions as number;
    expect(times).toBeGreaterThan(0.9 * ROUNDS);
    expect(times).toBeLessThanOrEqual(ROUNDS);
    expect(region.heat.instructions).toBe(5 * times);
    expect(region.heat.entries).toBeGreaterThan(0);
    expect(region.heat.share).toBeGreaterThan(0.9);
  });

  test('its exits', () => {
    expect(region.exits).toContainEqual(expect.objectContaining({ kind: 'chain', address: 0x100031 }));
    // Whoever enters leaves.
    expect(region.exits.reduce((sum, e) => sum + e.count, 0)).toBe(region.heat.entries);
    expect(region.exits).toContainEqual(expect.objectContaining({ kind: 'poll', address: HEAD, region: region.name }));
    // The stack may not be at hand.
    expect(region.exits.filter((e) => e.kind === 'slow').map((e) => e.address)).toContain(0x10002c);
  });

  test('its stages and its JavaScript', () => {
    const [block] = region.blocks;
    expect(block?.stages?.specialised).toContain('t2 = (t0 + t1) | 0');
    expect(block?.stages?.passes.join()).toMatch(/ecx = /);
    expect(region.estree?.[0]).toBe(`FunctionDeclaration ${region.name}`);
    const text = region.javascript.map((line) => line.text);
    expect(text[0]).toBe(`function ${region.name}() {`);
    expect(text.join('\n')).not.toContain('visit');
    expect(region.javascript.filter((line) => line.block === HEAD).length).toBeGreaterThan(10);
    expect(region.javascript[0]?.block).toBeUndefined();
  });
});

test('a loop with a call: the code of all regions together is executed as often as the loop', async () => {
  const { regions } = await dumped('--clock', 'virtual', calling);
  const executions = (address: number): number =>
    regions.flatMap((r) => r.blocks.filter((b) => b.address === address)).reduce((sum, b) => sum + b.executions, 0);
  for (const address of [HEAD, 0x10002f, CALLEE]) {
    expect(executions(address)).toBeGreaterThan(0.9 * ROUNDS);
    expect(executions(address)).toBeLessThanOrEqual(ROUNDS);
  }
  // What returns go through is a block of its own, which a region has where it has both ends.
  const whole = regions.find((r) => r.blocks.length === 4) as RegionReport;
  const returns = whole.blocks.find((b) => b.kind === 'return');
  expect(returns).toMatchObject({ successors: [0x10002f], instructions: [] });
  expect(whole.blocks.find((b) => b.address === CALLEE)?.successors).toEqual([returns?.address]);
});

describe('choosing', () => {
  test('--top takes the hottest', async () => {
    const { regions, made } = await dumped('--clock', 'virtual', '--top', '1');
    expect(made).toBeGreaterThan(1);
    const all = (await dumped('--clock', 'virtual', '--top', '1000')).regions;
    expect(regions).toHaveLength(1);
    expect(all).toHaveLength(made);
    const heat = all.map((r) => r.heat.instructions);
    expect(heat).toEqual([...heat].sort((a, b) => b - a));
    expect(all.reduce((sum, r) => sum + r.heat.share, 0)).toBeCloseTo(1);
  });

  test('--address takes what has code there', async () => {
    expect((await dumped('--address', '10002a', kernel)).regions.map((r) => r.entry.linear)).toEqual([HEAD]);
    expect((await dumped('--address', '0x100030', kernel)).regions.map((r) => r.entry.linear)).toEqual([HEAD]);
  });

  test.each([
    [['--address', '12345678'], /no region has code there/],
    [['--address', 'no_such_function'], /no such symbol/],
    [['--top', '0'], /number of regions/],
    [['--json', '--html', 'x'], /--json and --html/],
    [['--symbols', kernel], /no symbols of code/],
    [['--symbols', folder.file('missing')], /missing: no such file/],
    [['--output', '/no/such/place'], /no such file or directory/],
  ])('%j is refused', async (args, says) => {
    const { status, stdout, stderr } = await transvisor(['dump', ...args, kernel]);
    expect(stderr).toMatch(says);
    expect(stderr).toMatch(/^transvisor: [^\n]*\n$/);
    expect(stdout).toBe('');
    expect(status).toBe(1);
  });
});

describe('symbols', () => {
  const at = (address: number): string => address.toString(16).padStart(8, '0');

  test('name regions, blocks and targets', async () => {
    const map = folder.file('System.map', `${at(ENTRY)} T start\n${at(HEAD)} t main.loop\n${at(CALLEE)} T add_it\n`);
    const [region] = (await dumped('--symbols', map, kernel)).regions as [RegionReport];
    expect(region.name).toMatch(/^region\d+_main_loop$/);
    expect(region.entry.symbol).toBe('main.loop');
    const { regions } = await dumped('--symbols', map, '--address', 'add_it', calling);
    const blocks = new Map(regions.flatMap((r) => r.blocks).map((b) => [b.address, b]));
    expect([...blocks.values()].map((b) => b.symbol)).toEqual(
      expect.arrayContaining(['main.loop', 'main.loop+0x5', 'add_it', undefined]),
    );
    expect(blocks.get(HEAD)?.instructions[0]?.target).toBe('add_it');
  });

  test('whatever they are called, only letters and digits get into generated text', async () => {
    const names = [
      'a"+process.exit(3)+"',
      '*/</script><script>alert(1)//',
      '`$\\{1}`\\u0022',
      'constructor',
      'x'.repeat(9999),
    ];
    for (const name of names) {
      const map = folder.file('hostile.map', `${at(HEAD)} T ${name}\n`);
      const [region] = (await dumped('--symbols', map, kernel)).regions as [RegionReport];
      expect(region.name).toMatch(/^region\d+_[A-Za-z0-9_]{1,64}$/);
      expect(region.entry.symbol).toBe(name);
      expect(region.heat.instructions).toBeGreaterThan(0);
      expect(region.javascript[0]?.text).toBe(`function ${region.name}() {`);
    }
  });

  test.each(['asm.js', 'webassembly'])("V8's profiler shows the names: %s", (code) => {
    const map = folder.file('profile.map', `${at(HEAD)} T hot_guest_loop\n`);
    const profile = folder.file('profile.cpuprofile');
    // Where the text is asm.js, its functions have names but no URL.
    const flags = [
      '--no-validate-asm',
      '--cpu-prof',
      '--cpu-prof-dir',
      folder.path,
      '--cpu-prof-name',
      'profile.cpuprofile',
    ];
    const run = spawnSync(process.execPath, [...flags, ...PROGRAM, 'dump', '--code', code, '--symbols', map, lasting]);
    expect(run.status).toBe(0);
    const { nodes } = JSON.parse(readFileSync(profile, 'utf8')) as {
      nodes: { callFrame: { functionName: string; url: string } }[];
    };
    const frames = nodes.map((n) => n.callFrame).filter((f) => f.functionName.endsWith('_hot_guest_loop'));
    expect(frames[0]?.functionName).toMatch(/^region\d+_hot_guest_loop$/);
    expect(frames[0]?.url).toMatch(code === 'asm.js' ? /^transvisor\/region\d+_hot_guest_loop/ : /^wasm:/);
  });
});

describe('text', () => {
  test('of the demo guest', async () => {
    const { status, stdout, stderr } = await transvisor(['dump', '--top', '2']);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^2 of \d+ regions, hottest first\n\nregion\d+\n {2}entry {2}0x[0-9a-f]{8}, physical 0x/);
    const parts = ['key', 'heat', 'size', 'block', 'executed', 'exits', 'JavaScript', 'function region'];
    for (const part of parts) expect(stdout.split(part).length, part).toBeGreaterThanOrEqual(3);
    expect(stdout).toMatch(/^ {4}[0-9a-f]{8} {2}[0-9a-f]+ +ident +\S+/m);
    expect(stdout).not.toContain('ESTree');
  });

  test('with stages, into a file', async () => {
    const file = folder.file('dump.txt');
    const { status, stdout } = await transvisor(['dump', '--stages', '-o', file, kernel]);
    expect([status, stdout]).toEqual([0, '']);
    expect(readFileSync(file, 'utf8')).toMatch(
      /specialised:\n[\s\S]*after passes:\n[\s\S]*ESTree\n[\s\S]*JavaScript\n/,
    );
  });

  test('of a guest that is not over when the time is', async () => {
    const spinning = folder.file('spinning', guest([0x40, 0xeb, 0xfd]));
    const { status, stdout, stderr } = await transvisor(['dump', '--timeout', '2', spinning]);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(/inc eax\n.*jmp 0x100020/);
  });
});

test('a guest that shuts its processor down is dumped all the same', async () => {
  // The loop, then LIDT of six zero bytes at 100FF0h; UD2.
  const loop = [0xb9, ...bytes(ROUNDS), 0x49, 0x75, 0xfd];
  const failing = folder.file('failing', guest(loop, [0x0f, 0x01, 0x1d, 0xf0, 0x0f, 0x10, 0x00, 0x0f, 0x0b]));
  const { status, stdout, stderr } = await transvisor(['dump', failing]);
  expect(stderr).toMatch(/shut its processor down/);
  expect(status).toBe(126);
  expect(stdout).toMatch(/dec ecx\n.*jnz 0x100025/);
});

test('docs/dump.md describes every option of its own', async () => {
  const documented = readFileSync(new URL('../../docs/dump.md', import.meta.url), 'utf8');
  const optionsOf = async (command: string): Promise<string[]> => {
    const { stdout } = await transvisor([command, '--help']);
    return [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option as string);
  };
  const shared = await optionsOf('run');
  const own = (await optionsOf('dump')).filter((option) => !shared.includes(option));
  expect(own.length).toBeGreaterThan(5);
  expect(own.filter((option) => !documented.includes(option))).toEqual([]);
});
