// What firmware does to the board before it starts anything, where none runs in the guest: chip set, PCI and interrupt
// routing, and the tables in memory that tell of them (ACPI, MP, SMBIOS).

import { acpiTables } from '../firmware/acpi.ts';
import { mpTables } from '../firmware/mptable.ts';
import { setUpPci } from '../firmware/pci-setup.ts';
import type { Load } from '../firmware/plan.ts';
import { smbiosLoads } from '../firmware/smbios.ts';
import type { Memory } from '../memory/memory.ts';
import type { Board } from './board.ts';
import { PLATFORM } from './layout.ts';

export class BoardSetup {
  readonly #board: Board;
  readonly #memory: Memory;
  readonly #acpi = acpiTables(PLATFORM);

  constructor(board: Board, memory: Memory) {
    this.#board = board;
    this.#memory = memory;
  }

  /** Guest-physical address of the ACPI RSDP. */
  get rsdp(): number {
    return this.#acpi.rsdp;
  }

  /** Comes after each reset of the board. */
  apply(): void {
    const { pci, localApic, dma } = this.#board;
    setUpPci(pci, PLATFORM);
    localApic.enterVirtualWire();
    dma.enableCascade();
    const { ramBytes } = this.#memory.layout;
    load(this.#memory, [...this.#acpi.loads, ...mpTables(PLATFORM), ...smbiosLoads(ramBytes)]);
  }
}

/** Writes loads to guest-physical memory, in their order. */
export function load(memory: Memory, loads: readonly Load[]): void {
  for (const { address, bytes, size } of loads) {
    const padded = new Uint8Array(size);
    padded.set(bytes);
    memory.writePhysical(address, padded);
  }
}
