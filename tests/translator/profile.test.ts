// Profiles of `transvisor run` show guest functions: translated code has their names.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { guest, powerOff } from '../cli/guests.ts';
import { Folder, PROGRAM } from '../cli/program.ts';

const folder = new Folder();
afterAll(() => folder.remove());

const HEAD = 0x10002a;
const rounds = [0, 8, 16, 24].map((shift) => (30_000_000 >> shift) & 255);
const kernel = folder.file(
  'kernel',
  guest(
    [0xbc, 0x00, 0x10, 0x11, 0x00], // 20 MOV ESP,111000h
    [0xb9, ...rounds], // 25 MOV ECX,30000000
    [0x01, 0xc8], // 2A ADD EAX,ECX
    [0x50, 0x58], // 2C PUSH EAX; POP EAX
    [0x49], // 2E DEC ECX
    [0x75, 0xf9], // 2F JNZ 2A
    powerOff,
  ),
);

/** Names of functions in a profile of a run. */
function profiled(name: string, ...options: string[]): string[] {
  const flags = ['--cpu-prof', '--cpu-prof-dir', folder.path, '--cpu-prof-name', name];
  const run = spawnSync(process.execPath, [...flags, ...PROGRAM, 'run', ...options, kernel]);
  expect(run.stderr.toString()).toBe('');
  expect(run.status).toBe(0);
  const { nodes } = JSON.parse(readFileSync(`${folder.path}/${name}`, 'utf8')) as {
    nodes: { callFrame: { functionName: string } }[];
  };
  return nodes.map((n) => n.callFrame.functionName).filter((name) => name.startsWith('region') && name !== 'region');
}

test('by the symbols that are given', () => {
  const map = folder.file('profile.map', `${HEAD.toString(16)} T hot_guest_loop\n`);
  expect(profiled('named.cpuprofile', '--symbols', map)).toContainEqual(
    expect.stringMatching(/^region\d+_hot_guest_loop$/),
  );
});

test('by their addresses, where there are no symbols', () => {
  expect(profiled('unnamed.cpuprofile')).toContainEqual(expect.stringMatching(/^region\d+_0010002a$/));
});
