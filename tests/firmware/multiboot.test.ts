// The Multiboot loader against "The Multiboot Specification", version 0.6.96.
//
// By hand: an ELF kernel that prints its boot information, built with GCC and GNU ld, was started in QEMU 7.2 once by
// QEMU's own -kernel and once from this plan by a small boot ROM. Both saw the same state, memory sizes, modules and
// command line; ours has the section headers too, and QEMU's map reserves 128 KiB for its own tables.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planBoot } from '../../src/firmware/image.ts';
import { findMultiboot, planMultiboot } from '../../src/firmware/multiboot.ts';
import type { BootRequest } from '../../src/firmware/plan.ts';
import { UserError } from '../../src/lib/errors.ts';
import { applied, bzImage, ELF_FILE_SIZE, ELF_HEADER_AT, type ElfOptions, MIB, multibootElf } from './images.ts';

function request(options: ElfOptions = {}, rest: Partial<BootRequest> = {}): BootRequest {
  return { kernel: { name: 'dir/kernel.elf', bytes: multibootElf(options) }, memoryBytes: 16 * MIB, ...rest };
}

describe('machine state, section 3.2', () => {
  test('EAX is the magic, EBX the information; flat, protected, no paging, no interrupts', () => {
    const plan = planMultiboot(request());
    expect(plan.registers.eax).toBe(0x2badb002);
    expect(plan.entry).toBe(0x100020);
    expect(plan.code.limit).toBe(0xffffffff);
    expect(plan.cr0 & 0x80000001).toBe(1);
    expect(plan.eflags & 0x20200).toBe(0);
  });

  test('a kernel linked high is entered at its physical address', () => {
    expect(planMultiboot(request({ virtual: 0xc0100000 })).entry).toBe(0x100020);
  });
});

describe('loading', () => {
  test('a segment is followed by zeros up to its memory size', () => {
    const kernel = planMultiboot(request()).loads.find((load) => load.what === 'kernel');
    expect(kernel).toMatchObject({ address: 0x100000, size: 0x2000 });
    expect(kernel?.bytes.length).toBe(ELF_FILE_SIZE);
  });

  test('address fields win over ELF headers', () => {
    // header, load, load end, bss end, entry: 16 bytes of the file before the header are loaded too
    const fields = [0x200010, 0x200000, 0x200030, 0x203000, 0x200018] as const;
    const plan = planMultiboot(request({ addressFields: fields }));
    const kernel = plan.loads.find((load) => load.what === 'kernel');
    expect(kernel).toMatchObject({ address: 0x200000, size: 0x3000 });
    expect(kernel?.bytes.length).toBe(0x30);
    expect(applied(plan).u32(0x200010)).toBe(0x1badb002);
    expect(plan.entry).toBe(0x200018);
  });

  test('load end 0 means the rest of the file', () => {
    const plan = planMultiboot(request({ addressFields: [0x200000, 0x200000, 0, 0, 0x200000] }));
    const kernel = plan.loads.find((load) => load.what === 'kernel');
    expect(kernel?.bytes.length).toBe(multibootElf().length - ELF_HEADER_AT);
  });
});

describe('boot information, section 3.3', () => {
  const modules = [
    { name: 'boot/initrd.tar', bytes: Uint8Array.of(1, 2, 3), arguments: 'root=1' },
    { name: 'second', bytes: new Uint8Array(5000).fill(9) },
  ];
  const plan = planMultiboot(request({ symbols: true }, { commandLine: 'debug', modules, textMode: true }));
  const memory = applied(plan);
  const info = plan.registers.ebx;

  test('memory sizes in KiB, and the memory map', () => {
    expect(memory.u32(info) & 0x41).toBe(0x41);
    expect([memory.u32(info + 4), memory.u32(info + 8)]).toEqual([639, 15 * 1024]);
    const at = memory.u32(info + 48);
    expect(memory.u32(info + 44)).toBe(5 * 24);
    expect([memory.u32(at), memory.u32(at + 4), memory.u32(at + 12), memory.u32(at + 20)]).toEqual([20, 0, 0x9fc00, 1]);
    const high = at + 3 * 24;
    expect([memory.u32(high + 4), memory.u32(high + 12), memory.u32(high + 20)]).toEqual([MIB, 15 * MIB, 1]);
  });

  test('command line and loader name', () => {
    expect(memory.u32(info) & 0x204).toBe(0x204);
    expect(memory.text(memory.u32(info + 16))).toBe('kernel.elf debug');
    expect(memory.text(memory.u32(info + 64))).toBe('Transvisor');
  });

  test('modules are page aligned, behind the kernel, with their strings', () => {
    expect(memory.u32(info + 20)).toBe(2);
    const list = memory.u32(info + 24);
    const [start, end, text] = [memory.u32(list), memory.u32(list + 4), memory.u32(list + 8)];
    expect(start % 4096).toBe(0);
    expect(start).toBeGreaterThanOrEqual(0x102000);
    expect(end - start).toBe(3);
    expect(memory.u8(start + 2)).toBe(3);
    expect(memory.text(text)).toBe('initrd.tar root=1');
    expect(memory.u32(list + 16)).toBeGreaterThanOrEqual(end);
    expect(memory.u8(memory.u32(list + 20) - 1)).toBe(9);
    expect(memory.text(memory.u32(list + 24))).toBe('second');
  });

  test('ELF sections that no segment loads are in memory, and their headers say where', () => {
    expect(memory.u32(info) & 0x20).toBe(0x20);
    const [count, size, table, names] = [28, 32, 36, 40].map((offset) => memory.u32(info + offset));
    expect([count, size, names]).toEqual([2, 40, 1]);
    const address = memory.u32((table as number) + 40 + 12);
    expect(memory.text(address + 1)).toBe('.shstrtab');
  });

  test('a file that Node reads into a Buffer gives the same, and is not written to', () => {
    const file = Buffer.concat([Buffer.from('xyz'), multibootElf({ symbols: true })]).subarray(3);
    const before = Buffer.from(file);
    const again = planMultiboot({
      ...request({}, { commandLine: 'debug', modules, textMode: true }),
      kernel: { name: 'dir/kernel.elf', bytes: file },
    });
    const contents = (loads: typeof plan.loads) => loads.map((load) => [load.address, load.size, [...load.bytes]]);
    expect(contents(again.loads)).toEqual(contents(plan.loads));
    expect(file.equals(before)).toBe(true);
  });

  test('the text mode as a frame buffer', () => {
    expect(memory.u32(info) & 0x1000).toBe(0x1000);
    expect([memory.u32(info + 88), memory.u32(info + 100), memory.u8(info + 109)]).toEqual([0xb8000, 80, 2]);
  });

  test('moves behind the kernel when that covers its place', () => {
    const low = planMultiboot(request({ physical: 0x11000, memorySize: 0x5000 }));
    expect(low.registers.ebx).toBeGreaterThanOrEqual(MIB);
    expect(applied(low).u32(low.registers.ebx + 8)).toBe(15 * 1024);
  });
});

describe('one line that names the file and the mend', () => {
  const cases: [string, BootRequest, RegExp][] = [
    ['unknown flag', request({ multibootFlags: 0x13 }), /kernel.elf: asks for unknown.*flags 10h/],
    ['64-bit', request({ elfClass: 2, machine: 62 }), /kernel.elf: a 64-bit ELF file for x86-64; give/],
    ['ARM', request({ machine: 40 }), /kernel.elf: an ELF file for ARM; give/],
    ['hole', request({ physical: 0xa0000 }), /kernel.elf: wants 8 KiB at a0000h, where there is no RAM/],
    ['memory', request({ memorySize: 32 * MIB }), /kernel.elf: wants 32 MiB at 100000h.*--memory/],
    ['module', request({}, { modules: [{ name: 'm', bytes: new Uint8Array(20 * MIB) }] }), /^m: 20 MiB.*21.* --memory/],
    ['fields', request({ addressFields: [0x100000, 0x200000, 0, 0, 0] }), /kernel.elf: the address fields.*disagree/],
    ['no header', { ...request(), kernel: { name: 'k', bytes: new Uint8Array(9000) } }, /^k: no Multiboot header/],
  ];
  test.each(cases)('%s', (_, bad, message) => {
    expect(() => planMultiboot(bad)).toThrow(UserError);
    expect(() => planMultiboot(bad)).toThrow(message);
  });
});

describe('identify', () => {
  test('Linux and Multiboot kernels', () => {
    expect(planBoot({ ...request(), kernel: { name: 'k', bytes: bzImage() }, memoryBytes: 64 * MIB }).protocol).toBe(
      'linux',
    );
    expect(planBoot(request()).protocol).toBe('multiboot');
  });

  const file = (at: number, ...bytes: number[]) => {
    const file = new Uint8Array(0x9000);
    file.set(bytes, at);
    return file;
  };
  const elf64 = multibootElf({ elfClass: 2, machine: 183 });
  elf64.fill(0, ELF_HEADER_AT); // no Multiboot header
  const cases: [string, Uint8Array, RegExp][] = [
    ['nothing', new Uint8Array(0), /^f: the file is empty/],
    ['zeros', file(0), /^f: not a kernel/],
    ['gzip', file(0, 0x1f, 0x8b), /^f: a gzip file; decompress/],
    ['AArch64 Image', file(0x38, 0x41, 0x52, 0x4d, 0x64), /^f: an AArch64 Linux kernel/],
    ['AArch64 ELF', elf64, /^f: a 64-bit ELF file for AArch64/],
    ['disk', file(510, 0x55, 0xaa), /^f: a boot sector or a disk image/],
    ['one byte', Uint8Array.of(0x7f), /^f: not a kernel/],
    ['ELF magic only', Uint8Array.of(0x7f, 0x45, 0x4c, 0x46), /^f: truncated/],
  ];
  test.each(cases)('%s', (_, bytes, message) => {
    expect(() => planBoot({ kernel: { name: 'f', bytes }, memoryBytes: MIB })).toThrow(UserError);
    expect(() => planBoot({ kernel: { name: 'f', bytes }, memoryBytes: MIB })).toThrow(message);
  });
});

test('a header outside the first 8 KiB, or with a wrong checksum, is none', () => {
  const bytes = multibootElf();
  expect(findMultiboot(bytes)).toEqual({ offset: ELF_HEADER_AT, flags: 3 });
  const late = new Uint8Array(8192 + bytes.length);
  late.set(bytes.subarray(ELF_HEADER_AT), 8192);
  expect(findMultiboot(late)).toBeUndefined();
  bytes[ELF_HEADER_AT + 8] = (bytes[ELF_HEADER_AT + 8] as number) ^ 1;
  expect(findMultiboot(bytes)).toBeUndefined();
});

test('whatever the file holds, only a UserError is thrown and every load lies in RAM', () => {
  const outcomes = { planned: 0, refused: 0 };
  const plain = multibootElf({ symbols: true });
  const kludge = multibootElf({ addressFields: [0x100000, 0x100000, 0, 0x104000, 0x100000] });
  // Interesting places: ELF header, program header, Multiboot header behind its checksum, section headers.
  const run = (from: number, length: number) => Array.from({ length }, (_, k) => from + k);
  const places = [...run(0, 84), ...run(ELF_HEADER_AT + 12, 20), ...run(ELF_HEADER_AT + 0x100, 80)];
  const mutations = fc.array(fc.tuple(fc.constantFrom(...places), fc.nat(255)), { maxLength: 6 });
  const property = fc.property(fc.boolean(), mutations, fc.nat(0x400), (fields, bytes, cut) => {
    const image = fields ? kludge : plain;
    const hostile = image.slice(0, cut < 0x200 ? image.length : image.length - (cut - 0x200));
    for (const [at, value] of bytes) if (at < hostile.length) hostile[at] = value;
    const memoryBytes = 32 * MIB;
    const modules = [{ name: 'm', bytes: new Uint8Array(10) }];
    try {
      const plan = planMultiboot({ kernel: { name: 'hostile', bytes: hostile }, modules, memoryBytes });
      outcomes.planned++;
      for (const { address, size, bytes } of plan.loads) {
        expect(bytes.length).toBeLessThanOrEqual(size);
        expect(address + size <= 0xa0000 || (address >= MIB && address + size <= memoryBytes)).toBe(true);
      }
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      outcomes.refused++;
    }
  });
  fc.assert(property, { numRuns: 2000 });
  // Both happen, or the property would say nothing.
  expect(outcomes.planned).toBeGreaterThan(100);
  expect(outcomes.refused).toBeGreaterThan(100);
});
