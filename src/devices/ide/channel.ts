// One IDE channel with up to two drives: registers, PIO, DMA and PACKET protocols, reset and diagnostics.
// ATA/ATAPI-6 (T13/1410D), chapters 7 (registers), 8 (commands) and 9 (protocols).
//
// Deviations: a drive is ready at once after a reset. Commands and writes to registers while the channel is busy are
// ignored. Nobody drives the bus of a channel without drives: it reads as ones.

import { channel as logChannel } from '../../lib/log.ts';
import { SECTOR } from '../../storage/contract.ts';
import type { Registers, Wire } from '../contract.ts';
import type { HostWork } from '../host-work.ts';
import { AtaDisk, type AtaDiskState, type AtaTransfer, errorOf } from './ata-disk.ts';
import { BusMaster, type BusMasterState, type DmaMemory } from './bus-master.ts';
import { commandName } from './command-names.ts';
import type { PacketDevice, PacketResult } from './drive.ts';
import { HostQueue } from './host-queue.ts';
import {
  ABRT,
  BSY,
  DATA,
  DEVICE,
  DEVICE_DEV,
  DEVICE_OBSOLETE,
  DIAGNOSTIC_PASSED,
  DRQ,
  ERR,
  READY,
  STATUS_COMMAND,
  TaskFile,
} from './task-file.ts';

const log = logChannel('ide');

// Device control.
const CONTROL_NIEN = 0x02;
const CONTROL_SRST = 0x04;
const CONTROL_HOB = 0x80;

// Commands that the channel does itself.
const DEVICE_RESET = 0x08;
const EXECUTE_DEVICE_DIAGNOSTIC = 0x90;
const PACKET = 0xa0;
const IDENTIFY_PACKET_DEVICE = 0xa1;
const PACKET_FEATURE_DMA = 0x01;

// The interrupt reason of the PACKET command, in the count register.
const REASON_COMMAND = 0x01;
const REASON_TO_HOST = 0x02;

const PACKET_BYTES = 12;
/** Sectors that PIO reads ahead. */
const PIO_SECTORS = 256;
/** Sectors that DMA asks the host for at once. */
const DMA_SECTORS = 8192;

export type Drive = AtaDisk | PacketDevice;

/** What the channel does. */
type Phase =
  | 'idle'
  /** SRST is set. */
  | 'reset'
  /** The host works. */
  | 'busy'
  /** The data register is the guest's. */
  | 'in'
  | 'out'
  /** A command packet comes by the data register. */
  | 'packet'
  /** The drive asks for DMA. */
  | 'dma';

/** What the data of a command is. */
type Job =
  | { readonly kind: 'none' }
  /** Data that are there. */
  | { readonly kind: 'give' }
  | {
      readonly kind: 'disk';
      readonly write: boolean;
      readonly dma: boolean;
      readonly block: number;
      readonly extended: boolean;
      sector: number;
      left: number;
    }
  /** `limit`: bytes of a DRQ block. `answer`: what else the device says once the data are through. */
  | {
      readonly kind: 'packet';
      readonly dma: boolean;
      readonly limit: number;
      packet: Uint8Array | undefined;
      answer: Pick<PacketResult, 'wants' | 'senseKey' | 'error'> | undefined;
    };

/** What the host works on while the channel is busy. Each can be asked for again, to the same effect. */
type Request =
  /** A command without data: it is in `code`. */
  'command' | 'read ahead' | 'write block' | 'read DMA' | 'write DMA' | 'packet' | 'packet data';

const NO_JOB: Job = { kind: 'none' };

export interface ChannelOptions {
  /** For the log. */
  readonly name: string;
  /** INTRQ. */
  readonly irq: Wire;
  readonly memory: DmaMemory;
  /** Whether the controller may access memory. */
  readonly busMaster: () => boolean;
  readonly work: HostWork;
  readonly drives: readonly [Drive | undefined, Drive | undefined];
  /** What the user should know: the host failed. */
  readonly complain: (line: string) => void;
}

export interface ChannelState {
  files: TaskFile[];
  /** Of a packet device that executes a packet: from before. */
  drives: unknown[];
  busMaster: BusMasterState;
  selected: number;
  control: number;
  interrupt: boolean;
  phase: Phase;
  job: Job;
  request: Request;
  code: number;
  owner: number;
  buffer: Uint8Array;
  at: number;
  end: number;
}

export class Channel {
  readonly busMaster: BusMaster;
  readonly #options: ChannelOptions;
  readonly #drives: readonly [Drive | undefined, Drive | undefined];
  readonly #files = [new TaskFile(), new TaskFile()] as const;
  #selected = 0;
  #control = 0;
  #interrupt = false;
  #phase: Phase = 'idle';
  #job: Job = NO_JOB;
  /** What the host works on while `busy`, the last command's code, and the packet device's state from before. */
  #request: Request = 'command';
  #code = 0;
  #before: unknown;
  /** The device whose command is executed. */
  #owner = 0;
  #buffer = new Uint8Array(SECTOR);
  /** The data register's place in the buffer, the end of the DRQ block, and of the data. */
  #at = 0;
  #end = 0;
  #filled = 0;
  readonly #queue: HostQueue;

  /** Eight ports, 1F0h or 170h. */
  readonly command: Registers = {
    read: (offset, size) => (offset === DATA && size !== 8 ? this.#readData(size) : this.#readWide(offset, size)),
    write: (offset, size, value) => {
      if (offset === DATA && size !== 8) this.#writeData(size, value);
      else for (let k = 0; k < size / 8; k++) this.#write(offset + k, (value >>> (8 * k)) & 255);
    },
  };
  /** One port, 3F6h or 376h. */
  readonly alternate: Registers = {
    read: () => this.#status(),
    write: (_offset, _size, value) => this.#writeControl(value & 255),
  };

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.#drives = options.drives;
    this.#queue = new HostQueue(options.work);
    this.busMaster = new BusMaster(options.name, options.memory, () => this.dmaReady());
    this.reset();
  }

  /** Power-on or a reset of the machine. */
  reset(): void {
    this.#forget();
    this.#control = 0;
    this.busMaster.reset();
    this.#resetDrives(true);
    this.#setInterrupt(false);
  }

  /** The bus master started, or may access memory from now on. */
  dmaReady(): void {
    if (this.#phase !== 'dma' || !this.busMaster.active || !this.#options.busMaster()) return;
    const job = this.#job;
    if (job.kind === 'packet') this.#packetDma(job);
    else if (job.kind === 'disk') {
      if (job.write) this.#writeDma(job);
      else this.#readDma(job);
    }
  }

  /** What the host works on at the moment is part of it: `load` asks for it again. */
  save(): ChannelState {
    const executes = this.#phase === 'busy' && this.#job.kind === 'packet';
    return {
      files: this.#files.map((file) => Object.assign(new TaskFile(), file)),
      drives: this.#drives.map((drive, k) => (executes && k === this.#owner ? this.#before : drive?.save())),
      busMaster: this.busMaster.save(),
      selected: this.#selected,
      control: this.#control,
      interrupt: this.#interrupt,
      phase: this.#phase,
      job: structuredClone(this.#job),
      request: this.#request,
      code: this.#code,
      owner: this.#owner,
      buffer: this.#buffer.slice(0, this.#filled),
      at: this.#at,
      end: this.#end,
    };
  }

  /** Into a channel with the same drives. The clock and the memory must have been loaded. */
  load(state: ChannelState): void {
    this.#forget();
    for (const [k, file] of this.#files.entries()) Object.assign(file, state.files[k]);
    for (const [k, drive] of this.#drives.entries()) {
      const saved = state.drives[k];
      if (drive instanceof AtaDisk) drive.load(saved as AtaDiskState);
      else drive?.load(saved);
    }
    this.busMaster.load(state.busMaster);
    this.#selected = state.selected;
    this.#control = state.control;
    this.#phase = state.phase;
    this.#job = structuredClone(state.job);
    this.#code = state.code;
    this.#owner = state.owner;
    this.#filled = state.buffer.length;
    this.#room(this.#filled).set(state.buffer);
    this.#at = state.at;
    this.#end = state.end;
    this.#setInterrupt(state.interrupt);
    if (state.phase === 'busy') this.#askAgain(state.request);
  }

  /** A request that was under way when the state was saved. */
  #askAgain(request: Request): void {
    const job = this.#job;
    if (job.kind === 'packet') {
      if (request === 'packet') this.#executePacket(job);
      else this.#acceptPacketData(job);
    } else if (job.kind !== 'disk') this.#ataCommand(this.#disk, this.#code, this.#file);
    else if (request === 'read ahead') this.#readAhead(job);
    else if (request === 'write block') this.#writeBlock(job);
    else if (request === 'read DMA') this.#readDma(job);
    else this.#writeMoved(job);
  }

  // Registers.

  #readWide(offset: number, size: 8 | 16 | 32): number {
    let value = 0;
    for (let k = 0; k < size / 8; k++) value |= this.#read(offset + k) << (8 * k);
    return value;
  }

  #read(offset: number): number {
    if (offset === DATA) return this.#readData(8);
    if (!this.#drives[0] && !this.#drives[1]) return 0xff;
    if (!this.#drives[0] && this.#selected === 0) return 0;
    // Device 0 answers for a device 1 that is not there, but with a status of zeros (section 9.16.1).
    const file = this.#files[this.#drives[this.#selected] ? this.#selected : 0] as TaskFile;
    if (offset < DEVICE) return file.read(offset, (this.#control & CONTROL_HOB) !== 0);
    if (offset === DEVICE) return file.device | DEVICE_OBSOLETE | (this.#selected ? DEVICE_DEV : 0);
    const status = this.#status();
    if (log.enabled && this.#interrupt) this.#say(`status ${hex(status)} read: interrupt acknowledged`);
    this.#setInterrupt(false);
    return status;
  }

  #status(): number {
    if (!this.#drives[0] && !this.#drives[1]) return 0xff;
    if (!this.#drives[this.#selected]) return 0;
    return (this.#files[this.#selected] as TaskFile).status;
  }

  /** Both devices take what is written; the one that is selected executes the command. */
  #write(offset: number, value: number): void {
    if (offset === DATA) {
      this.#writeData(8, value);
      return;
    }
    if (offset === STATUS_COMMAND) {
      this.#writeCommand(value);
      return;
    }
    if (this.#phase === 'busy' || this.#phase === 'reset') return;
    this.#control &= ~CONTROL_HOB;
    for (const file of this.#files) file.write(offset, value);
    if (offset === DEVICE) this.#selected = value & DEVICE_DEV ? 1 : 0;
  }

  #writeControl(value: number): void {
    const before = this.#control;
    this.#control = value;
    this.#driveInterrupt();
    if (value & CONTROL_SRST && !(before & CONTROL_SRST)) {
      this.#forget();
      this.#phase = 'reset';
      for (const file of this.#files) file.status = BSY;
      this.#setInterrupt(false);
      if (log.enabled) this.#say('software reset');
    } else if (before & CONTROL_SRST && !(value & CONTROL_SRST)) {
      this.#phase = 'idle';
      this.#resetDrives(false);
    }
  }

  #writeCommand(code: number): void {
    const drive = this.#drives[this.#selected];
    if (this.#phase !== 'idle' && code !== DEVICE_RESET) return;
    if (this.#phase === 'reset') return;
    this.#control &= ~CONTROL_HOB;
    this.#setInterrupt(false);
    if (code === EXECUTE_DEVICE_DIAGNOSTIC) {
      this.#diagnose();
      return;
    }
    if (!drive) return;
    this.#owner = this.#selected;
    this.#code = code;
    const file = this.#file;
    file.error = 0;
    file.status = READY;
    if (drive instanceof AtaDisk) this.#ataCommand(drive, code, file);
    else this.#packetDeviceCommand(drive, code, file);
  }

  get #file(): TaskFile {
    return this.#files[this.#owner] as TaskFile;
  }

  /** The disk whose command is executed. */
  get #disk(): AtaDisk {
    return this.#drives[this.#owner] as AtaDisk;
  }

  // Commands.

  #ataCommand(disk: AtaDisk, code: number, file: TaskFile): void {
    const command = disk.command(code, file);
    if (log.enabled) {
      const where = command.kind === 'transfer' ? `, sector ${command.sector}, ${command.sectors} sectors` : '';
      this.#say(`${commandName(code)}${where}`);
    }
    switch (command.kind) {
      case 'done':
        this.#complete();
        break;
      case 'error':
        this.#fail(command.error, ERR);
        break;
      case 'wait':
        this.#ask('command', 0, command.start, (error) =>
          error === undefined ? this.#complete() : this.#hostFailed(error, true),
        );
        break;
      case 'give':
        this.#give(command.data);
        break;
      case 'transfer':
        this.#beginTransfer(command, AtaDisk.isExtended(code));
    }
  }

  #beginTransfer({ write, dma, sector, sectors, block }: AtaTransfer, extended: boolean): void {
    const job = { kind: 'disk', write, dma, block, extended, sector, left: sectors } as const;
    this.#job = job;
    if (dma) this.#requestDma();
    else if (write) this.#expectBlock(job, false);
    else this.#readAhead(job);
  }

  /** Data that are there go to the host by PIO, in blocks of a sector. */
  #give(data: Uint8Array): void {
    this.#job = { kind: 'give' };
    this.#fill(data);
    this.#offerBlock(SECTOR);
  }

  // PIO.

  #readAhead(job: Job & { kind: 'disk' }): void {
    const count = Math.min(job.left, PIO_SECTORS);
    const into = this.#room(count * SECTOR);
    const read = (): Promise<void> => this.#disk.read(job.sector, into);
    this.#ask('read ahead', into.length, read, (error) => {
      if (error !== undefined) {
        this.#readFailed(job, count, error);
        return;
      }
      job.sector += count;
      job.left -= count;
      this.#filled = into.length;
      this.#end = 0;
      this.#offerBlock(job.block * SECTOR);
    });
  }

  /** Lets the guest read the next block of the buffer. */
  #offerBlock(bytes: number): void {
    this.#at = this.#end;
    this.#end = Math.min(this.#filled, this.#at + bytes);
    this.#phase = 'in';
    this.#file.status = READY | DRQ;
    this.#requestInterrupt();
  }

  /** Lets the guest write a block. It is told by an interrupt, but of the first. */
  #expectBlock(job: Job & { kind: 'disk' }, interrupt: boolean): void {
    this.#at = 0;
    this.#end = Math.min(job.left, job.block) * SECTOR;
    this.#filled = this.#end;
    this.#room(this.#end);
    this.#phase = 'out';
    this.#file.status = READY | DRQ;
    if (interrupt) this.#requestInterrupt();
  }

  #readData(size: 8 | 16 | 32): number {
    if (this.#phase !== 'in') return size === 32 ? -1 : size === 16 ? 0xffff : 0xff;
    const buffer = this.#buffer;
    const at = this.#at;
    this.#at = at + (size >> 3);
    // The buffer has room behind its last block for an access that is too wide.
    let value = buffer[at] as number;
    if (size !== 8) value |= (buffer[at + 1] as number) << 8;
    if (size === 32) value |= ((buffer[at + 2] as number) << 16) | ((buffer[at + 3] as number) << 24);
    if (this.#at >= this.#end) this.#blockRead();
    return value;
  }

  #writeData(size: 8 | 16 | 32, value: number): void {
    if (this.#phase !== 'out' && this.#phase !== 'packet') return;
    const buffer = this.#buffer;
    const at = this.#at;
    this.#at = at + (size >> 3);
    buffer[at] = value;
    if (size !== 8) buffer[at + 1] = value >>> 8;
    if (size === 32) {
      buffer[at + 2] = value >>> 16;
      buffer[at + 3] = value >>> 24;
    }
    if (this.#at >= this.#end) this.#blockWritten();
  }

  /** The guest has read a block. */
  #blockRead(): void {
    const job = this.#job;
    if (job.kind === 'packet') {
      if (this.#end < this.#filled) this.#offerPacketBlock(job);
      else this.#packetDone(job.answer);
    } else if (this.#end < this.#filled) this.#offerBlock(job.kind === 'disk' ? job.block * SECTOR : SECTOR);
    else if (job.kind === 'disk' && job.left > 0) this.#readAhead(job);
    else this.#endCommand(READY);
  }

  /** The guest has written a block, or a command packet. */
  #blockWritten(): void {
    const job = this.#job;
    if (job.kind === 'packet') {
      if (this.#phase === 'packet') this.#executePacket(job);
      else if (this.#end < this.#filled) this.#expectPacketBlock(job);
      else this.#acceptPacketData(job);
    } else if (job.kind === 'disk') this.#writeBlock(job);
  }

  #writeBlock(job: Job & { kind: 'disk' }): void {
    const from = this.#buffer.subarray(0, this.#end);
    const write = (): Promise<void> => this.#disk.write(job.sector, from);
    this.#ask('write block', from.length, write, (error) => {
      if (error !== undefined) {
        this.#writeFailed(job, error);
        return;
      }
      job.sector += from.length / SECTOR;
      job.left -= from.length / SECTOR;
      if (job.left > 0) this.#expectBlock(job, true);
      else this.#complete();
    });
  }

  // DMA.

  #requestDma(): void {
    this.#phase = 'dma';
    this.#file.status = READY | DRQ;
    this.dmaReady();
  }

  #readDma(job: Job & { kind: 'disk' }): void {
    const count = Math.min(job.left, DMA_SECTORS);
    const into = this.#room(count * SECTOR);
    const read = (): Promise<void> => this.#disk.read(job.sector, into);
    this.#ask('read DMA', into.length, read, (error) => {
      if (error !== undefined) this.#readFailed(job, count, error);
      // Stopped meanwhile: the drive goes on asking.
      else if (!this.busMaster.active) this.#requestDma();
      else if (this.#moved(into)) this.#dmaDone(job, count);
    });
  }

  #writeDma(job: Job & { kind: 'disk' }): void {
    const count = Math.min(job.left, DMA_SECTORS);
    const from = this.#room(count * SECTOR);
    if (!this.#moved(from)) return;
    this.#filled = from.length;
    this.#writeMoved(job);
  }

  /** Writes the buffer. */
  #writeMoved(job: Job & { kind: 'disk' }): void {
    const from = this.#buffer.subarray(0, this.#filled);
    const count = from.length / SECTOR;
    const write = (): Promise<void> => this.#disk.write(job.sector, from);
    this.#ask('write DMA', from.length, write, (error) => {
      if (error !== undefined) this.#writeFailed(job, error);
      else this.#dmaDone(job, count);
    });
  }

  #dmaDone(job: Job & { kind: 'disk' }, count: number): void {
    job.sector += count;
    job.left -= count;
    if (job.left > 0) this.#requestDma();
    else this.#complete();
  }

  /** Moves a buffer. False: the table was too short, and the drive asks for DMA until it is reset. */
  #moved(buffer: Uint8Array): boolean {
    if (this.busMaster.move(buffer) === buffer.length) return true;
    if (log.enabled) this.#say('the PRD table is too short');
    this.#phase = 'dma';
    this.#file.status = READY | DRQ;
    return false;
  }

  // Packet devices.

  #packetDeviceCommand(device: PacketDevice, code: number, file: TaskFile): void {
    if (log.enabled) this.#say(commandName(code));
    switch (code) {
      case PACKET: {
        const limit = file.mid | (file.high << 8);
        const dma = (file.feature & PACKET_FEATURE_DMA) !== 0;
        // 0 and an odd number are not allowed; FFFFh means FFFEh.
        this.#job = {
          kind: 'packet',
          dma,
          limit: limit & 0xfffe || 0xfffe,
          packet: undefined,
          answer: undefined,
        };
        this.#at = 0;
        this.#end = PACKET_BYTES;
        this.#filled = PACKET_BYTES;
        this.#room(PACKET_BYTES);
        this.#phase = 'packet';
        file.count = REASON_COMMAND;
        file.status = READY | DRQ;
        break;
      }
      case IDENTIFY_PACKET_DEVICE:
        this.#give(device.identify());
        break;
      case DEVICE_RESET:
        this.#forget();
        device.reset();
        file.setSignature(true);
        break;
      case 0xe0: // STANDBY IMMEDIATE
      case 0xe1: // IDLE IMMEDIATE
      case 0xe2: // STANDBY
      case 0xe3: // IDLE
      case 0xe6: // SLEEP
      case 0xe7: // FLUSH CACHE
      case 0xef: // SET FEATURES
        this.#complete();
        break;
      case 0xe5: // CHECK POWER MODE
        file.count = 0xff;
        this.#complete();
        break;
      case 0x20: // READ SECTORS
      case 0xec: // IDENTIFY DEVICE: by these a packet device tells what it is
        file.setSignature(true);
        this.#fail(ABRT, ERR);
        break;
      default:
        this.#fail(ABRT, ERR);
    }
  }

  /** The packet is in the job, or in the buffer until it is executed for the first time. */
  #executePacket(job: Job & { kind: 'packet' }): void {
    job.packet ??= this.#buffer.slice(0, PACKET_BYTES);
    const packet = job.packet;
    if (log.enabled) this.#say(`packet ${[...packet].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}`);
    this.#askDevice('packet', (device) => device.packet(packet));
  }

  #askDevice(request: Request, execute: (device: PacketDevice) => Promise<PacketResult>): void {
    const device = this.#drives[this.#owner] as PacketDevice;
    this.#before = device.save();
    let result: PacketResult | undefined;
    const work = async (): Promise<void> => {
      result = await execute(device);
    };
    this.#ask(request, SECTOR, work, (error) => {
      if (error !== undefined) this.#hostFailed(error, false);
      else this.#packetAnswered(result as PacketResult);
    });
  }

  #packetAnswered(result: PacketResult): void {
    const job = this.#job;
    if (job.kind !== 'packet') return;
    const { wants = 0, senseKey, error } = result;
    job.answer = { wants, senseKey, ...(error !== undefined && { error }) };
    if (result.data.length > 0) this.#fill(result.data);
    else if (wants > 0) {
      this.#room(wants);
      this.#filled = wants;
      this.#end = 0;
    } else {
      this.#packetDone(result);
      return;
    }
    if (job.dma) {
      this.#file.count = wants > 0 ? 0 : REASON_TO_HOST;
      this.#requestDma();
    } else if (wants > 0) this.#expectPacketBlock(job);
    else this.#offerPacketBlock(job);
  }

  #offerPacketBlock(job: Job & { kind: 'packet' }): void {
    this.#file.count = REASON_TO_HOST;
    this.#offerBlock(this.#packetBlock(job));
  }

  #expectPacketBlock(job: Job & { kind: 'packet' }): void {
    const bytes = this.#packetBlock(job);
    this.#file.count = 0;
    this.#at = this.#end;
    this.#end = this.#at + bytes;
    this.#phase = 'out';
    this.#file.status = READY | DRQ;
    this.#requestInterrupt();
  }

  /** The size of the next block, which the byte count registers tell. */
  #packetBlock({ limit }: Job & { kind: 'packet' }): number {
    const bytes = Math.min(limit, this.#filled - this.#end);
    this.#file.mid = bytes & 255;
    this.#file.high = bytes >> 8;
    return bytes;
  }

  #packetDma(job: Job & { kind: 'packet' }): void {
    if (!this.#moved(this.#buffer.subarray(0, this.#filled))) return;
    if (job.answer?.wants) this.#acceptPacketData(job);
    else this.#packetDone(job.answer);
  }

  #acceptPacketData(job: Job & { kind: 'packet' }): void {
    const packet = job.packet as Uint8Array;
    const data = this.#buffer.slice(0, this.#filled);
    this.#askDevice('packet data', (device) => device.accept(packet, data));
  }

  #packetDone(result: Pick<PacketResult, 'senseKey' | 'error'> | undefined): void {
    this.#file.count = REASON_COMMAND | REASON_TO_HOST;
    const error = ((result?.senseKey ?? 0) << 4) | (result?.error ?? 0);
    if (error !== 0) this.#fail(error, ERR);
    else this.#complete();
  }

  // Ends.

  /** The command is done; the guest is told. */
  #complete(): void {
    this.#endCommand(READY);
    this.#requestInterrupt();
  }

  #fail(error: number, status: number): void {
    this.#file.error = error;
    this.#endCommand(READY | status);
    if (log.enabled) this.#say(`failed: error ${hex(error)}`);
    this.#requestInterrupt();
  }

  #endCommand(status: number): void {
    this.#phase = 'idle';
    this.#job = NO_JOB;
    this.#file.status = status;
  }

  #hostFailed(error: unknown, write: boolean): void {
    this.#options.complain(`${this.#name}: ${error instanceof Error ? error.message : String(error)}`);
    const bits = errorOf(error, write);
    this.#fail(bits.error, bits.status);
  }

  #writeFailed(job: Job & { kind: 'disk' }, error: unknown): void {
    this.#disk.setAddress(this.#file, job.sector, job.extended);
    this.#hostFailed(error, true);
  }

  /** The address of the first sector that cannot be read is part of the answer. */
  #readFailed(job: Job & { kind: 'disk' }, count: number, error: unknown): void {
    const disk = this.#disk;
    let bad = job.sector;
    const look = async (): Promise<void> => {
      bad = await disk.firstBad(job.sector, count);
    };
    this.#ask(job.dma ? 'read DMA' : 'read ahead', 0, look, () => {
      disk.setAddress(this.#file, bad, job.extended);
      this.#hostFailed(error, false);
    });
  }

  /** Keeps the guest waiting while the host works. */
  #ask(what: Request, bytes: number, request: () => Promise<void>, ended: (error: unknown) => void): void {
    this.#phase = 'busy';
    this.#request = what;
    this.#file.status = BSY;
    this.#queue.ask(bytes, request, (error) => {
      if (log.enabled && error === undefined && bytes > 0) this.#say(`the host is done with ${bytes} bytes`);
      ended(error);
    });
  }

  /** Drops the command that is under way. What it asked the host for goes on, with the buffer it had. */
  #forget(): void {
    if (this.#queue.forget()) this.#buffer = new Uint8Array(SECTOR);
    this.#phase = 'idle';
    this.#job = NO_JOB;
    this.#at = 0;
    this.#end = 0;
    this.#filled = 0;
  }

  #resetDrives(hard: boolean): void {
    this.#selected = 0;
    this.#owner = 0;
    for (const [k, drive] of this.#drives.entries()) {
      if (drive instanceof AtaDisk) drive.reset(hard);
      else drive?.reset();
      (this.#files[k] as TaskFile).setSignature(drive !== undefined && !(drive instanceof AtaDisk));
    }
  }

  #diagnose(): void {
    if (log.enabled) this.#say('EXECUTE DEVICE DIAGNOSTIC');
    for (const [k, drive] of this.#drives.entries()) {
      const file = this.#files[k] as TaskFile;
      file.setSignature(drive !== undefined && !(drive instanceof AtaDisk));
      file.error = DIAGNOSTIC_PASSED;
    }
    this.#selected = 0;
    this.#owner = 0;
    this.#requestInterrupt();
  }

  #requestInterrupt(): void {
    if (log.enabled && !(this.#control & CONTROL_NIEN)) this.#say('interrupt');
    this.#setInterrupt(true);
  }

  #setInterrupt(level: boolean): void {
    this.#interrupt = level;
    this.#driveInterrupt();
  }

  #driveInterrupt(): void {
    const level = this.#interrupt && (this.#control & CONTROL_NIEN) === 0;
    if (level) this.busMaster.interrupt();
    this.#options.irq.set(level);
  }

  /** The buffer's first `bytes`. */
  #room(bytes: number): Uint8Array {
    if (this.#buffer.length < bytes + 4) this.#buffer = new Uint8Array(2 ** Math.ceil(Math.log2(bytes + 4)));
    return this.#buffer.subarray(0, bytes);
  }

  #fill(data: Uint8Array): void {
    this.#room(data.length).set(data);
    this.#filled = data.length;
    this.#end = 0;
  }

  get #name(): string {
    return `${this.#options.name} ${this.#owner ? 'slave' : 'master'}`;
  }

  #say(text: string): void {
    log.log(`${this.#name}: ${text}`);
  }
}

function hex(value: number): string {
  return `${value.toString(16)}h`;
}
