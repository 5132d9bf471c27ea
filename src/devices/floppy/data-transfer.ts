// The execution phase of the 82077AA's commands that need the disk: reading, writing, verifying and formatting, and
// READ ID. From the moment that the command is complete until its result is there.
//
// Intel 82077AA data sheet (290166), chapters 4 (phases), 5 (commands) and 6 (status).
//
// Deviations: the disk is faster than a real one (`SECTOR_NANOS`); motors need not turn; no deleted data (the commands
// for it work on normal data); a disk that is not there gives "missing address mark" after a while instead of no answer
// at all.

import { type Command, FORMAT_TRACK, READ_ID, READ_TRACK, VERIFY } from './command.ts';
import type { DataBuffer } from './data-buffer.ts';
import { type FloppyDrive, type FloppyMedium, SECTOR_BYTES } from './floppy-drive.ts';
import type { Settings } from './settings.ts';
import {
  ST0_ABNORMAL,
  ST1_DATA_ERROR,
  ST1_END_OF_CYLINDER,
  ST1_MISSING_ADDRESS_MARK,
  ST1_NO_DATA,
  ST1_NOT_WRITABLE,
  ST1_OVERRUN,
  ST2_DATA_ERROR,
  ST2_WRONG_CYLINDER,
} from './status.ts';
import type { TimerGroup } from './timer-group.ts';

const SECTOR_NANOS = 50_000;
/** Two turns of the disk. */
const NO_DISK_NANOS = 400_000_000;
/** Sectors are 128 << 2 bytes. */
const SIZE_CODE = 2;
/** C, H, R and N of a sector. */
const ADDRESS_BYTES = 4;
const NOT_EXECUTING = -1;

export interface DataTransferOptions {
  /** The command in execution. Its address moves with the sectors. */
  readonly command: Command;
  readonly settings: Pick<Settings, 'dataRate' | 'nonDma'>;
  readonly buffer: DataBuffer;
  readonly drives: readonly (FloppyDrive | undefined)[];
  readonly timers: TimerGroup;
  /** Without DMA: the processor has to move the bytes of the buffer. `resume` is called when it has. */
  readonly offer: () => void;
  /** The command has ended, with these seven bytes of result. */
  readonly finish: (result: readonly number[]) => void;
}

export interface DataTransferState {
  /** Guest time in nanoseconds at which the disk has turned so far that the command is executed, or -1. */
  executeAt: number;
}

export class DataTransfer {
  readonly #options: DataTransferOptions;
  readonly #command: Command;
  readonly #buffer: DataBuffer;
  #executeAt = NOT_EXECUTING;
  /** Counts resets: what the host answers to an earlier command does not matter. */
  #generation = 0;

  constructor(options: DataTransferOptions) {
    this.#options = options;
    this.#command = options.command;
    this.#buffer = options.buffer;
  }

  /** Forgets the command. The timers must have been cancelled. */
  reset(): void {
    this.#generation++;
    this.#executeAt = NOT_EXECUTING;
  }

  save(): DataTransferState {
    return { executeAt: this.#executeAt };
  }

  /** The clock must have been loaded, and the timers cancelled. */
  load({ executeAt }: DataTransferState): void {
    this.#generation++;
    this.#executeAt = executeAt;
    if (executeAt >= 0) this.#options.timers.at(executeAt, () => this.#execute());
  }

  /** Whether the disk still turns to where the command begins: if not, and it has not ended, the host is at work. */
  get waitsForDisk(): boolean {
    return this.#executeAt >= 0;
  }

  /** The command is executed when the disk has turned, `nanos` nanoseconds later if the heads have to move before. */
  start(nanos: number): void {
    const { timers } = this.#options;
    this.#executeAt = timers.now() + ((this.#drive?.medium ? SECTOR_NANOS : NO_DISK_NANOS) + nanos);
    timers.at(this.#executeAt, () => this.#execute());
  }

  /** Without DMA: the processor has moved the bytes of the buffer. */
  resume(): void {
    const drive = this.#drive;
    const command = this.#command;
    if (!drive?.medium) this.#fail(ST1_MISSING_ADDRESS_MARK);
    else if (command.code === FORMAT_TRACK) this.#format(drive);
    else this.#sectorDone(drive, drive.offset(command.sectorHead, command.sector), false);
  }

  /** The result of a command that the host could not complete. */
  hostFailure(): number[] {
    return this.#failure(ST1_DATA_ERROR, ST2_DATA_ERROR);
  }

  get #drive(): FloppyDrive | undefined {
    return this.#options.drives[this.#command.drive];
  }

  #execute(): void {
    const command = this.#command;
    const drive = this.#drive;
    this.#executeAt = NOT_EXECUTING;
    if (!drive?.medium || !drive.readableAt(this.#options.settings.dataRate) || drive.cylinder < 0) {
      this.#fail(ST1_MISSING_ADDRESS_MARK);
      return;
    }
    if (command.writes && drive.medium.readOnly) {
      this.#fail(ST1_NOT_WRITABLE);
      return;
    }
    if (command.code === READ_ID) {
      this.#readId(drive);
      return;
    }
    if (command.code === FORMAT_TRACK) {
      this.#beginFormat(drive);
      return;
    }
    if (command.cylinder !== drive.cylinder) {
      this.#fail(ST1_NO_DATA, ST2_WRONG_CYLINDER);
      return;
    }
    if (command.code === READ_TRACK) command.startAtIndex();
    this.#nextSector(drive);
  }

  #readId(drive: FloppyDrive): void {
    const { head, unit } = this.#command;
    if (drive.offset(head, 1) < 0) {
      this.#fail(ST1_MISSING_ADDRESS_MARK);
      return;
    }
    this.#finish(unit, 0, 0, [drive.cylinder, head, 1, SIZE_CODE]);
  }

  /** The sector that the command's C, H, R, N name. */
  #nextSector(drive: FloppyDrive): void {
    const { code, head, sectorHead, sector, sizeCode, writes } = this.#command;
    const at = sizeCode === SIZE_CODE && sectorHead === head ? drive.offset(sectorHead, sector) : -1;
    if (at < 0) {
      this.#fail(ST1_NO_DATA);
      return;
    }
    const bytes = (drive.medium as FloppyMedium).bytes.subarray(at, at + SECTOR_BYTES);
    if (code === VERIFY) {
      this.#sectorDone(drive, at, false);
      return;
    }
    this.#buffer.hold(writes ? new Uint8Array(SECTOR_BYTES) : bytes.slice());
    if (this.#options.settings.nonDma) {
      this.#options.offer();
      return;
    }
    const { bytes: moved, terminalCount } = this.#buffer.moveByDma(writes);
    if (moved < SECTOR_BYTES && !terminalCount) {
      this.#fail(ST1_OVERRUN);
      return;
    }
    this.#sectorDone(drive, at, terminalCount);
  }

  /** A sector is through: writes it, and goes on with the next or ends. */
  #sectorDone(drive: FloppyDrive, at: number, terminalCount: boolean): void {
    if (!this.#command.writes) {
      this.#advance(drive, terminalCount);
      return;
    }
    if (at < 0) {
      // The disk was exchanged for a smaller one while the processor wrote.
      this.#fail(ST1_NO_DATA);
      return;
    }
    const medium = drive.medium as FloppyMedium;
    medium.bytes.set(this.#buffer.bytes, at);
    this.#afterHost(medium.written(at, SECTOR_BYTES), () => this.#advance(drive, terminalCount));
  }

  /** Goes on when the host has done its part. */
  #afterHost(work: Promise<void>, then: () => void): void {
    const generation = this.#generation;
    work.then(
      () => generation === this.#generation && then(),
      () => generation === this.#generation && this.#options.finish(this.hostFailure()),
    );
  }

  /** The address after the sector, as section 5.1 has it for the result; and the next sector, unless that was the last. */
  #advance(drive: FloppyDrive, terminalCount: boolean): void {
    const command = this.#command;
    const { code, unit } = command;
    let last = terminalCount;
    let status1 = 0;
    if (code === VERIFY && command.countVerified()) last = true;
    if (command.advance()) {
      if (!last && code !== READ_TRACK && code !== VERIFY) status1 = ST1_END_OF_CYLINDER;
      last = true;
    }
    if (last) {
      this.#finish(unit | (status1 ? ST0_ABNORMAL : 0), status1, 0, command.address);
      return;
    }
    this.#nextSector(drive);
  }

  #beginFormat(drive: FloppyDrive): void {
    this.#buffer.hold(new Uint8Array(ADDRESS_BYTES * this.#command.sectorsToFormat));
    if (this.#buffer.moved) {
      // No sectors to format.
      this.#finish(this.#command.unit, 0, 0, this.#command.address);
      return;
    }
    if (this.#options.settings.nonDma) {
      this.#options.offer();
      return;
    }
    if (this.#buffer.moveByDma(true).bytes < this.#buffer.bytes.length) {
      this.#fail(ST1_OVERRUN);
      return;
    }
    this.#format(drive);
  }

  /** C, H, R, N of each sector are in the buffer. The disk keeps its format: sectors that it does not have go nowhere. */
  #format(drive: FloppyDrive): void {
    const { head, unit, fill } = this.#command;
    const { bytes } = this.#buffer;
    const medium = drive.medium as FloppyMedium;
    const writes: Promise<void>[] = [];
    for (let k = 0; k < bytes.length; k += ADDRESS_BYTES) {
      const at = bytes[k + 3] === SIZE_CODE ? drive.offset(head, bytes[k + 2] as number) : -1;
      if (at < 0) {
        this.#fail(ST1_NO_DATA);
        return;
      }
      medium.bytes.fill(fill, at, at + SECTOR_BYTES);
      writes.push(medium.written(at, SECTOR_BYTES));
    }
    const address = [...bytes.subarray(-ADDRESS_BYTES)];
    this.#afterHost(
      Promise.all(writes).then(() => {}),
      () => this.#finish(unit, 0, 0, address),
    );
  }

  #fail(status1: number, status2 = 0): void {
    this.#options.finish(this.#failure(status1, status2));
  }

  #failure(status1: number, status2: number): number[] {
    const { unit, address } = this.#command;
    return [unit | ST0_ABNORMAL, status1, status2, ...address];
  }

  #finish(status0: number, status1: number, status2: number, address: readonly number[]): void {
    this.#options.finish([status0, status1, status2, ...address]);
  }
}
