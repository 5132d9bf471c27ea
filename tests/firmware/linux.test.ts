// The Linux loader against Documentation/arch/x86/boot.rst and zero-page.rst.
//
// By hand: Debian's linux-image-6.1.0-50-686 with a busybox initramfs was started from this plan by a small boot ROM
// in QEMU 7.2 (pc, pentium3), with 48, 256 and 1024 MiB. It reached user space with the ACPI tables (I/O APIC; noapic;
// noapic nolapic), with the MP table (acpi=off), and with neither; with ACPI it powered off by itself. Without the
// I/O APIC it needs the local APIC in virtual wire mode, as a BIOS would leave it.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseLinux, planLinux } from '../../src/firmware/linux.ts';
import type { BootRequest } from '../../src/firmware/plan.ts';
import { UserError } from '../../src/lib/errors.ts';
import { applied, type BzImageOptions, bzImage, MIB } from './images.ts';

function request(options: BzImageOptions = {}, rest: Partial<BootRequest> = {}): BootRequest {
  return { kernel: { name: 'vmlinuz', bytes: bzImage(options) }, memoryBytes: 64 * MIB, ...rest };
}

const initrd = (bytes: number) => [{ name: 'initrd.img', bytes: new Uint8Array(bytes).fill(7) }];

describe('state at the 32-bit entry point', () => {
  test('is what boot.rst, "32-bit boot protocol" asks for', () => {
    const plan = planLinux(request());
    expect(plan.entry).toBe(0x1000000);
    expect(plan.registers).toMatchObject({ esi: 0x2000, ebp: 0, edi: 0, ebx: 0 });
    expect(plan.code).toEqual({ selector: 0x10, base: 0, limit: 0xffffffff, access: 0xc09b });
    expect(plan.data).toEqual({ selector: 0x18, base: 0, limit: 0xffffffff, access: 0xc093 });
    expect(plan.eflags & 0x200).toBe(0); // interrupts off
    expect(plan.cr0 & 0x80000001).toBe(1); // protected, no paging
  });

  test('loads a GDT that agrees with the segment registers', () => {
    const plan = planLinux(request());
    const memory = applied(plan);
    expect(plan.gdtr.limit).toBe(31);
    expect(memory.u32(plan.gdtr.base + 0x10)).toBe(0x0000ffff);
    expect(memory.u32(plan.gdtr.base + 0x14)).toBe(0x00cf9b00);
    expect(memory.u32(plan.gdtr.base + 0x1c)).toBe(0x00cf9300);
  });
});

describe('zero page', () => {
  test('carries the header, loader type, command line and initrd', () => {
    const plan = planLinux(request({}, { commandLine: 'console=ttyS0 quiet', modules: initrd(5000) }));
    const memory = applied(plan);
    const page = plan.registers.esi;
    expect(memory.u32(page + 0x202)).toBe(0x53726448);
    expect(memory.u8(page + 0x210)).toBe(0xff);
    expect(memory.text(memory.u32(page + 0x228))).toBe('console=ttyS0 quiet');
    expect(memory.u32(page + 0x21c)).toBe(5000);
    expect(memory.u8(memory.u32(page + 0x218) + 4999)).toBe(7);
    expect(memory.u8(page + 0x1ef)).toBe(0); // the sentinel
    expect(memory.u32(page + 0x26c)).toBe(0); // behind the header's end, at 202h + 6Ah
  });

  test('has an E820 map without memory over the adapters', () => {
    const memory = applied(planLinux(request()));
    const entries = Array.from({ length: memory.u8(0x2000 + 0x1e8) }, (_, k) => 0x2000 + 0x2d0 + 20 * k).map((at) => [
      memory.u32(at),
      memory.u32(at + 8),
      memory.u32(at + 16),
    ]);
    expect(entries).toEqual([
      [0, 0x9fc00, 1],
      [0x9fc00, 0x400, 2],
      [0xf0000, 0x10000, 2],
      [0x100000, 63 * MIB, 1],
      [0xfffc0000, 0x40000, 2],
    ]);
  });

  test('names the RSDP at 70h and the text mode in screen_info, when there are such', () => {
    const memory = applied(planLinux(request({}, { rsdp: 0xf1230, textMode: true })));
    expect(memory.u32(0x2070)).toBe(0xf1230);
    expect([memory.u8(0x2006), memory.u8(0x2007), memory.u8(0x200e), memory.u8(0x200f)]).toEqual([3, 80, 25, 1]);
    const plain = applied(planLinux(request()));
    expect([plain.u32(0x2070), plain.u8(0x200e)]).toEqual([0, 0]);
  });
});

describe('placement', () => {
  test('the initrd ends at the end of RAM, page aligned', () => {
    const plan = planLinux(request({}, { modules: initrd(5000) }));
    expect(plan.loads.find((load) => load.what === 'initrd')?.address).toBe(64 * MIB - 8192);
  });

  test('the initrd stays under initrd_addr_max', () => {
    const plan = planLinux(request({ initrdMax: 0x2ffffff }, { modules: initrd(5000) }));
    expect(plan.loads.find((load) => load.what === 'initrd')?.address).toBe(0x3000000 - 8192);
  });

  test('the initrd goes under the kernel when there is no room above', () => {
    const plan = planLinux(request({}, { memoryBytes: 33 * MIB, modules: initrd(2 * MIB) }));
    expect(plan.loads.find((load) => load.what === 'initrd')?.address).toBe(14 * MIB);
  });

  test('a kernel that is not relocatable goes to 1 MiB', () => {
    expect(planLinux(request({ relocatable: false, prefAddress: 0x100000 })).entry).toBe(0x100000);
  });

  test('protocol 2.03 knows neither init_size nor cmdline_size', () => {
    const header = parseLinux({ name: 'old', bytes: bzImage({ version: 0x203 }) });
    expect(header).toMatchObject({ loadAddress: 0x100000, commandLineMax: 255, initSize: 4096, kernelSize: 4096 });
  });
});

describe('one line that names the file and the mend', () => {
  const cases: [string, BootRequest, RegExp][] = [
    ['not a kernel', { ...request(), kernel: { name: 'x', bytes: new Uint8Array(2000) } }, /^x: not a Linux.*give a/],
    ['truncated', { ...request(), kernel: { name: 'x', bytes: bzImage().subarray(0, 3000) } }, /^x: truncated.*again/],
    ['in setup', { ...request(), kernel: { name: 'x', bytes: bzImage().subarray(0, 1500) } }, /^x: truncated.*setup/],
    ['64-bit', request({ xloadflags: 1 }), /^vmlinuz: an x86-64 kernel.*give an i386 kernel/],
    ['zImage', request({ loadflags: 0 }), /^vmlinuz: a zImage.*give a bzImage/],
    ['old', request({ version: 0x201 }), /^vmlinuz: boot protocol 2\.01 is too old/],
    ['memory', request({}, { memoryBytes: 16 * MIB }), /^vmlinuz: needs 32 MiB of memory.*--memory/],
    ['initrd', request({}, { modules: initrd(40 * MIB) }), /^initrd.img: initrd of 40 MiB.*at least 72 MiB.*--memory/],
    ['initrd limit', request({ initrdMax: 0x1ffffff }, { modules: initrd(20 * MIB) }), /^initrd.img: .*a smaller one/],
    ['empty initrd', request({}, { modules: initrd(0) }), /^initrd.img: the initrd is empty/],
    ['command line', request({}, { commandLine: 'x'.repeat(2048) }), /^--append: 2048 bytes.*takes 2047; shorten/],
    ['NUL', request({}, { commandLine: 'a\0b' }), /^--append: .*NUL/],
    ['alignment', request({ alignment: 3 }), /^vmlinuz: its header asks for alignment 3/],
    ['RAM', request({}, { memoryBytes: 4096 }), /^--memory: .*from 1M to 3072M/],
  ];
  test.each(cases)('%s', (_, bad, message) => {
    expect(() => planLinux(bad)).toThrow(UserError);
    expect(() => planLinux(bad)).toThrow(message);
    expect(() => planLinux(bad)).not.toThrow(/\n/);
  });
});

test('whatever the file holds, only a UserError is thrown and every load lies in RAM', () => {
  const outcomes = { planned: 0, refused: 0 };
  const image = bzImage();
  const mutations = fc.array(fc.tuple(fc.nat(0x2ff), fc.nat(255)), { maxLength: 8 });
  const property = fc.property(
    mutations,
    fc.nat(image.length),
    fc.integer({ min: 1, max: 1024 }),
    (bytes, cut, mib) => {
      const hostile = image.slice(0, cut < 64 ? image.length : image.length - cut);
      for (const [at, value] of bytes) if (at < hostile.length) hostile[0x1f0 + (at % 0x90)] = value;
      const memoryBytes = mib * MIB;
      try {
        const plan = planLinux({
          kernel: { name: 'hostile', bytes: hostile },
          modules: initrd(10_000),
          memoryBytes,
        });
        outcomes.planned++;
        for (const { address, size, bytes } of plan.loads) {
          expect(bytes.length).toBeLessThanOrEqual(size);
          expect(address + size <= 0xa0000 || (address >= MIB && address + size <= memoryBytes)).toBe(true);
        }
        expect(plan.entry).toBeLessThan(memoryBytes);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        outcomes.refused++;
      }
    },
  );
  fc.assert(property, { numRuns: 2000 });
  // Both happen, or the property would say nothing.
  expect(outcomes.planned).toBeGreaterThan(100);
  expect(outcomes.refused).toBeGreaterThan(100);
});
