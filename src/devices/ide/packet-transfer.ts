// A command packet and its data, between a packet device and the guest: the PACKET protocol, by PIO or DMA.
// ATA/ATAPI-6 (T13/1410D), section 9.8.

import { channel as logChannel } from '../../lib/log.ts';
import { SECTOR } from '../../storage/contract.ts';
import type { Cable, PacketJob, Request, Transfer } from './cable.ts';
import type { PacketDevice, PacketResult } from './drive.ts';
import { ERR } from './task-file.ts';

const log = logChannel('ide');

// The interrupt reason of the PACKET command, in the count register.
const REASON_COMMAND = 0x01;
const REASON_TO_HOST = 0x02;

const PACKET_BYTES = 12;

export class PacketTransfer implements Transfer {
  readonly job: PacketJob;
  readonly #device: PacketDevice;
  readonly #cable: Cable;
  #before: unknown;

  /** `job` is kept, and tells how far the transfer is. */
  constructor(device: PacketDevice, cable: Cable, job: PacketJob) {
    this.job = job;
    this.#device = device;
    this.#cable = cable;
  }

  /** The device's state from before what the host works on. */
  get before(): unknown {
    return this.#before;
  }

  start(): void {
    this.#cable.file.count = REASON_COMMAND;
    this.#cable.expectPacket(PACKET_BYTES);
  }

  blockRead(): void {
    if (this.#cable.buffer.left > 0) this.#offerBlock();
    else this.#done(this.job.answer);
  }

  blockWritten(): void {
    if (!this.job.packet) this.#execute();
    else if (this.#cable.buffer.left > 0) this.#expectBlock();
    else this.#accept();
  }

  dmaReady(): void {
    if (!this.#cable.move(this.#cable.buffer.data)) return;
    if (this.job.answer?.wants) this.#accept();
    else this.#done(this.job.answer);
  }

  resume(request: Request): void {
    if (request === 'packet') this.#execute();
    else this.#accept();
  }

  // The device.

  /** The packet is in the job, or in the buffer until it is executed for the first time. */
  #execute(): void {
    this.job.packet ??= this.#cable.buffer.data.slice();
    const { packet } = this.job;
    if (log.enabled) {
      this.#cable.say(`packet ${[...packet].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}`);
    }
    this.#ask('packet', () => this.#device.packet(packet));
  }

  /** The device gets the data that it wanted. */
  #accept(): void {
    const packet = this.job.packet as Uint8Array;
    const data = this.#cable.buffer.data.slice();
    this.#ask('packet data', () => this.#device.accept(packet, data));
  }

  #ask(request: Request, execute: () => Promise<PacketResult>): void {
    this.#before = this.#device.save();
    let result: PacketResult | undefined;
    const work = async (): Promise<void> => {
      result = await execute();
    };
    this.#cable.ask(request, SECTOR, work, (error) => {
      if (error !== undefined) this.#cable.hostFailed(error, false);
      else this.#answered(result as PacketResult);
    });
  }

  #answered(result: PacketResult): void {
    const { buffer, file } = this.#cable;
    const { wants = 0, senseKey, error } = result;
    this.job.answer = { wants, senseKey, ...(error !== undefined && { error }) };
    if (result.data.length > 0) buffer.fill(result.data);
    else if (wants > 0) {
      buffer.room(wants);
      buffer.begin(wants);
    } else {
      this.#done(result);
      return;
    }
    if (this.job.dma) {
      file.count = wants > 0 ? 0 : REASON_TO_HOST;
      this.#cable.requestDma();
    } else if (wants > 0) this.#expectBlock();
    else this.#offerBlock();
  }

  // PIO.

  #offerBlock(): void {
    this.#cable.file.count = REASON_TO_HOST;
    this.#cable.offerBlock(this.#blockBytes());
  }

  #expectBlock(): void {
    this.#cable.file.count = 0;
    this.#cable.expectBlock(this.#blockBytes(), true);
  }

  /** The size of the next block, which the byte count registers tell. */
  #blockBytes(): number {
    const { buffer, file } = this.#cable;
    const bytes = Math.min(this.job.limit, buffer.left);
    file.mid = bytes & 255;
    file.high = bytes >> 8;
    return bytes;
  }

  #done(result: Pick<PacketResult, 'senseKey' | 'error'> | undefined): void {
    this.#cable.file.count = REASON_COMMAND | REASON_TO_HOST;
    const error = ((result?.senseKey ?? 0) << 4) | (result?.error ?? 0);
    if (error !== 0) this.#cable.fail(error, ERR);
    else this.#cable.complete();
  }
}
