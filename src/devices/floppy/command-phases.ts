// The phases of a command of the 82077AA: the processor writes its bytes into the FIFO register, it is executed, without
// DMA the processor moves its data through the same register, and reads its result there.
//
// Intel 82077AA data sheet (290166), chapters 4 (phases) and 5 (commands).
//
// Deviations: no scan commands, which are answered as invalid.

import type { Wire } from '../contract.ts';
import {
  CONFIGURE,
  Command,
  DUMPREG,
  FORMAT_TRACK,
  LOCK,
  PERPENDICULAR_MODE,
  READ_DATA,
  READ_DELETED_DATA,
  READ_ID,
  READ_TRACK,
  RECALIBRATE,
  SEEK,
  SENSE_DRIVE_STATUS,
  SENSE_INTERRUPT_STATUS,
  SPECIFY,
  VERIFY,
  VERSION,
  WRITE_DATA,
  WRITE_DELETED_DATA,
} from './command.ts';
import { DataBuffer, type DataBufferState, type FloppyDma } from './data-buffer.ts';
import { DataTransfer, type DataTransferState } from './data-transfer.ts';
import type { FloppyDrive } from './floppy-drive.ts';
import type { Positioner } from './positioner.ts';
import type { Settings } from './settings.ts';
import { ST0_INVALID, status3 } from './status.ts';
import type { TimerGroup } from './timer-group.ts';

// Main status.
const MSR_RQM = 0x80;
const MSR_DIO = 0x40;
const MSR_NON_DMA = 0x20;
const MSR_BUSY = 0x10;

/** The answer to VERSION. */
const ENHANCED_CONTROLLER = 0x90;
/** The answer to LOCK, if it locked. */
const LOCKED = 0x10;

export interface CommandPhasesOptions {
  readonly settings: Settings;
  readonly positioner: Positioner;
  readonly drives: readonly (FloppyDrive | undefined)[];
  readonly dma: FloppyDma;
  readonly timers: TimerGroup;
  readonly interrupt: Wire;
}

/** What the controller is doing: taking a command, executing it, exchanging its bytes with the processor, answering. */
type Phase = 'command' | 'execution' | 'transfer' | 'result';

export interface CommandPhasesState extends DataTransferState, DataBufferState {
  phase: Phase;
  command: number[];
  result: number[];
}

export class CommandPhases {
  readonly #settings: Settings;
  readonly #positioner: Positioner;
  readonly #drives: readonly (FloppyDrive | undefined)[];
  readonly #interrupt: Wire;
  readonly #command = new Command();
  readonly #buffer: DataBuffer;
  readonly #transfer: DataTransfer;
  #phase: Phase = 'command';
  #result: number[] = [];

  constructor({ settings, positioner, drives, dma, timers, interrupt }: CommandPhasesOptions) {
    this.#settings = settings;
    this.#positioner = positioner;
    this.#drives = drives;
    this.#interrupt = interrupt;
    this.#buffer = new DataBuffer(dma);
    this.#transfer = new DataTransfer({
      command: this.#command,
      settings,
      buffer: this.#buffer,
      drives,
      timers,
      offer: () => {
        this.#phase = 'transfer';
        interrupt.set(true);
      },
      finish: (result) => {
        this.#answer(...result);
        interrupt.set(true);
      },
    });
  }

  /** Forgets the command. The timers must have been cancelled. */
  reset(): void {
    this.#transfer.reset();
    this.#buffer.reset();
    this.#endCommand();
  }

  /** What the host has not answered cannot be taken along: the driver has to write once more. */
  save(): CommandPhasesState {
    const failed = this.waitsForHost;
    return {
      phase: failed ? 'result' : this.#phase,
      command: [...this.#command.bytes],
      result: failed ? this.#transfer.hostFailure() : [...this.#result],
      ...this.#transfer.save(),
      ...this.#buffer.save(),
    };
  }

  /** The clock must have been loaded, and the timers cancelled. */
  load(state: CommandPhasesState): void {
    this.#phase = state.phase;
    this.#command.bytes = [...state.command];
    this.#result = [...state.result];
    this.#buffer.load(state);
    this.#transfer.load(state);
  }

  /** Whether the host still has to keep what was written. */
  get waitsForHost(): boolean {
    return this.#phase === 'execution' && !this.#transfer.waitsForDisk;
  }

  /** The main status register, but for the bits of drives that seek. */
  mainStatus(): number {
    switch (this.#phase) {
      case 'command':
        return MSR_RQM | (this.#command.begun ? MSR_BUSY : 0);
      case 'execution':
        return MSR_BUSY;
      case 'transfer':
        return MSR_RQM | MSR_BUSY | MSR_NON_DMA | (this.#command.writes ? 0 : MSR_DIO);
      case 'result':
        return MSR_RQM | MSR_DIO | MSR_BUSY;
    }
  }

  /** The FIFO register is read: a byte of data or of the result, or 0 if there is none. */
  read(): number {
    if (this.#phase === 'transfer' && !this.#command.writes) {
      const byte = this.#buffer.read();
      if (this.#buffer.moved) this.#transferDone();
      return byte;
    }
    if (this.#phase !== 'result') return 0;
    const byte = this.#result.shift() as number;
    // Reading the first byte of a result takes the interrupt back.
    this.#interrupt.set(false);
    if (this.#result.length === 0) this.#endCommand();
    return byte;
  }

  /** The FIFO register is written: a byte of data, or of a command. At other times it goes nowhere. */
  write(value: number): void {
    if (this.#phase === 'transfer' && this.#command.writes) {
      this.#buffer.write(value);
      if (this.#buffer.moved) this.#transferDone();
      return;
    }
    if (this.#phase !== 'command') return;
    this.#command.push(value);
    if (this.#command.complete) this.#start();
  }

  /** Without DMA: the processor has moved the bytes of the buffer. */
  #transferDone(): void {
    this.#phase = 'execution';
    this.#interrupt.set(false);
    this.#transfer.resume();
  }

  #endCommand(): void {
    this.#command.clear();
    this.#result = [];
    this.#phase = 'command';
  }

  /** The command ends with these bytes, without an interrupt. */
  #answer(...bytes: number[]): void {
    this.#result = bytes;
    this.#phase = 'result';
  }

  #start(): void {
    const command = this.#command;
    const settings = this.#settings;
    const positioner = this.#positioner;
    const { code, drive } = command;
    switch (code) {
      case SPECIFY:
        settings.specify(command.parameters(1, 3));
        this.#endCommand();
        break;
      case CONFIGURE:
        settings.configure(command.parameters(2, 4));
        this.#endCommand();
        break;
      case PERPENDICULAR_MODE:
        settings.setPerpendicular(command.bytes[1] as number);
        this.#endCommand();
        break;
      case RECALIBRATE:
        positioner.recalibrate(drive);
        this.#endCommand();
        break;
      case SEEK:
        positioner.seek(drive, command.seekTarget(positioner.cylinders[drive] as number));
        this.#endCommand();
        break;
      case SENSE_INTERRUPT_STATUS:
        this.#answer(...positioner.senseInterrupt());
        break;
      case SENSE_DRIVE_STATUS:
        this.#answer(status3(this.#drives[drive], command.unit));
        break;
      case DUMPREG:
        this.#answer(...positioner.cylinders, ...settings.dump());
        break;
      case VERSION:
        this.#answer(ENHANCED_CONTROLLER);
        break;
      case LOCK:
        settings.lock(command.lock);
        this.#answer(command.lock ? LOCKED : 0);
        break;
      case READ_TRACK:
      case READ_DATA:
      case READ_DELETED_DATA:
      case WRITE_DATA:
      case WRITE_DELETED_DATA:
      case VERIFY:
        settings.noteEndOfTrack(command.endOfTrack);
        this.#execute(settings.impliedSeek ? positioner.stepTo(drive, command.cylinder) : 0);
        break;
      case READ_ID:
      case FORMAT_TRACK:
        this.#execute(0);
        break;
      default:
        this.#answer(ST0_INVALID);
        break;
    }
  }

  /** Execution begins after the heads have stepped for `nanos` nanoseconds. */
  #execute(nanos: number): void {
    this.#phase = 'execution';
    this.#transfer.start(nanos);
  }
}
