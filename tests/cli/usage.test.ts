// What the user got wrong: one line that says what and how to mend it, exit status 1, and no guest was started.

import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { NODE_ARGUMENTS } from '../../src/cli/host.ts';
import { bzImage, multibootElf } from '../firmware/images.ts';
import { guest, powerOff, print } from './guests.ts';
import { Folder, transvisor } from './program.ts';

const folder = new Folder();
afterAll(() => folder.remove());

/** Says that it runs, then powers off. */
const kernel = folder.file('kernel', guest(print('started'), powerOff));

async function refused(args: readonly string[], says: RegExp): Promise<void> {
  const { status, stdout, stderr } = await transvisor(['run', ...args]);
  expect(stderr).toMatch(says);
  expect(stderr).toMatch(/^transvisor: [^\n]*[;(][^\n]*\n$/); // one line with a mend
  expect(stdout).toBe('');
  expect(status).toBe(1);
}

test('the kernel of these tests runs', async () => {
  expect(await transvisor(['run', kernel])).toEqual({ status: 0, stdout: 'started', stderr: '' });
});

describe('kernels', () => {
  const linux = bzImage();
  const cases: readonly [what: string, args: () => string[], says: RegExp][] = [
    ['missing', () => [folder.file('missing')], /kernel .*missing: no such file/],
    ['a directory', () => [folder.path], /is a directory/],
    ['empty', () => [folder.file('empty', '')], /the file is empty/],
    ['a truncated bzImage', () => [folder.file('cut', linux.subarray(0, -100))], /truncated.*fetch it again/],
    [
      'truncated in the setup code',
      () => [folder.file('setup', linux.subarray(0, 1000))],
      /truncated within its setup/,
    ],
    ['a truncated ELF file', () => [folder.file('elf', multibootElf().subarray(0, 0x1020))], /elf: .*truncated/],
    ['an ELF file for ARM', () => [folder.file('arm', multibootElf({ multibootFlags: 3, machine: 40 }))], /ARM/],
    ['a 64-bit ELF file', () => [folder.file('64', multibootElf({ elfClass: 2, machine: 62 }))], /64-bit.*x86-64/],
    ['an x86-64 Linux', () => [folder.file('amd64', bzImage({ xloadflags: 1 }))], /x86-64 kernel.*i386/],
    ['text', () => [folder.file('text', 'hello, world\n')], /not a kernel that can be booted/],
    ['given twice', () => ['--kernel', kernel, kernel], /two kernels/],
  ];
  test.each(cases)('%s', (_, args, says) => refused(args(), says));
});

describe('initrd', () => {
  test('larger than memory', () =>
    refused(
      ['-m', '32M', '--initrd', folder.file('big', new Uint8Array(40 << 20)), folder.file('linux', bzImage())],
      /big: initrd of 40 MiB does not fit.*--memory/,
    ));
  test('missing', () => refused(['--initrd', folder.file('nothing'), kernel], /initrd .*nothing: no such file/));
  test('without a kernel', () => refused(['--initrd', kernel], /--initrd without a kernel/));
  test('a module too large', () =>
    refused(['-m', '1M', '--initrd', folder.file('module', new Uint8Array(1 << 20)), kernel], /--memory/));
});

describe('option values', () => {
  test.each([
    ['-m', '1023K', /1M to 1G/],
    ['-m', '1025M', /1M to 1G/],
    ['--memory', '2G', /1M to 1G/],
    ['-m', '0', /1M to 1G/],
    ['-m', '1048577K', /1M to 1G/],
    ['-m', 'lots', /such as 256M/],
    ['-m', '-256M', /such as 256M/],
    ['-m', '1.0001M', /multiple of 4K/],
    ['--timeout', '0', /seconds, such as/],
    ['--timeout', 'soon', /seconds, such as/],
    ['--timeout', '1e9', /seconds, such as/],
    ['--until', '(', /regular expression/],
    ['--until', '', /regular expression/],
    ['--serial', 'modem', /stdio, file:NAME or none/],
    ['--serial', 'file:', /stdio, file:NAME or none/],
    ['--engine', 'turbo', /interpreter or reference/],
    ['--code', 'wat', /webassembly or asm\.js/],
    ['--clock', 'sundial', /host or virtual/],
    ['--trace', 'io,nonsense', /no channel 'nonsense'.*io,.*irq/],
  ])('%s %s', (option, value, says) => refused([option, value, kernel], says));

  test('unknown option', () => refused(['--memroy', '1G', kernel], /unknown option '--memroy'.*--memory.*--help/));
  test('missing value', () => refused([kernel, '--append'], /--append <text>.*missing/));
  test('too many images', () => refused([kernel, kernel], /too many arguments/));
  test('unknown command', async () => {
    const { status, stderr } = await transvisor(['rnu']);
    expect(stderr).toMatch(/^transvisor: unknown command 'rnu'.*run.*--help\n$/);
    expect(status).toBe(1);
  });
});

describe('files to be written are opened before the guest starts', () => {
  const nowhere = folder.file('no/such/place');
  test.each([
    ['--stats', nowhere],
    ['--stats', folder.path],
    ['--debugcon', nowhere],
    ['--serial', `file:${nowhere}`],
  ])('%s %s', (option, path) => refused([option, path, kernel], /no such file or directory|is a directory/));

  test('statistics in a folder that takes no files', () => refused(['--stats', '/proc/statistics', kernel], /\/proc/));

  test('an error after that leaves no trace', async () => {
    const place = folder.file('stats');
    mkdirSync(place);
    await refused(['--stats', `${place}/file.json`, folder.file('gone')], /no such file/);
    expect(readdirSync(place)).toEqual([]);
    expect(existsSync(`${place}/file.json`)).toBe(false);
  });
});

test('docs/cli.md describes every option', async () => {
  const { stdout } = await transvisor(['run', '--help']);
  const documented = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');
  const options = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option as string);
  expect(options.length).toBeGreaterThan(10);
  expect(options.filter((option) => !documented.includes(`\`${option}`))).toEqual([]);
});

test('help and version', async () => {
  const help = await transvisor(['run', '--help']);
  expect(help.status).toBe(0);
  expect(help.stdout).toMatch(/Examples:[\s\S]*Ctrl-A x[\s\S]*Exit status: 0/);
  const version = await transvisor(['--version']);
  expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(version.status).toBe(0);
});

test('every way to start the program has the same arguments of Node', () => {
  const words = `node ${NODE_ARGUMENTS.join(' ')} `;
  const file = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  expect(`${file('src/cli/main.ts').split('\n')[0]} `).toBe(`#!/usr/bin/env -S ${words}`);
  const { scripts } = JSON.parse(file('package.json')) as { scripts: Record<string, string> };
  for (const name of ['start', 'transvisor', 'bench:micro']) expect(scripts[name]).toMatch(words);
});
