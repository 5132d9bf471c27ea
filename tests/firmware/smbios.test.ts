// SMBIOS tables, read by dmidecode where it is installed and by the specification's own checks everywhere.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Load } from '../../src/firmware/plan.ts';
import { smbiosLoads, smbiosTables } from '../../src/firmware/smbios.ts';

const sum = (bytes: Uint8Array) => bytes.reduce((total, byte) => (total + byte) & 255, 0);

test('entry point: checksums, length, count and the largest structure', () => {
  const { anchor, tables } = smbiosTables(256 << 20, 0xf9020);
  expect([sum(anchor), sum(anchor.subarray(16))]).toEqual([0, 0]);
  const view = new DataView(anchor.buffer);
  expect([view.getUint16(22, true), view.getUint32(24, true)]).toEqual([tables.length, 0xf9020]);
  let [count, largest, at] = [0, 0, 0];
  const types: number[] = [];
  while (at < tables.length) {
    const start = at;
    types.push(tables[at] as number);
    at += tables[at + 1] as number;
    while (tables[at] !== 0 || tables[at + 1] !== 0) at++;
    at += 2;
    count++;
    largest = Math.max(largest, at - start);
  }
  expect([count, largest]).toEqual([view.getUint16(28, true), view.getUint16(8, true)]);
  expect(types).toEqual([0, 1, 3, 4, 16, 17, 19, 32, 127]);
});

test('in a direct boot they lie in the BIOS segment, on a paragraph', () => {
  const [anchor, tables] = smbiosLoads(64 << 20) as [Load, Load];
  expect(anchor.address % 16).toBe(0);
  expect(anchor.address).toBeGreaterThanOrEqual(0xf0000);
  expect(tables.address).toBeGreaterThanOrEqual(anchor.address + anchor.size);
  expect(tables.address + tables.size).toBeLessThan(0xfc000); // the built-in BIOS
});

test('dmidecode reads them', ({ skip }) => {
  const directory = mkdtempSync(join(tmpdir(), 'smbios-'));
  try {
    const { anchor, tables } = smbiosTables(96 << 20, 32);
    const dump = new Uint8Array(32 + tables.length);
    dump.set(anchor);
    dump.set(tables, 32);
    writeFileSync(join(directory, 'dump'), dump);
    let text = '';
    try {
      text = execFileSync('dmidecode', ['--from-dump', join(directory, 'dump')], {
        encoding: 'utf8',
        env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') skip('dmidecode is not installed');
      throw error;
    }
    expect(text).toContain('SMBIOS 2.8 present.');
    expect(text).toContain('Product Name: Transvisor PC (i440FX)');
    expect(text).toContain('Size: 96 MB');
    expect(text).toContain('System is a virtual machine');
    expect(text).not.toMatch(/invalid|broken|truncated|out of spec/i);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
