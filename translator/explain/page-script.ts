// Script of the page that html.ts makes. It runs in the reader's browser: plain JavaScript, nothing imported. Text gets
// into the page by textContent alone.

export const SCRIPT = `
'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const SVG = 'http://www.w3.org/2000/svg';
const hex = (n) => '0x' + n.toString(16).padStart(8, '0');
const count = (n) => n.toLocaleString('en-US');

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Share of the region's hottest block: its root, so that a hundredth is still seen. */
function heatOf(region) {
  const most = Math.max(1, ...region.blocks.map((b) => b.executions));
  return new Map(region.blocks.map((b) => [b.address, Math.sqrt(b.executions / most)]));
}

const shade = (heat) => heat > 0 ? 'background: rgba(var(--heat), ' + (0.04 + 0.26 * heat).toFixed(3) + ')' : '';
const where = (address, symbol) => hex(address) + (symbol === undefined ? '' : ' ' + symbol);

function list() {
  const most = Math.max(...data.regions.map((r) => r.heat.instructions), 1);
  document.getElementById('what').textContent =
    data.title + ': ' + data.regions.length + ' of ' + data.made + ' regions, hottest first';
  for (const r of data.regions) {
    const bar = make('div', { class: 'bar', style: 'width: ' + (100 * r.heat.instructions / most).toFixed(2) + '%' });
    const heat = (100 * r.heat.share).toFixed(1) + ' %, ' + count(r.heat.entries) + ' entries';
    const link = make('a', { href: '#region' + r.number }, make('div', { class: 'name' }, r.name),
      make('div', { class: 'weak' }, heat), bar);
    document.getElementById('regions').append(make('li', {}, link));
  }
}

function facts(r) {
  const { entry, heat, size } = r;
  const rows = [
    ['entry', where(entry.linear, entry.symbol) + ', physical ' + hex(entry.physical)],
    ['key', r.key.join('; ')],
    ['heat', count(heat.entries) + ' entries, ' + count(heat.instructions) + ' instructions, ' +
      (100 * heat.share).toFixed(1) + ' % of all regions’'],
    ['size', size.instructions + ' instructions in ' + size.blocks + ' blocks, ' + size.guestBytes + ' bytes on ' +
      size.pages + (size.pages === 1 ? ' page' : ' pages') + '; ' + count(size.javascriptBytes) + ' bytes of JavaScript'],
  ];
  if (r.dropped) rows.push(['state', 'thrown out before the end']);
  return make('dl', {}, ...rows.flatMap(([name, text]) => [make('dt', {}, name), make('dd', {}, text)]));
}

function picture(r, heat, pick) {
  const { graph } = r;
  const [width, height] = data.box;
  const arrow = draw('marker', { id: 'arrow', viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 6, markerHeight: 6,
    orient: 'auto-start-reverse' }, draw('path', { d: 'M0 0L8 4L0 8z', style: 'fill: var(--weak); stroke: none' }));
  const svg = draw('svg', { width: graph.width, height: graph.height, role: 'img', 'aria-label': 'graph of blocks' },
    draw('defs', {}, arrow));
  for (const e of graph.edges) {
    svg.append(draw('path', { d: e.path, class: e.back ? 'back' : '', 'marker-end': 'url(#arrow)' }));
  }
  const blocks = new Map(r.blocks.map((b) => [b.address, b]));
  for (const box of graph.boxes) {
    const b = blocks.get(box.id);
    const name = b.kind === 'return' ? 'returns' : b.kind === 'entries' ? 'entries' : b.symbol ?? hex(b.address);
    const g = draw('g', { transform: 'translate(' + box.x + ' ' + box.y + ')', class: 'heated', 'data-block': b.address },
      draw('title', {}, b.kind === 'return' ? 'returns' : b.kind === 'entries' ? 'entries' : where(b.address, b.symbol)),
      draw('rect', { class: 'frame', width, height, rx: 5 }),
      draw('rect', { class: 'heat', width, height, rx: 5, 'fill-opacity': (0.55 * heat.get(b.address)).toFixed(3) }),
      draw('text', { x: 8, y: 16 }, name.length > 24 ? name.slice(0, 23) + '…' : name),
      draw('text', { x: 8, y: 31, class: 'weak' }, b.instructions.length + ' insns × ' + count(b.executions)));
    g.addEventListener('click', () => pick(b.address, true));
    svg.append(g);
  }
  return make('div', { class: 'picture' }, svg);
}

function guest(r, heat, pick) {
  const side = make('div', { class: 'side code', id: 'guest' });
  for (const b of r.blocks) {
    const title = b.kind === 'return' ? 'returns' : b.kind === 'entries' ? 'entries' : where(b.address, b.symbol);
    const block = make('div', { class: 'block', 'data-block': b.address, style: shade(heat.get(b.address)) },
      make('div', { class: 'row' }, title + '   × ' + count(b.executions)));
    for (const i of b.instructions) {
      const target = i.target === undefined ? '' : ' <' + i.target + '>';
      block.append(make('div', { class: 'row', title: i.bytes }, hex(i.address).slice(2) + '  ',
        make('span', { class: i.class }, i.class.padEnd(8)), i.text + target));
    }
    if (b.stages) {
      for (const [name, lines] of [['specialised', b.stages.specialised], ['after passes', b.stages.passes],
          ['with vectors', b.stages.vectors]]) {
        if (!lines) continue;
        block.append(make('details', {}, make('summary', { class: 'row' }, name),
          ...lines.map((line) => make('div', { class: 'row' }, line))));
      }
    }
    block.addEventListener('click', () => pick(b.address, false));
    side.append(block);
  }
  return side;
}

function javascript(r, heat, pick) {
  const side = make('div', { class: 'side code', id: 'javascript' });
  for (const line of r.javascript) {
    const attributes = { class: 'row' };
    if (line.block !== undefined) {
      attributes['data-block'] = line.block;
      attributes.style = shade(heat.get(line.block));
    }
    const row = make('div', attributes, line.text || ' ');
    if (line.block !== undefined) row.addEventListener('click', () => pick(line.block, false));
    side.append(row);
  }
  return side;
}

const EXITS = { chain: 'goes on at', value: 'computed', poll: 'poll at', slow: 'reference at', callout: 'callout at' };

function exits(r) {
  const table = make('table', { id: 'exits' });
  for (const e of r.exits.filter((x) => x.count > 0 || x.kind === 'chain' || x.kind === 'value')) {
    const to = data.regions.find((x) => x.name === e.region);
    const comes = e.kind === 'slow' || e.kind === 'callout' || e.address < 0;
    const on = comes ? '' : to ? make('a', { href: '#region' + to.number }, to.name) : e.region ?? 'interpreter';
    table.append(make('tr', {}, make('td', { class: 'number' }, count(e.count)), make('td', { class: 'weak' }, EXITS[e.kind]),
      make('td', {}, make('code', {}, e.address < 0 ? 'nothing yet' : where(e.address, e.symbol))), make('td', {}, on)));
  }
  return table;
}

function show() {
  const wanted = Number(location.hash.replace('#region', ''));
  const r = data.regions.find((x) => location.hash !== '' && x.number === wanted) ?? data.regions[0];
  const main = document.getElementById('region');
  for (const link of document.querySelectorAll('#regions a')) {
    if (r && link.getAttribute('href') === '#region' + r.number) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  if (!r) {
    main.replaceChildren('No region was made: the guest ran too short, or nothing in it was hot.');
    return;
  }
  const heat = heatOf(r);
  const pick = (address, scroll) => {
    for (const old of main.querySelectorAll('.picked')) old.classList.remove('picked');
    const same = [...main.querySelectorAll('[data-block="' + address + '"]')];
    for (const element of same) element.classList.add('picked');
    for (const side of ['guest', 'javascript']) {
      const first = same.find((element) => element.closest('#' + side));
      if (first && (scroll || !first.matches(':hover'))) first.scrollIntoView({ block: 'nearest' });
    }
  };
  const heading = (text) => make('h3', {}, text);
  main.replaceChildren(make('h2', {}, r.name), facts(r), heading('Blocks'), picture(r, heat, pick),
    heading('Guest code and JavaScript'), make('div', { class: 'sides' }, guest(r, heat, pick), javascript(r, heat, pick)),
    heading('Exits'), exits(r));
  if (r.estree) {
    main.append(make('details', {}, make('summary', {}, 'ESTree'),
      make('div', { class: 'side code' }, ...r.estree.map((line) => make('div', { class: 'row' }, line)))));
  }
  main.scrollTop = 0;
}

document.getElementById('filter').addEventListener('input', (event) => {
  const wanted = event.target.value.toLowerCase();
  [...document.getElementById('regions').children].forEach((item, k) => {
    const r = data.regions[k];
    item.hidden = !(r.name + ' ' + where(r.entry.linear, r.entry.symbol)).toLowerCase().includes(wanted);
  });
});
addEventListener('hashchange', show);
list();
show();
`;
