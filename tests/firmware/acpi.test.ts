// ACPI and MP tables, against the specifications' layouts and against ACPICA's compiler where it is installed.
//
// Seen by hand, with iasl 20200925: the DSDT disassembles and compiles again with 0 errors and 1 warning (Processor()
// is legacy in ACPI 6; it is what ACPI 2.0 systems know); FADT, MADT, RSDT, XSDT and FACS disassemble without a
// complaint.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { acpiTables } from '../../src/firmware/acpi.ts';
import { eisaId, integer, name, packageOf } from '../../src/firmware/aml.ts';
import { mpTables } from '../../src/firmware/mptable.ts';
import { defaultPlatform } from '../../src/firmware/platform.ts';

const { tables, rsdp, loads } = acpiTables();
const image = loads[0]?.bytes as Uint8Array;
const at = (address: number) => address - 0xf0000;
const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const u32 = (bytes: Uint8Array, offset: number) => view(bytes).getUint32(offset, true);
const sum = (bytes: Uint8Array) => bytes.reduce((total, value) => (total + value) & 255, 0);
const text = (bytes: Uint8Array, offset: number, length: number) =>
  String.fromCharCode(...bytes.subarray(offset, offset + length));
/** The table at a guest-physical address, by the length in its header. */
const tableAt = (address: number) => image.subarray(at(address), at(address) + u32(image, at(address) + 4));

/** Runs iasl; undefined where it is not installed. */
function iasl(directory: string, ...args: string[]): string | undefined {
  try {
    return execFileSync('iasl', args, { cwd: directory, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

describe('finding the tables', () => {
  test('the RSDP is on a 16-byte boundary in the BIOS segment, both checksums right', () => {
    expect(rsdp % 16).toBe(0);
    expect(text(image, at(rsdp), 8)).toBe('RSD PTR ');
    expect(sum(image.subarray(at(rsdp), at(rsdp) + 20))).toBe(0);
    expect(sum(image.subarray(at(rsdp), at(rsdp) + 36))).toBe(0);
    expect(rsdp + image.length).toBeLessThanOrEqual(0xf8000); // where the MP table begins
  });

  test('RSDT and XSDT name the same tables, each with its length and checksum', () => {
    const rsdt = tableAt(u32(image, at(rsdp) + 16));
    const xsdt = tableAt(u32(image, at(rsdp) + 24));
    expect([text(rsdt, 0, 4), text(xsdt, 0, 4), sum(rsdt), sum(xsdt)]).toEqual(['RSDT', 'XSDT', 0, 0]);
    const roots = [u32(rsdt, 36), u32(rsdt, 40)];
    expect([u32(xsdt, 36), u32(xsdt, 44)]).toEqual(roots);
    expect(roots.map((root) => text(tableAt(root), 0, 4))).toEqual(['FACP', 'APIC']);
    expect(roots.map((root) => sum(tableAt(root)))).toEqual([0, 0]);
  });

  test('the FADT leads to DSDT and FACS, by both its pointers', () => {
    const fadt = tables.get('FACP') as Uint8Array;
    expect(fadt.length).toBe(244);
    expect([u32(fadt, 132), u32(fadt, 140)]).toEqual([u32(fadt, 36), u32(fadt, 40)]);
    const dsdt = tableAt(u32(fadt, 40));
    expect([text(dsdt, 0, 4), sum(dsdt)]).toEqual(['DSDT', 0]);
    expect(u32(fadt, 36) % 64).toBe(0);
    expect(text(image, at(u32(fadt, 36)), 4)).toBe('FACS');
  });
});

test('the FADT describes the PIIX4 block, the SCI and the reset register', () => {
  const fadt = tables.get('FACP') as Uint8Array;
  expect(view(fadt).getUint16(46, true)).toBe(9);
  expect([u32(fadt, 56), u32(fadt, 64), u32(fadt, 76), u32(fadt, 80)]).toEqual([0xb000, 0xb004, 0xb008, 0xb00c]);
  expect([u32(fadt, 152), u32(fadt, 176), u32(fadt, 212), u32(fadt, 224)]).toEqual([0xb000, 0xb004, 0xb008, 0xb00c]);
  expect([u32(fadt, 48), fadt[52], fadt[53]]).toEqual([0xb2, 0xf1, 0xf0]);
  expect([u32(fadt, 120), fadt[128]]).toEqual([0xcf9, 6]);
  expect(u32(fadt, 112) & 0x100).toBe(0); // the PM timer has 24 bits
});

test('the MADT has one processor, one I/O APIC and the overrides', () => {
  const madt = tables.get('APIC') as Uint8Array;
  expect([u32(madt, 36), u32(madt, 40)]).toEqual([0xfee00000, 1]);
  const entries: number[][] = [];
  for (let k = 44; k < madt.length; k += madt[k + 1] as number) {
    entries.push([...madt.subarray(k, k + (madt[k + 1] as number))]);
  }
  expect(entries).toEqual([
    [0, 8, 0, 0, 1, 0, 0, 0],
    [1, 12, 1, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0],
    [2, 10, 0, 0, 2, 0, 0, 0, 0, 0], // IRQ0 at pin 2
    ...[5, 9, 10, 11].map((irq) => [2, 10, 0, irq, irq, 0, 0, 0, 0x0d, 0]),
    [4, 6, 0xff, 0, 0, 1],
  ]);
});

describe('AML encoding', () => {
  test('names', () => {
    expect([...name('_SB')]).toEqual([0x5f, 0x53, 0x42, 0x5f]);
    expect(text(name('\\_SB.PCI0'), 0, 10)).toBe('\\._SB_PCI0');
    expect([...name('^^A.B.C')].slice(0, 4)).toEqual([0x5e, 0x5e, 0x2f, 3]);
    expect([...name('\\')]).toEqual([0x5c, 0]);
  });

  test('integers in their shortest form', () => {
    expect([0, 1, 2, 0x100, 0x10000].map((value) => integer(value).length)).toEqual([1, 1, 2, 3, 5]);
  });

  test('EISA identifiers', () => {
    expect([...eisaId('PNP0A03')]).toEqual([0x0c, 0x41, 0xd0, 0x0a, 0x03]);
  });

  test('package lengths of one, two and three bytes count themselves', () => {
    const ofSize = (size: number) => [...packageOf(new Uint8Array(size))].slice(1, 4);
    expect(ofSize(61)[0]).toBe(63);
    expect(ofSize(62).slice(0, 2)).toEqual([0x41, 0x04]); // 41h: 65 = 2 + 1 + 62
    expect(ofSize(4093)).toEqual([0x81, 0x00, 0x01]); // 1001h: 4097 = 3 + 1 + 4093
  });
});

test('ACPICA reads every table, and compiles the DSDT again without an error', ({ skip }) => {
  const directory = mkdtempSync(join(tmpdir(), 'acpi-'));
  try {
    const files = [...tables].filter(([signature]) => signature !== 'RSD PTR ');
    for (const [signature, bytes] of files) writeFileSync(join(directory, `${signature}.aml`), bytes);
    if (iasl(directory, '-v') === undefined) skip('iasl is not installed');
    for (const [signature] of files) {
      iasl(directory, '-d', `${signature}.aml`);
      expect(readFileSync(join(directory, `${signature}.dsl`), 'utf8')).not.toMatch(
        /incorrect checksum|error|invalid/i,
      );
    }
    expect(iasl(directory, 'DSDT.dsl')).toMatch(/Compilation successful\. 0 Errors, 1 Warnings/);
    const source = readFileSync(join(directory, 'DSDT.dsl'), 'utf8');
    for (const id of ['PNP0A03', 'PNP0C0F', 'PNP0501', 'PNP0303', 'PNP0F13', 'PNP0B00', 'PNP0100', 'PNP0000']) {
      expect(source).toContain(`EisaId ("${id}")`);
    }
    // Slot 3, INTA# is PIRQC; see `pirqOf` in devices/pci.ts.
    expect(source.replace(/\s+/g, ' ')).toMatch(/0x0003FFFF, Zero, LNKC, Zero/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

describe('MP table', () => {
  const bytes = mpTables()[0]?.bytes as Uint8Array;

  test('pointer and table have lengths, checksums and as many entries as they say', () => {
    expect([text(bytes, 0, 4), sum(bytes.subarray(0, 16)), u32(bytes, 4)]).toEqual(['_MP_', 0, 0xf8010]);
    const table = bytes.subarray(16);
    expect([text(table, 0, 4), view(table).getUint16(4, true), sum(table)]).toEqual(['PCMP', table.length, 0]);
    let entries = 0;
    for (let k = 44; k < table.length; entries++) k += table[k] === 0 ? 20 : 8;
    expect(entries).toBe(view(table).getUint16(34, true));
  });

  test('the interrupt of a PCI slot goes where firmware routes its PIRQ', () => {
    const table = bytes.subarray(16);
    const find = (source: number) => {
      for (let k = 44 + 20; k < table.length; k += 8) {
        if (table[k] === 3 && table[k + 4] === 0 && table[k + 5] === source) return table[k + 7];
      }
      return undefined;
    };
    expect(find((3 << 2) | 0)).toBe(defaultPlatform.pirqIrqs[2]);
    expect(find((1 << 2) | 3)).toBe(defaultPlatform.pirqIrqs[3]);
  });
});
