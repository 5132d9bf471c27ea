// Two Intel 8259A programmable interrupt controllers, cascaded as in the PC/AT: the slave's INT drives IR2 of the master.
// `pic8259-chip.ts` is one of them.
//
// Intel 8259A data sheet (order 231468), and the "Interrupt Controller" chapter of the 82371SB PIIX3 data sheet
// (order 290550) for the edge/level control registers ELCR1 and ELCR2.
//
// Deviations: those of `pic8259-chip.ts`.

import { bytewise, type Device, type Registers, unconnected, type Wire } from './contract.ts';
import { Pic, type PicChipState } from './pic8259-chip.ts';

/** What the data bus reads when no chip answers the second INTA. */
const FLOATING_BUS = 0xff;

const CASCADE_LINE = 2;
/** Lines that the PIIX lets software make level-triggered: not IRQ 0, 1, 2, 8 and 13. */
const ELCR_WRITABLE = [0xf8, 0xde] as const;

export interface PicPairState {
  master: PicChipState;
  slave: PicChipState;
}

export interface PicPairOptions {
  /** INT of the master: INTR of the processor or LINT0 of a local APIC. */
  readonly output: Wire;
}

/** The interrupt controllers of a PC/AT: 15 request lines in, INTR out. */
export class PicPair implements Device<PicPairState> {
  /** The master's two registers: I/O ports 20h and 21h. */
  readonly master: Registers;
  /** The slave's two registers: I/O ports A0h and A1h. */
  readonly slave: Registers;
  /** ELCR1 (IRQ 0 to 7) and ELCR2 (IRQ 8 to 15), a one for level-triggered: I/O ports 4D0h and 4D1h. */
  readonly elcr: Registers;
  readonly #master: Pic;
  readonly #slave: Pic;
  readonly #inputs: readonly Wire[];

  constructor({ output }: PicPairOptions) {
    const master = new Pic(output, 1 << CASCADE_LINE);
    const slave = new Pic({ set: (level) => master.setLine(CASCADE_LINE, level) }, 0);
    this.#master = master;
    this.#slave = slave;
    this.master = bytewise(master);
    this.slave = bytewise(slave);
    this.elcr = bytewise({
      read8: (offset) => (offset === 0 ? master : slave).state.elcr,
      write8: (offset, value) => {
        (offset === 0 ? master : slave).setElcr(value & ELCR_WRITABLE[offset & 1]!);
      },
    });
    this.#inputs = Array.from({ length: 16 }, (_, line): Wire => {
      if (line === CASCADE_LINE) return unconnected;
      const chip = line < 8 ? master : slave;
      return { set: (level) => chip.setLine(line & 7, level) };
    });
  }

  /** The wire of IRQ `line`, 0 to 15. Line 2 is taken by the slave: its wire leads nowhere. */
  input(line: number): Wire {
    const wire = this.#inputs[line];
    if (!wire) throw new RangeError(`IRQ ${line} is not in 0 to 15`);
    return wire;
  }

  /** Level of the output. */
  pending(): boolean {
    return this.#master.int;
  }

  /**
   * The processor's interrupt acknowledge cycle (two INTA pulses). Returns the vector, 0 to 255. A request that has
   * gone away in between gives the vector of IRQ 7 without an in-service bit: a spurious interrupt. (IRQ 15 is spurious
   * only where the request goes away between the two pulses, which are one here.)
   */
  acknowledge(): number {
    const master = this.#master;
    const level = master.acknowledge();
    if (!master.isCascaded(level)) return master.vector(level);
    const slave = this.#slave;
    if (slave.slaveId !== level) return FLOATING_BUS;
    return slave.vector(slave.acknowledge());
  }

  reset(): void {
    this.#slave.reset();
    this.#master.reset();
  }

  save(): PicPairState {
    return { master: this.#master.save(), slave: this.#slave.save() };
  }

  load(state: PicPairState): void {
    this.#slave.load(state.slave);
    this.#master.load(state.master);
  }
}
