// The built-in BIOS by its services, as IBM's, Phoenix's and ACPI's documents define them; boot loaders that use them run
// in tests/system/boot-media.test.ts.

import { beforeEach, describe, expect, test } from 'vitest';
import { BuiltinBios } from '../../src/firmware/bios/bios.ts';
import type { BiosHost, BiosMedia, BiosMedium, BiosRegisters } from '../../src/firmware/bios/host.ts';
import { biosImage, CALL_BOOT, callAt, stubOf } from '../../src/firmware/bios/stubs.ts';

const RAM_BYTES = 32 << 20;
const CARRY = 1;
const ZERO = 0x40;
const STACK = 0x7000;
const BUFFER = 0x9000;

/** A medium whose sector n begins with n, as two 16-bit words. */
function medium(sectors: number, readOnly = false): BiosMedium & { readonly written: Map<number, Uint8Array> } {
  const written = new Map<number, Uint8Array>();
  return {
    sectors,
    readOnly,
    written,
    read: async (sector, into) => {
      if (sector === 13) throw new Error('a bad sector');
      into.fill(0);
      for (let k = 0; k < into.length / 512; k++) {
        const data = written.get(sector + k);
        if (data) into.set(data, 512 * k);
        else new DataView(into.buffer, into.byteOffset).setUint32(512 * k, sector + k, true);
      }
    },
    write: async (sector, from) => {
      for (let k = 0; k < from.length / 512; k++) written.set(sector + k, from.slice(512 * k, 512 * k + 512));
    },
  };
}

class Host implements BiosHost {
  readonly memoryBytes = RAM_BYTES;
  readonly bootOrder = ['floppy', 'disk', 'cdrom'] as const;
  readonly ram = new Uint8Array(RAM_BYTES);
  readonly ports = new Map<number, number>();
  readonly outs: [port: number, value: number][] = [];
  time = 0;
  cabinet: BiosMedia = { floppies: [undefined], disks: [], cdrom: undefined };
  registers: BiosRegisters = {
    eax: 0,
    ecx: 0,
    edx: 0,
    ebx: 0,
    esp: STACK,
    ebp: 0,
    esi: 0,
    edi: 0,
    cs: 0,
    ss: 0,
    ds: 0,
    es: 0,
    ip: 0,
    interruptsEnabled: false,
  };

  media = (): BiosMedia => this.cabinet;
  readMemory = (address: number, into: Uint8Array): void => {
    into.set(this.ram.subarray(address, address + into.length));
  };
  writeMemory = (address: number, from: Uint8Array): void => this.ram.set(from, address);
  in8 = (port: number): number => this.ports.get(port) ?? 0;
  out8 = (port: number, value: number): void => {
    this.outs.push([port, value]);
    this.ports.set(port, value);
  };
  setTextMode = (): void => {
    for (let k = 0; k < 2000; k++) this.ram.set([0x20, 7], 0xb8000 + 2 * k);
  };
  now = (): number => this.time;
  readConfig = (device: number): number => (device === 2 ? 0x11111234 : -1);
  writeConfig = (): void => {};

  u16(address: number): number {
    return new DataView(this.ram.buffer).getUint16(address, true);
  }
  u32(address: number): number {
    return new DataView(this.ram.buffer).getUint32(address, true);
  }
  put(address: number, ...bytes: readonly number[]): void {
    this.ram.set(bytes, address);
  }
}

let host: Host;
let bios: BuiltinBios;

beforeEach(() => {
  host = new Host();
  bios = new BuiltinBios(host);
  bios.reset();
  host.registers.ss = 0;
  host.registers.esp = STACK;
});

/** INT `vector` with those registers; returns the flags that IRET would load. */
async function int(vector: number, given: Partial<BiosRegisters> = {}): Promise<number> {
  Object.assign(host.registers, { eax: 0, ebx: 0, ecx: 0, edx: 0, esi: 0, edi: 0, ds: 0, es: 0 }, given);
  host.put(STACK + 4, 0xff, 0xff); // flags: all set, so that what is cleared shows
  const answer = bios.call(vector);
  if (answer === 'again') return Number.NaN;
  await answer;
  return host.u16(STACK + 4);
}

const screenText = (row: number): string =>
  String.fromCharCode(
    ...Array.from({ length: 80 }, (_, k) => host.ram[0xb8000 + row * 160 + 2 * k] as number),
  ).trimEnd();

describe('the segment F000h', () => {
  test('every vector leads to its stub, and a stub to its call', () => {
    for (const vector of [0x08, 0x10, 0x13, 0x16, 0x1a, 0x70]) {
      expect([host.u16(vector * 4), host.u16(vector * 4 + 2)]).toEqual([stubOf(vector), 0xf000]);
      expect([...host.ram.subarray(0xf0000 + stubOf(vector), 0xf0000 + stubOf(vector) + 2)]).toEqual([0xe6, 0xec]);
      expect(callAt(stubOf(vector) + 2)).toBe(vector);
    }
    expect(callAt(stubOf(0x13) + 3)).toBeUndefined();
    expect([host.registers.cs, host.registers.ip]).toEqual([0xf000, stubOf(CALL_BOOT)]);
  });

  test('the reset vector, the date and the model are where a PC has them', () => {
    const { address, bytes } = biosImage();
    expect(address + bytes.length).toBe(0x100000);
    const top = bytes.subarray(-16);
    expect([top[0], top[14]]).toEqual([0xea, 0xfc]);
    expect(String.fromCharCode(...top.subarray(5, 13))).toMatch(/^\d\d\/\d\d\/\d\d$/);
  });
});

describe('INT 13h', () => {
  const DISK_SECTORS = 4 * 1024 * 1024; // 2 GiB

  beforeEach(() => {
    host.cabinet = { floppies: [medium(2880)], disks: [medium(DISK_SECTORS)], cdrom: medium(4000, true) };
  });

  test('a disk by cylinder, head and sector: the shape it reports leads to the right sectors', async () => {
    expect((await int(0x13, { eax: 0x0800, edx: 0x80 })) & CARRY).toBe(0);
    const { ecx, edx } = host.registers;
    const perTrack = ecx & 0x3f;
    const heads = ((edx >> 8) & 0xff) + 1;
    expect([perTrack, heads, edx & 0xff]).toEqual([63, 128, 1]);
    // Cylinder 520, head 3, sector 7.
    const given = { eax: 0x0202, ecx: ((520 & 0xff) << 8) | ((520 >> 2) & 0xc0) | 7, edx: 0x0380, ebx: BUFFER };
    expect((await int(0x13, given)) & CARRY).toBe(0);
    const first = (520 * heads + 3) * perTrack + 6;
    expect([host.u32(BUFFER), host.u32(BUFFER + 512)]).toEqual([first, first + 1]);
    expect(host.registers.eax & 0xff00).toBe(0);
  });

  test('extensions: installed, parameters, and a read by block address to a segment and offset', async () => {
    expect((await int(0x13, { eax: 0x4100, ebx: 0x55aa, edx: 0x80 })) & CARRY).toBe(0);
    expect(host.registers.ebx & 0xffff).toBe(0xaa55);
    host.put(0x6000, 0x1a, 0);
    await int(0x13, { eax: 0x4800, edx: 0x80, esi: 0x6000 });
    expect([host.u32(0x6010), host.u16(0x6018)]).toEqual([DISK_SECTORS, 512]);
    // Packet: 2 blocks from 3,000,000 to 0900:0010.
    host.put(0x6100, 16, 0, 2, 0, 0x10, 0, 0x00, 0x09, 0xc0, 0xc6, 0x2d, 0, 0, 0, 0, 0);
    expect((await int(0x13, { eax: 0x4200, edx: 0x80, esi: 0x6100 })) & CARRY).toBe(0);
    expect([host.u32(BUFFER + 16), host.u32(BUFFER + 16 + 512)]).toEqual([3_000_000, 3_000_001]);
  });

  test('a CD-ROM has sectors of 2048 bytes and cannot be written', async () => {
    host.put(0x6100, 16, 0, 1, 0, 0x00, 0x90, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0);
    expect((await int(0x13, { eax: 0x4200, edx: 0xe0, esi: 0x6100 })) & CARRY).toBe(0);
    expect([0, 1, 2, 3].map((k) => host.u32(BUFFER + 512 * k))).toEqual([64, 65, 66, 67]);
    expect((await int(0x13, { eax: 0x4300, edx: 0xe0, esi: 0x6100 })) & CARRY).toBe(CARRY);
    expect(host.registers.eax >> 8).toBe(0x03);
  });

  test('what is written is read again', async () => {
    host.put(BUFFER, 1, 2, 3, 4);
    await int(0x13, { eax: 0x0301, ecx: 0x0002, edx: 0x0000, ebx: BUFFER });
    host.ram.fill(0, BUFFER, BUFFER + 512);
    await int(0x13, { eax: 0x0201, ecx: 0x0002, edx: 0x0000, ebx: BUFFER });
    expect(host.u32(BUFFER)).toBe(0x04030201);
  });

  test('errors: no such drive, no such sector, beyond the end, a medium that fails', async () => {
    const status = async (given: Partial<BiosRegisters>) => [(await int(0x13, given)) & CARRY, host.registers.eax >> 8];
    expect(await status({ eax: 0x0201, ecx: 1, edx: 0x85 })).toEqual([CARRY, 0x01]);
    expect(await status({ eax: 0x0201, ecx: 0, edx: 0x80 })).toEqual([CARRY, 0x04]);
    expect(await status({ eax: 0x0201, ecx: 0xff12, edx: 0x0100 })).toEqual([CARRY, 0x04]);
    expect(await status({ eax: 0x0201, ecx: 14, edx: 0x80, ebx: BUFFER })).toEqual([CARRY, 0x10]);
    expect(await status({ eax: 0x0100, edx: 0x80 })).toEqual([CARRY, 0x10]); // the status stays
    host.cabinet = { ...host.cabinet, floppies: [undefined] };
    expect(await status({ eax: 0x0201, ecx: 1, edx: 0 })).toEqual([CARRY, 0x80]);
  });
});

describe('INT 15h', () => {
  test('E820 tells of all memory, entry after entry', async () => {
    const entries: [base: number, length: number, type: number][] = [];
    let ebx = 0;
    do {
      const flags = await int(0x15, { eax: 0xe820, ebx, ecx: 20, edx: 0x534d4150, edi: BUFFER });
      expect(flags & CARRY).toBe(0);
      expect(host.registers.eax).toBe(0x534d4150);
      entries.push([host.u32(BUFFER), host.u32(BUFFER + 8), host.u32(BUFFER + 16)]);
      ebx = host.registers.ebx;
    } while (ebx !== 0);
    expect(entries).toContainEqual([0, 0x9fc00, 1]);
    expect(entries).toContainEqual([0x100000, RAM_BYTES - 0x100000, 1]);
    expect((await int(0x15, { eax: 0xe820, ebx: 0, ecx: 20, edx: 0 })) & CARRY).toBe(CARRY);
  });

  test('E801, 88h and 12h agree with it', async () => {
    await int(0x15, { eax: 0xe801 });
    expect([host.registers.eax & 0xffff, host.registers.ebx]).toEqual([15 * 1024, (RAM_BYTES >> 16) - 256]);
    await int(0x15, { eax: 0x8800 });
    expect(host.registers.eax & 0xffff).toBe((RAM_BYTES >> 10) - 1024);
    await int(0x12);
    expect(host.registers.eax & 0xffff).toBe(639);
  });

  test('block move: words between descriptors above 1 MiB', async () => {
    host.put(0x200000, 5, 6, 7, 8);
    const descriptor = (base: number) => [
      0xff,
      0xff,
      base & 255,
      (base >> 8) & 255,
      (base >> 16) & 255,
      0x93,
      0,
      base >>> 24,
    ];
    host.put(0x6000 + 16, ...descriptor(0x200000), ...descriptor(0x1300000));
    expect((await int(0x15, { eax: 0x8700, ecx: 2, esi: 0x6000 })) & CARRY).toBe(0);
    expect(host.u32(0x1300000)).toBe(0x08070605);
  });

  test('a wait ends when its microseconds are over', async () => {
    const given = { eax: 0x8600, ecx: 1, edx: 0 }; // 65.536 ms
    expect(await int(0x15, given)).toBeNaN();
    host.time = 65_535_999;
    expect(await int(0x15, given)).toBeNaN();
    host.time = 65_536_000;
    expect((await int(0x15, given)) & CARRY).toBe(0);
  });

  test('what is not there says so', async () => {
    expect((await int(0x15, { eax: 0x5300 })) & CARRY).toBe(CARRY);
    expect(host.registers.eax >> 8).toBe(0x86);
  });
});

describe('keyboard', () => {
  const scan = async (...codes: readonly number[]) => {
    for (const code of codes) {
      host.ports.set(0x64, 1);
      host.ports.set(0x60, code);
      await int(0x09);
    }
  };

  test('keys wait in the buffer: plain, shifted, control, arrows', async () => {
    await scan(0x1e, 0x9e, 0x2a, 0x1e, 0x9e, 0xaa, 0x1d, 0x2e, 0xae, 0x9d, 0xe0, 0x48, 0xe0, 0xc8, 0x3b);
    const keys: number[] = [];
    for (;;) {
      if ((await int(0x16, { eax: 0x0100 })) & ZERO) break;
      await int(0x16, { eax: 0x0000 });
      keys.push(host.registers.eax & 0xffff);
    }
    expect(keys).toEqual([0x1e61, 0x1e41, 0x2e03, 0x48e0, 0x3b00]);
    expect(await int(0x16, { eax: 0x1000 })).toBeNaN(); // waits
  });

  test('each interrupt is ended, and a full buffer takes no more', async () => {
    host.outs.length = 0;
    await scan(...new Array<number>(20).fill(0x1e));
    expect(host.outs.filter(([port, value]) => port === 0x20 && value === 0x20)).toHaveLength(20);
    expect((host.u16(0x41c) + 2 - 0x1e) % 32).toBe(host.u16(0x41a) - 0x1e);
  });

  test('shift flags', async () => {
    await scan(0x36, 0x1d, 0x3a, 0xba);
    await int(0x16, { eax: 0x0200 });
    expect(host.registers.eax & 0xff).toBe(0x45);
  });
});

describe('INT 10h', () => {
  test('teletype wraps, scrolls and moves the cursor', async () => {
    for (const letter of 'one\r\ntwo') await int(0x10, { eax: 0x0e00 | letter.charCodeAt(0) });
    expect([screenText(0), screenText(1)]).toEqual(['one', 'two']);
    await int(0x10, { eax: 0x0300 });
    expect(host.registers.edx & 0xffff).toBe(0x0103);
    for (let k = 0; k < 24; k++) await int(0x10, { eax: 0x0e0a });
    expect(screenText(0)).toBe('two');
  });

  test('a window scrolls alone, down too, and its new lines have the attribute', async () => {
    for (let row = 0; row < 25; row++) host.put(0xb8000 + row * 160 + 20, 0x41 + row);
    await int(0x10, { eax: 0x0701, ebx: 0x1e00, ecx: 0x050a, edx: 0x080a });
    expect(
      [4, 5, 6, 7, 8, 9].map((row) => String.fromCharCode(host.ram[0xb8000 + row * 160 + 20] as number)).join(''),
    ).toBe('E FGHJ');
    expect(host.ram[0xb8000 + 5 * 160 + 21]).toBe(0x1e);
  });
});

describe('INT 1Ah', () => {
  test('ticks count, and the day changes once', async () => {
    const ticks = () => (host.registers.ecx & 0xffff) * 65536 + (host.registers.edx & 0xffff);
    await int(0x1a, { eax: 0x0100, ecx: 0x0018, edx: 0x00af }); // the last tick of the day
    await int(0x08);
    await int(0x1a, { eax: 0 });
    expect([ticks(), host.registers.eax & 0xff]).toEqual([0, 1]);
    await int(0x08);
    await int(0x1a, { eax: 0 });
    expect([ticks(), host.registers.eax & 0xff]).toEqual([1, 0]);
  });

  test('PCI BIOS finds a device', async () => {
    expect((await int(0x1a, { eax: 0xb102, ecx: 0x1111, edx: 0x1234 })) & CARRY).toBe(0);
    expect(host.registers.ebx).toBe(2 << 3);
    expect((await int(0x1a, { eax: 0xb102, ecx: 0x1111, edx: 0x1234, esi: 8 })) & CARRY).toBe(CARRY);
  });
});

describe('boot', () => {
  const bootable = (sectors: number) => {
    const made = medium(sectors);
    const sector = new Uint8Array(512);
    sector.set([0xeb, 0xfe]);
    sector.set([0x55, 0xaa], 510);
    made.written.set(0, sector);
    return made;
  };

  test('the first source that can be booted is, with its drive in DL', async () => {
    host.cabinet = { floppies: [undefined], disks: [bootable(1000)], cdrom: undefined };
    await bios.call(CALL_BOOT);
    const { cs, ip, edx, interruptsEnabled } = host.registers;
    expect([cs, ip, edx, interruptsEnabled]).toEqual([0, 0x7c00, 0x80, true]);
    expect(host.u16(0x7c00)).toBe(0xfeeb);
  });

  test('without one the screen says why, and the processor waits', async () => {
    host.cabinet = { floppies: [undefined], disks: [medium(1000)], cdrom: undefined };
    await bios.call(CALL_BOOT);
    expect(screenText(0)).toBe('Not booting from hard disk: it has no boot sector.');
    expect(screenText(1)).toBe('No bootable device.');
    expect(host.registers.cs).toBe(0xf000);
    expect(bios.call(CALL_BOOT)).toBe('again');
  });

  const CATALOG = 19;
  const IMAGE = 20;
  /** A CD with a boot record and a catalog whose entry is `media`; its image begins at sector 20. */
  function bootCd(media: number, change: (catalog: Uint8Array) => void = () => {}) {
    const cd = medium(4 * 1000, true);
    const put = (sector: number, bytes: Uint8Array) => {
      for (let k = 0; k < 4; k++) cd.written.set(sector * 4 + k, bytes.slice(512 * k, 512 * k + 512));
    };
    const ascii = (text: string) => new TextEncoder().encode(text);
    const descriptor = (type: number) => {
      const bytes = new Uint8Array(2048);
      bytes[0] = type;
      bytes.set(ascii('CD001'), 1);
      return bytes;
    };
    put(16, descriptor(1));
    const record = descriptor(0);
    record.set(ascii('EL TORITO SPECIFICATION'), 7);
    record[0x47] = CATALOG;
    put(17, record);
    put(18, descriptor(255));
    const catalog = new Uint8Array(2048);
    catalog.set([1, 0]);
    catalog.set([0xaa, 0x55, 0x55, 0xaa], 28); // checksum AA55h: key and checksum sum to zero
    catalog.set([0x88, media, 0, 0, 0, 0, 4, 0, IMAGE], 32);
    change(catalog);
    put(CATALOG, catalog);
    return cd;
  }

  test('El Torito without emulation: four sectors at 07C0h, from drive E0h', async () => {
    host.cabinet = { floppies: [undefined], disks: [], cdrom: bootCd(0) };
    await bios.call(CALL_BOOT);
    expect([host.registers.cs, host.registers.ip, host.registers.edx]).toEqual([0, 0x7c00, 0xe0]);
    expect([0, 1, 2, 3].map((k) => host.u32(0x7c00 + 512 * k))).toEqual([80, 81, 82, 83]);
    await int(0x13, { eax: 0x4b01, edx: 0xe0, esi: 0x6000 });
    expect([...host.ram.subarray(0x6000, 0x6009)]).toEqual([0x13, 0, 0xe0, 0, IMAGE, 0, 0, 0, 0]);
  });

  test('El Torito with a floppy: it is drive A, and what was A is B until the emulation ends', async () => {
    const floppy = medium(2880);
    floppy.written.set(0, new Uint8Array(512).fill(0x77));
    host.cabinet = { floppies: [undefined, undefined], disks: [], cdrom: bootCd(2) };
    await bios.call(CALL_BOOT);
    expect([host.registers.ip, host.registers.edx]).toEqual([0x7c00, 0]);
    host.cabinet = { ...host.cabinet, floppies: [floppy, undefined] };
    await int(0x13, { eax: 0x0201, ecx: 0x0102, edx: 0x0100, ebx: BUFFER }); // cylinder 1, head 1, sector 2
    expect(host.u32(BUFFER)).toBe(IMAGE * 4 + 3 * 18 + 1);
    await int(0x13, { eax: 0x0201, ecx: 1, edx: 1, ebx: BUFFER });
    expect(host.u32(BUFFER)).toBe(0x77777777);
    await int(0x13, { eax: 0x4b00, edx: 0, esi: 0x6000 });
    await int(0x13, { eax: 0x0201, ecx: 1, edx: 0, ebx: BUFFER });
    expect(host.u32(BUFFER)).toBe(0x77777777);
  });

  test.each([
    ['without a boot record', (cd: ReturnType<typeof medium>) => cd.written.clear(), 'the CD has no boot record'],
    [
      'of a wrong checksum',
      (cd: ReturnType<typeof medium>) => ((cd.written.get(CATALOG * 4) as Uint8Array)[5] = 1),
      'its boot catalog is not valid',
    ],
  ])('a CD %s is not booted', async (_, spoil, why) => {
    const cdrom = bootCd(0);
    spoil(cdrom);
    host.cabinet = { floppies: [undefined], disks: [], cdrom };
    await bios.call(CALL_BOOT);
    expect(screenText(0)).toBe(`Not booting from CD-ROM: ${why}.`);
  });

  test('an entry that is not bootable, or a hard disk, is not booted', async () => {
    host.cabinet = { floppies: [undefined], disks: [], cdrom: bootCd(0, (catalog) => catalog.set([0], 32)) };
    await bios.call(CALL_BOOT);
    expect(screenText(0)).toContain('nothing to boot');
    bios.reset();
    host.cabinet = { floppies: [undefined], disks: [], cdrom: bootCd(4) };
    await bios.call(CALL_BOOT);
    expect(screenText(0)).toContain('hard disk, which is not supported');
  });
});
