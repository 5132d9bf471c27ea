// The IDE function of the PIIX3: Intel 82371SB datasheet (290550), sections 2.3 (configuration) and 2.7 (bus master).
// Both channels are in compatibility mode: fixed ports and IRQs.
//
// Deviations: timing registers store what is written; but for the decode enable bits, they have no effect.

import type { Registers } from '../contract.ts';
import { COMMAND, COMMAND_IO, PciFunction, type PciFunctionState } from '../pci.ts';
import { BUS_MASTER_PORTS } from './bus-master.ts';
import { Channel, type ChannelOptions, type ChannelState } from './channel.ts';

const IDETIM = 0x40;
const SIDETIM = 0x44;
/** Bit 15 of each channel's IDETIM: its ports are decoded. */
const DECODE_ENABLE = 0x80;

export interface IdeControllerOptions {
  readonly channels: readonly [IdeChannelOptions, IdeChannelOptions];
  /** The bus master's ports answer at this port from now on; undefined: nowhere. */
  readonly moved: (base: number | undefined) => void;
}

export type IdeChannelOptions = Omit<ChannelOptions, 'busMaster'>;

export interface IdeControllerState extends PciFunctionState {
  channels: ChannelState[];
}

export class IdeController extends PciFunction {
  readonly #channels: readonly Channel[];
  /** Command and control ports of each channel. */
  readonly ports: readonly { readonly command: Registers; readonly control: Registers }[];
  /** The bus master's 16 ports: 8 of each channel. */
  readonly busMasterPorts: Registers = {
    read: (offset, size) => this.#master(offset).read(offset & (BUS_MASTER_PORTS - 1), size),
    write: (offset, size, value) => this.#master(offset).write(offset & (BUS_MASTER_PORTS - 1), size, value),
  };

  constructor({ channels, moved }: IdeControllerOptions) {
    super({ vendor: 0x8086, device: 0x7010, classCode: 0x010180, status: 0x0280 });
    this.define(IDETIM, 4, 0, 0xf3fff3ff | 0);
    this.define(SIDETIM, 1, 0, 0xff);
    this.defineBar(4, { space: 'io', size: 2 * BUS_MASTER_PORTS, moved });
    this.#channels = channels.map((options) => new Channel({ ...options, busMaster: () => this.busMaster }));
    this.ports = this.#channels.map((channel, k) => ({
      command: this.#decoded(k, channel.command),
      control: this.#decoded(k, channel.alternate),
    }));
  }

  override reset(): void {
    super.reset();
    for (const channel of this.#channels) channel.reset();
  }

  override save(): IdeControllerState {
    return { ...super.save(), channels: this.#channels.map((channel) => channel.save()) };
  }

  override load(state: IdeControllerState): void {
    super.load(state);
    for (const [k, channel] of this.#channels.entries()) channel.load(state.channels[k] as ChannelState);
  }

  protected override configWritten(from: number, _to: number): void {
    if (from <= COMMAND) for (const channel of this.#channels) channel.dmaReady();
  }

  #master(offset: number): Registers {
    return (this.#channels[offset >= BUS_MASTER_PORTS ? 1 : 0] as Channel).busMaster.registers;
  }

  /** A channel's ports answer if its timing register and the command register let them. */
  #decoded(k: number, registers: Registers): Registers {
    const config = this.config;
    const timing = IDETIM + 2 * k + 1;
    const decodes = (): boolean =>
      ((config[timing] as number) & DECODE_ENABLE) !== 0 && ((config[COMMAND] as number) & COMMAND_IO) !== 0;
    return {
      read: (offset, size) =>
        decodes() ? registers.read(offset, size) : size === 32 ? -1 : size === 16 ? 0xffff : 0xff,
      write: (offset, size, value) => {
        if (decodes()) registers.write(offset, size, value);
      },
    };
  }
}
