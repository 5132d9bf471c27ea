// A packet device at its channel: executes the ATA commands that such a device has. ATA/ATAPI-6 (T13/1410D), chapter 8
// (commands). What is in a command packet is the device's business.
//
// Deviation: no power states; all are active.

import { channel as logChannel } from '../../lib/log.ts';
import type { Cable, CommandSet, Job, PacketJob, Transfer } from './cable.ts';
import { commandName } from './command-names.ts';
import type { PacketDevice } from './drive.ts';
import { PacketTransfer } from './packet-transfer.ts';
import { ABRT, ERR } from './task-file.ts';

const log = logChannel('ide');

export const DEVICE_RESET = 0x08;
const PACKET = 0xa0;
const IDENTIFY_PACKET_DEVICE = 0xa1;
const PACKET_FEATURE_DMA = 0x01;

export class PacketCommands implements CommandSet {
  readonly packet = true;
  readonly #device: PacketDevice;
  readonly #cable: Cable;

  constructor(device: PacketDevice, cable: Cable) {
    this.#device = device;
    this.#cable = cable;
  }

  execute(code: number): void {
    const cable = this.#cable;
    const file = cable.file;
    if (log.enabled) cable.say(commandName(code));
    switch (code) {
      case PACKET:
        this.#beginPacket();
        break;
      case IDENTIFY_PACKET_DEVICE:
        cable.give(this.#device.identify());
        break;
      case DEVICE_RESET:
        cable.forget();
        this.#device.reset();
        file.setSignature(true);
        break;
      case 0xe0: // STANDBY IMMEDIATE
      case 0xe1: // IDLE IMMEDIATE
      case 0xe2: // STANDBY
      case 0xe3: // IDLE
      case 0xe6: // SLEEP
      case 0xe7: // FLUSH CACHE
      case 0xef: // SET FEATURES
        cable.complete();
        break;
      case 0xe5: // CHECK POWER MODE
        file.count = 0xff;
        cable.complete();
        break;
      case 0x20: // READ SECTORS
      case 0xec: // IDENTIFY DEVICE: by these a packet device tells what it is
        file.setSignature(true);
        cable.fail(ABRT, ERR);
        break;
      default:
        cable.fail(ABRT, ERR);
    }
  }

  transfer(job: Job): Transfer | undefined {
    return job.kind === 'packet' ? new PacketTransfer(this.#device, this.#cable, job) : undefined;
  }

  reset(): void {
    this.#device.reset();
  }

  save(): unknown {
    return this.#device.save();
  }

  load(state: unknown): void {
    this.#device.load(state);
  }

  #beginPacket(): void {
    const { feature, mid, high } = this.#cable.file;
    const dma = (feature & PACKET_FEATURE_DMA) !== 0;
    // 0 and an odd number are not allowed; FFFFh means FFFEh.
    const limit = (mid | (high << 8)) & 0xfffe || 0xfffe;
    const job: PacketJob = { kind: 'packet', dma, limit, packet: undefined, answer: undefined };
    const transfer = new PacketTransfer(this.#device, this.#cable, job);
    this.#cable.begin(transfer);
    transfer.start();
  }
}
