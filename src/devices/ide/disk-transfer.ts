// Sectors between a disk and the guest: the PIO data-in, PIO data-out and DMA protocols. ATA/ATAPI-6 (T13/1410D),
// chapter 9. PIO reads ahead of the guest; DMA asks the host for much at once.

import { SECTOR } from '../../storage/contract.ts';
import type { AtaDisk } from './ata-disk.ts';
import type { Cable, DiskJob, Request, Transfer } from './cable.ts';

/** Sectors that PIO reads ahead. */
const PIO_SECTORS = 256;
/** Sectors that DMA asks the host for at once. */
const DMA_SECTORS = 8192;

export class DiskTransfer implements Transfer {
  readonly job: DiskJob;
  readonly #disk: AtaDisk;
  readonly #cable: Cable;

  /** `job` is kept, and tells how far the transfer is. */
  constructor(disk: AtaDisk, cable: Cable, job: DiskJob) {
    this.job = job;
    this.#disk = disk;
    this.#cable = cable;
  }

  start(): void {
    if (this.job.dma) this.#cable.requestDma();
    else if (this.job.write) this.#expectBlock(false);
    else this.#readAhead();
  }

  blockRead(): void {
    if (this.#cable.buffer.left > 0) this.#cable.offerBlock(this.job.block * SECTOR);
    else if (this.job.left > 0) this.#readAhead();
    else this.#cable.end();
  }

  blockWritten(): void {
    this.#writeBlock();
  }

  dmaReady(): void {
    if (this.job.write) this.#writeDma();
    else this.#readDma();
  }

  resume(request: Request): void {
    if (request === 'read ahead') this.#readAhead();
    else if (request === 'write block') this.#writeBlock();
    else if (request === 'read DMA') this.#readDma();
    else this.#writeMoved();
  }

  // PIO.

  #readAhead(): void {
    const { job } = this;
    const { buffer } = this.#cable;
    const count = Math.min(job.left, PIO_SECTORS);
    const into = buffer.room(count * SECTOR);
    const read = (): Promise<void> => this.#disk.read(job.sector, into);
    this.#cable.ask('read ahead', into.length, read, (error) => {
      if (error !== undefined) {
        this.#readFailed(count, error);
        return;
      }
      this.#advance(count);
      buffer.begin(into.length);
      this.#cable.offerBlock(job.block * SECTOR);
    });
  }

  /** Lets the guest write a block. It is told by an interrupt, but of the first. */
  #expectBlock(interrupt: boolean): void {
    const { buffer } = this.#cable;
    const bytes = Math.min(this.job.left, this.job.block) * SECTOR;
    buffer.room(bytes);
    buffer.begin(bytes);
    this.#cable.expectBlock(bytes, interrupt);
  }

  #writeBlock(): void {
    this.#write('write block', () => {
      if (this.job.left > 0) this.#expectBlock(true);
      else this.#cable.complete();
    });
  }

  // DMA.

  #readDma(): void {
    const { job } = this;
    const count = Math.min(job.left, DMA_SECTORS);
    const into = this.#cable.buffer.room(count * SECTOR);
    const read = (): Promise<void> => this.#disk.read(job.sector, into);
    this.#cable.ask('read DMA', into.length, read, (error) => {
      if (error !== undefined) this.#readFailed(count, error);
      // Stopped meanwhile: the drive goes on asking.
      else if (!this.#cable.dmaActive) this.#cable.requestDma();
      else if (this.#cable.move(into)) {
        this.#advance(count);
        this.#dmaDone();
      }
    });
  }

  #writeDma(): void {
    const { buffer } = this.#cable;
    const from = buffer.room(Math.min(this.job.left, DMA_SECTORS) * SECTOR);
    if (!this.#cable.move(from)) return;
    buffer.begin(from.length);
    this.#writeMoved();
  }

  #writeMoved(): void {
    this.#write('write DMA', () => this.#dmaDone());
  }

  #dmaDone(): void {
    if (this.job.left > 0) this.#cable.requestDma();
    else this.#cable.complete();
  }

  // Both.

  /** Writes the buffer. */
  #write(what: Request, written: () => void): void {
    const { job } = this;
    const from = this.#cable.buffer.data;
    const write = (): Promise<void> => this.#disk.write(job.sector, from);
    this.#cable.ask(what, from.length, write, (error) => {
      if (error !== undefined) {
        this.#disk.setAddress(this.#cable.file, job.sector, job.extended);
        this.#cable.hostFailed(error, true);
        return;
      }
      this.#advance(from.length / SECTOR);
      written();
    });
  }

  #advance(sectors: number): void {
    this.job.sector += sectors;
    this.job.left -= sectors;
  }

  /** The address of the first sector that cannot be read is part of the answer. */
  #readFailed(count: number, error: unknown): void {
    const { job } = this;
    let bad = job.sector;
    const look = async (): Promise<void> => {
      bad = await this.#disk.firstBad(job.sector, count);
    };
    this.#cable.ask(job.dma ? 'read DMA' : 'read ahead', 0, look, () => {
      this.#disk.setAddress(this.#cable.file, bad, job.extended);
      this.#cable.hostFailed(error, false);
    });
  }
}
