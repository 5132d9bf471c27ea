import { describe, expect, test, vi } from 'vitest';
import { AtaDisk } from '../../src/devices/ide/ata-disk.ts';
import { AtapiCdrom } from '../../src/devices/ide/atapi-cdrom.ts';
import type { PacketDevice, PacketResult } from '../../src/devices/ide/drive.ts';
import { type BlockDevice, StorageError } from '../../src/storage/contract.ts';
import { disc } from './atapi-drive.ts';
import { BSY, DF, DRDY, DRQ, DSC, ERR, IdeHost, patternMedium } from './ide-host.ts';

const READY = DRDY | DSC;
const ABRT = 0x04;
const IDNF = 0x10;
const UNC = 0x40;

function oneDisk(sectors = 4096) {
  const medium = patternMedium(sectors);
  const host = new IdeHost([new AtaDisk(medium.image, 'TEST'), undefined]);
  return { host, ...medium };
}

/** A medium that notes what is asked of it. */
function spy(sectors: number, fails?: (sector: number) => StorageError | undefined) {
  const asked: string[] = [];
  const act = async (kind: string, sector: number, bytes: number): Promise<void> => {
    asked.push(`${kind} ${sector} ${bytes / 512}`);
    for (let k = 0; k < bytes / 512; k++) {
      const error = fails?.(sector + k);
      if (error) throw error;
    }
  };
  const medium: BlockDevice = {
    sectors,
    readOnly: false,
    read: (sector, into) => act('read', sector, into.length),
    write: (sector, from) => act('write', sector, from.length),
    flush: async () => void asked.push('flush'),
    close: async () => {},
  };
  return { asked, host: new IdeHost([new AtaDisk(medium, 'SPY'), undefined]) };
}

function words(data: Uint8Array): number[] {
  return Array.from({ length: 256 }, (_, k) => (data[2 * k] as number) | ((data[2 * k + 1] as number) << 8));
}

describe('identification', () => {
  test('IDENTIFY DEVICE: geometry, both capacities, DMA modes, checksum; one interrupt', () => {
    const { host } = oneDisk(16 * 63 * 20 + 5);
    host.command28(0xec, 0, 0, 0xa0);
    expect(host.irqs[0].rises).toBe(1);
    expect(host.in(7)).toBe(READY | DRQ);
    const data = host.readWords(256);
    const id = words(data);
    expect([id[1], id[3], id[6]]).toEqual([20, 16, 63]);
    expect(id[60]! | (id[61]! << 16)).toBe(16 * 63 * 20 + 5);
    expect(id[100]! | (id[101]! << 16)).toBe(16 * 63 * 20 + 5);
    expect(id[83]! & 0x7400).toBe(0x7400); // LBA48, FLUSH CACHE, FLUSH CACHE EXT
    expect([id[63], id[88]]).toEqual([0x0007, 0x203f]);
    expect(data.reduce((sum, byte) => (sum + byte) & 255, 0)).toBe(0);
    expect(host.in(7)).toBe(READY);
  });

  test('a channel without drives floats; the master answers for a slave that is not there', () => {
    const { host } = oneDisk();
    expect(host.in(7, 1)).toBe(0xff);
    host.out(6, 0xb0);
    host.out(2, 0x55);
    expect([host.in(7), host.in(2), host.alternate()]).toEqual([0, 0x55, 0]);
  });

  test('ports are not decoded until IDETIM says so, and the bus master moves with its BAR', () => {
    const { host } = oneDisk();
    expect(host.base).toBe(0xc000);
    expect(host.controller.readConfig(0, 32)).toBe(0x70108086);
    expect(host.controller.readConfig(8, 32) >>> 8).toBe(0x010180);
    host.controller.writeConfig(0x40, 16, 0);
    expect(host.in(7)).toBe(0xff);
  });
});

describe('PIO', () => {
  test('READ SECTORS: an interrupt for each sector, and the right bytes', async () => {
    const { host, bytes } = oneDisk();
    host.command28(0x20, 300, 3);
    for (let k = 0; k < 3; k++) {
      await host.settled();
      expect(host.irqs[0].rises).toBe(k + 1);
      expect(host.in(7)).toBe(READY | DRQ);
      expect(host.readWords(256)).toEqual(bytes.slice((300 + k) * 512, (301 + k) * 512));
    }
    expect(host.in(7)).toBe(READY);
    expect(host.irqs[0].rises).toBe(3);
  });

  test('CHS addresses, with the geometry that INITIALIZE DEVICE PARAMETERS set', async () => {
    const { host, bytes } = oneDisk();
    host.out(6, 0xa0 | 3); // four heads
    host.out(2, 17);
    host.out(7, 0x91);
    expect(host.in(7)).toBe(READY);
    const read = async (cylinder: number, head: number, sector: number) => {
      host.command28(0x20, (cylinder << 8) | sector, 1, 0xa0 | head);
      await host.settled();
      return host.readWords(256);
    };
    const lba = (5 * 4 + 2) * 17 + 16;
    expect(await read(5, 2, 17)).toEqual(bytes.slice(lba * 512, (lba + 1) * 512));
    host.command28(0x20, 18, 1, 0xa0);
    expect([host.in(7), host.in(1)]).toEqual([READY | ERR, IDNF]);
  });

  test('WRITE MULTIPLE takes blocks, READ MULTIPLE gives them; off, both are aborted', async () => {
    const { host, bytes } = oneDisk();
    host.out(2, 4);
    host.out(7, 0xc6);
    const data = Uint8Array.from({ length: 6 * 512 }, (_, k) => k * 7);
    host.command28(0xc5, 10, 6);
    expect(host.irqs[0].rises).toBe(1); // of SET MULTIPLE MODE
    host.writeWords(data.subarray(0, 4 * 512));
    await host.settled();
    expect(host.irqs[0].rises).toBe(2);
    expect(host.in(7)).toBe(READY | DRQ);
    host.writeWords(data.subarray(4 * 512));
    await host.settled();
    expect(host.in(7)).toBe(READY);
    expect(bytes.slice(10 * 512, 16 * 512)).toEqual(data);
    host.command28(0xc4, 10, 6);
    await host.settled();
    expect(host.readWords(6 * 256)).toEqual(data);
    host.out(2, 0);
    host.out(7, 0xc6);
    host.command28(0xc4, 10, 6);
    expect([host.in(7), host.in(1)]).toEqual([READY | ERR, ABRT]);
  });

  test('the data register takes accesses of 32 bits', async () => {
    const { host, bytes } = oneDisk();
    host.command28(0x20, 1, 1);
    await host.settled();
    const got = new Int32Array(128);
    for (let k = 0; k < 128; k++) got[k] = host.controller.ports[0]!.command.read(0, 32);
    expect(new Uint8Array(got.buffer)).toEqual(bytes.slice(512, 1024));
    expect(host.in(7)).toBe(READY);
  });

  test('nIEN holds the interrupt back; the alternate status does not acknowledge it', () => {
    const { host } = oneDisk();
    host.control(0x02);
    host.out(7, 0xec);
    expect(host.irqs[0].level).toBe(false);
    host.control(0);
    expect(host.irqs[0].level).toBe(true);
    host.alternate();
    expect(host.irqs[0].level).toBe(true);
    host.in(7);
    expect(host.irqs[0].level).toBe(false);
  });
});

describe('addresses of 48 bits', () => {
  test('reach beyond 2 TiB, with counts beyond 256, by DMA', async () => {
    const { host, asked } = spy(2 ** 40);
    host.prds(0, [
      [0x10000, 0],
      [0x20000, 0],
      [0x30000, 0x5000],
    ]);
    host.command48(0x25, 0x12_3456_789a, 0x128);
    host.startBusMaster(0, true);
    await host.settled();
    expect(asked).toEqual([`read ${0x12_3456_789a} ${0x128}`]);
    expect(host.busMasterStatus()).toBe(4);
  });

  test('the bytes written before are behind HOB', () => {
    const { host } = spy(2 ** 40);
    host.out(3, 0x12);
    host.out(3, 0x34);
    expect(host.in(3)).toBe(0x34);
    host.control(0x80);
    expect(host.in(3)).toBe(0x12);
  });

  test('READ NATIVE MAX ADDRESS, and EXT', () => {
    const { host } = spy(2 ** 40);
    host.out(6, 0xe0);
    host.out(7, 0xf8);
    expect([host.in(6) & 15, host.in(5), host.in(4), host.in(3)]).toEqual([15, 255, 255, 255]);
    host.out(7, 0x27);
    host.control(0x80);
    expect([host.in(5), host.in(4), host.in(3)]).toEqual([0, 255, 255]);
  });

  test('one past the end is not found; nothing is asked of the host', () => {
    const { host, asked } = spy(1000);
    host.command48(0x24, 999, 2);
    expect([host.in(7), host.in(1)]).toEqual([READY | ERR, IDNF]);
    expect(asked).toEqual([]);
  });
});

describe('DMA', () => {
  test('READ DMA scatters into the regions; interrupt set and active clear at the end', async () => {
    const { host, bytes } = oneDisk();
    host.prds(0x100, [
      [0x8000, 512],
      [0x4000, 1024],
      [0x9001, 512],
    ]);
    host.command28(0xc8, 7, 4);
    expect(host.irqs[0].level).toBe(false);
    host.startBusMaster(0x100, true);
    expect(host.busMasterStatus()).toBe(1);
    await host.settled();
    expect(host.irqs[0].level).toBe(true);
    expect(host.busMasterStatus()).toBe(4);
    expect(host.memory.slice(0x8000, 0x8200)).toEqual(bytes.slice(7 * 512, 8 * 512));
    expect(host.memory.slice(0x4000, 0x4400)).toEqual(bytes.slice(8 * 512, 10 * 512));
    // Bit 0 of an address is not there.
    expect(host.memory.slice(0x9000, 0x9200)).toEqual(bytes.slice(10 * 512, 11 * 512));
    expect(host.in(7)).toBe(READY);
    host.controller.busMasterPorts.write(0, 8, 8);
    host.controller.busMasterPorts.write(2, 8, 4);
    expect(host.busMasterStatus()).toBe(0);
  });

  test('WRITE DMA gathers; started before the command as well as after it', async () => {
    const { host, bytes } = oneDisk();
    host.memory.fill(0x5a, 0x8000, 0x8400);
    host.prds(0, [[0x8000, 1024]]);
    host.startBusMaster(0, false);
    host.command28(0xca, 20, 2);
    await host.settled();
    expect(bytes.slice(20 * 512, 22 * 512)).toEqual(new Uint8Array(1024).fill(0x5a));
    expect(host.busMasterStatus()).toBe(4);
  });

  test('regions longer than the transfer: interrupt and active both set', async () => {
    const { host } = oneDisk();
    host.prds(0, [[0x8000, 4096]]);
    host.command28(0xc8, 7, 4);
    host.startBusMaster(0, true);
    await host.settled();
    expect(host.busMasterStatus()).toBe(5);
  });

  test('regions shorter than the transfer: neither, and the drive waits for a reset', async () => {
    const { host } = oneDisk();
    host.prds(0, [[0x8000, 512]]);
    host.command28(0xc8, 7, 4);
    host.startBusMaster(0, true);
    await host.settled();
    expect(host.busMasterStatus()).toBe(0);
    expect(host.irqs[0].level).toBe(false);
    expect(host.alternate() & DRQ).toBe(DRQ);
    host.control(4);
    host.control(0);
    expect(host.in(7)).toBe(READY);
  });

  test('nothing moves until the command register allows bus mastering', async () => {
    const { host } = oneDisk();
    host.controller.writeConfig(4, 16, 1);
    host.prds(0, [[0x8000, 512]]);
    host.command28(0xc8, 7, 1);
    host.startBusMaster(0, true);
    await host.settled();
    expect(host.busMasterStatus()).toBe(1);
    host.controller.writeConfig(4, 16, 5);
    await host.settled();
    expect(host.busMasterStatus()).toBe(4);
  });
});

describe('errors', () => {
  test.each([0xb0, 0x00, 0xf1, 0xa1])('command %i is aborted', (code) => {
    const { host } = oneDisk();
    host.out(7, code);
    expect([host.in(7), host.in(1)]).toEqual([READY | ERR, ABRT]);
    expect(host.irqs[0].rises).toBe(1);
  });

  test('a sector that the host cannot read: its address is in the registers', async () => {
    const bad = new StorageError('io', 'disk.img: sector 1003 cannot be read');
    const { host } = spy(4096, (sector) => (sector === 1003 ? bad : undefined));
    host.prds(0, [[0x8000, 4096]]);
    host.command28(0xc8, 1000, 8);
    host.startBusMaster(0, true);
    await host.settled();
    expect([host.in(7), host.in(1)]).toEqual([READY | ERR, UNC]);
    expect(host.in(3) | (host.in(4) << 8)).toBe(1003);
    expect(host.complaints).toEqual(['ide1 master: disk.img: sector 1003 cannot be read']);
  });

  test('a full disk of the host: a device fault, and the user is told once', async () => {
    const { host } = spy(4096, () => new StorageError('no-space', 'disk.img: no space'));
    host.command28(0x30, 5, 1);
    host.writeWords(new Uint8Array(512));
    await host.settled();
    expect([host.in(7), host.in(1)]).toEqual([READY | DF | ERR, ABRT]);
    expect(host.complaints).toEqual(['ide1 master: disk.img: no space']);
  });
});

describe('the write cache', () => {
  test('FLUSH CACHE flushes; with the cache off, each write does', async () => {
    const { host, asked } = spy(4096);
    host.out(7, 0xe7);
    await host.settled();
    expect(asked).toEqual(['flush']);
    host.out(1, 0x82);
    host.out(7, 0xef);
    await host.settled();
    host.command28(0x30, 5, 1);
    host.writeWords(new Uint8Array(512));
    await host.settled();
    expect(asked).toEqual(['flush', 'flush', 'write 5 1', 'flush']);
  });
});

describe('reset', () => {
  test('SRST: busy while it is set, then the signature of a disk and device 0', () => {
    const { host } = oneDisk();
    host.out(6, 0xb0);
    host.control(4);
    host.out(6, 0xa0);
    host.control(0);
    expect([2, 3, 4, 5, 1].map((k) => host.in(k))).toEqual([1, 1, 0, 0, 1]);
    expect(host.in(6) & 0x10).toBe(0);
  });

  test('what the host answers to a command before the reset is dropped', async () => {
    const { host, bytes } = oneDisk();
    host.command28(0x20, 5, 1);
    host.control(4);
    host.control(0);
    host.command28(0x20, 9, 1);
    await host.settled();
    expect(host.readWords(256)).toEqual(bytes.slice(9 * 512, 10 * 512));
    expect(host.in(7)).toBe(READY);
  });

  test('a disk that is busy does not listen to DEVICE RESET', async () => {
    const { host, bytes } = oneDisk();
    host.command28(0x20, 5, 1);
    host.out(7, 0x08);
    expect(host.in(7)).toBe(BSY);
    await host.settled();
    expect(host.in(7)).toBe(READY | DRQ);
    expect(host.readWords(256)).toEqual(bytes.slice(5 * 512, 6 * 512));
  });

  test('EXECUTE DEVICE DIAGNOSTIC passes, even from a slave that is not there', () => {
    const { host } = oneDisk();
    host.out(6, 0xb0);
    host.out(7, 0x90);
    expect(host.irqs[0].rises).toBe(1);
    expect([host.in(1), host.in(7)]).toEqual([1, READY]);
  });
});

describe('packet devices', () => {
  /** Answers each packet with `result`. */
  function device(result: PacketResult, accept: PacketDevice['accept'] = () => Promise.reject(new Error('nothing'))) {
    const packets: number[][] = [];
    const drive: PacketDevice = {
      identify: () => new Uint8Array(512).fill(0x85),
      packet: async (cdb) => {
        packets.push([...cdb]);
        return result;
      },
      accept,
      reset: () => {},
      save: () => undefined,
      load: () => {},
    };
    return { packets, host: new IdeHost([drive, undefined]) };
  }
  const cdb = Uint8Array.from([0x28, 0, 0, 0, 0, 16, 0, 0, 1, 0, 0, 0]);
  const data = Uint8Array.from({ length: 2048 }, (_, k) => k * 3);

  test('tell themselves by their signature, and refuse IDENTIFY DEVICE', () => {
    const { host } = device({ data, senseKey: 0 });
    expect([host.in(4), host.in(5)]).toEqual([0x14, 0xeb]);
    host.out(4, 0);
    host.out(7, 0xec);
    expect([host.in(7) & ERR, host.in(1), host.in(4), host.in(5)]).toEqual([ERR, ABRT, 0x14, 0xeb]);
    host.out(7, 0xa1);
    expect(host.readWords(256)).toEqual(new Uint8Array(512).fill(0x85));
  });

  test('PACKET by PIO: blocks of the byte count limit, the interrupt reason at each step', async () => {
    const { host, packets } = device({ data, senseKey: 0 });
    host.out(1, 0);
    host.out(4, 1500 & 255);
    host.out(5, 1500 >> 8);
    host.out(7, 0xa0);
    expect([host.in(7) & DRQ, host.in(2)]).toEqual([DRQ, 1]);
    host.writeWords(cdb);
    await host.settled();
    expect(packets).toEqual([[...cdb]]);
    const got: number[] = [];
    for (const bytes of [1500, 548]) {
      expect([host.in(7) & DRQ, host.in(2), host.in(4) | (host.in(5) << 8)]).toEqual([DRQ, 2, bytes]);
      got.push(...host.readWords(bytes / 2));
    }
    expect([host.in(7) & (DRQ | ERR), host.in(2)]).toEqual([0, 3]);
    expect(Uint8Array.from(got)).toEqual(data);
    expect(host.irqs[0].rises).toBe(3);
  });

  test('PACKET by DMA', async () => {
    const { host } = device({ data, senseKey: 0 });
    host.prds(0, [[0x8000, 2048]]);
    host.out(1, 1);
    host.out(7, 0xa0);
    host.writeWords(cdb);
    host.startBusMaster(0, true);
    await host.settled();
    expect(host.memory.slice(0x8000, 0x8800)).toEqual(data);
    expect([host.in(2), host.busMasterStatus()]).toEqual([3, 4]);
  });

  test('a sense key is in the error register', async () => {
    const { host } = device({ data: new Uint8Array(0), senseKey: 2, error: ABRT });
    host.out(1, 0);
    host.out(7, 0xa0);
    host.writeWords(cdb);
    await host.settled();
    expect([host.in(7) & ERR, host.in(1)]).toEqual([ERR, 0x24]);
  });

  test('what the device wants is handed to it', async () => {
    let accepted: Uint8Array | undefined;
    const none = new Uint8Array(0);
    const { host } = device({ data: none, wants: 20, senseKey: 0 }, async (packet, given) => {
      expect(packet).toEqual(cdb);
      accepted = given;
      return { data: none, senseKey: 0 };
    });
    host.out(1, 0);
    host.out(4, 20);
    host.out(5, 0);
    host.out(7, 0xa0);
    host.writeWords(cdb);
    await host.settled();
    expect([host.in(7) & DRQ, host.in(2), host.in(4)]).toEqual([DRQ, 0, 20]);
    host.writeWords(data.subarray(0, 20));
    await host.settled();
    expect(accepted).toEqual(data.slice(0, 20));
    expect([host.in(7) & (DRQ | ERR), host.in(2)]).toEqual([0, 3]);
  });
});

test('a saved controller goes on amid a transfer', async () => {
  const { host, image, bytes } = oneDisk();
  host.command28(0x20, 40, 2);
  await host.settled();
  const first = host.readWords(100);
  const state = structuredClone(host.controller.save());
  const other = new IdeHost([new AtaDisk(image, 'TEST'), undefined]);
  other.controller.load(state);
  const got = [...first, ...other.readWords(512 - 100)];
  expect(Uint8Array.from(got)).toEqual(bytes.slice(40 * 512, 42 * 512));
  expect(other.in(7)).toBe(READY);
});

describe('a controller saved while the host works goes on in another one', () => {
  /** A host that answers only when it is let, and then as `image` does. */
  function slow(image: BlockDevice) {
    let letGo: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const medium: BlockDevice = {
      sectors: image.sectors,
      readOnly: false,
      read: (sector, into) => gate.then(() => image.read(sector, into)),
      write: (sector, from) => {
        const bytes = from.slice();
        return gate.then(() => image.write(sector, bytes));
      },
      flush: () => gate.then(() => image.flush()),
      close: async () => {},
    };
    return { medium, letGo };
  }

  /**
   * Lets `begin` give a command to a disk that does not answer; then moves the state to a machine whose disk has the
   * same contents and does. Returns that, when it has answered.
   */
  async function moved(begin: (host: IdeHost) => void) {
    const stuck = slow(patternMedium(1000).image);
    const one = new IdeHost([new AtaDisk(stuck.medium, 'TEST'), undefined]);
    begin(one);
    expect(one.alternate()).toBe(BSY);
    const state = JSON.parse(JSON.stringify(one.controller.save(), asArrays), fromArrays);
    const { image, bytes } = patternMedium(1000);
    const flush = vi.spyOn(image, 'flush');
    const other = new IdeHost([new AtaDisk(image, 'TEST'), undefined]);
    other.memory.set(one.memory);
    other.controller.load(state);
    expect(other.alternate()).toBe(BSY);
    expect(other.irqs[0].level).toBe(false);
    await other.settled();
    expect([other.irqs[0].level, other.busMasterStatus() & 3]).toEqual([true, 0]);
    // The old machine's answer comes late and changes nothing here.
    stuck.letGo();
    return { one, other, image, bytes, flush };
  }

  test('READ DMA', async () => {
    const { other, bytes } = await moved((host) => {
      host.prds(0x1000, [[0x8000, 1024]]);
      host.command28(0xc8, 300, 2);
      host.startBusMaster(0x1000, true);
    });
    expect(other.memory.slice(0x8000, 0x8400)).toEqual(bytes.slice(300 * 512, 302 * 512));
    expect(other.in(7)).toBe(READY);
  });

  test('WRITE DMA: with the data that were in memory when it began', async () => {
    const { other, image } = await moved((host) => {
      host.memory.fill(0x5a, 0x8000, 0x8400);
      host.prds(0x1000, [[0x8000, 1024]]);
      host.command28(0xca, 300, 2);
      host.startBusMaster(0x1000, false);
      host.memory.fill(0xff, 0x8000, 0x8400);
    });
    const into = new Uint8Array(1024);
    await image.read(300, into);
    expect(into).toEqual(new Uint8Array(1024).fill(0x5a));
    expect(other.in(7)).toBe(READY);
  });

  test('READ SECTORS', async () => {
    const { other, bytes } = await moved((host) => host.command28(0x20, 300, 2));
    expect(other.readWords(512)).toEqual(bytes.slice(300 * 512, 302 * 512));
    expect(other.in(7)).toBe(READY);
  });

  test('WRITE SECTORS', async () => {
    const { other, image } = await moved((host) => {
      host.command28(0x30, 300, 2);
      host.writeWords(new Uint8Array(512).fill(1));
    });
    other.writeWords(new Uint8Array(512).fill(2));
    await other.settled();
    const into = new Uint8Array(1024);
    await image.read(300, into);
    expect([into[0], into[511], into[512], into[1023]]).toEqual([1, 1, 2, 2]);
  });

  test('FLUSH CACHE', async () => {
    const { other, flush } = await moved((host) => host.out(7, 0xe7));
    expect(flush).toHaveBeenCalledTimes(1);
    expect(other.in(7)).toBe(READY);
  });

  const packet = (...bytes: number[]): Uint8Array => Uint8Array.from({ length: 12 }, (_, k) => bytes[k] ?? 0);

  function command(host: IdeHost, bytes: Uint8Array): void {
    host.out(1, 0);
    host.out(4, 0);
    host.out(5, 8);
    host.out(7, 0xa0);
    host.writeWords(bytes);
  }

  /** A packet that has no data, until it is not refused for what happened to the drive. */
  async function ready(host: IdeHost): Promise<void> {
    do {
      command(host, packet(0x00));
      await host.settled();
    } while (host.in(7) & ERR);
  }

  test.each([
    // What the packet took away from the drive before the state was saved is there for the second time.
    ['REQUEST SENSE', packet(0x03, 0, 0, 0, 18), 'sense'],
    ['READ (10)', packet(0x28, 0, 0, 0, 0, 7, 0, 0, 1), 'block'],
  ])('a CD-ROM drive amid %s', async (_name, bytes, what) => {
    const one = new IdeHost([new AtapiCdrom({ medium: disc(50) }), undefined]);
    await ready(one);
    // No such command: what the drive will be asked about.
    command(one, packet(0xff));
    await one.settled();
    expect(one.in(7) & ERR).toBe(ERR);
    command(one, bytes);
    expect(one.alternate()).toBe(BSY);
    const state = structuredClone(one.controller.save());
    const other = new IdeHost([new AtapiCdrom({ medium: disc(50) }), undefined]);
    other.controller.load(state);
    expect(other.alternate()).toBe(BSY);
    for (const host of [one, other]) {
      await host.settled();
      expect(host.in(7) & (DRQ | ERR)).toBe(DRQ);
      const data = host.readWords((host.in(4) | (host.in(5) << 8)) >> 1);
      if (what === 'sense') expect([data[2], data[12], data[13]]).toEqual([5, 0x20, 0]);
      else expect([data.length, data[3], data[4], data[2047]]).toEqual([2048, 7, 7, 7]);
      expect([host.in(7) & (DRQ | ERR), host.in(2)]).toEqual([0, 3]);
    }
  });

  test('a CD-ROM drive that waits for the data of MODE SELECT, with its tray locked', async () => {
    const one = new IdeHost([new AtapiCdrom({ medium: disc(50) }), undefined]);
    await ready(one);
    command(one, packet(0x1e, 0, 0, 0, 1));
    await one.settled();
    const list = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0x01, 10, 0x20, 7, 0, 0, 0, 0, 0, 0, 0, 0);
    command(one, packet(0x55, 0x10, 0, 0, 0, 0, 0, 0, list.length));
    await one.settled();
    one.writeWords(list.subarray(0, 10));
    const drive = new AtapiCdrom({ medium: disc(50) });
    const other = new IdeHost([drive, undefined]);
    other.controller.load(structuredClone(one.controller.save()));
    expect(drive.locked).toBe(true);
    other.writeWords(list.subarray(10));
    await other.settled();
    expect(other.in(7) & (DRQ | ERR)).toBe(0);
    command(other, packet(0x5a, 0, 1, 0, 0, 0, 0, 0, 99));
    await other.settled();
    expect([...other.readWords(10).subarray(8, 12)]).toEqual([0x01, 10, 0x20, 7]);
  });
});

/** For JSON: byte arrays by their name. */
function asArrays(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { bytes: [...value] } : value;
}

function fromArrays(_key: string, value: unknown): unknown {
  const bytes = (value as { bytes?: number[] } | null)?.bytes;
  return Array.isArray(bytes) ? Uint8Array.from(bytes) : value;
}
