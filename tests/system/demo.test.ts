// The embedded demo guest, as `npm start` runs it.

import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { Run, root, runToEnd } from './transvisor.ts';

const PROMPT = /demo> /;

describe('the demo guest', () => {
  test('npm start with nobody at the keyboard: shows, tests itself, powers off', () => {
    const { status, stdout, stderr } = spawnSync('npm', ['start'], { cwd: root, input: '', encoding: 'latin1' });
    expect(stdout).toMatch(/summary: \d+ checks passed, 0 failed/);
    expect(stdout).toMatch(/demo: passed\s+powering off\s+$/);
    expect(stdout).not.toMatch(/FAIL|WRONG|panic/);
    expect(stderr).not.toMatch(/transvisor/); // npm may have words of its own
    expect(status).toBe(0);
  });

  test('on the virtual clock, two runs are the same run', async () => {
    const first = await runToEnd(['--clock', 'virtual']);
    const second = await runToEnd(['--clock', 'virtual']);
    expect(first.status).toBe(0);
    expect(first.output).toMatch(/demo: passed/);
    expect(second.output).toBe(first.output);
    expect(second.stats.instructions.retired).toBe(first.stats.instructions.retired);
    expect(second.stats.guestSeconds).toBe(first.stats.guestSeconds);
    expect(second.stats.interrupts).toEqual(first.stats.interrupts);
  });

  test('its monitor does what is typed, from a pipe', async () => {
    await using run = new Run(['--kernel', 'guests/demo/demo.bin'], 'pipe');
    const ask = async (command: string): Promise<string> => {
      run.type(`${command}\r`);
      const [, answer = ''] = await run.waitFor(/\r\n([\s\S]*?)demo> /);
      return answer;
    };
    await run.waitFor(PROMPT);
    expect(await ask('help')).toMatch(/peek ADDRESS: 64 bytes/);
    expect(await ask('ps')).toMatch(/1 {2}monitor +\d+ {2}running/);
    // The Multiboot magic at the start of the image, at 1 MiB.
    expect(await ask('peek 100000')).toMatch(/00100000 {2}02 B0 AD 1B/);
    expect(await ask('poke 80001000 12345678')).not.toMatch(/#PF/);
    expect(await ask('peek 80001000')).toMatch(/80001000 {2}78 56 34 12/);
    expect(await ask('poke 100000 1')).toMatch(/error code 0003, CR2 00100000: write to a page without the right to/);
    expect(await ask('peek 0')).toMatch(/#PF at 0008:[0-9A-F]{8} in task monitor, error code 0000, CR2 00000000/);
    expect(await ask('fault de')).toMatch(/#DE at 0008:[0-9A-F]{8} in task monitor/);
    expect(await ask('regs')).toMatch(/CR0 [8E]0010011/);
    expect(await ask('helq\x7fp')).toMatch(/this list/);
    expect(await ask('nonsense')).toMatch(/no such command/);
    expect(await ask('bench')).not.toMatch(/WRONG/);
    expect(await ask('test')).toMatch(/demo: passed/);
    run.type('reboot\r');
    await run.waitFor(/Transvisor demo guest[\s\S]*demo> /);
    expect(await ask('peek 80001000')).not.toMatch(/78 56 34 12/);
    run.type('halt\r');
    const { status, errors } = await run.ended;
    expect(errors).toBe('');
    expect(status).toBe(0);
  });
});
