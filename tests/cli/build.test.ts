// The package as it is published: built by tsc, run without TypeScript.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { guest, powerOff, print } from './guests.ts';
import { Folder } from './program.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = new Folder();
afterAll(() => folder.remove());

beforeAll(() => {
  const tsc = join(root, 'node_modules/.bin/tsc');
  const args = ['-p', join(root, 'tsconfig.build.json'), '--outDir', folder.file('dist')];
  const { status, stdout } = spawnSync(tsc, args, { encoding: 'utf8' });
  expect(stdout).toBe('');
  expect(status).toBe(0);
  // As the script `build` of package.json does.
  for (const part of ['src/cpu', 'translator']) {
    cpSync(join(root, part, 'generated'), folder.file(`dist/${part}/generated`), { recursive: true });
  }
  cpSync(join(root, 'package.json'), folder.file('package.json'));
  symlinkSync(join(root, 'node_modules'), folder.file('node_modules'));
});

test('the program', () => {
  const kernel = folder.file('kernel', guest(print('built'), powerOff));
  const main = folder.file('dist/src/cli/main.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'run', kernel], { encoding: 'utf8' });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'built', stderr: '' });
});

test('the declarations, as a user of the package sees them', () => {
  const user = folder.file('user');
  mkdirSync(join(user, 'node_modules'), { recursive: true });
  symlinkSync(folder.path, join(user, 'node_modules/transvisor'));
  symlinkSync(join(root, 'node_modules/@types'), join(user, 'node_modules/@types'));
  folder.file('user/package.json', '{ "type": "module" }');
  folder.file(
    'user/user.ts',
    `import { type Exit, Machine } from 'transvisor';
     await using machine = await Machine.create({ memoryBytes: 2 ** 20 }, { signal: AbortSignal.timeout(1) });
     const off: () => void = machine.on('serial', (chunk) => console.log(chunk.byteLength));
     const exit: Exit = await machine.run();
     // @ts-expect-error there is no such event
     machine.on('nothing', off);
     // @ts-expect-error an exit has a status only with some reasons
     exit.status;`,
  );
  const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2024', '--types', 'node'];
  const lib = ['--lib', 'es2024,esnext.disposable'];
  const tsc = join(root, 'node_modules/.bin/tsc');
  const { stdout } = spawnSync(tsc, [...options, ...lib, 'user.ts'], { cwd: user, encoding: 'utf8' });
  expect(stdout).toBe('');
});
