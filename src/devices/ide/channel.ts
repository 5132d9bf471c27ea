// One IDE channel with up to two drives: registers, interrupt, reset and diagnostics. ATA/ATAPI-6 (T13/1410D), chapters 7
// (registers) and 9 (protocols). The drives execute the commands.
//
// Deviations: a drive is ready at once after a reset. Commands and writes to registers while the channel is busy are
// ignored. Nobody drives the bus of a channel without drives: it reads as ones.

import { hex } from '../../lib/hex.ts';
import { channel as logChannel } from '../../lib/log.ts';
import type { Registers, Wire } from '../contract.ts';
import type { HostWork } from '../host-work.ts';
import { AtaDisk } from './ata-disk.ts';
import { BusMaster, type BusMasterState, type DmaMemory } from './bus-master.ts';
import type { CommandSet } from './cable.ts';
import type { DataPort } from './data-port.ts';
import { DiskCommands } from './disk-commands.ts';
import type { PacketDevice } from './drive.ts';
import { Execution, type ExecutionState } from './execution.ts';
import { DEVICE_RESET, PacketCommands } from './packet-commands.ts';
import {
  BSY,
  DATA,
  DEVICE,
  DEVICE_DEV,
  DEVICE_OBSOLETE,
  DIAGNOSTIC_PASSED,
  STATUS_COMMAND,
  TaskFile,
} from './task-file.ts';

const log = logChannel('ide');

// Device control.
const CONTROL_NIEN = 0x02;
const CONTROL_SRST = 0x04;
const CONTROL_HOB = 0x80;

/** A command that the channel executes itself: it is for both drives. */
const EXECUTE_DEVICE_DIAGNOSTIC = 0x90;

export type Drive = AtaDisk | PacketDevice;

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

export interface ChannelState extends ExecutionState {
  files: TaskFile[];
  /** Of a packet device that executes a packet: from before. */
  drives: unknown[];
  busMaster: BusMasterState;
  selected: number;
  control: number;
  interrupt: boolean;
}

export class Channel {
  readonly busMaster: BusMaster;
  readonly #irq: Wire;
  readonly #drives: readonly [CommandSet | undefined, CommandSet | undefined];
  readonly #files = [new TaskFile(), new TaskFile()] as const;
  readonly #execution: Execution;
  readonly #data: DataPort;
  #selected = 0;
  #control = 0;
  #interrupt = false;

  /** Eight ports, 1F0h or 170h. */
  readonly command: Registers;
  /** One port, 3F6h or 376h. */
  readonly alternate: Registers = {
    read: () => this.#status(),
    write: (_offset, _size, value) => this.#writeControl(value & 255),
  };

  constructor({ name, irq, memory, busMaster, work, drives, complain }: ChannelOptions) {
    this.#irq = irq;
    this.busMaster = new BusMaster(name, memory, () => this.dmaReady());
    this.#execution = new Execution({
      name,
      files: this.#files,
      busMaster: this.busMaster,
      mayMaster: busMaster,
      work,
      interrupt: () => this.#requestInterrupt(),
      complain,
    });
    const data = this.#execution.buffer;
    this.#data = data;
    this.command = {
      read: (offset, size) => (offset === DATA && size !== 8 ? data.read(size) : this.#readWide(offset, size)),
      write: (offset, size, value) => {
        if (offset === DATA && size !== 8) data.write(size, value);
        else for (let k = 0; k < size / 8; k++) this.#write(offset + k, (value >>> (8 * k)) & 255);
      },
    };
    this.#drives = [commandsOf(drives[0], this.#execution), commandsOf(drives[1], this.#execution)];
    this.reset();
  }

  /** Power-on or a reset of the machine. */
  reset(): void {
    this.#execution.forget();
    this.#control = 0;
    this.busMaster.reset();
    this.#resetDrives(true);
    this.#setInterrupt(false);
  }

  /** The bus master started, or may access memory from now on. */
  dmaReady(): void {
    this.#execution.dmaReady();
  }

  /** What the host works on at the moment is part of it: `load` asks for it again. */
  save(): ChannelState {
    const { owner, before } = this.#execution;
    return {
      files: this.#files.map((file) => Object.assign(new TaskFile(), file)),
      drives: this.#drives.map((drive, k) => (k === owner && before !== undefined ? before : drive?.save())),
      busMaster: this.busMaster.save(),
      selected: this.#selected,
      control: this.#control,
      interrupt: this.#interrupt,
      ...this.#execution.save(),
    };
  }

  /** Into a channel with the same drives. The clock and the memory must have been loaded. */
  load(state: ChannelState): void {
    const execution = this.#execution;
    execution.forget();
    for (const [k, file] of this.#files.entries()) Object.assign(file, state.files[k]);
    for (const [k, drive] of this.#drives.entries()) drive?.load(state.drives[k]);
    this.busMaster.load(state.busMaster);
    this.#selected = state.selected;
    this.#control = state.control;
    const drive = this.#drives[state.owner];
    const transfer = drive?.transfer(structuredClone(state.job));
    execution.load(state, transfer);
    this.#setInterrupt(state.interrupt);
    if (state.phase !== 'busy') return;
    // A request that was under way when the state was saved.
    if (transfer) transfer.resume(state.request);
    else drive?.execute(state.code);
  }

  // Registers.

  #readWide(offset: number, size: 8 | 16 | 32): number {
    let value = 0;
    for (let k = 0; k < size / 8; k++) value |= this.#read(offset + k) << (8 * k);
    return value;
  }

  #read(offset: number): number {
    if (offset === DATA) return this.#data.read(8);
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
      this.#data.write(8, value);
      return;
    }
    if (offset === STATUS_COMMAND) {
      this.#writeCommand(value);
      return;
    }
    const { phase } = this.#execution;
    if (phase === 'busy' || phase === 'reset') return;
    this.#control &= ~CONTROL_HOB;
    for (const file of this.#files) file.write(offset, value);
    if (offset === DEVICE) this.#selected = value & DEVICE_DEV ? 1 : 0;
  }

  #writeControl(value: number): void {
    const before = this.#control;
    this.#control = value;
    this.#driveInterrupt();
    if (value & CONTROL_SRST && !(before & CONTROL_SRST)) {
      this.#execution.enterReset();
      for (const file of this.#files) file.status = BSY;
      this.#setInterrupt(false);
      if (log.enabled) this.#say('software reset');
    } else if (before & CONTROL_SRST && !(value & CONTROL_SRST)) {
      this.#execution.leaveReset();
      this.#resetDrives(false);
    }
  }

  #writeCommand(code: number): void {
    const { phase } = this.#execution;
    const drive = this.#drives[this.#selected];
    // Only a packet device listens while it is busy, and to nothing else (ATA/ATAPI-6, DEVICE RESET).
    if (phase !== 'idle' && (phase === 'reset' || code !== DEVICE_RESET || !drive?.packet)) return;
    this.#control &= ~CONTROL_HOB;
    this.#setInterrupt(false);
    if (code === EXECUTE_DEVICE_DIAGNOSTIC) {
      this.#diagnose();
      return;
    }
    if (!drive) return;
    this.#execution.start(this.#selected, code);
    drive.execute(code);
  }

  // Reset and diagnostics.

  #resetDrives(hard: boolean): void {
    this.#selectFirst();
    for (const [k, drive] of this.#drives.entries()) {
      drive?.reset(hard);
      (this.#files[k] as TaskFile).setSignature(drive?.packet ?? false);
    }
  }

  #diagnose(): void {
    if (log.enabled) this.#say('EXECUTE DEVICE DIAGNOSTIC');
    for (const [k, drive] of this.#drives.entries()) {
      const file = this.#files[k] as TaskFile;
      file.setSignature(drive?.packet ?? false);
      file.error = DIAGNOSTIC_PASSED;
    }
    this.#selectFirst();
    this.#requestInterrupt();
  }

  #selectFirst(): void {
    this.#selected = 0;
    this.#execution.owner = 0;
  }

  // Interrupt.

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
    this.#irq.set(level);
  }

  #say(text: string): void {
    this.#execution.say(text);
  }
}

function commandsOf(drive: Drive | undefined, execution: Execution): CommandSet | undefined {
  if (!drive) return undefined;
  return drive instanceof AtaDisk ? new DiskCommands(drive, execution) : new PacketCommands(drive, execution);
}
