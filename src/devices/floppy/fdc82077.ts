// Floppy disk controller 82077AA with two drives, in PC/AT mode: ports 3F0h to 3F5h and 3F7h.
//
// Intel 82077AA CHMOS Single-Chip Floppy Disk Controller datasheet (290166), chapters 2 (registers), 4 (phases),
// 5 (commands) and 6 (status registers).
//
// Deviations: heads, motors and the disk are faster than real ones (`STEP_NANOS`, `SECTOR_NANOS`); motors need not turn;
// no scan commands, no deleted data (the commands for it work on normal data); a disk that is not there gives "missing
// address mark" after a while instead of no answer at all; the FIFO threshold has no effect.

import type { Clock, Timer } from '../../lib/clock.ts';
import { bytewise, type Device, type Registers, type Wire } from '../contract.ts';
import type { DmaResult } from '../dma8237.ts';
import { type FloppyDrive, type FloppyDriveState, SECTOR_BYTES } from './floppy-drive.ts';

// Registers, as offsets from 3F0h.
const DOR = 2;
const TDR = 3;
const MSR_DSR = 4;
const FIFO = 5;
const DIR_CCR = 7;

const DOR_DRIVE = 0x03;
const DOR_NOT_RESET = 0x04;
const DOR_DMA_GATE = 0x08;
const DSR_RESET = 0x80;
const DIR_CHANGED = 0x80;
/** Thousand bits a second, by the rate select bits. */
const RATES = [500, 300, 250, 1000] as const;
const RATE_RESET = 2;

// Main status.
const MSR_RQM = 0x80;
const MSR_DIO = 0x40;
const MSR_NON_DMA = 0x20;
const MSR_BUSY = 0x10;

// Commands.
const READ_TRACK = 0x02;
const SPECIFY = 0x03;
const SENSE_DRIVE_STATUS = 0x04;
const WRITE_DATA = 0x05;
const READ_DATA = 0x06;
const RECALIBRATE = 0x07;
const SENSE_INTERRUPT_STATUS = 0x08;
const WRITE_DELETED_DATA = 0x09;
const READ_ID = 0x0a;
const READ_DELETED_DATA = 0x0c;
const FORMAT_TRACK = 0x0d;
const DUMPREG = 0x0e;
const SEEK = 0x0f;
const VERSION = 0x10;
const PERPENDICULAR_MODE = 0x12;
const CONFIGURE = 0x13;
const LOCK = 0x14;
const VERIFY = 0x16;
const COMMAND = 0x1f;
const COMMAND_MULTI_TRACK = 0x80;
const SEEK_RELATIVE = 0x80;
const SEEK_RELATIVE_UP = 0x40;
const LOCK_SET = 0x80;

/** Bytes that follow the command. */
const PARAMETERS: Readonly<Record<number, number>> = {
  [READ_TRACK]: 8,
  [SPECIFY]: 2,
  [SENSE_DRIVE_STATUS]: 1,
  [WRITE_DATA]: 8,
  [READ_DATA]: 8,
  [RECALIBRATE]: 1,
  [SENSE_INTERRUPT_STATUS]: 0,
  [WRITE_DELETED_DATA]: 8,
  [READ_ID]: 1,
  [READ_DELETED_DATA]: 8,
  [FORMAT_TRACK]: 5,
  [DUMPREG]: 0,
  [SEEK]: 2,
  [VERSION]: 0,
  [PERPENDICULAR_MODE]: 1,
  [CONFIGURE]: 3,
  [LOCK]: 0,
  [VERIFY]: 8,
};
const ENHANCED_CONTROLLER = 0x90;

// Status 0.
const ST0_ABNORMAL = 0x40;
const ST0_INVALID = 0x80;
const ST0_READY_CHANGED = 0xc0;
const ST0_SEEK_END = 0x20;
const ST0_EQUIPMENT_CHECK = 0x10;
// Status 1.
const ST1_END_OF_CYLINDER = 0x80;
const ST1_DATA_ERROR = 0x20;
const ST1_OVERRUN = 0x10;
const ST1_NO_DATA = 0x04;
const ST1_NOT_WRITABLE = 0x02;
const ST1_MISSING_ADDRESS_MARK = 0x01;
// Status 2.
const ST2_DATA_ERROR = 0x20;
const ST2_WRONG_CYLINDER = 0x10;
// Status 3.
const ST3_WRITE_PROTECTED = 0x40;
const ST3_READY = 0x20;
const ST3_TRACK_0 = 0x10;
const ST3_TWO_SIDED = 0x08;

// CONFIGURE.
const CONFIGURE_IMPLIED_SEEK = 0x40;
const CONFIGURE_NO_FIFO = 0x20;
const CONFIGURE_NO_POLL = 0x10;
const SPECIFY_NON_DMA = 0x01;
/** Sectors are 128 << 2 bytes. */
const SIZE_CODE = 2;

const DRIVES = 4;
const STEP_NANOS = 100_000;
const SECTOR_NANOS = 50_000;
const RESET_NANOS = 50_000;
// In place of an interrupt status: none; the drive is seeking, or recalibrating and not there.
const NO_STATUS = -1;
const SEEKING = -2;
const SEEKING_IN_VAIN = -3;
/** Two turns of the disk. */
const NO_DISK_NANOS = 400_000_000;

/** The DMA channel that the controller uses. */
export interface FloppyDma {
  request(level: boolean): void;
  read(into: Uint8Array): DmaResult;
  write(from: Uint8Array): DmaResult;
}

export interface Fdc82077Options {
  readonly clock: Clock;
  /** IRQ 6. */
  readonly irq: Wire;
  /** DRQ 2. */
  readonly dma: FloppyDma;
  /** Drives 0 and 1, where there are any. */
  readonly drives: readonly (FloppyDrive | undefined)[];
}

/** What the controller is doing: taking a command, executing it, exchanging its bytes with the processor, answering. */
type Phase = 'command' | 'execution' | 'transfer' | 'result';

export interface Fdc82077State {
  dor: number;
  tdr: number;
  rate: number;
  phase: Phase;
  command: number[];
  result: number[];
  irq: boolean;
  /** Interrupt status that waits for SENSE INTERRUPT STATUS, by drive; below 0: none. */
  pending: number[];
  pcn: number[];
  /** Guest time in nanoseconds at which a seek ends, by drive, or -1. */
  seekAt: number[];
  /** The same for the command in execution, and for the end of a reset. */
  executeAt: number;
  resetAt: number;
  specify: number[];
  configure: number[];
  perpendicular: number;
  locked: boolean;
  /** EOT of the last command, for DUMPREG. */
  eot: number;
  /** Bytes that go through the FIFO, and how many have. */
  buffer: Uint8Array;
  done: number;
  drives: (FloppyDriveState | undefined)[];
}

function powerOn(): Fdc82077State {
  return {
    dor: 0,
    tdr: 0,
    rate: RATE_RESET,
    phase: 'command',
    command: [],
    result: [],
    irq: false,
    pending: new Array<number>(DRIVES).fill(NO_STATUS),
    pcn: [0, 0, 0, 0],
    seekAt: [-1, -1, -1, -1],
    executeAt: -1,
    resetAt: -1,
    specify: [0, 0],
    configure: [CONFIGURE_NO_FIFO, 0],
    perpendicular: 0,
    locked: false,
    eot: 0,
    buffer: new Uint8Array(0),
    done: 0,
    drives: [],
  };
}

export class Fdc82077 implements Device<Fdc82077State> {
  /** Ports 3F0h to 3F7h; 3F6h is not the controller's. */
  readonly registers: Registers = bytewise(this);
  readonly #options: Fdc82077Options;
  #state = powerOn();
  #timers: Timer[] = [];
  /** Counts commands: what the host answers to an earlier one does not matter. */
  #generation = 0;

  constructor(options: Fdc82077Options) {
    this.#options = options;
  }

  read8(offset: number): number {
    const s = this.#state;
    switch (offset) {
      case DOR:
        return s.dor;
      case TDR:
        return s.tdr | 0xfc;
      case MSR_DSR:
        return this.#mainStatus();
      case FIFO:
        return this.#readFifo();
      case DIR_CCR:
        return this.#selected()?.changed ? DIR_CHANGED : 0;
      default:
        return 0xff;
    }
  }

  write8(offset: number, value: number): void {
    const s = this.#state;
    switch (offset) {
      case DOR:
        this.#writeDor(value);
        break;
      case TDR:
        s.tdr = value & 3;
        break;
      case MSR_DSR:
        s.rate = value & 3;
        if (value & DSR_RESET) {
          this.#softReset();
          this.#endReset();
        }
        break;
      case FIFO:
        this.#writeFifo(value);
        break;
      case DIR_CCR:
        s.rate = value & 3;
        break;
    }
  }

  /** Hardware reset. Heads and disks stay where they are. */
  reset(): void {
    this.#stopTimers();
    this.#generation++;
    this.#state = powerOn();
    this.#options.dma.request(false);
    this.#options.irq.set(false);
  }

  save(): Fdc82077State {
    const drives = this.#options.drives.map((drive) => drive && { track: drive.track, changed: drive.changed });
    const state = structuredClone({ ...this.#state, drives });
    // What the host has not answered cannot be taken along: the driver has to write once more.
    if (state.phase === 'execution' && state.executeAt < 0) {
      const [, select = 0, cylinder = 0, head = 0, sector = 0, size = 0] = state.command;
      const failure = [(select & 7) | ST0_ABNORMAL, ST1_DATA_ERROR, ST2_DATA_ERROR];
      state.result = [...failure, cylinder, head, sector, size];
      state.phase = 'result';
      state.irq = true;
    }
    return state;
  }

  load(state: Fdc82077State): void {
    this.#stopTimers();
    this.#generation++;
    this.#state = structuredClone(state);
    for (const [k, saved] of state.drives.entries()) {
      const drive = this.#options.drives[k];
      if (drive && saved) Object.assign(drive, saved);
    }
    this.#driveIrq();
    const s = this.#state;
    if (s.resetAt >= 0) this.#at(s.resetAt, () => this.#resetDone());
    if (s.executeAt >= 0) this.#at(s.executeAt, () => this.#execute());
    for (const [drive, at] of s.seekAt.entries()) if (at >= 0) this.#at(at, () => this.#seekDone(drive));
  }

  #selected(): FloppyDrive | undefined {
    return this.#options.drives[this.#state.dor & DOR_DRIVE];
  }

  #at(time: number, callback: () => void): void {
    this.#timers.push(this.#options.clock.schedule(time, callback));
  }

  #stopTimers(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers = [];
  }

  #setIrq(level: boolean): void {
    this.#state.irq = level;
    this.#driveIrq();
  }

  #driveIrq(): void {
    const { irq, dor } = this.#state;
    this.#options.irq.set(irq && (dor & DOR_DMA_GATE) !== 0);
  }

  #writeDor(value: number): void {
    const s = this.#state;
    const before = s.dor;
    s.dor = value;
    if ((before & DOR_NOT_RESET) !== 0 && (value & DOR_NOT_RESET) === 0) this.#softReset();
    if ((before & DOR_NOT_RESET) === 0 && (value & DOR_NOT_RESET) !== 0) this.#endReset();
    this.#driveIrq();
  }

  /** DOR, DSR and the data rate keep their values. */
  #softReset(): void {
    const s = this.#state;
    this.#stopTimers();
    this.#generation++;
    this.#state = {
      ...powerOn(),
      dor: s.dor,
      tdr: s.tdr,
      rate: s.rate,
      specify: s.specify,
      configure: s.locked ? s.configure : [CONFIGURE_NO_FIFO, 0],
      // LOCK keeps it; and without, only the drives' own bits stay.
      perpendicular: s.locked ? s.perpendicular : s.perpendicular & 0x3c,
      locked: s.locked,
    };
    this.#options.dma.request(false);
    this.#driveIrq();
  }

  #endReset(): void {
    const s = this.#state;
    s.resetAt = this.#options.clock.now() + RESET_NANOS;
    this.#at(s.resetAt, () => this.#resetDone());
  }

  /** Polling finds that the ready line of every drive changed. */
  #resetDone(): void {
    const s = this.#state;
    s.resetAt = -1;
    if (((s.configure[0] as number) & CONFIGURE_NO_POLL) !== 0) return;
    s.pending = Array.from({ length: DRIVES }, (_, drive) => ST0_READY_CHANGED | drive);
    this.#setIrq(true);
  }

  #mainStatus(): number {
    const s = this.#state;
    if ((s.dor & DOR_NOT_RESET) === 0 || s.resetAt >= 0) return 0;
    let status = 0;
    for (const [drive, at] of s.seekAt.entries()) if (at >= 0) status |= 1 << drive;
    switch (s.phase) {
      case 'command':
        return status | MSR_RQM | (s.command.length > 0 ? MSR_BUSY : 0);
      case 'execution':
        return status | MSR_BUSY;
      case 'transfer':
        return status | MSR_RQM | MSR_BUSY | MSR_NON_DMA | (this.#writes() ? 0 : MSR_DIO);
      case 'result':
        return status | MSR_RQM | MSR_DIO | MSR_BUSY;
    }
  }

  /** Whether the command in execution takes bytes from the processor. */
  #writes(): boolean {
    const code = this.#code();
    return code === WRITE_DATA || code === WRITE_DELETED_DATA || code === FORMAT_TRACK;
  }

  #code(): number {
    return (this.#state.command[0] as number) & COMMAND;
  }

  #readFifo(): number {
    const s = this.#state;
    if (s.phase === 'transfer' && !this.#writes()) {
      const byte = s.buffer[s.done++] as number;
      if (s.done === s.buffer.length) this.#transferDone();
      return byte;
    }
    if (s.phase !== 'result') return 0;
    const byte = s.result.shift() as number;
    // Reading the first byte of a result takes the interrupt back.
    this.#setIrq(false);
    if (s.result.length === 0) this.#endCommand();
    return byte;
  }

  #writeFifo(value: number): void {
    const s = this.#state;
    if ((s.dor & DOR_NOT_RESET) === 0 || s.resetAt >= 0) return;
    if (s.phase === 'transfer' && this.#writes()) {
      s.buffer[s.done++] = value;
      if (s.done === s.buffer.length) this.#transferDone();
      return;
    }
    if (s.phase !== 'command') return;
    s.command.push(value);
    if (s.command.length > (PARAMETERS[this.#code()] ?? 0)) this.#start();
  }

  #endCommand(): void {
    this.#state.command = [];
    this.#state.result = [];
    this.#state.phase = 'command';
  }

  /** The command ends with these bytes, without an interrupt. */
  #answer(...bytes: number[]): void {
    this.#state.result = bytes;
    this.#state.phase = 'result';
  }

  #start(): void {
    const s = this.#state;
    const c = s.command;
    switch (this.#code()) {
      case SPECIFY:
        s.specify = c.slice(1, 3);
        this.#endCommand();
        break;
      case CONFIGURE:
        s.configure = c.slice(2, 4);
        this.#endCommand();
        break;
      case PERPENDICULAR_MODE:
        this.#setPerpendicular(c[1] as number);
        break;
      case RECALIBRATE:
        this.#startSeek((c[1] as number) & 3, 0);
        break;
      case SEEK:
        this.#startSeek((c[1] as number) & 3, this.#seekTarget(c));
        break;
      case SENSE_INTERRUPT_STATUS:
        this.#senseInterrupt();
        break;
      case SENSE_DRIVE_STATUS:
        this.#answer(this.#driveStatus(c[1] as number));
        break;
      case DUMPREG:
        this.#dumpRegisters();
        break;
      case VERSION:
        this.#answer(ENHANCED_CONTROLLER);
        break;
      case LOCK:
        s.locked = ((c[0] as number) & LOCK_SET) !== 0;
        this.#answer(s.locked ? 0x10 : 0);
        break;
      case READ_TRACK:
      case READ_DATA:
      case READ_DELETED_DATA:
      case WRITE_DATA:
      case WRITE_DELETED_DATA:
      case READ_ID:
      case FORMAT_TRACK:
      case VERIFY:
        this.#startTransfer();
        break;
      default:
        this.#answer(ST0_INVALID);
        break;
    }
  }

  #setPerpendicular(value: number): void {
    const s = this.#state;
    // Bits of drives change only with OW.
    s.perpendicular = value & 0x80 ? value & 0x3f : (s.perpendicular & 0x3c) | (value & 3);
    this.#endCommand();
  }

  #dumpRegisters(): void {
    const s = this.#state;
    const [first, second] = s.specify as [number, number];
    const [configure, pretrack] = s.configure as [number, number];
    this.#answer(...s.pcn, first, second, s.eot, (s.locked ? 0x80 : 0) | s.perpendicular, configure, pretrack);
  }

  #driveStatus(select: number): number {
    const drive = this.#options.drives[select & 3];
    const base = (select & 7) | ST3_TWO_SIDED | ST3_READY;
    if (!drive) return base;
    return base | (drive.track === 0 ? ST3_TRACK_0 : 0) | (drive.medium?.readOnly ? ST3_WRITE_PROTECTED : 0);
  }

  #seekTarget(c: readonly number[]): number {
    const [code, select, value] = c as [number, number, number];
    if ((code & SEEK_RELATIVE) === 0) return value;
    const from = this.#state.pcn[select & 3] as number;
    return Math.max(0, Math.min(255, code & SEEK_RELATIVE_UP ? from + value : from - value));
  }

  #startSeek(number: number, target: number): void {
    const s = this.#state;
    const drive = this.#options.drives[number];
    const steps = Math.abs(target - (drive?.track ?? 0));
    s.seekAt[number] = this.#options.clock.now() + STEP_NANOS * (1 + steps);
    s.pcn[number] = target;
    this.#at(s.seekAt[number], () => this.#seekDone(number));
    // A drive that is not there never says that it is at track 0.
    s.pending[number] = this.#code() === RECALIBRATE && !drive ? SEEKING_IN_VAIN : SEEKING;
    this.#endCommand();
  }

  #seekDone(number: number): void {
    const s = this.#state;
    s.seekAt[number] = -1;
    this.#options.drives[number]?.seek(s.pcn[number] as number);
    const failed = s.pending[number] === SEEKING_IN_VAIN;
    s.pending[number] = ST0_SEEK_END | number | (failed ? ST0_ABNORMAL | ST0_EQUIPMENT_CHECK : 0);
    this.#setIrq(false);
    this.#setIrq(true);
  }

  /** One drive's status at a time. Without any, the command is invalid. */
  #senseInterrupt(): void {
    const s = this.#state;
    const drive = s.pending.findIndex((status) => status >= 0);
    this.#setIrq(false);
    if (drive < 0) {
      this.#answer(ST0_INVALID);
      return;
    }
    const status = s.pending[drive] as number;
    s.pending[drive] = NO_STATUS;
    this.#answer(status, s.pcn[drive] as number);
    // Another seek that ended asks again; the four of a reset asked once.
    if (s.pending.some((other) => other >= 0 && (other & ST0_READY_CHANGED) !== ST0_READY_CHANGED)) this.#setIrq(true);
  }

  /** Heads are moved if they have to be; the rest happens when the disk has turned. */
  #startTransfer(): void {
    const s = this.#state;
    const c = s.command;
    const drive = this.#options.drives[(c[1] as number) & 3];
    s.phase = 'execution';
    let nanos = drive?.medium ? SECTOR_NANOS : NO_DISK_NANOS;
    const positions = this.#code() !== READ_ID && this.#code() !== FORMAT_TRACK;
    if (positions) s.eot = c[6] as number;
    if (positions && drive && ((s.configure[0] as number) & CONFIGURE_IMPLIED_SEEK) !== 0) {
      nanos += STEP_NANOS * Math.abs(drive.track - (c[2] as number));
      drive.seek(c[2] as number);
      s.pcn[(c[1] as number) & 3] = c[2] as number;
    }
    s.executeAt = this.#options.clock.now() + nanos;
    this.#at(s.executeAt, () => this.#execute());
  }

  #execute(): void {
    const s = this.#state;
    const [, select = 0, cylinder = 0] = s.command;
    s.executeAt = -1;
    const drive = this.#options.drives[select & 3];
    if (!drive?.medium || !drive.readableAt(RATES[s.rate] as number) || drive.cylinder < 0) {
      this.#fail(ST1_MISSING_ADDRESS_MARK);
      return;
    }
    if (this.#writes() && drive.medium.readOnly) {
      this.#fail(ST1_NOT_WRITABLE);
      return;
    }
    if (this.#code() === READ_ID) {
      this.#readId(drive);
      return;
    }
    if (this.#code() === FORMAT_TRACK) {
      this.#beginFormat();
      return;
    }
    if (cylinder !== drive.cylinder) {
      this.#fail(ST1_NO_DATA, ST2_WRONG_CYLINDER);
      return;
    }
    // READ TRACK begins at the index hole.
    if (this.#code() === READ_TRACK) s.command[4] = 1;
    this.#nextSector(drive);
  }

  #readId(drive: FloppyDrive): void {
    const select = this.#state.command[1] as number;
    const head = (select >> 2) & 1;
    if (drive.offset(head, 1) < 0) {
      this.#fail(ST1_MISSING_ADDRESS_MARK);
      return;
    }
    this.#finish(select & 7, 0, 0, [drive.cylinder, head, 1, SIZE_CODE]);
  }

  /** The sector that the command's C, H, R, N name. */
  #nextSector(drive: FloppyDrive): void {
    const s = this.#state;
    const [, select, , head, sector, size] = s.command as [number, number, number, number, number, number];
    const at = size === SIZE_CODE && head === ((select >> 2) & 1) ? drive.offset(head, sector) : -1;
    if (at < 0) {
      this.#fail(ST1_NO_DATA);
      return;
    }
    const bytes = (drive.medium as NonNullable<FloppyDrive['medium']>).bytes.subarray(at, at + SECTOR_BYTES);
    if (this.#code() === VERIFY) {
      this.#sectorDone(drive, at, false);
      return;
    }
    s.buffer = this.#writes() ? new Uint8Array(SECTOR_BYTES) : bytes.slice();
    s.done = 0;
    if (((s.specify[1] as number) & SPECIFY_NON_DMA) !== 0) {
      this.#offer();
      return;
    }
    const { dma } = this.#options;
    dma.request(true);
    const { bytes: moved, terminalCount } = this.#writes() ? dma.read(s.buffer) : dma.write(s.buffer);
    dma.request(false);
    if (moved < SECTOR_BYTES && !terminalCount) {
      this.#fail(ST1_OVERRUN);
      return;
    }
    this.#sectorDone(drive, at, terminalCount);
  }

  /** Without DMA: the processor moves the bytes of the buffer. */
  #offer(): void {
    this.#state.phase = 'transfer';
    this.#setIrq(true);
  }

  /** It has moved them. */
  #transferDone(): void {
    const s = this.#state;
    s.phase = 'execution';
    this.#setIrq(false);
    const drive = this.#options.drives[(s.command[1] as number) & 3];
    if (!drive?.medium) {
      this.#fail(ST1_MISSING_ADDRESS_MARK);
      return;
    }
    if (this.#code() === FORMAT_TRACK) {
      this.#format(drive);
      return;
    }
    this.#sectorDone(drive, drive.offset(s.command[3] as number, s.command[4] as number), false);
  }

  /** A sector is through: writes it, and goes on with the next or ends. */
  #sectorDone(drive: FloppyDrive, at: number, terminalCount: boolean): void {
    const s = this.#state;
    if (!this.#writes()) {
      this.#advance(drive, terminalCount);
      return;
    }
    const medium = drive.medium as NonNullable<FloppyDrive['medium']>;
    medium.bytes.set(s.buffer, at);
    this.#afterHost(medium.written(at, SECTOR_BYTES), () => this.#advance(drive, terminalCount));
  }

  /** Goes on when the host has done its part. */
  #afterHost(work: Promise<void>, then: () => void): void {
    const generation = this.#generation;
    work.then(
      () => generation === this.#generation && then(),
      () => generation === this.#generation && this.#fail(ST1_DATA_ERROR, ST2_DATA_ERROR),
    );
  }

  /** The address after the sector, as section 5.1 has it for the result; and the next sector, unless that was the last. */
  #advance(drive: FloppyDrive, terminalCount: boolean): void {
    const s = this.#state;
    const c = s.command as [number, number, number, number, number, number, number, number, number];
    const multiTrack = (c[0] & COMMAND_MULTI_TRACK) !== 0;
    let last = terminalCount;
    let status1 = 0;
    const select = c[1] & 7;
    // The last field of VERIFY with EC counts sectors.
    if (this.#code() === VERIFY && c[1] & 0x80 && --c[8] === 0) last = true;
    if (c[4] === c[6]) {
      c[4] = 1;
      const toOtherHead = multiTrack && c[3] === 0;
      if (multiTrack) {
        c[3] ^= 1;
        c[1] ^= 4;
      }
      if (!toOtherHead) {
        c[2]++;
        if (!last && this.#code() !== READ_TRACK && this.#code() !== VERIFY) status1 = ST1_END_OF_CYLINDER;
        last = true;
      }
    } else c[4]++;
    if (last) {
      this.#finish(select | (status1 ? ST0_ABNORMAL : 0), status1, 0, [c[2], c[3], c[4], c[5]]);
      return;
    }
    this.#nextSector(drive);
  }

  #beginFormat(): void {
    const s = this.#state;
    s.buffer = new Uint8Array(4 * (s.command[3] as number));
    s.done = 0;
    if (((s.specify[1] as number) & SPECIFY_NON_DMA) !== 0) {
      this.#offer();
      return;
    }
    const { dma } = this.#options;
    dma.request(true);
    const { bytes } = dma.read(s.buffer);
    dma.request(false);
    if (bytes < s.buffer.length) {
      this.#fail(ST1_OVERRUN);
      return;
    }
    this.#format(this.#options.drives[(s.command[1] as number) & 3] as FloppyDrive);
  }

  /** C, H, R, N of each sector are in the buffer. The disk keeps its format: sectors that it does not have go nowhere. */
  #format(drive: FloppyDrive): void {
    const s = this.#state;
    const [, select, , , , fill] = s.command as [number, number, number, number, number, number];
    const medium = drive.medium as NonNullable<FloppyDrive['medium']>;
    const head = (select >> 2) & 1;
    const writes: Promise<void>[] = [];
    for (let k = 0; k < s.buffer.length; k += 4) {
      const at = s.buffer[k + 3] === SIZE_CODE ? drive.offset(head, s.buffer[k + 2] as number) : -1;
      if (at < 0) {
        this.#fail(ST1_NO_DATA);
        return;
      }
      medium.bytes.fill(fill, at, at + SECTOR_BYTES);
      writes.push(medium.written(at, SECTOR_BYTES));
    }
    const address = [...s.buffer.subarray(-4)];
    this.#afterHost(
      Promise.all(writes).then(() => {}),
      () => this.#finish(select & 7, 0, 0, address),
    );
  }

  #fail(status1: number, status2 = 0): void {
    const [, select = 0, cylinder = 0, head = 0, sector = 0, size = 0] = this.#state.command;
    this.#finish((select & 7) | ST0_ABNORMAL, status1, status2, [cylinder, head, sector, size]);
  }

  /** The result of a command that moves data, and its interrupt. */
  #finish(status0: number, status1: number, status2: number, address: readonly number[]): void {
    this.#answer(status0, status1, status2, ...address);
    this.#setIrq(true);
  }
}
