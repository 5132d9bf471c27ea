// What the tests of IDE stand on: the controller on a bus of its own, and a driver by the book.

import type { HostWork } from '../../src/devices/host-work.ts';
import type { Drive } from '../../src/devices/ide/channel.ts';
import { IdeController } from '../../src/devices/ide/controller.ts';
import { RawImage } from '../../src/storage/index.ts';
import { MemoryFile } from '../../src/storage/memory-file.ts';
import { inb, outb, Probe } from './wires.ts';

export const BSY = 0x80;
export const DRDY = 0x40;
export const DF = 0x20;
export const DSC = 0x10;
export const DRQ = 0x08;
export const ERR = 0x01;

export type Pair = readonly [Drive | undefined, Drive | undefined];

/** A disk of bytes: sector s is full of the numbers s, s + 1, ... */
export function patternMedium(sectors: number): { readonly bytes: Uint8Array; readonly image: RawImage } {
  const bytes = new Uint8Array(sectors * 512);
  for (let k = 0; k < bytes.length; k++) bytes[k] = (k >> 9) + k;
  return { bytes, image: new RawImage(new MemoryFile(bytes)) };
}

export class IdeHost {
  readonly memory = new Uint8Array(1 << 20);
  readonly irqs = [new Probe(), new Probe()] as const;
  readonly complaints: string[] = [];
  readonly controller: IdeController;
  base: number | undefined;

  constructor(first: Pair, second: Pair = [undefined, undefined]) {
    const work: HostWork = {
      start: (promise, _bytes, ended) => void promise.then(() => ended(undefined), ended),
    };
    const channel = (k: 0 | 1, drives: Pair) => ({
      name: `ide${k + 1}`,
      irq: this.irqs[k],
      work,
      drives,
      complain: (line: string) => void this.complaints.push(line),
      memory: {
        read: (address: number, into: Uint8Array) => into.set(this.memory.subarray(address, address + into.length)),
        write: (address: number, from: Uint8Array) => this.memory.set(from, address),
      },
    });
    this.controller = new IdeController({
      channels: [channel(0, first), channel(1, second)],
      moved: (base) => {
        this.base = base;
      },
    });
    this.controller.reset();
    this.controller.writeConfig(0x40, 32, 0x80008000 | 0);
    this.controller.writeConfig(0x20, 32, 0xc000);
    this.controller.writeConfig(0x04, 16, 0x0005);
  }

  in(register: number, channel = 0): number {
    return inb(this.controller.ports[channel]!.command, register);
  }

  out(register: number, value: number, channel = 0): void {
    outb(this.controller.ports[channel]!.command, register, value);
  }

  alternate(channel = 0): number {
    return inb(this.controller.ports[channel]!.control, 0);
  }

  control(value: number, channel = 0): void {
    outb(this.controller.ports[channel]!.control, 0, value);
  }

  /** Address and count of 28 bits, and the command. */
  command28(code: number, sector: number, count: number, device = 0xe0): void {
    this.out(6, device | ((sector >>> 24) & 15));
    this.out(2, count);
    this.out(3, sector & 255);
    this.out(4, (sector >> 8) & 255);
    this.out(5, (sector >> 16) & 255);
    this.out(7, code);
  }

  /** Of 48 bits: upper bytes first. */
  command48(code: number, sector: number, count: number): void {
    this.out(6, 0xe0);
    const upper = Math.floor(sector / 2 ** 24);
    this.out(2, count >> 8);
    this.out(3, upper & 255);
    this.out(4, (upper >> 8) & 255);
    this.out(5, (upper >> 16) & 255);
    this.command28(code, sector % 2 ** 24, count & 255, 0xe0);
  }

  /** Until the host has answered. */
  async settled(): Promise<void> {
    for (let k = 0; k < 1000 && this.alternate() & BSY; k++) await new Promise((turn) => setImmediate(turn));
  }

  /** Words from the data register. */
  readWords(count: number): Uint8Array {
    const data = new Uint8Array(2 * count);
    for (let k = 0; k < count; k++) {
      const word = this.controller.ports[0]!.command.read(0, 16);
      data[2 * k] = word;
      data[2 * k + 1] = word >> 8;
    }
    return data;
  }

  writeWords(data: Uint8Array): void {
    for (let k = 0; k < data.length; k += 2) {
      this.controller.ports[0]!.command.write(0, 16, (data[k] as number) | ((data[k + 1] as number) << 8));
    }
  }

  /** A PRD table at `at`: regions of address and bytes. */
  prds(at: number, regions: readonly (readonly [address: number, bytes: number])[]): void {
    const view = new DataView(this.memory.buffer);
    for (const [k, [address, bytes]] of regions.entries()) {
      view.setUint32(at + 8 * k, address, true);
      view.setUint16(at + 8 * k + 4, bytes & 0xffff, true);
      view.setUint16(at + 8 * k + 6, k === regions.length - 1 ? 0x8000 : 0, true);
    }
  }

  /** Table, direction, start. */
  startBusMaster(table: number, toMemory: boolean): void {
    const { busMasterPorts } = this.controller;
    busMasterPorts.write(4, 32, table);
    busMasterPorts.write(2, 8, 0x06);
    busMasterPorts.write(0, 8, toMemory ? 8 : 0);
    busMasterPorts.write(0, 8, toMemory ? 9 : 1);
  }

  busMasterStatus(): number {
    return this.controller.busMasterPorts.read(2, 8) & 7;
  }
}
