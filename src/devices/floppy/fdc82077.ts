// Floppy disk controller 82077AA with two drives, in PC/AT mode: ports 3F0h to 3F5h and 3F7h. This is the chip as the
// processor sees it: registers, interrupt line and reset. `command-phases.ts` takes the commands, `command.ts` has the
// fields of their bytes, `data-transfer.ts` executes those that need the disk, `positioner.ts` those that move heads.
//
// Intel 82077AA CHMOS Single-Chip Floppy Disk Controller datasheet (290166), chapters 2 (registers), 4 (phases),
// 5 (commands) and 6 (status registers).
//
// Deviations: heads, motors and the disk are faster than real ones (`STEP_NANOS` in `positioner.ts`, `SECTOR_NANOS` in
// `data-transfer.ts`); motors need not turn; no scan commands, no deleted data (the commands for it work on normal data);
// a disk that is not there gives "missing address mark" after a while instead of no answer at all; the FIFO threshold has
// no effect.

import type { Clock } from '../../lib/clock.ts';
import { bytewise, type Device, type Registers, type Wire } from '../contract.ts';
import { CommandPhases, type CommandPhasesState } from './command-phases.ts';
import type { FloppyDma } from './data-buffer.ts';
import type { FloppyDrive, FloppyDriveState } from './floppy-drive.ts';
import { Positioner, type PositionerState } from './positioner.ts';
import { Settings, type SettingsState } from './settings.ts';
import { TimerGroup } from './timer-group.ts';

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
const RATE_SELECT = 0x03;
const DIR_CHANGED = 0x80;
const RESET_NANOS = 50_000;

export interface Fdc82077Options {
  readonly clock: Clock;
  /** IRQ 6. */
  readonly irq: Wire;
  /** DRQ 2. */
  readonly dma: FloppyDma;
  /** Drives 0 and 1, where there are any. */
  readonly drives: readonly (FloppyDrive | undefined)[];
}

export interface Fdc82077State extends SettingsState, PositionerState, CommandPhasesState {
  dor: number;
  tdr: number;
  irq: boolean;
  /** Guest time in nanoseconds at which a reset ends, or -1. */
  resetAt: number;
  drives: (FloppyDriveState | undefined)[];
}

export class Fdc82077 implements Device<Fdc82077State> {
  /** Ports 3F0h to 3F7h; 3F6h is not the controller's. */
  readonly registers: Registers = bytewise(this);
  readonly #irqWire: Wire;
  readonly #drives: readonly (FloppyDrive | undefined)[];
  readonly #timers: TimerGroup;
  readonly #settings = new Settings();
  readonly #positioner: Positioner;
  readonly #phases: CommandPhases;
  #dor = 0;
  #tdr = 0;
  /** Interrupt request, before the gate in DOR. */
  #irq = false;
  #resetAt = -1;

  constructor({ clock, irq, dma, drives }: Fdc82077Options) {
    this.#irqWire = irq;
    this.#drives = drives;
    const timers = new TimerGroup(clock);
    const interrupt: Wire = { set: (level) => this.#setIrq(level) };
    const settings = this.#settings;
    const positioner = new Positioner({ timers, interrupt, drives });
    this.#timers = timers;
    this.#positioner = positioner;
    this.#phases = new CommandPhases({ settings, positioner, drives, dma, timers, interrupt });
  }

  read8(offset: number): number {
    switch (offset) {
      case DOR:
        return this.#dor;
      case TDR:
        return this.#tdr | 0xfc;
      case MSR_DSR:
        return this.#mainStatus();
      case FIFO:
        return this.#phases.read();
      case DIR_CCR:
        return this.#drives[this.#dor & DOR_DRIVE]?.changed ? DIR_CHANGED : 0;
      default:
        return 0xff;
    }
  }

  write8(offset: number, value: number): void {
    switch (offset) {
      case DOR:
        this.#writeDor(value);
        break;
      case TDR:
        this.#tdr = value & 3;
        break;
      case MSR_DSR:
        this.#settings.selectRate(value & RATE_SELECT);
        if (value & DSR_RESET) {
          this.#softReset();
          this.#endReset();
        }
        break;
      case FIFO:
        if (!this.#inReset) this.#phases.write(value);
        break;
      case DIR_CCR:
        this.#settings.selectRate(value & RATE_SELECT);
        break;
    }
  }

  /** Hardware reset. Heads and disks stay where they are. */
  reset(): void {
    this.#dor = 0;
    this.#tdr = 0;
    this.#settings.reset();
    this.#forget();
  }

  save(): Fdc82077State {
    const { rate, specify, configure, perpendicular, locked, eot } = this.#settings.save();
    const { phase, command, result, executeAt, buffer, done } = this.#phases.save();
    return {
      dor: this.#dor,
      tdr: this.#tdr,
      rate,
      phase,
      command,
      result,
      // The result in place of the host's answer (see there) comes with an interrupt.
      irq: this.#irq || this.#phases.waitsForHost,
      ...this.#positioner.save(),
      executeAt,
      resetAt: this.#resetAt,
      specify,
      configure,
      perpendicular,
      locked,
      eot,
      buffer,
      done,
      drives: this.#drives.map((drive) => drive?.save()),
    };
  }

  /** Into a controller with the same drives. The clock must have been loaded. */
  load(state: Fdc82077State): void {
    this.#timers.cancel();
    this.#dor = state.dor;
    this.#tdr = state.tdr;
    this.#irq = state.irq;
    this.#resetAt = state.resetAt;
    this.#settings.load(state);
    for (const [k, saved] of state.drives.entries()) if (saved) this.#drives[k]?.load(saved);
    this.#driveIrq();
    if (this.#resetAt >= 0) this.#timers.at(this.#resetAt, () => this.#resetDone());
    this.#phases.load(state);
    this.#positioner.load(state);
  }

  #setIrq(level: boolean): void {
    this.#irq = level;
    this.#driveIrq();
  }

  #driveIrq(): void {
    this.#irqWire.set(this.#irq && (this.#dor & DOR_DMA_GATE) !== 0);
  }

  #writeDor(value: number): void {
    const before = this.#dor;
    this.#dor = value;
    if ((before & DOR_NOT_RESET) !== 0 && (value & DOR_NOT_RESET) === 0) this.#softReset();
    if ((before & DOR_NOT_RESET) === 0 && (value & DOR_NOT_RESET) !== 0) this.#endReset();
    this.#driveIrq();
  }

  /** DOR, DSR and the data rate keep their values. */
  #softReset(): void {
    this.#settings.softReset();
    this.#forget();
  }

  /** What every reset does: no command, no seek, no interrupt. */
  #forget(): void {
    this.#timers.cancel();
    this.#resetAt = -1;
    this.#positioner.reset();
    this.#phases.reset();
    this.#setIrq(false);
  }

  #endReset(): void {
    this.#resetAt = this.#timers.now() + RESET_NANOS;
    this.#timers.at(this.#resetAt, () => this.#resetDone());
  }

  #resetDone(): void {
    this.#resetAt = -1;
    if (this.#settings.polling) this.#positioner.reportReady();
  }

  /** Held in reset, or not yet out of it. */
  get #inReset(): boolean {
    return (this.#dor & DOR_NOT_RESET) === 0 || this.#resetAt >= 0;
  }

  #mainStatus(): number {
    return this.#inReset ? 0 : this.#positioner.seeking | this.#phases.mainStatus();
  }
}
