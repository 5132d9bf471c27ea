// The page that `transvisor dump --html` makes, in a browser; and the layout of its graphs.

import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { html } from '../../translator/explain/html.ts';
import { BOX_HEIGHT, BOX_WIDTH, layout } from '../../translator/explain/layout.ts';
import type { RegionReport } from '../../translator/explain/region.ts';
import { Folder, transvisor } from '../cli/program.ts';
import { noBrowser, render } from './browser.ts';

const folder = new Folder();
afterAll(() => folder.remove());
const count = (text: string, part: string | RegExp): number => text.split(part).length - 1;

/** The document without the JSON that it was made from. */
const withoutData = (dom: string): string => dom.replace(/<script type="application\/json"[\s\S]*?<\/script>/, '');

describe('the demo guest', () => {
  const page = folder.file('demo.html');
  let regions: readonly RegionReport[];
  beforeAll(async () => {
    const { status, stdout, stderr } = await transvisor(['dump', '--stages', '--html', page]);
    expect([status, stdout, stderr]).toEqual([0, '', '']);
    const [, data] = /<script type="application\/json" id="data">(.*)<\/script>/.exec(readFileSync(page, 'utf8')) ?? [];
    regions = (JSON.parse(data as string) as { regions: readonly RegionReport[] }).regions;
    expect(regions.length).toBeGreaterThan(3);
  });

  test('the page needs nothing else', () => {
    const text = readFileSync(page, 'utf8');
    expect(text).toContain("default-src 'none'");
    expect(text).not.toMatch(/\s(src|href)="|url\((?!#)|@import/);
    expect(text.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:/);
    expect(text).toContain('prefers-color-scheme: dark');
  });

  test.skipIf(noBrowser)(`lists the regions and shows the hottest${noBrowser}`, () => {
    const { dom: whole, console } = render(page);
    expect(console).toEqual([]);
    const dom = withoutData(whole);
    const [hottest] = regions as [RegionReport];
    expect(count(dom, /<a href="#region\d+"(?: aria-current="page")?><div class="name">/)).toBe(regions.length);
    for (const r of regions) expect(dom).toContain(`<div class="name">${r.name}</div>`);
    expect(dom).toContain(`<h2>${hottest.name}</h2>`);
    // Each block is in the graph, the guest code and, for what has code, the JavaScript.
    const svg = dom.slice(dom.indexOf('<svg'), dom.indexOf('</svg>'));
    expect(count(svg, '<g ')).toBe(hottest.blocks.length);
    expect(count(svg, 'marker-end')).toBe(hottest.blocks.flatMap((b) => b.successors).length);
    const text = dom.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
    for (const line of hottest.javascript) expect(text).toContain(line.text);
    for (const i of hottest.blocks.flatMap((b) => b.instructions)) expect(text).toContain(i.text);
    expect(dom).toMatch(/class="block" data-block="\d+" style="background: rgba\(var\(--heat\), 0\.3/);
  });

  test.skipIf(noBrowser)(`shows another region by its link${noBrowser}`, () => {
    const last = regions[regions.length - 1] as RegionReport;
    const { dom, console } = render(page, `#region${last.number}`);
    expect(console).toEqual([]);
    expect(withoutData(dom)).toContain(`<h2>${last.name}</h2>`);
  });
});

test.skipIf(noBrowser)(`names of symbols are text in the page${noBrowser}`, async () => {
  const evil = '</script><script>document.title="broken"</script><img/src=x/onerror=document.title="broken">';
  // The demo guest is loaded from 1 MiB on: all of its code is in this function.
  const map = folder.file('hostile.map', `00100000 T ${evil}\n00200000 T end\n`);
  const page = folder.file('hostile.html');
  expect((await transvisor(['dump', '--symbols', map, '--html', page])).status).toBe(0);
  const { dom: whole, console } = render(page);
  expect(console).toEqual([]);
  const dom = withoutData(whole);
  expect(dom).toContain('<title>transvisor dump</title>');
  expect(dom).toContain(evil.replaceAll('<', '&lt;').replaceAll('>', '&gt;'));
  expect(dom).not.toContain('<img');
});

test.skipIf(noBrowser)(`a run without regions has a page too${noBrowser}`, () => {
  const page = folder.file('empty.html');
  writeFileSync(page, html([], { title: 'nothing', made: 0 }));
  const { dom, console } = render(page);
  expect(console).toEqual([]);
  expect(dom).toContain('No region was made');
});

test.skipIf(noBrowser)(`an error of a script, and what the policy refuses, would be seen${noBrowser}`, () => {
  const page = folder.file('broken.html', html([], { title: 'x', made: 0 }).replace('list();', 'missing(); list();'));
  expect(render(page).console.join()).toMatch(/missing is not defined/);
  const fetching = html([], { title: 'x', made: 0 }).replace('</main>', '</main><img src="file:///x.png">');
  expect(render(folder.file('fetching.html', fetching)).console.join()).toMatch(/Content Security Policy/);
});

describe('layout', () => {
  /** An if with two arms, a loop around it, and a block that leaves. */
  const graph = new Map<number, readonly number[]>([
    [1, [2, 3]],
    [2, [4]],
    [3, [4]],
    [4, [1, 5]],
    [5, []],
  ]);

  test('successors stand below, unless they close a loop', () => {
    const { boxes, edges } = layout(graph, 1);
    const y = new Map(boxes.map((b) => [b.id, b.y]));
    expect(edges.filter((e) => e.back).map((e) => [e.from, e.to])).toEqual([[4, 1]]);
    for (const e of edges.filter((x) => !x.back))
      expect(y.get(e.to)).toBeGreaterThan((y.get(e.from) as number) + BOX_HEIGHT);
  });

  test('boxes do not overlap, and are within the picture', () => {
    const many = new Map(Array.from({ length: 60 }, (_, k) => [k, [(k * 7 + 1) % 60, (k * 13 + 5) % 60]] as const));
    const { boxes, edges, width, height } = layout(many, 0);
    expect(boxes).toHaveLength(60);
    expect(edges.length).toBeGreaterThan(60);
    for (const a of boxes) {
      expect(a.x >= 0 && a.y >= 0 && a.x + BOX_WIDTH <= width && a.y + BOX_HEIGHT <= height).toBe(true);
      for (const b of boxes) {
        const apart = Math.abs(a.x - b.x) >= BOX_WIDTH || Math.abs(a.y - b.y) >= BOX_HEIGHT;
        expect(a === b || apart).toBe(true);
      }
    }
  });

  test('a block alone, a block that follows itself, a successor that is elsewhere', () => {
    expect(layout(new Map([[7, []]]), 7).boxes).toHaveLength(1);
    expect(layout(new Map([[7, [7]]]), 7).edges).toMatchObject([{ from: 7, to: 7, back: true }]);
    expect(layout(new Map([[7, [8]]]), 7).edges).toEqual([]);
  });
});
