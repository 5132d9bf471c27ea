// The command that a channel's drive executes: its phase, its data on their way through the data register or by bus
// master DMA, what it waits for, and how it ends. ATA/ATAPI-6 (T13/1410D), chapter 9 (protocols).
//
// It is what both drives have of a channel: one of them at most executes a command.

import { hex } from '../../lib/hex.ts';
import { channel as logChannel } from '../../lib/log.ts';
import { SECTOR } from '../../storage/contract.ts';
import type { HostWork } from '../host-work.ts';
import { errorOf } from './ata-disk.ts';
import type { BusMaster } from './bus-master.ts';
import type { Cable, Job, Request, Transfer } from './cable.ts';
import { type BlockListener, DataPort, type DataPortState } from './data-port.ts';
import { HostQueue } from './host-queue.ts';
import { BSY, DRQ, READY, type TaskFile } from './task-file.ts';

const log = logChannel('ide');

/** What the channel does. */
export type Phase =
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

export interface ExecutionOptions {
  /** For the log. */
  readonly name: string;
  /** The registers of both drives. */
  readonly files: readonly [TaskFile, TaskFile];
  readonly busMaster: BusMaster;
  /** Whether the controller may access memory. */
  readonly mayMaster: () => boolean;
  readonly work: HostWork;
  /** Raises INTRQ. */
  readonly interrupt: () => void;
  /** What the user should know: the host failed. */
  readonly complain: (line: string) => void;
}

export interface ExecutionState extends DataPortState {
  phase: Phase;
  job: Job;
  request: Request;
  code: number;
  owner: number;
}

export class Execution implements Cable, BlockListener {
  readonly #options: ExecutionOptions;
  readonly #queue: HostQueue;
  readonly buffer = new DataPort(this);
  /** The drive whose command is executed, or was at last. */
  owner = 0;
  #phase: Phase = 'idle';
  readonly #none = new GivenData(this, { kind: 'none' });
  readonly #given = new GivenData(this, { kind: 'give' });
  #transfer: Transfer = this.#none;
  /** What the host works on while `busy`, and the last command's code. */
  #request: Request = 'command';
  #code = 0;

  constructor(options: ExecutionOptions) {
    this.#options = options;
    this.#queue = new HostQueue(options.work);
  }

  // The channel's side.

  get phase(): Phase {
    return this.#phase;
  }

  /** The drive's state from before what the host works on; undefined: the drive's state is good. */
  get before(): unknown {
    return this.#phase === 'busy' ? this.#transfer.before : undefined;
  }

  /** A drive, 0 or 1, begins with the command `code`. */
  start(owner: number, code: number): void {
    this.owner = owner;
    this.#code = code;
    this.file.error = 0;
    this.file.status = READY;
  }

  /** By the data port. */
  blockRead(): void {
    this.#transfer.blockRead();
  }

  /** By the data port. */
  blockWritten(): void {
    this.#transfer.blockWritten();
  }

  /** The bus master started, or may access memory from now on: moves the data if the drive asks for it. */
  dmaReady(): void {
    if (this.#phase === 'dma' && this.dmaActive && this.#options.mayMaster()) this.#transfer.dmaReady();
  }

  /** SRST is set. */
  enterReset(): void {
    this.forget();
    this.#enter('reset');
  }

  /** SRST is cleared. */
  leaveReset(): void {
    this.#enter('idle');
  }

  save(): ExecutionState {
    return {
      phase: this.#phase,
      job: structuredClone(this.#transfer.job),
      request: this.#request,
      code: this.#code,
      owner: this.owner,
      ...this.buffer.save(),
    };
  }

  /** `transfer`: of the state's job; undefined if that is none of a drive's. */
  load(state: ExecutionState, transfer: Transfer | undefined): void {
    this.#enter(state.phase);
    this.#transfer = transfer ?? (state.job.kind === 'give' ? this.#given : this.#none);
    this.#code = state.code;
    this.owner = state.owner;
    this.buffer.load(state);
  }

  // The drive's side.

  get file(): TaskFile {
    return this.#options.files[this.owner] as TaskFile;
  }

  get dmaActive(): boolean {
    return this.#options.busMaster.active;
  }

  begin(transfer: Transfer): void {
    this.#transfer = transfer;
  }

  give(data: Uint8Array): void {
    this.#transfer = this.#given;
    this.buffer.fill(data);
    this.offerBlock(SECTOR);
  }

  offerBlock(bytes: number): void {
    this.buffer.nextBlock(bytes);
    this.#requestData('in');
    this.#options.interrupt();
  }

  expectBlock(bytes: number, interrupt: boolean): void {
    this.buffer.nextBlock(bytes);
    this.#requestData('out');
    if (interrupt) this.#options.interrupt();
  }

  expectPacket(bytes: number): void {
    this.buffer.room(bytes);
    this.buffer.begin(bytes);
    this.buffer.nextBlock(bytes);
    this.#requestData('packet');
  }

  requestDma(): void {
    this.#requestData('dma');
    this.dmaReady();
  }

  move(buffer: Uint8Array): boolean {
    if (this.#options.busMaster.move(buffer) === buffer.length) return true;
    if (log.enabled) this.say('the PRD table is too short');
    this.#requestData('dma');
    return false;
  }

  ask(what: Request, bytes: number, request: () => Promise<void>, ended: (error: unknown) => void): void {
    this.#enter('busy');
    this.#request = what;
    this.file.status = BSY;
    this.#queue.ask(bytes, request, (error) => {
      if (log.enabled && error === undefined && bytes > 0) this.say(`the host is done with ${bytes} bytes`);
      ended(error);
    });
  }

  complete(): void {
    this.end();
    this.#options.interrupt();
  }

  end(): void {
    this.#end(READY);
  }

  fail(error: number, status: number): void {
    this.file.error = error;
    this.#end(READY | status);
    if (log.enabled) this.say(`failed: error ${hex(error)}`);
    this.#options.interrupt();
  }

  hostFailed(error: unknown, write: boolean): void {
    this.#options.complain(`${this.#name}: ${error instanceof Error ? error.message : String(error)}`);
    const bits = errorOf(error, write);
    this.fail(bits.error, bits.status);
  }

  forget(): void {
    this.buffer.clear(this.#queue.forget());
    this.#enter('idle');
    this.#transfer = this.#none;
  }

  say(text: string): void {
    log.log(`${this.#name}: ${text}`);
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    this.buffer.way = phase === 'in' ? 'in' : phase === 'out' || phase === 'packet' ? 'out' : 'closed';
  }

  #requestData(phase: Phase): void {
    this.#enter(phase);
    this.file.status = READY | DRQ;
  }

  #end(status: number): void {
    this.#enter('idle');
    this.#transfer = this.#none;
    this.file.status = status;
  }

  get #name(): string {
    return `${this.#options.name} ${this.owner ? 'slave' : 'master'}`;
  }
}

/** Data that are there go to the guest, and the host is not asked for more. Of kind `none`, there are no data. */
class GivenData implements Transfer {
  readonly #cable: Cable;
  readonly job: Job;

  constructor(cable: Cable, job: Job) {
    this.#cable = cable;
    this.job = job;
  }

  blockRead(): void {
    if (this.#cable.buffer.left > 0) this.#cable.offerBlock(SECTOR);
    else this.#cable.end();
  }

  blockWritten(): void {}

  dmaReady(): void {}

  resume(): void {}
}
