// Messages of the interrupt bus: how they are to be delivered, and to whom.
//
// Intel SDM volume 3A, chapter "Advanced Programmable Interrupt Controller (APIC)", sections "Local Vector Table" and
// "Determining IPI Destination".

// Delivery modes, bits 8..10 of LVT entries, of the ICR and of redirection entries.
export const FIXED = 0;
export const LOWEST_PRIORITY = 1;
export const SMI = 2;
export const NMI = 4;
export const INIT = 5;
export const START_UP = 6;
export const EXT_INT = 7;

const BROADCAST = 0xff;
const FLAT_MODEL = 0xf;

/** The registers of a local APIC that say which destinations are its own. */
export interface LocalAddress {
  /** APIC ID, 0 to 255. */
  readonly id: number;
  /** Logical destination register: the logical ID in bits 31 to 24. */
  readonly ldr: number;
  /** Destination format register: the model in bits 31 to 28. */
  readonly dfr: number;
}

/** Whether a message to `destination`, 0 to 255, is for that APIC: SDM, "Determining IPI Destination". */
export function isDestination({ id, ldr, dfr }: LocalAddress, destination: number, logical: boolean): boolean {
  if (destination === BROADCAST) return true;
  if (!logical) return destination === id;
  const own = ldr >>> 24;
  if (dfr >>> 28 === FLAT_MODEL) return (own & destination) !== 0;
  return own >> 4 === destination >> 4 && (own & destination & 15) !== 0;
}
