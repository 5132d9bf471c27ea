// The fast engines against the reference, which is the arbiter: on the virtual clock all run the same instructions at
// the same times, so at any count of retired instructions nothing may differ: registers, flags, segments, control
// registers, x87 and SSE state, all of memory, time, output.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { demoImage } from '../../guests/demo/build.ts';
import { hostTrained, prepareHost } from '../../src/cli/host.ts';
import { type EngineChoice, Machine, type MachineOptions } from '../../src/index.ts';
import { Translator } from '../../translator/engine.ts';
import { bootOptions, found } from './debian.ts';
import { differences, Relay } from './lock-step.ts';

const MIB = 2 ** 20;
const translator: EngineChoice = (cpu, memory) => new Translator(cpu, memory);

prepareHost();

/** A machine, and what it has sent by COM1: a character for each byte. */
interface Watched {
  readonly machine: Machine;
  readonly output: string;
}

function watched(engine: EngineChoice, options: MachineOptions): Watched {
  let output = '';
  const serial = {
    write(byte: number): void {
      output += String.fromCharCode(byte);
    },
  };
  const machine = new Machine({ ...options, engine, clock: 'virtual', serial });
  hostTrained();
  return {
    machine,
    get output() {
      return output;
    },
  };
}

describe.each([
  ['interpreter', 'interpreter'],
  ['translator', translator],
] as const)('%s', (_, engine) => {
  test('the demo guest, from its first instruction to power-off, compared every 200,000', () => {
    const options: MachineOptions = {
      memoryBytes: 16 * MIB,
      kernel: { name: 'demo.bin', bytes: readFileSync(demoImage) },
      commandLine: 'batch',
    };
    const fast = watched(engine, options);
    const arbiter = watched('reference', options);
    for (let count = 200_000; !ended(fast.machine) && !ended(arbiter.machine); count += 200_000) {
      fast.machine.runTo(count);
      arbiter.machine.runTo(count);
      expect(differences(fast.machine, arbiter.machine), `at ${count} instructions`).toEqual([]);
    }
    expect(fast.machine.ended).toEqual({ reason: 'power-off' });
    expect(arbiter.machine.ended).toEqual({ reason: 'power-off' });
    expect(fast.output).toMatch(/demo: passed/);
    expect(fast.output).toBe(arbiter.output);
  });
});

const { reason, title, guest } = await found('linux-686-pae');

describe.skipIf(reason)(`Debian ${title}`, () => {
  // One machine translates, the other interprets, and of each stretch the arbiter runs the first part: it is 20 times
  // slower than the interpreter.
  const STRETCH = 250_000_000;
  const SAMPLE = 8_000_000;

  test('its whole boot, sampled', () => {
    const options: MachineOptions = {
      memoryBytes: 96 * MIB,
      kernel: { name: guest.kernel, bytes: readFileSync(guest.kernel) },
      modules: [{ name: guest.initrd, bytes: readFileSync(guest.initrd) }],
      commandLine: bootOptions(guest, 'tv_run="gzip < /bin/busybox | md5sum; ls -l /proc; ps"').at(-1) as string,
    };
    const fast = watched(translator, options);
    let relay: Relay | undefined;
    const sampled = watched((cpu, memory) => {
      relay = new Relay(cpu, memory);
      return relay;
    }, options);
    for (let from = 0; !ended(fast.machine) && !ended(sampled.machine); from += STRETCH) {
      fast.machine.runTo(from + SAMPLE);
      relay?.arbitrate(true);
      sampled.machine.runTo(from + SAMPLE);
      expect(differences(fast.machine, sampled.machine), `${SAMPLE} instructions from ${from} on`).toEqual([]);
      relay?.arbitrate(false);
      fast.machine.runTo(from + STRETCH);
      sampled.machine.runTo(from + STRETCH);
      expect(differences(fast.machine, sampled.machine), `at ${from + STRETCH} instructions`).toEqual([]);
    }
    expect(fast.machine.ended).toEqual({ reason: 'power-off' });
    expect(sampled.machine.ended).toEqual({ reason: 'power-off' });
    expect(fast.output).toMatch(/transvisor: exit status 0/);
    expect(fast.output).toBe(sampled.output);
  });
});

function ended(machine: Machine): boolean {
  return machine.ended !== undefined;
}
