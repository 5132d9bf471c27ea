// The firmware configuration device of QEMU: named blobs that firmware reads, E820 map and ACPI tables among them.
// QEMU's docs/specs/fw_cfg.rst: selector and data ports 510h and 511h, DMA interface 514h to 51Bh.
//
// Deviations: nothing can be written; a DMA write ends in an error. DMA is done at once, in the write that starts it.

import type { Device, Registers } from './contract.ts';

/** Keys that are not files. */
export const FW_CFG = {
  signature: 0x00,
  id: 0x01,
  uuid: 0x02,
  ramSize: 0x03,
  cpuCount: 0x05,
  bootMenu: 0x0e,
  maxCpus: 0x0f,
  fileDirectory: 0x19,
  irq0Override: 0x8002,
} as const;
/** The first file's key. */
const FIRST_FILE = 0x20;
const MAX_NAME = 55;

const ID_TRADITIONAL = 1 << 0;
const ID_DMA = 1 << 1;

// Ports, as offsets in each range.
const SELECTOR = 0;
const DATA = 1;
const DMA_LOW = 4;

// Control word of a DMA access.
const DMA_ERROR = 1 << 0;
const DMA_READ = 1 << 1;
const DMA_SKIP = 1 << 2;
const DMA_SELECT = 1 << 3;
const DMA_WRITE = 1 << 4;
const DMA_DESCRIPTOR_BYTES = 16;
/** What the DMA address register reads, in bus order: "QEMU CFG". */
const DMA_SIGNATURE = [0x51, 0x45, 0x4d, 0x55, 0x20, 0x43, 0x46, 0x47] as const;

export interface FwCfgOptions {
  /** Guest-physical memory, for DMA. */
  readonly memory: {
    read(address: number, into: Uint8Array): void;
    write(address: number, from: Uint8Array): void;
  };
  /** Items by key (see `FW_CFG`); signature, id and directory come from here. */
  readonly items: ReadonlyMap<number, Uint8Array>;
  /** Files by name, at most 55 characters. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export interface FwCfgState {
  key: number;
  at: number;
  dmaHigh: number;
}

export class FwCfg implements Device<FwCfgState> {
  /** Selector (16 bits) and data (8 bits): ports 510h and 511h. */
  readonly registers: Registers = {
    read: (offset, size) => this.#readPort(offset, size),
    write: (offset, size, value) => {
      if (offset === SELECTOR && size === 16) this.#select(value);
    },
  };
  /** The DMA address, big-endian: ports 514h to 51Bh. */
  readonly dma: Registers = {
    read: (offset, size) => readSignature(offset, size),
    write: (offset, size, value) => this.#writeDma(offset, size, value),
  };
  readonly #memory: FwCfgOptions['memory'];
  readonly #items: Map<number, Uint8Array>;
  #key = 0;
  #at = 0;
  #dmaHigh = 0;

  /** Throws `RangeError` for a file name that does not fit. */
  constructor({ memory, items, files }: FwCfgOptions) {
    this.#memory = memory;
    this.#items = new Map(items);
    this.#items.set(FW_CFG.signature, ascii('QEMU'));
    this.#items.set(FW_CFG.id, Uint8Array.of(ID_TRADITIONAL | ID_DMA, 0, 0, 0));
    this.#items.set(FW_CFG.fileDirectory, directory(files));
    let key = FIRST_FILE;
    for (const bytes of files.values()) this.#items.set(key++, bytes);
  }

  reset(): void {
    this.#select(0);
    this.#dmaHigh = 0;
  }

  save(): FwCfgState {
    return { key: this.#key, at: this.#at, dmaHigh: this.#dmaHigh };
  }

  load(state: FwCfgState): void {
    this.#key = state.key;
    this.#at = state.at;
    this.#dmaHigh = state.dmaHigh;
  }

  #select(key: number): void {
    this.#key = key & 0xffff;
    this.#at = 0;
  }

  /** The next byte of the item; zero past its end. */
  #next(): number {
    return this.#items.get(this.#key)?.[this.#at++] ?? 0;
  }

  #readPort(offset: number, size: 8 | 16 | 32): number {
    return offset === DATA && size === 8 ? this.#next() : size === 32 ? -1 : 2 ** size - 1;
  }

  #writeDma(offset: number, size: 8 | 16 | 32, value: number): void {
    if (size !== 32) return;
    const address = bigEndian(value);
    if (offset === DMA_LOW) {
      const high = this.#dmaHigh;
      this.#dmaHigh = 0;
      if (high === 0) this.#transfer(address);
    } else if (offset === 0) this.#dmaHigh = address;
  }

  /** Does what the descriptor at `address` says, and writes its control word back: 0, or the error bit. */
  #transfer(address: number): void {
    const bytes = new Uint8Array(DMA_DESCRIPTOR_BYTES);
    this.#memory.read(address, bytes);
    const view = new DataView(bytes.buffer);
    const control = view.getUint32(0);
    const length = view.getUint32(4);
    const high = view.getUint32(8);
    const target = view.getUint32(12);
    if (control & DMA_SELECT) this.#select(control >>> 16);
    let failed = false;
    if (control & DMA_READ) {
      failed = high !== 0;
      if (!failed) this.#read(target, length);
    } else if (control & DMA_WRITE) failed = true;
    else if (control & DMA_SKIP) this.#at += length;
    const result = new Uint8Array(4);
    new DataView(result.buffer).setUint32(0, failed ? DMA_ERROR : 0);
    this.#memory.write(address, result);
  }

  /** Past the end of the item come zeros; not more of them than memory could take. */
  #read(target: number, length: number): void {
    const item = this.#items.get(this.#key) ?? new Uint8Array();
    const count = Math.min(length, 2 ** 32 - target);
    const chunk = new Uint8Array(Math.min(count, 0x10000));
    for (let done = 0; done < count; done += chunk.length) {
      const part = chunk.subarray(0, Math.min(chunk.length, count - done));
      const there = item.subarray(this.#at, this.#at + part.length);
      part.fill(0, there.length);
      part.set(there);
      this.#memory.write(target + done, part);
      this.#at += part.length;
    }
  }
}

function readSignature(offset: number, size: 8 | 16 | 32): number {
  let value = 0;
  for (let k = 0; k < size / 8; k++) value |= (DMA_SIGNATURE[offset + k] ?? 0xff) << (8 * k);
  return value;
}

/** Count, then for each file: size, key, reserved, name. */
function directory(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const bytes = new Uint8Array(4 + 64 * files.size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, files.size);
  let at = 4;
  let key = FIRST_FILE;
  for (const [name, content] of files) {
    if (name.length > MAX_NAME) throw new RangeError(`name of a firmware file is too long: ${name}`);
    view.setUint32(at, content.length);
    view.setUint16(at + 4, key++);
    bytes.set(ascii(name), at + 8);
    at += 64;
  }
  return bytes;
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

function bigEndian(v: number): number {
  return (((v & 0xff) << 24) | ((v & 0xff00) << 8) | ((v >>> 8) & 0xff00) | (v >>> 24)) >>> 0;
}
