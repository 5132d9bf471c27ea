// The table loader script, executed as its documentation says (QEMU's include/hw/acpi/bios-linker-loader.h), must give
// the same ACPI tables that a direct boot gets.

import { expect, test } from 'vitest';
import { acpiTables } from '../../src/firmware/acpi.ts';
import { defaultPlatform } from '../../src/firmware/platform.ts';
import { acpiFiles } from '../../src/firmware/table-loader.ts';

const text = (bytes: Uint8Array, at: number) => {
  const end = bytes.indexOf(0, at);
  return String.fromCharCode(...bytes.subarray(at, end));
};
const sum = (bytes: Uint8Array) => bytes.reduce((total, byte) => (total + byte) & 255, 0);

/** Executes the script; the files' addresses are those given. */
function execute(files: ReadonlyMap<string, Uint8Array>, places: Readonly<Record<string, number>>) {
  const memory = new Map<string, Uint8Array>();
  const script = files.get('etc/table-loader') as Uint8Array;
  const view = new DataView(script.buffer, script.byteOffset);
  expect(script.length % 128).toBe(0);
  const allocated: string[] = [];
  for (let at = 0; at < script.length; at += 128) {
    const file = text(script, at + 4);
    const bytes = memory.get(file) as Uint8Array;
    switch (view.getUint32(at, true)) {
      case 1:
        memory.set(file, (files.get(file) as Uint8Array).slice());
        allocated.push(`${file} align ${view.getUint32(at + 60, true)} zone ${script[at + 64]}`);
        break;
      case 2: {
        const to = new DataView(bytes.buffer);
        const offset = view.getUint32(at + 116, true);
        const add = places[text(script, at + 60)] as number;
        expect([4, 8]).toContain(script[at + 120]);
        to.setUint32(offset, to.getUint32(offset, true) + add, true);
        break;
      }
      case 3: {
        const [result, start, length] = [60, 64, 68].map((k) => view.getUint32(at + k, true)) as [
          number,
          number,
          number,
        ];
        bytes[result] = ((bytes[result] as number) - sum(bytes.subarray(start, start + length))) & 255;
        break;
      }
      default:
        expect.unreachable('an unknown command');
    }
  }
  return { memory, allocated };
}

test('the script makes the tables of a direct boot at another place', () => {
  const base = 0x3ff0000;
  const { memory, allocated } = execute(acpiFiles(defaultPlatform), { 'etc/acpi/tables': base });
  expect(allocated).toEqual(['etc/acpi/rsdp align 16 zone 2', 'etc/acpi/tables align 64 zone 1']);
  const direct = acpiTables(defaultPlatform, base).loads[0]?.bytes as Uint8Array;
  const tables = memory.get('etc/acpi/tables') as Uint8Array;
  const rsdp = memory.get('etc/acpi/rsdp') as Uint8Array;
  expect(rsdp).toEqual(direct.slice(0, 36));
  expect(tables.subarray(64)).toEqual(direct.subarray(64));
  expect(tables.subarray(0, 36).every((byte) => byte === 0)).toBe(true); // found once only
  expect([sum(rsdp.subarray(0, 20)), sum(rsdp)]).toEqual([0, 0]);
});
