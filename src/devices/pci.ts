// PCI: PCI Local Bus Specification 2.1, chapter 6 (configuration space) and section 3.2.2.3.2 (configuration mechanism
// 1), one bus behind the host bridge, and the reset control register at CF9h that PIIX3 keeps among those ports (Intel
// 82371SB datasheet, section 2.5.4).
//
// Deviations: one bus, no bridges to others: type 1 cycles end in a master abort (ones). No parity, no SERR#.

import type { Device, Registers, Wire } from './contract.ts';
import { unconnected } from './contract.ts';
import { WiredOr } from './wired-or.ts';

// The configuration header.
const VENDOR_ID = 0x00;
const DEVICE_ID = 0x02;
export const COMMAND = 0x04;
export const STATUS = 0x06;
const REVISION_ID = 0x08;
const CLASS_CODE = 0x09;
const CACHE_LINE_SIZE = 0x0c;
const LATENCY_TIMER = 0x0d;
const HEADER_TYPE = 0x0e;
const BASE_ADDRESS = 0x10;
const SUBSYSTEM_VENDOR_ID = 0x2c;
const SUBSYSTEM_ID = 0x2e;
const EXPANSION_ROM = 0x30;
const INTERRUPT_LINE = 0x3c;
const INTERRUPT_PIN = 0x3d;

// Command.
export const COMMAND_IO = 1 << 0;
export const COMMAND_MEMORY = 1 << 1;
export const COMMAND_BUS_MASTER = 1 << 2;
const COMMAND_SERR = 1 << 8;
const COMMAND_INTERRUPT_DISABLE = 1 << 10;
// Status.
const STATUS_INTERRUPT = 1 << 3;
/** Error bits of the status register: written as ones to clear. */
const STATUS_ERRORS = 0xf9;
const MULTIFUNCTION = 0x80;

/** Fixed bytes of a function's header. */
export interface PciIdentity {
  readonly vendor: number;
  readonly device: number;
  readonly revision?: number;
  /** Base class, subclass, programming interface: 24 bits. */
  readonly classCode: number;
  readonly subsystemVendor?: number;
  readonly subsystem?: number;
  /** INTA# to INTD# are 1 to 4; 0: uses none. */
  readonly interruptPin?: number;
  readonly multifunction?: boolean;
  /** Values of command and status after reset. */
  readonly command?: number;
  readonly status?: number;
}

export interface BarOptions {
  readonly space: 'memory' | 'io';
  /** Bytes: a power of two, at least 16 (memory) or 4 (I/O). */
  readonly size: number;
  readonly prefetchable?: boolean;
  /** The range answers at this address from now on; undefined: nowhere. */
  readonly moved: (base: number | undefined) => void;
}

interface Bar extends BarOptions {
  /** Offset of the register. */
  readonly register: number;
  base: number | undefined;
}

export interface PciFunctionState {
  config: Uint8Array;
  interrupt: boolean;
}

/** One function: its configuration space, its address ranges and its interrupt pin. IDE, network and VGA extend it. */
export class PciFunction implements Device<PciFunctionState> {
  /** Configuration space as it reads. */
  protected readonly config = new Uint8Array(256);
  readonly #initial = new Uint8Array(256);
  /** Bits that software may set and clear, and those that a written one clears. */
  readonly #writable = new Uint8Array(256);
  readonly #clearable = new Uint8Array(256);
  readonly #bars: Bar[] = [];
  readonly interruptPin: number;
  #interrupt = false;
  #intx: Wire = unconnected;

  constructor(identity: PciIdentity) {
    this.interruptPin = identity.interruptPin ?? 0;
    this.define(VENDOR_ID, 2, identity.vendor);
    this.define(DEVICE_ID, 2, identity.device);
    this.define(COMMAND, 2, identity.command ?? 0, COMMAND_BUS_MASTER | COMMAND_SERR | COMMAND_INTERRUPT_DISABLE);
    this.define(STATUS, 2, identity.status ?? 0);
    this.#clearable[STATUS + 1] = STATUS_ERRORS;
    this.define(REVISION_ID, 1, identity.revision ?? 0);
    this.define(CLASS_CODE, 3, identity.classCode);
    this.define(CACHE_LINE_SIZE, 1, 0, 0xff);
    this.define(LATENCY_TIMER, 1, 0, 0xf8);
    this.define(HEADER_TYPE, 1, identity.multifunction ? MULTIFUNCTION : 0);
    this.define(SUBSYSTEM_VENDOR_ID, 2, identity.subsystemVendor ?? 0);
    this.define(SUBSYSTEM_ID, 2, identity.subsystem ?? 0);
    this.define(INTERRUPT_LINE, 1, 0, this.interruptPin ? 0xff : 0);
    this.define(INTERRUPT_PIN, 1, this.interruptPin);
  }

  reset(): void {
    this.config.set(this.#initial);
    this.setInterrupt(false);
    this.#moveBars();
  }

  /** Interrupt request: a level, seen on the bus unless the command register disables it. */
  setInterrupt(level: boolean): void {
    this.#interrupt = level;
    this.#driveInterrupt();
  }

  /** Where INTx# leads. The bus calls it. */
  connect(intx: Wire): void {
    this.#intx = intx;
    this.#driveInterrupt();
  }

  /** Whether the function may access memory by itself. */
  get busMaster(): boolean {
    return ((this.config[COMMAND] as number) & COMMAND_BUS_MASTER) !== 0;
  }

  readConfig(offset: number, size: 8 | 16 | 32): number {
    let value = 0;
    for (let k = 0; k < size / 8; k++) value |= (this.config[(offset + k) & 255] as number) << (8 * k);
    return value;
  }

  writeConfig(offset: number, size: 8 | 16 | 32, value: number): void {
    for (let k = 0; k < size / 8; k++) {
      const at = (offset + k) & 255;
      const byte = (value >>> (8 * k)) & 255;
      const writable = this.#writable[at] as number;
      const kept = (this.config[at] as number) & ~writable & ~(byte & (this.#clearable[at] as number));
      this.config[at] = kept | (byte & writable);
    }
    const end = offset + size / 8;
    if (offset < STATUS || (end > BASE_ADDRESS && offset < EXPANSION_ROM + 4)) this.#moveBars();
    if (offset < STATUS) this.#driveInterrupt();
    this.configWritten(offset, end);
  }

  save(): PciFunctionState {
    return { config: this.config.slice(), interrupt: this.#interrupt };
  }

  load(state: PciFunctionState): void {
    this.config.set(state.config);
    this.setInterrupt(state.interrupt);
    this.#moveBars();
    this.configWritten(0, 256);
  }

  /** Called after software wrote bytes [from, to), and after a load. For functions with registers of their own there. */
  protected configWritten(_from: number, _to: number): void {}

  /** Defines a register of `bytes` bytes: its value after reset and which bits software may write. */
  protected define(offset: number, bytes: number, value: number, writable = 0): void {
    for (let k = 0; k < bytes; k++) {
      this.#initial[offset + k] = value >>> (8 * k);
      this.config[offset + k] = value >>> (8 * k);
      this.#writable[offset + k] = writable >>> (8 * k);
    }
  }

  /** Defines base address register 0 to 5, or 6: the expansion ROM. */
  protected defineBar(index: number, options: BarOptions): void {
    const register = index === 6 ? EXPANSION_ROM : BASE_ADDRESS + 4 * index;
    const kind = options.space === 'io' ? 1 : options.prefetchable ? 8 : 0;
    this.define(register, 4, kind, index === 6 ? -options.size | 1 : -options.size);
    const enable = options.space === 'io' ? COMMAND_IO : COMMAND_MEMORY;
    this.#writable[COMMAND] = (this.#writable[COMMAND] as number) | enable;
    this.#bars.push({ ...options, register, base: undefined });
  }

  #moveBars(): void {
    const command = this.config[COMMAND] as number;
    for (const bar of this.#bars) {
      const value = this.readConfig(bar.register, 32);
      const address = (value & -bar.size) >>> 0;
      const enabled =
        (command & (bar.space === 'io' ? COMMAND_IO : COMMAND_MEMORY)) !== 0 &&
        (bar.register !== EXPANSION_ROM || (value & 1) !== 0);
      // Zero is "not assigned"; all ones is software asking for the size.
      const assigned = address !== 0 && address !== -bar.size >>> 0 && (bar.space === 'memory' || address < 0x10000);
      const base = enabled && assigned ? address : undefined;
      if (base === bar.base) continue;
      bar.base = base;
      bar.moved(base);
    }
  }

  #driveInterrupt(): void {
    const status = (this.config[STATUS] as number) & ~STATUS_INTERRUPT;
    this.config[STATUS] = status | (this.#interrupt ? STATUS_INTERRUPT : 0);
    const disabled = this.readConfig(COMMAND, 16) & COMMAND_INTERRUPT_DISABLE;
    this.#intx.set(this.#interrupt && !disabled);
  }
}

// The ports CF8h to CFFh, as offsets.
const CONFIG_ADDRESS = 0;
const RESET_CONTROL = 1;
const CONFIG_DATA = 4;
const CONFIG_ENABLE = 1 << 31;
const SYSTEM_RESET = 1 << 1;
const RESET_CPU = 1 << 2;

export interface PciBusOptions {
  /** PIRQA# to PIRQD#: the inputs of the interrupt router. */
  readonly pirqs: readonly Wire[];
  /** The reset control register asks for a reset: hard (the whole platform) or of the processor only. */
  readonly reset: (hard: boolean) => void;
}

export interface PciBusState {
  address: number;
  resetControl: number;
}

/** Bus 0 and the ports CF8h to CFFh. */
export class PciBus implements Device<PciBusState>, Registers {
  /** By device * 8 + function. */
  readonly #functions = new Map<number, PciFunction>();
  readonly #pirqs: readonly WiredOr[];
  readonly #reset: (hard: boolean) => void;
  #address = 0;
  #resetControl = 0;

  constructor({ pirqs, reset }: PciBusOptions) {
    this.#pirqs = pirqs.map((pirq) => new WiredOr(pirq));
    this.#reset = reset;
  }

  /** Plugs a function in. INTx# of device d goes to PIRQ (d - 1 + x) modulo 4, A to D as 0 to 3. */
  add(device: number, fn: number, pciFunction: PciFunction): void {
    const key = device * 8 + fn;
    if (this.#functions.has(key))
      throw new RangeError(`PCI function 00:${device.toString(16).padStart(2, '0')}.${fn} is taken`);
    this.#functions.set(key, pciFunction);
    const pin = pciFunction.interruptPin;
    if (pin > 0) pciFunction.connect((this.#pirqs[pirqOf(device, pin)] as WiredOr).input());
  }

  /** The functions on the bus, in order of device and function. */
  *functions(): Generator<{ device: number; fn: number; pciFunction: PciFunction }> {
    for (const key of [...this.#functions.keys()].sort((a, b) => a - b)) {
      yield { device: key >> 3, fn: key & 7, pciFunction: this.#functions.get(key) as PciFunction };
    }
  }

  /** The bus's own registers; the functions are devices of their own. */
  reset(): void {
    this.#address = 0;
    this.#resetControl = 0;
  }

  read(offset: number, size: 8 | 16 | 32): number {
    if (offset >= CONFIG_DATA) {
      const selected = this.#selected();
      return selected ? selected.readConfig((this.#address & 0xfc) | (offset & 3), size) : ones(size);
    }
    if (offset === CONFIG_ADDRESS && size === 32) return this.#address;
    if (offset === RESET_CONTROL && size === 8) return this.#resetControl;
    return ones(size);
  }

  write(offset: number, size: 8 | 16 | 32, value: number): void {
    if (offset >= CONFIG_DATA) {
      this.#selected()?.writeConfig((this.#address & 0xfc) | (offset & 3), size, value);
    } else if (offset === CONFIG_ADDRESS && size === 32) {
      this.#address = value & 0x80fffffc;
    } else if (offset === RESET_CONTROL && size === 8) {
      this.#writeResetControl(value);
    }
  }

  save(): PciBusState {
    return { address: this.#address, resetControl: this.#resetControl };
  }

  load(state: PciBusState): void {
    this.#address = state.address;
    this.#resetControl = state.resetControl;
  }

  #selected(): PciFunction | undefined {
    if ((this.#address & CONFIG_ENABLE) === 0 || (this.#address >> 16) & 255) return undefined;
    return this.#functions.get((this.#address >> 8) & 255);
  }

  /** The reset happens on the rising edge of RESET_CPU. */
  #writeResetControl(value: number): void {
    const rises = (value & ~this.#resetControl & RESET_CPU) !== 0;
    this.#resetControl = value & (SYSTEM_RESET | RESET_CPU);
    if (rises) this.#reset((value & SYSTEM_RESET) !== 0);
  }
}

/** Which PIRQ (0..3) the pin (1..4) of a device reaches: each slot is wired one further, as on PIIX3 boards. */
export function pirqOf(device: number, pin: number): number {
  return (device + pin + 2) & 3;
}

function ones(size: number): number {
  return size === 32 ? -1 : 2 ** size - 1;
}
