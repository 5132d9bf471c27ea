// The 82077AA's head positioning: where it believes the heads of its four drives to be, seeks under way, and the
// interrupt status of each drive, which waits for SENSE INTERRUPT STATUS.
//
// Intel 82077AA data sheet (290166), chapter 5: SEEK, RECALIBRATE, SENSE INTERRUPT STATUS, implied seeks, polling.
//
// Deviations: heads are faster than real ones (`STEP_NANOS`), whatever step rate SPECIFY asks for.

import type { Wire } from '../contract.ts';
import type { FloppyDrive } from './floppy-drive.ts';
import { ST0_ABNORMAL, ST0_EQUIPMENT_CHECK, ST0_INVALID, ST0_READY_CHANGED, ST0_SEEK_END } from './status.ts';
import type { TimerGroup } from './timer-group.ts';

const DRIVES = 4;
const STEP_NANOS = 100_000;
// In place of an interrupt status: none; the drive is seeking, or recalibrating and not there.
const NO_STATUS = -1;
const SEEKING = -2;
const SEEKING_IN_VAIN = -3;

export interface PositionerOptions {
  readonly timers: TimerGroup;
  readonly interrupt: Wire;
  readonly drives: readonly (FloppyDrive | undefined)[];
}

export interface PositionerState {
  /** Interrupt status that waits for SENSE INTERRUPT STATUS, by drive; below 0: none. */
  pending: number[];
  /** Present cylinder number, by drive. */
  pcn: number[];
  /** Guest time in nanoseconds at which a seek ends, by drive, or -1. */
  seekAt: number[];
}

/** Drives are numbered 0 to 3, cylinders 0 to 255. */
export class Positioner {
  readonly #timers: TimerGroup;
  readonly #interrupt: Wire;
  readonly #drives: readonly (FloppyDrive | undefined)[];
  #state = powerOn();

  constructor({ timers, interrupt, drives }: PositionerOptions) {
    this.#timers = timers;
    this.#interrupt = interrupt;
    this.#drives = drives;
  }

  /** Forgets cylinders and seeks; the heads stay where they are. The timers must have been cancelled. */
  reset(): void {
    this.#state = powerOn();
  }

  save(): PositionerState {
    return structuredClone(this.#state);
  }

  /** The clock must have been loaded, and the timers cancelled. */
  load({ pending, pcn, seekAt }: PositionerState): void {
    this.#state = structuredClone({ pending, pcn, seekAt });
    for (const [drive, at] of seekAt.entries()) if (at >= 0) this.#timers.at(at, () => this.#seekDone(drive, at));
  }

  /** A bit for each drive that is seeking, as in the main status register. */
  get seeking(): number {
    let bits = 0;
    for (const [drive, at] of this.#state.seekAt.entries()) if (at >= 0) bits |= 1 << drive;
    return bits;
  }

  /** PCN of each drive. */
  get cylinders(): readonly number[] {
    return this.#state.pcn;
  }

  /** Starts a seek; it ends with an interrupt. */
  seek(number: number, target: number): void {
    this.#start(number, target, SEEKING);
  }

  /** Starts a seek to track 0. A drive that is not there never says that it is at track 0. */
  recalibrate(number: number): void {
    this.#start(number, 0, this.#drives[number] ? SEEKING : SEEKING_IN_VAIN);
  }

  /** Implied seek: puts the heads there, without an interrupt. Returns how long that takes, in nanoseconds. */
  stepTo(number: number, target: number): number {
    const drive = this.#drives[number];
    if (!drive) return 0;
    const nanos = STEP_NANOS * Math.abs(drive.track - target);
    drive.seek(target);
    this.#state.pcn[number] = target;
    return nanos;
  }

  /** Polling finds that the ready line of every drive changed, as after each reset. */
  reportReady(): void {
    this.#state.pending = Array.from({ length: DRIVES }, (_, drive) => ST0_READY_CHANGED | drive);
    this.#interrupt.set(true);
  }

  /**
   * SENSE INTERRUPT STATUS: takes the interrupt back and returns the result, status 0 and the cylinder. One drive's
   * status at a time. Without any, the command is invalid.
   */
  senseInterrupt(): number[] {
    const { pending, pcn } = this.#state;
    const drive = pending.findIndex((status) => status >= 0);
    this.#interrupt.set(false);
    if (drive < 0) return [ST0_INVALID];
    const status = pending[drive] as number;
    pending[drive] = NO_STATUS;
    // Another seek that ended asks again; the four of a reset asked once.
    if (pending.some((other) => other >= 0 && (other & ST0_READY_CHANGED) !== ST0_READY_CHANGED)) {
      this.#interrupt.set(true);
    }
    return [status, pcn[drive] as number];
  }

  #start(number: number, target: number, pending: number): void {
    const s = this.#state;
    const steps = Math.abs(target - (this.#drives[number]?.track ?? 0));
    const at = this.#timers.now() + STEP_NANOS * (1 + steps);
    s.seekAt[number] = at;
    s.pcn[number] = target;
    s.pending[number] = pending;
    this.#timers.at(at, () => this.#seekDone(number, at));
  }

  /** `at`: when that seek was to end. Another one may have come in between. */
  #seekDone(number: number, at: number): void {
    const s = this.#state;
    if (s.seekAt[number] !== at) return;
    s.seekAt[number] = -1;
    this.#drives[number]?.seek(s.pcn[number] as number);
    const failed = s.pending[number] === SEEKING_IN_VAIN;
    s.pending[number] = ST0_SEEK_END | number | (failed ? ST0_ABNORMAL | ST0_EQUIPMENT_CHECK : 0);
    // The line falls first: an edge for each seek that ends.
    this.#interrupt.set(false);
    this.#interrupt.set(true);
  }
}

function powerOn(): PositionerState {
  return {
    pending: new Array<number>(DRIVES).fill(NO_STATUS),
    pcn: [0, 0, 0, 0],
    seekAt: [-1, -1, -1, -1],
  };
}
