// `transvisor dump --html` of a boot of Debian's kernel: the hottest regions have the names of kernel functions, which
// are those of the guest's own /proc/kallsyms (addresses are random in every boot), and the page opens in a browser.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RegionReport } from '../../translator/explain/region.ts';
import { Folder, transvisor } from '../cli/program.ts';
import { noBrowser, render } from '../translator/browser.ts';
import { bootOptions, found } from './debian.ts';

const linux = await found('linux-686');
const folder = new Folder();
afterAll(() => folder.remove());

/** Linux's half of the address space. */
const KERNEL = 0xc0000000;

describe.skipIf(linux.reason)(`the 100 hottest regions of ${linux.title}`, () => {
  const page = folder.file('linux.html');
  const serial = folder.file('serial.txt');
  let regions: readonly RegionReport[];
  beforeAll(async () => {
    const guest = bootOptions(linux.guest, 'tv_run="cat /proc/kallsyms"');
    const { status, stderr } = await transvisor([
      'dump',
      '--top',
      '100',
      '--html',
      page,
      '--serial',
      `file:${serial}`,
      ...guest,
    ]);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const [, data] = /<script type="application\/json" id="data">(.*)<\/script>/.exec(readFileSync(page, 'utf8')) ?? [];
    regions = (JSON.parse(data as string) as { regions: readonly RegionReport[] }).regions;
    expect(regions).toHaveLength(100);
  });

  test('have the names that the kernel knows', () => {
    const known = new Map<string, Set<number>>();
    for (const [, address, name] of readFileSync(serial, 'latin1').matchAll(/^([0-9a-f]{8}) [tTwW] (\S+)\r?$/gm)) {
      const addresses = known.get(name as string) ?? new Set();
      known.set(name as string, addresses.add(Number.parseInt(address as string, 16)));
    }
    expect(known.size).toBeGreaterThan(20_000);
    const ofKernel = regions.filter((r) => r.entry.linear >= KERNEL);
    expect(ofKernel.length).toBeGreaterThan(20);
    const strangers = ofKernel.filter((r) => {
      const [name, offset = '0'] = (r.entry.symbol ?? '').split('+');
      return !known.get(name as string)?.has(r.entry.linear - Number(offset));
    });
    expect(strangers.map((r) => [r.entry.linear.toString(16), r.entry.symbol])).toEqual([]);
    const [first] = ofKernel as [RegionReport];
    expect(first.name).toMatch(/^region\d+_[A-Za-z]\w*$/);
  });

  test.skipIf(noBrowser)(`open in a browser${noBrowser}`, () => {
    const { dom, console } = render(page);
    expect(console).toEqual([]);
    for (const r of regions) expect(dom).toContain(`<div class="name">${r.name}</div>`);
    expect(dom).toMatch(/<svg [^>]*>/);
  });
});
