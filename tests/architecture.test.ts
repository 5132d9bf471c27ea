// The rules of the house: imports run one way, devices know nothing of the machine, text becomes code in one place, and
// the core needs no host. Type-only imports count like any other: no area needs an exception.

import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'acorn';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What each area may import besides itself. What a row of the table lists, it lists with reason: lib <- isa ... */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  isa: ['lib'],
  memory: ['lib'],
  // A drive knows the contract of its medium.
  devices: ['lib', 'storage'],
  storage: ['lib'],
  net: ['lib'],
  firmware: ['lib'],
  cpu: ['lib', 'isa', 'memory'],
  translator: ['lib', 'isa', 'memory', 'cpu'],
  machine: ['lib', 'isa', 'memory', 'cpu', 'devices', 'storage', 'net', 'firmware'],
  debug: ['lib', 'isa', 'memory', 'cpu', 'machine'],
};
/** The outermost areas import what they like. */
const OUTERMOST = new Set(['cli', 'web', 'index.ts']);

/** Packages by who may import them. */
const PACKAGES: Readonly<Record<string, (path: string) => boolean>> = {
  acorn: (path) => path.startsWith('translator/'),
  astring: (path) => path.startsWith('translator/'),
  commander: (path) => path.startsWith('src/cli/'),
};

/** Where the host's modules and globals may be used. */
const ON_NODE = /^(src\/cli\/|src\/storage\/node|src\/net\/node|translator\/gen\/)/;
const HOST_GLOBALS = new Set(['process', 'Buffer', 'require', '__dirname', '__filename']);

/** The one file that makes code of text. */
const COMPILER = 'translator/compile.ts';

interface Source {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

/** A node of the syntax tree, by its fields. */
type Node = Readonly<Record<string, unknown>> & { readonly type: string };

const isNode = (v: unknown): v is Node => typeof v === 'object' && v !== null && typeof (v as Node).type === 'string';

const sources: Source[] = ['src', 'translator'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((f) => f.isFile() && /\.(ts|js)$/.test(f.name))
    .map((f) => {
      const path = relative(ROOT, join(f.parentPath, f.name));
      const text = readFileSync(join(ROOT, path), 'utf8');
      const found = text.matchAll(
        /^(?:import|export)\b[^;'"]*?\bfrom\s+'([^']+)'|^import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm,
      );
      return { path, text, imports: [...found].map((m) => (m[1] ?? m[2] ?? m[3]) as string) };
    }),
);

/** `devices` of src/devices/uart16550.ts; `translator`; `index.ts`. */
const areaOf = (path: string): string =>
  path.startsWith('translator/') ? 'translator' : (path.split('/')[1] as string);

const resolve = (from: Source, specifier: string): string => normalize(join(dirname(from.path), specifier));

/** All nodes of a file's syntax tree, with the node above each. */
function* nodesOf(source: Source): Generator<readonly [Node, Node | undefined]> {
  const text = source.path.endsWith('.ts') ? stripTypeScriptTypes(source.text) : source.text;
  const root = parse(text, { ecmaVersion: 'latest', sourceType: 'module' }) as unknown as Node;
  const stack: [Node, Node | undefined][] = [[root, undefined]];
  for (let next = stack.pop(); next; next = stack.pop()) {
    yield next;
    for (const value of Object.values(next[0])) {
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) stack.push([child, next[0]]);
    }
  }
}

/** Names that are used, not declared as properties or keys. */
function* globalsOf(source: Source): Generator<readonly [string, Node | undefined]> {
  for (const [node, above] of nodesOf(source)) {
    if (node.type !== 'Identifier') continue;
    const isName = above?.type === 'MemberExpression' && above.property === node && above.computed !== true;
    const isKey =
      (above?.type === 'Property' || above?.type === 'MethodDefinition' || above?.type === 'PropertyDefinition') &&
      above.key === node;
    if (!isName && !isKey) yield [node.name as string, above];
  }
}

const programs = sources.filter((s) => !s.path.endsWith('.d.ts') && !s.path.includes('/generated/'));

test('imports run one way', () => {
  expect(sources.length).toBeGreaterThan(100);
  const wrong = sources.flatMap((s) =>
    s.imports
      .filter((i) => i.startsWith('.'))
      .map((i) => resolve(s, i))
      .filter((to) => {
        const [from, into] = [areaOf(s.path), areaOf(to)];
        return from !== into && !OUTERMOST.has(from) && !MAY_IMPORT[from]?.includes(into);
      })
      .map((to) => `${s.path} imports ${to}`),
  );
  expect(wrong).toEqual([]);
});

test('every area has its row', () => {
  const areas = new Set(sources.map((s) => areaOf(s.path)).filter((a) => !OUTERMOST.has(a)));
  expect([...areas].filter((a) => !(a in MAY_IMPORT))).toEqual([]);
});

test('a device imports neither the processor, nor memory, nor the machine', () => {
  const wrong = sources
    .filter((s) => s.path.startsWith('src/devices/'))
    .flatMap((s) => s.imports.map((i) => [s.path, resolve(s, i)] as const))
    .filter(([, to]) => /^src\/(cpu|isa|memory|machine|firmware)\//.test(to));
  expect(wrong).toEqual([]);
});

test('there are no circles among areas', () => {
  for (const [area, list] of Object.entries(MAY_IMPORT)) {
    for (const other of list) expect(MAY_IMPORT[other] ?? [], `${area} and ${other}`).not.toContain(area);
  }
});

test('packages are imported where they belong', () => {
  const wrong = sources.flatMap((s) =>
    s.imports
      .filter((i) => !i.startsWith('.') && !i.startsWith('node:'))
      .filter((i) => !PACKAGES[i]?.(s.path))
      .map((i) => `${s.path} imports ${i}`),
  );
  expect(wrong).toEqual([]);
});

test('the core needs no host: no module of Node, none of its globals', () => {
  const core = programs.filter((s) => !ON_NODE.test(s.path));
  const modules = core.flatMap((s) =>
    s.imports.filter((i) => i.startsWith('node:')).map((i) => `${s.path} imports ${i}`),
  );
  expect(modules).toEqual([]);
  const globals = core.flatMap((s) =>
    [...globalsOf(s)].filter(([name]) => HOST_GLOBALS.has(name)).map(([name]) => `${s.path}: ${name}`),
  );
  expect(globals).toEqual([]);
});

test('text becomes code in one place', () => {
  const makers = sources
    .filter((s) => !s.path.endsWith('.d.ts'))
    .filter((s) => [...globalsOf(s)].some(([name]) => name === 'Function' || name === 'eval'))
    .map((s) => s.path);
  expect(makers).toEqual([COMPILER]);
});

test('generated files say so, and are in folders of that name', () => {
  for (const s of sources.filter((f) => f.path.endsWith('.js'))) {
    expect(s.path).toContain('/generated/');
    expect(s.text.split('\n')[0]).toBe('// Generated by translator/gen from src/isa/semantics. Do not edit.');
    expect(s.imports).toEqual([]);
  }
});

test('a file opens with what it models', () => {
  const silent = programs.filter((s) => !/^(#!.*\n)?(\/\/ |\/\*\*? )/.test(s.text)).map((s) => s.path);
  expect(silent).toEqual([]);
});
