// The CD-ROM drive by its packets: expected bytes are from the tables of MMC-5, SPC-3 and SFF-8020i.

import { describe, expect, test } from 'vitest';
import { AtapiCdrom } from '../../src/devices/ide/atapi-cdrom.ts';
import type { CdromMedium } from '../../src/devices/ide/atapi-mechanism.ts';
import { data, disc, packet, readyDrive, refusal, sense, unreadable } from './atapi-drive.ts';

const TEST_UNIT_READY = [0x00];
const READ_CAPACITY = [0x25];
const DVD_BLOCKS = 1_000_000;
const hex = (bytes: readonly number[]): string => bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');

describe('identity', () => {
  test('IDENTIFY PACKET DEVICE: a removable CD-ROM with packets of 12 bytes and DMA', () => {
    const words = new DataView(new AtapiCdrom().identify().buffer);
    expect(words.getUint16(0, true)).toBe(0x85c0);
    expect(words.getUint16(98, true) & 0x300).toBe(0x300);
    expect(words.getUint16(126, true)).toBe(7);
    const model = Array.from({ length: 40 }, (_, k) => String.fromCharCode(words.getUint8((54 + k) ^ 1))).join('');
    expect(model).toBe('Transvisor DVD-ROM'.padEnd(40));
  });

  test('INQUIRY answers before the reset is told, up to the length that is asked for', async () => {
    const drive = new AtapiCdrom();
    const inquiry = await data(drive, 0x12, 0, 0, 0, 36);
    expect(hex(inquiry.slice(0, 5))).toBe('05 80 00 21 1f');
    expect(String.fromCharCode(...inquiry.slice(8))).toBe('TRANSVISDVD-ROM         1.0 ');
    expect(await data(drive, 0x12, 0, 0, 0, 5)).toHaveLength(5);
    expect(await refusal(drive, 0x12, 1, 0x80, 0, 255)).toBe('5/24/0');
  });

  test('REPORT LUNS: one unit', async () => {
    const luns = await data(new AtapiCdrom(), 0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 16);
    expect(hex(luns)).toBe('00 00 00 08' + ' 00'.repeat(12));
  });
});

describe('sense', () => {
  test('a reset is told once', async () => {
    const drive = new AtapiCdrom({ medium: disc(100) });
    expect(await packet(drive, ...TEST_UNIT_READY)).toMatchObject({ senseKey: 6 });
    expect(await sense(drive)).toBe('6/29/0');
    expect(await refusal(drive, ...TEST_UNIT_READY)).toBe('good');
    drive.reset();
    expect(await sense(drive), 'by REQUEST SENSE as well').toBe('6/29/0');
    expect(await refusal(drive, ...TEST_UNIT_READY)).toBe('good');
  });

  test('fixed format, until the next command', async () => {
    const drive = await readyDrive(disc(100));
    expect(await packet(drive, 0x5c)).toMatchObject({ senseKey: 5, error: 4 }); // READ BUFFER CAPACITY
    expect(hex(await data(drive, 0x03, 0, 0, 0, 252))).toBe('70 00 05 00 00 00 00 0a 00 00 00 00 20 00 00 00 00 00');
    expect(await sense(drive)).toBe('0/0/0');
    await packet(drive, 0x5c);
    await packet(drive, ...TEST_UNIT_READY);
    expect(await sense(drive)).toBe('0/0/0');
  });

  test.each([0x4b, 0x45, 0x47, 0x2a, 0x35, 0xff])('command %i is refused as unknown', async (command) => {
    expect(await refusal(await readyDrive(disc(100)), command)).toBe('5/20/0');
  });
});

describe('reading', () => {
  test('READ CAPACITY: the last block and its length', async () => {
    expect(hex(await data(await readyDrive(disc(0x12345)), ...READ_CAPACITY))).toBe('00 01 23 44 00 00 08 00');
  });

  test('READ (10) and (12)', async () => {
    const drive = await readyDrive(disc(0x200));
    for (const cdb of [
      [0x28, 0, 0, 0, 1, 0xfe, 0, 0, 2],
      [0xa8, 0, 0, 0, 1, 0xfe, 0, 0, 0, 2],
    ]) {
      const read = await data(drive, ...cdb);
      expect(read).toHaveLength(4096);
      expect(hex(read.slice(0, 5))).toBe('00 00 01 fe fe');
      expect(hex(read.slice(2048, 2053))).toBe('00 00 01 ff ff');
    }
    expect(await data(drive, 0x28, 0, 0, 0, 0, 9, 0, 0, 0)).toEqual([]);
  });

  test('the last block of an image that ends within it is filled up with zeros', async () => {
    const drive = await readyDrive({ ...disc(2), sectors: 5 });
    expect(hex((await data(drive, ...READ_CAPACITY)).slice(0, 4))).toBe('00 00 00 01');
    const last = await data(drive, 0x28, 0, 0, 0, 0, 1, 0, 0, 1);
    expect(last.slice(508, 516)).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
  });

  test('beyond the end: 5/21/00, for reads, seeks and verification', async () => {
    const drive = await readyDrive(disc(0x200));
    expect(await refusal(drive, 0x28, 0, 0, 0, 1, 0xff, 0, 0, 2)).toBe('5/21/0');
    expect(await refusal(drive, 0x28, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 1)).toBe('5/21/0');
    expect(await refusal(drive, 0xa8, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff)).toBe('5/21/0');
    expect(await refusal(drive, 0xbe, 0, 0, 0, 2, 0, 0, 0, 1, 0x10)).toBe('5/21/0');
    expect(await refusal(drive, 0x2b, 0, 0, 0, 2, 0)).toBe('5/21/0');
    expect(await refusal(drive, 0x2f, 0, 0, 0, 0, 0, 0, 2, 1)).toBe('5/21/0');
    expect(await refusal(drive, 0x2f, 0, 0, 0, 0, 0, 0, 2, 0)).toBe('good');
  });

  test('READ (12) of more than fits a packet is refused without trying', async () => {
    const drive = await readyDrive({ sectors: 2 ** 24, read: () => Promise.reject(new Error('was tried')) });
    expect(await refusal(drive, 0xa8, 0, 0, 0, 0, 0, 0, 1, 0, 0)).toBe('5/24/0');
  });

  test('an image that cannot be read: 3/11/00, and no data', async () => {
    const drive = await readyDrive(unreadable);
    const result = await packet(drive, 0x28, 0, 0, 0, 0, 0, 0, 0, 1);
    expect(result).toMatchObject({ senseKey: 3, error: 0 });
    expect(result.data).toHaveLength(0);
    expect(await sense(drive)).toBe('3/11/0');
    expect(await refusal(drive, 0x2f, 0, 0, 0, 0, 0, 0, 0, 1)).toBe('3/11/0');
  });

  test('a read that a reset overtook leaves no sense data', async () => {
    let fail = (_: Error): void => {};
    const medium: CdromMedium = { sectors: 4, read: () => new Promise((_, reject) => (fail = reject)) };
    const drive = await readyDrive(medium);
    const reading = packet(drive, 0x28, 0, 0, 0, 0, 0, 0, 0, 1);
    drive.reset();
    fail(new Error('late'));
    expect((await reading).senseKey).toBe(3);
    expect(await sense(drive)).toBe('6/29/0');
  });

  test('READ CD: user data, the whole sector, parts of it, nothing', async () => {
    const drive = await readyDrive(disc(300));
    const read = (selection: number, expected = 0): Promise<number[]> =>
      data(drive, 0xbe, expected << 2, 0, 0, 0, 200, 0, 0, 2, selection);
    expect(hex((await read(0x10)).slice(0, 5))).toBe('00 00 00 c8 c8');
    const raw = await read(0xf8, 2);
    expect(raw).toHaveLength(2 * 2352);
    // Block 200 is frame 350: 4 seconds, 50 frames.
    expect(hex(raw.slice(0, 21))).toBe('00 ff ff ff ff ff ff ff ff ff ff 00 00 04 50 01 00 00 00 c8 c8');
    expect(hex(raw.slice(2352 + 12, 2352 + 16))).toBe('00 04 51 01');
    expect(await read(0x20)).toEqual([0, 4, 0x50, 1, 0, 4, 0x51, 1]);
    expect(await read(0)).toEqual([]);
    expect(await refusal(drive, 0xbe, 4, 0, 0, 0, 0, 0, 0, 1, 0x10), 'CD-DA').toBe('5/64/0');
    expect(await refusal(drive, 0xbe, 0, 0, 0, 0, 0, 0, 0, 1, 0x12), 'error flags').toBe('5/24/0');
    expect(await refusal(drive, 0xbe, 0, 0, 0, 0, 0, 0, 0, 1, 0x10, 1), 'sub-channel').toBe('5/24/0');
  });
});

describe('the table of contents', () => {
  // 0x12345 blocks end at frame 74565 + 150: 16:36:15.
  const toc = async (...cdb: number[]): Promise<string> =>
    hex(await data(await readyDrive(disc(0x12345)), 0x43, ...cdb));

  test('format 0, by blocks and by minutes', async () => {
    expect(await toc(0, 0, 0, 0, 0, 0, 0, 255)).toBe('00 12 01 01 00 14 01 00 00 00 00 00 00 14 aa 00 00 01 23 45');
    expect(await toc(2, 0, 0, 0, 0, 1, 0, 255)).toBe('00 12 01 01 00 14 01 00 00 00 02 00 00 14 aa 00 00 10 24 0f');
  });

  test('format 0 from the lead-out; there is no track 2', async () => {
    expect(await toc(0, 0, 0, 0, 0, 0xaa, 0, 255)).toBe('00 0a 01 01 00 14 aa 00 00 01 23 45');
    expect(await refusal(await readyDrive(disc(100)), 0x43, 0, 0, 0, 0, 0, 2, 0, 255)).toBe('5/24/0');
  });

  test('format 1: the last session; SFF-8020i has the format in the last byte', async () => {
    expect(await toc(0, 1, 0, 0, 0, 0, 0, 255)).toBe('00 0a 01 01 00 14 01 00 00 00 00 00');
    expect(await toc(0, 0, 0, 0, 0, 0, 0, 255, 0x40)).toBe('00 0a 01 01 00 14 01 00 00 00 00 00');
  });

  test('format 2: points A0, A1, A2 and the track', async () => {
    expect(await toc(2, 2, 0, 0, 0, 1, 1, 0)).toBe(
      [
        '00 2e 01 01',
        '01 14 00 a0 00 00 00 00 01 00 00',
        '01 14 00 a1 00 00 00 00 01 00 00',
        '01 14 00 a2 00 00 00 00 10 24 0f',
        '01 14 00 01 00 00 00 00 00 02 00',
      ].join(' '),
    );
  });

  test('what a pressed disc does not have is refused', async () => {
    for (const format of [3, 4, 5]) {
      expect(await refusal(await readyDrive(disc(100)), 0x43, 0, format, 0, 0, 0, 0, 0, 255)).toBe('5/24/0');
    }
  });

  test('addresses that minutes cannot say', async () => {
    const drive = await readyDrive(disc(2_000_000));
    expect(hex((await data(drive, 0x43, 2, 0, 0, 0, 0xaa, 0xaa, 0, 255)).slice(-4))).toBe('00 ff 3b 4a');
  });

  test('READ DISC INFORMATION and READ TRACK INFORMATION', async () => {
    const drive = await readyDrive(disc(0x12345));
    const info = await data(drive, 0x51, 0, 0, 0, 0, 0, 0, 0, 255);
    expect(hex(info.slice(0, 8))).toBe('00 20 0e 01 01 01 01 20');
    expect(info).toHaveLength(34);
    const track = await data(drive, 0x52, 1, 0, 0, 0, 1, 0, 0, 255);
    expect(hex(track.slice(0, 7))).toBe('00 22 01 01 00 04 01');
    expect(hex(track.slice(24, 28))).toBe('00 01 23 45');
    expect(await data(drive, 0x52, 0, 0, 0, 0x23, 0, 0, 0, 255)).toEqual(track);
    expect(await refusal(drive, 0x52, 1, 0, 0, 0, 2, 0, 0, 255)).toBe('5/24/0');
    expect(await refusal(drive, 0x52, 0, 0, 1, 0x23, 0x45, 0, 0, 255)).toBe('5/24/0');
  });

  test('READ SUB-CHANNEL: where the last read ended', async () => {
    const drive = await readyDrive(disc(300));
    await data(drive, 0x28, 0, 0, 0, 0, 199, 0, 0, 1);
    expect(hex(await data(drive, 0x42, 2, 0x40, 1, 0, 0, 0, 0, 16))).toBe(
      '00 15 00 0c 01 14 01 01 00 00 04 32 00 00 02 32',
    );
    expect(hex(await data(drive, 0x42, 0, 0, 0, 0, 0, 0, 0, 4))).toBe('00 15 00 00');
    expect(await data(drive, 0x42, 0, 0x40, 2, 0, 0, 0, 0, 99)).toHaveLength(24);
  });
});

describe('configuration', () => {
  const profile = async (medium?: CdromMedium): Promise<number[]> =>
    (await data(await readyDrive(medium), 0x46, 0, 0, 0, 0, 0, 0, 0, 8)).slice(6);

  test('the profile follows the size of the image', async () => {
    expect(await profile()).toEqual([0, 0]);
    expect(await profile(disc(460_800))).toEqual([0, 8]);
    expect(await profile(disc(460_801))).toEqual([0, 0x10]);
  });

  test('all features, the current ones, one', async () => {
    const drive = await readyDrive(disc(100));
    const codes = (bytes: readonly number[]): number[] => {
      const found = [];
      for (let at = 8; at < bytes.length; at += 4 + bytes[at + 3]!) found.push((bytes[at]! << 8) | bytes[at + 1]!);
      return found;
    };
    const all = await data(drive, 0x46, 0, 0, 0, 0, 0, 0, 1, 0);
    expect(all[3]).toBe(all.length - 4);
    expect(codes(all)).toEqual([0, 1, 2, 3, 0x10, 0x1e, 0x1f]);
    expect(codes(await data(drive, 0x46, 1, 0, 0, 0, 0, 0, 1, 0))).toEqual([0, 1, 2, 3, 0x10, 0x1e]);
    expect(hex(await data(drive, 0x46, 2, 0, 0x10, 0, 0, 0, 1, 0))).toBe(
      '00 00 00 10 00 00 00 08 00 10 01 08 00 00 08 00 00 01 01 00',
    );
    // Linux asks for "random writable" to learn that it is not there.
    expect(await data(drive, 0x46, 2, 0, 0x20, 0, 0, 0, 0, 24)).toHaveLength(8);
    expect(await refusal(drive, 0x46, 3)).toBe('5/24/0');
  });

  test('READ DVD STRUCTURE: a DVD has one, a CD does not', async () => {
    const dvd = await readyDrive(disc(DVD_BLOCKS));
    const structure = await data(dvd, 0xad, 0, 0, 0, 0, 0, 0, 0, 0x10, 0);
    expect(hex(structure.slice(0, 16))).toBe('08 02 00 00 01 0f 01 00 00 03 00 00 00 12 42 3f');
    expect(hex(await data(dvd, 0xad, 0, 0, 0, 0, 0, 0, 1, 0, 255))).toBe('00 06 00 00 00 00 00 00');
    expect(await refusal(dvd, 0xad, 0, 0, 0, 0, 0, 0, 2, 0, 255)).toBe('5/24/0');
    expect(await refusal(await readyDrive(disc(100)), 0xad, 0, 0, 0, 0, 0, 0, 0, 8, 4)).toBe('5/30/2');
    expect(await refusal(dvd, 0xbe, 0, 0, 0, 0, 0, 0, 0, 1, 0x10), 'READ CD').toBe('5/30/2');
  });
});

describe('modes', () => {
  test('MODE SENSE (10) and (6) of the capabilities', async () => {
    const drive = await readyDrive(disc(100));
    const ten = await data(drive, 0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 128);
    expect(hex(ten)).toBe('00 1c 01 00 00 00 00 00 2a 14 0b 00 00 00 29 00 21 13 00 00 02 00 21 13' + ' 00'.repeat(6));
    const six = await data(drive, 0x1a, 0, 0x2a, 0, 128);
    expect(hex(six.slice(0, 4))).toBe('19 01 00 00');
    expect(six.slice(4)).toEqual(ten.slice(8));
    await data(drive, 0x1e, 0, 0, 0, 1);
    await data(drive, 0xbb, 0, 0x02, 0xc2); // 706 kB/s: fourfold
    const page = (await data(drive, 0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 128)).slice(8);
    expect(page[6], 'locked').toBe(0x2b);
    expect(hex(page.slice(14, 16))).toBe('02 c2');
  });

  test('all pages, unknown pages, saved values', async () => {
    const drive = await readyDrive(disc(100));
    const all = await data(drive, 0x5a, 0, 0x3f, 0, 0, 0, 0, 1, 0);
    expect(all).toHaveLength(8 + 12 + 8 + 16 + 22);
    expect(all[1]).toBe(all.length - 2);
    expect(await refusal(drive, 0x5a, 8, 0x04, 0, 0, 0, 0, 0, 36), 'geometry, of SeaBIOS').toBe('5/24/0');
    expect(await refusal(drive, 0x5a, 0, 0xc1, 0, 0, 0, 0, 0, 36)).toBe('5/39/0');
  });

  test('MODE SELECT (10) writes what can be changed, all or nothing', async () => {
    const drive = await readyDrive(disc(100));
    const select = async (...list: number[]): Promise<string> => {
      const select10 = Uint8Array.of(0x55, 0x10, 0, 0, 0, 0, 0, 0, list.length, 0, 0, 0);
      expect((await drive.packet(select10)).wants).toBe(list.length);
      const result = await drive.accept(select10, Uint8Array.from(list));
      return result.senseKey === 0 ? 'good' : sense(drive);
    };
    const recovery = async (): Promise<number[]> => (await data(drive, 0x5a, 0, 1, 0, 0, 0, 0, 0, 99)).slice(8, 12);
    const header = Array(8).fill(0);
    const page1 = [0x01, 10, 0x20, 7, 0, 0, 0, 0, 0, 0, 0, 0];
    expect(await select(...header, ...page1, 0x2a, 0x14)).toBe('5/26/0');
    expect(await recovery()).toEqual([0x01, 10, 0, 5]);
    expect(await select(...header, ...page1.slice(0, 6))).toBe('5/1a/0');
    expect(await select(...header, ...page1)).toBe('good');
    expect(await recovery()).toEqual([0x01, 10, 0x20, 7]);
    // Linux sets the block length by a block descriptor: 2048 is the one that there is.
    const descriptor = (length: number): number[] => [
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      8,
      0,
      0,
      0,
      0,
      0,
      0,
      length >> 8,
      length & 255,
    ];
    expect(await select(...descriptor(2048))).toBe('good');
    expect(await select(...descriptor(2336))).toBe('5/26/0');
    expect(await refusal(drive, 0x55, 0x11, 0, 0, 0, 0, 0, 0, 20), 'to be saved').toBe('5/24/0');
    drive.reset();
    await sense(drive);
    expect(await recovery()).toEqual([0x01, 10, 0, 5]);
  });
});

describe('medium', () => {
  const poll = async (drive: AtapiCdrom): Promise<string> => hex(await data(drive, 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8));
  const NOTHING_NEW = '00 06 04 10 00 02 00 00';

  test('an empty drive says so to everything that needs a disc', async () => {
    const drive = await readyDrive();
    for (const command of [0x00, 0x25, 0x28, 0x2b, 0x2f, 0x42, 0x43, 0x51, 0x52, 0xa8, 0xad, 0xbe]) {
      expect(await refusal(drive, command), command.toString(16)).toBe('2/3a/0');
    }
    expect(hex((await data(drive, 0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 8)).slice(0, 4))).toBe('00 1c 70 00');
  });

  test('a change is told in two steps, and by an event', async () => {
    const drive = await readyDrive(disc(100));
    expect(await poll(drive)).toBe(NOTHING_NEW);
    expect(drive.insert(disc(200))).toBe(true);
    expect(await poll(drive)).toBe('00 06 04 10 02 02 00 00');
    expect(await poll(drive)).toBe(NOTHING_NEW);
    expect(await refusal(drive, ...TEST_UNIT_READY)).toBe('2/3a/0');
    expect(await refusal(drive, ...TEST_UNIT_READY)).toBe('6/28/0');
    expect(await refusal(drive, ...TEST_UNIT_READY)).toBe('good');
    expect((await data(drive, ...READ_CAPACITY))[3]).toBe(199);
  });

  test('who was told of the empty drive is told of the change only', async () => {
    const drive = await readyDrive(disc(100));
    drive.insert(undefined);
    expect(await poll(drive)).toBe('00 06 04 10 03 00 00 00');
    expect(await refusal(drive, ...TEST_UNIT_READY)).toBe('2/3a/0');
    drive.insert(disc(100));
    expect(await refusal(drive, ...TEST_UNIT_READY)).toBe('6/28/0');
    expect(await refusal(drive, ...TEST_UNIT_READY)).toBe('good');
  });

  test('the guest ejects and loads; the disc stays on the tray', async () => {
    const moves: boolean[] = [];
    const drive = await readyDrive(disc(100), { onTray: (open) => moves.push(open) });
    await data(drive, 0x1b, 0, 0, 0, 2);
    await data(drive, 0x1b, 0, 0, 0, 2);
    expect(moves).toEqual([true]);
    expect(await poll(drive)).toBe('00 06 04 10 03 01 00 00');
    expect(await refusal(drive, ...TEST_UNIT_READY)).toBe('2/3a/2');
    expect((await data(drive, 0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8))[1]).toBe(0x10);
    await data(drive, 0x1b, 0, 0, 0, 3);
    expect(moves).toEqual([true, false]);
    expect(await refusal(drive, ...TEST_UNIT_READY)).toBe('6/28/0');
    expect(await refusal(drive, ...TEST_UNIT_READY)).toBe('good');
  });

  test('a locked tray stays shut, for the guest and for the button, which asks the guest', async () => {
    const drive = await readyDrive(disc(100));
    await data(drive, 0x1e, 0, 0, 0, 1);
    expect(await refusal(drive, 0x1b, 0, 0, 0, 2)).toBe('5/53/2');
    expect(drive.eject()).toBe(false);
    expect(await poll(drive)).toBe('00 06 04 10 01 02 00 00');
    expect(drive.insert(disc(9))).toBe(false);
    expect((await data(drive, ...READ_CAPACITY))[3]).toBe(99);
    await data(drive, 0x1e, 0, 0, 0, 0);
    expect(drive.eject()).toBe(true);
    expect(drive.trayOpen).toBe(true);
  });

  test('by force a locked disc comes out, and the lock is off', async () => {
    const drive = await readyDrive(disc(100));
    await data(drive, 0x1e, 0, 0, 0, 1);
    expect(drive.insert(disc(9), true)).toBe(true);
    expect(drive.locked).toBe(false);
  });

  test('events: other classes are not there, and nobody is called back', async () => {
    const drive = await readyDrive(disc(100));
    expect(hex(await data(drive, 0x4a, 1, 0, 0, 0x02, 0, 0, 0, 8))).toBe('00 02 80 10');
    expect(await refusal(drive, 0x4a, 0, 0, 0, 0x10, 0, 0, 0, 8)).toBe('5/24/0');
    drive.insert(disc(1));
    expect(await data(drive, 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 4)).toHaveLength(4);
    expect(await poll(drive), 'a short answer does not take the event').toBe('00 06 04 10 02 02 00 00');
  });

  test('state is saved: sense, what is to be told, lock, tray, modes', async () => {
    const drive = await readyDrive(disc(100));
    await data(drive, 0x1e, 0, 0, 0, 1);
    await data(drive, 0xbb, 0, 0x02, 0xc2);
    drive.insert(disc(100), true);
    await data(drive, 0x1e, 0, 0, 0, 1);
    await packet(drive, 0xff);
    const saved = JSON.parse(JSON.stringify(drive.save()));
    const other = new AtapiCdrom({ medium: disc(100) });
    other.load(saved);
    expect(JSON.parse(JSON.stringify(other.save()))).toEqual(saved);
    expect(other.locked).toBe(true);
    expect(await sense(other)).toBe('5/20/0');
    expect(await refusal(other, ...TEST_UNIT_READY)).toBe('2/3a/0');
    expect(await refusal(other, ...TEST_UNIT_READY)).toBe('6/28/0');
    other.load(JSON.parse(JSON.stringify(new AtapiCdrom().save())));
    expect(await sense(other), 'a reset that was not told yet').toBe('6/29/0');
  });
});

describe('sequences of real drivers', () => {
  // src/hw/blockcmd.c and src/cdrom.c: INQUIRY, then TEST UNIT READY with REQUEST SENSE until it is good, then reads.
  test('SeaBIOS boots from it', async () => {
    const drive = new AtapiCdrom({ medium: disc(100) });
    await data(drive, 0x12, 0, 0, 0, 36);
    let tries = 0;
    for (; (await packet(drive, ...TEST_UNIT_READY)).senseKey !== 0; tries++) {
      expect((await data(drive, 0x03, 0, 0, 0, 18))[12], 'no medium').not.toBe(0x3a);
    }
    expect(tries).toBe(1);
    expect((await data(drive, ...READ_CAPACITY)).slice(4)).toEqual([0, 0, 8, 0]);
    expect((await data(drive, 0x28, 0, 0, 0, 0, 0x11, 0, 0, 1))[3]).toBe(0x11);
  });

  // drivers/scsi/sr.c, sr_ioctl.c, sr_vendor.c and drivers/cdrom/cdrom.c, from probing to a mount.
  test('Linux probes, opens and locks it', async () => {
    const drive = new AtapiCdrom({ medium: disc(100) });
    await data(drive, 0x12, 0, 0, 0, 36);
    expect(await refusal(drive, ...TEST_UNIT_READY)).toBe('6/29/0');
    expect(await data(drive, 0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 128)).toHaveLength(30);
    // "mrw" feature, then "random writable", by GET CONFIGURATION: the header only.
    expect(await data(drive, 0x46, 0, 0, 0x28, 0, 0, 0, 0, 16)).toHaveLength(8);
    expect((await data(drive, 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8))[5]).toBe(2);
    expect(await refusal(drive, ...TEST_UNIT_READY)).toBe('good');
    // The last session, from which isofs starts.
    expect((await data(drive, 0x43, 0, 0, 0, 0, 0, 0, 0, 12, 0x40)).slice(8)).toEqual([0, 0, 0, 0]);
    expect((await data(drive, 0x43, 2, 0, 0, 0, 0, 0, 0, 12)).slice(2, 4)).toEqual([1, 1]);
    expect(await refusal(drive, 0x1e, 0, 0, 0, 1)).toBe('good');
    expect((await data(drive, 0x28, 0, 0, 0, 0, 16, 0, 0, 1))[3]).toBe(16);
  });
});
