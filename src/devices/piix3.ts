// The ISA bridge of the 82371SB (PIIX3), function 0: Intel 82371FB/82371SB datasheet (290550), section 2.2. It routes
// the PCI interrupts PIRQA# to PIRQD# to the sixteen ISA interrupt lines.
//
// Deviations: the chip's ISA devices (DMA, interrupt controllers, timer) are models of their own; the registers that
// tune the ISA bus store what is written.

import type { Wire } from './contract.ts';
import { COMMAND, PciFunction, type PciFunctionState } from './pci.ts';
import { WiredOr } from './wired-or.ts';

const IORT = 0x4c;
const XBCS = 0x4e;
const PIRQRCA = 0x60;
const TOM = 0x69;
const MBIRQ0 = 0x70;
const MBDMA0 = 0x76;
const PCSC = 0x78;
const APICBASE = 0x80;
const DLC = 0x82;
const SMICNTL = 0xa0;
const CTLTMR = 0xa8;
/** The bridge always decodes and is always a master: of the command bits only special cycles can be switched. */
const COMMAND_SPECIAL_CYCLES = 1 << 3;

const ROUTING_DISABLED = 0x80;
/** IRQ 3 to 7, 9 to 12, 14 and 15; the other codes are reserved. */
const ROUTABLE = 0b1101_1110_1111_1000;

export interface Piix3Options {
  /** Interrupt lines IRQ0 to IRQ15; level-triggered where a PIRQ is routed to. */
  readonly irqs: readonly Wire[];
}

export class Piix3 extends PciFunction {
  /** For each IRQ the PIRQs that are routed to it, wired together. */
  readonly #lines: readonly Wire[][];
  readonly #levels = [false, false, false, false];
  /** IRQ that each PIRQ drives, or -1. */
  readonly #routes = [-1, -1, -1, -1];

  /** The inputs PIRQA# to PIRQD#, asserted when true. */
  readonly pirqs: readonly Wire[] = [0, 1, 2, 3].map((pirq) => ({
    set: (level: boolean) => this.#setPirq(pirq, level),
  }));

  constructor({ irqs }: Piix3Options) {
    super({
      vendor: 0x8086,
      device: 0x7000,
      classCode: 0x060100,
      multifunction: true,
      status: 0x0200,
    });
    this.define(COMMAND, 2, 0x0007, COMMAND_SPECIAL_CYCLES);
    this.#lines = irqs.map((irq) => {
      const line = new WiredOr(irq);
      return [line.input(), line.input(), line.input(), line.input()];
    });
    this.define(IORT, 1, 0x4d, 0xff);
    this.define(XBCS, 2, 0x03, 0xffff);
    for (let pirq = 0; pirq < 4; pirq++) this.define(PIRQRCA + pirq, 1, ROUTING_DISABLED, 0x8f);
    this.define(TOM, 1, 0x02, 0xfe);
    this.define(MBIRQ0, 1, 0x80, 0xef);
    this.define(MBDMA0, 2, 0x0c0c, 0x8f8f);
    this.define(PCSC, 2, 0x0002, 0xffff);
    this.define(APICBASE, 1, 0, 0x7f);
    this.define(DLC, 1, 0, 0x0f);
    this.define(SMICNTL, 1, 0x08, 0x1f);
    this.define(CTLTMR, 1, 0x0f, 0xff);
  }

  override reset(): void {
    super.reset();
    this.#route();
  }

  override load(state: PciFunctionState): void {
    super.load(state);
    this.#route();
  }

  protected override configWritten(from: number, to: number): void {
    if (from < PIRQRCA + 4 && to > PIRQRCA) this.#route();
  }

  #route(): void {
    for (let pirq = 0; pirq < 4; pirq++) {
      const control = this.config[PIRQRCA + pirq] as number;
      const irq = control & ROUTING_DISABLED || ((ROUTABLE >> (control & 15)) & 1) === 0 ? -1 : control & 15;
      const before = this.#routes[pirq] as number;
      if (irq === before) continue;
      this.#drive(before, pirq, false);
      this.#routes[pirq] = irq;
      this.#drive(irq, pirq, this.#levels[pirq] as boolean);
    }
  }

  #setPirq(pirq: number, level: boolean): void {
    this.#levels[pirq] = level;
    this.#drive(this.#routes[pirq] as number, pirq, level);
  }

  #drive(irq: number, pirq: number, level: boolean): void {
    this.#lines[irq]?.[pirq]?.set(level);
  }
}
