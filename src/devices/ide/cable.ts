// Between a channel and the drives at its cable: what a drive does there while it executes a command, and what the
// channel tells it. ATA/ATAPI-6 (T13/1410D), chapter 9 (protocols).

import type { DataPort } from './data-port.ts';
import type { PacketResult } from './drive.ts';
import type { TaskFile } from './task-file.ts';

/** The cable, from the side of the drive that executes a command. */
export interface Cable {
  /** The registers of that drive. */
  readonly file: TaskFile;
  readonly buffer: DataPort;
  /** Software wants a DMA transfer, and its table is not used up. */
  readonly dmaActive: boolean;

  /** From now on the guest moves data, and `transfer` hears of it. */
  begin(transfer: Transfer): void;
  /** Data that are there go to the guest by PIO, in blocks of a sector; then the command is done. */
  give(data: Uint8Array): void;
  /** Lets the guest read the next block of the buffer, of so many bytes or what is left. */
  offerBlock(bytes: number): void;
  /** Lets the guest write the next block of the buffer, of so many bytes or what is left. */
  expectBlock(bytes: number, interrupt: boolean): void;
  /** Lets the guest write a command packet of so many bytes. */
  expectPacket(bytes: number): void;
  /** Asks for DMA: `dmaReady` of the transfer is called when the bus master is ready, which may be at once. */
  requestDma(): void;
  /** Moves a buffer by DMA. False: the table was too short, and the drive asks for DMA until it is reset. */
  move(buffer: Uint8Array): boolean;

  /**
   * Keeps the guest waiting while the host works: with `bytes` bytes, or 0. `ended` gets what `request` was rejected
   * with or undefined; it is not called if the command is dropped before.
   */
  ask(what: Request, bytes: number, request: () => Promise<void>, ended: (error: unknown) => void): void;

  /** The command is done; the guest is told. */
  complete(): void;
  /** The guest has read the last block: the command is done, without an interrupt. */
  end(): void;
  /** The command is done, in vain: bits of the error register, and of status besides DRDY and DSC. */
  fail(error: number, status: number): void;
  /** The command is done: the host failed to read or write. The user is told, too. */
  hostFailed(error: unknown, write: boolean): void;
  /** Drops the command that is under way. What it asked the host for goes on, with the buffer it had. */
  forget(): void;

  /** Writes a line of the log, which must be enabled. */
  say(text: string): void;
}

/** The data of a command under way: what the drive does when the guest has moved some. */
export interface Transfer {
  /** All there is to know of it; to be saved. */
  readonly job: Job;
  /** The drive's state from before the request that the host works on, if the drive changes by it. */
  readonly before?: unknown;
  /** The guest has read a block. */
  blockRead(): void;
  /** The guest has written a block, or a command packet. */
  blockWritten(): void;
  /** The drive has asked for DMA, and the bus master is ready. */
  dmaReady(): void;
  /** Asks for what the host worked on when the state was saved. */
  resume(request: Request): void;
}

/** A drive, as the channel sees it: the commands that it executes by the cable. */
export interface CommandSet {
  /** Whether it has the signature of a packet device (section 9.12). */
  readonly packet: boolean;
  /** Executes the command `code`; the parameters are in the cable's task file. */
  execute(code: number): void;
  /** The transfer of a saved job, which it may keep; undefined: the job is not a transfer of its own. */
  transfer(job: Job): Transfer | undefined;
  /** `hard`: by power or by the machine; else by software. */
  reset(hard: boolean): void;
  save(): unknown;
  load(state: unknown): void;
}

/** What the data of a command is. */
export type Job =
  | { readonly kind: 'none' }
  /** Data that are there. */
  | { readonly kind: 'give' }
  | DiskJob
  | PacketJob;

/** Sectors between disk and guest. */
export interface DiskJob {
  readonly kind: 'disk';
  readonly write: boolean;
  readonly dma: boolean;
  /** Sectors of a DRQ block. */
  readonly block: number;
  /** By a command of 48 bits. */
  readonly extended: boolean;
  /** The first sector that is not done, and how many there are. */
  sector: number;
  left: number;
}

export interface PacketJob {
  readonly kind: 'packet';
  readonly dma: boolean;
  /** Bytes of a DRQ block. */
  readonly limit: number;
  /** Undefined until it is executed for the first time. */
  packet: Uint8Array | undefined;
  /** What else the device says once the data are through. */
  answer: Pick<PacketResult, 'wants' | 'senseKey' | 'error'> | undefined;
}

/** What the host works on while the channel is busy. Each can be asked for again, to the same effect. */
export type Request =
  /** A command without data: its code is saved. */
  'command' | 'read ahead' | 'write block' | 'read DMA' | 'write DMA' | 'packet' | 'packet data';
