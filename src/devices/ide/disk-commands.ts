// A disk at its channel: executes what `AtaDisk` makes of a command. ATA/ATAPI-6 (T13/1410D), chapters 8 (commands) and 9
// (protocols).

import { channel as logChannel } from '../../lib/log.ts';
import { AtaDisk, type AtaDiskState, type AtaTransfer } from './ata-disk.ts';
import type { Cable, CommandSet, DiskJob, Job, Transfer } from './cable.ts';
import { commandName } from './command-names.ts';
import { DiskTransfer } from './disk-transfer.ts';
import { ERR } from './task-file.ts';

const log = logChannel('ide');

export class DiskCommands implements CommandSet {
  readonly packet = false;
  readonly #disk: AtaDisk;
  readonly #cable: Cable;

  constructor(disk: AtaDisk, cable: Cable) {
    this.#disk = disk;
    this.#cable = cable;
  }

  execute(code: number): void {
    const cable = this.#cable;
    const command = this.#disk.command(code, cable.file);
    if (log.enabled) {
      const where = command.kind === 'transfer' ? `, sector ${command.sector}, ${command.sectors} sectors` : '';
      cable.say(`${commandName(code)}${where}`);
    }
    switch (command.kind) {
      case 'done':
        cable.complete();
        break;
      case 'error':
        cable.fail(command.error, ERR);
        break;
      case 'wait':
        cable.ask('command', 0, command.start, (error) =>
          error === undefined ? cable.complete() : cable.hostFailed(error, true),
        );
        break;
      case 'give':
        cable.give(command.data);
        break;
      case 'transfer':
        this.#beginTransfer(command, AtaDisk.isExtended(code));
    }
  }

  transfer(job: Job): Transfer | undefined {
    return job.kind === 'disk' ? new DiskTransfer(this.#disk, this.#cable, job) : undefined;
  }

  reset(hard: boolean): void {
    this.#disk.reset(hard);
  }

  save(): AtaDiskState {
    return this.#disk.save();
  }

  load(state: unknown): void {
    this.#disk.load(state as AtaDiskState);
  }

  #beginTransfer({ write, dma, sector, sectors, block }: AtaTransfer, extended: boolean): void {
    const job: DiskJob = { kind: 'disk', write, dma, block, extended, sector, left: sectors };
    const transfer = new DiskTransfer(this.#disk, this.#cable, job);
    this.#cable.begin(transfer);
    transfer.start();
  }
}
