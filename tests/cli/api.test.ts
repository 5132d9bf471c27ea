// The public API, on guests of a few instructions.

import { expect, test } from 'vitest';
import { Machine, UserError, WaitError } from '../../src/index.ts';
import { echo, flood, guest, haltForEver, idle, openSerial, out8, powerOff, print, spin } from './guests.ts';

const MEMORY = { memoryBytes: 1 << 24 };
const echoes = { ...MEMORY, kernel: { name: 'echo', bytes: guest(openSerial, print('ready\n'), echo, powerOff) } };

function small(...code: readonly (readonly number[])[]): Parameters<typeof Machine.create>[0] {
  return { ...MEMORY, kernel: { name: 'test', bytes: guest(...code) } };
}

async function text(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let all = '';
  for await (const chunk of stream) all += decoder.decode(chunk, { stream: true });
  return all;
}

test('streams: what is written comes back, and the end of the guest ends the stream', async () => {
  const machine = await Machine.create(echoes);
  const output = text(machine.serial.readable);
  const writer = machine.serial.writable.getWriter();
  const exited = machine.run();
  await writer.write(new TextEncoder().encode('one, two\x04'));
  expect(await output).toBe('ready\none, two\x04');
  expect(await exited).toEqual({ reason: 'power-off' });
  expect(machine.ended).toEqual({ reason: 'power-off' });
});

test('a dialogue: each waitFor looks behind the match of the one before', async () => {
  await using machine = await Machine.create(echoes);
  void machine.run();
  await machine.waitFor('ready');
  machine.receive(new TextEncoder().encode('a1b22'));
  expect((await machine.waitFor(/[0-9]+/))[0]).toBe('1');
  const match = await machine.waitFor(/b(?<digits>22)/);
  expect(match.groups?.digits).toBe('22');
  // The last match is consumed: it does not answer again.
  await expect(machine.waitFor('22', { timeout: 50 })).rejects.toThrow(
    /50 ms went by before .*"22"; it ends in .*a1b22/,
  );
});

test('waitFor finds text literally', async () => {
  await using machine = await Machine.create(small(print('a+b (c) [d]'), spin));
  void machine.run();
  expect((await machine.waitFor('a+b (c) ['))[0]).toBe('a+b (c) [');
});

test('waitFor fails when the machine stops first, and at once when it has stopped', async () => {
  const machine = await Machine.create(small(print('bye'), powerOff));
  const early = machine.waitFor('hello');
  void machine.run();
  await expect(early).rejects.toThrow(WaitError);
  await expect(machine.waitFor('hello')).rejects.toThrow('the machine stopped (power-off) before');
  expect((await machine.waitFor('bye'))[0]).toBe('bye');
});

test('events, and the end of a subscription', async () => {
  const events: string[] = [];
  const machine = await Machine.create({ ...small(print('x'), out8(0xe9, 0x79), haltForEver), debugConsole: true });
  machine.on('serial', (chunk) => events.push(`serial ${chunk}`));
  machine.on('debugConsole', (chunk) => events.push(`debug console ${chunk}`));
  machine.on('exit', (exit) => events.push(exit.reason));
  machine.on('exit', () => events.push('never'))();
  await machine.run();
  expect(events).toEqual([`serial ${0x78}`, `debug console ${0x79}`, 'halted-for-ever']);
});

test('a reset by the guest is an event, and the kernel starts again', async () => {
  // Port 92h, bit 0: fast reset.
  await using machine = await Machine.create(small(print('boot\n'), out8(0x92, 0), out8(0x92, 1), spin));
  let resets = 0;
  machine.on('reset', () => {
    if (++resets === 3) machine.stop();
  });
  const exit = await machine.run();
  expect(exit).toEqual({ reason: 'stopped' });
  expect(machine.serial.tail(100)).toBe('boot\nboot\nboot\n');
  expect(machine.statistics().resets).toBe(3);
});

test('a signal stops the machine', async () => {
  const controller = new AbortController();
  const machine = await Machine.create(small(print('on'), idle), { signal: controller.signal });
  void machine.run();
  await machine.waitFor('on');
  controller.abort();
  expect(await machine.exited).toEqual({ reason: 'stopped' });
});

test('a signal that is aborted already makes no machine', async () => {
  await expect(Machine.create(MEMORY, { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
});

test('leaving the scope stops the machine', async () => {
  let exited: Promise<unknown>;
  {
    await using machine = await Machine.create(small(spin));
    exited = machine.run();
  }
  expect(await exited).toEqual({ reason: 'stopped' });
});

test('a machine that never ran can be stopped', async () => {
  const machine = await Machine.create(small(spin));
  await machine[Symbol.asyncDispose]();
  expect(await machine.run()).toEqual({ reason: 'stopped' });
  expect(machine.statistics().instructions.retired).toBe(0);
});

test('an error in the monitor is how the run ends', async () => {
  const machine = await Machine.create(small(print('x'), spin));
  const error = new Error('thrown by a listener');
  machine.on('serial', () => {
    throw error;
  });
  expect(await machine.run()).toEqual({ reason: 'failed', error });
});

test('a machine whose output is not fetched pauses, and nothing is lost', async () => {
  await using machine = await Machine.create({ ...small(flood), clock: 'virtual' });
  const reader = machine.serial.readable.getReader();
  void machine.run();
  let bytes = 0;
  let retired = -1;
  // It runs until the stream is full; then a look at two turns finds no more instructions.
  while (machine.engine.retired() !== retired || retired === 0) {
    retired = machine.engine.retired();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(machine.serial.output.congested).toBe(true);
  while (bytes < 1 << 22) {
    const { value } = await reader.read();
    expect(value?.every((byte) => byte === 0x2e)).toBe(true);
    bytes += value?.length ?? 0;
  }
  expect(machine.engine.retired()).toBeGreaterThan(retired);
  await reader.cancel();
});

test('what cannot be is a UserError', async () => {
  await expect(Machine.create({ memoryBytes: 1000 })).rejects.toThrow(UserError);
  await expect(Machine.create({ kernel: { name: 'text', bytes: new Uint8Array(9) } })).rejects.toThrow(UserError);
});
