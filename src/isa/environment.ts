// What the processor talks to: guest memory behind paging, and the machine around it.

import type { int } from './insn.ts';
import type { Cpu } from './state.ts';

/**
 * A checked memory operand: what `readPlace` and `writePlace` return. Loads and stores through it cannot fault.
 * Not negative: the host offset of ordinary memory. Negative: a ticket for the memory's slow path (page crossing,
 * MMIO, trace), valid until the instruction ends.
 */
export type Place = int;

/**
 * Guest memory behind paging, as instructions see it. Addresses are guest-linear. `user` is 1 for an access with
 * user rights (CPL 3), 0 for a supervisor one. Raises #PF by throwing `GuestFault`, after setting CR2.
 */
export interface GuestMemory {
  /** Checks that `bytes` (1..16, or more for state images: up to 512) at `linear` can be read. */
  readPlace(linear: int, bytes: int, user: int): Place;
  /** Checks that they can be written; sets accessed and dirty bits. */
  writePlace(linear: int, bytes: int, user: int): Place;
  /** The sign-extended byte / word, or the dword, `at` bytes into the place. */
  load8(place: Place, at: int): int;
  load16(place: Place, at: int): int;
  load32(place: Place, at: int): int;
  store8(place: Place, at: int, value: int): void;
  store16(place: Place, at: int, value: int): void;
  store32(place: Place, at: int, value: int): void;
  /** CR3, CR0, CR4 or EFER changed (their words are already set): select or rebuild the address space. `flushGlobal` as the manual says. */
  contextChanged(cpu: Cpu, flushGlobal: boolean): void;
  /** MOV CR3 (the word is already set): select the address space. */
  loadCr3(cpu: Cpu): void;
  /** PAE: loads the four PDPTEs from `cr3`; false if one has reserved bits set (#GP). */
  loadPdptes(cr3: int): boolean;
  /** INVLPG. */
  invalidatePage(linear: int): void;
  /**
   * Where `place` is a ticket for `bytes` of RAM within a page whose writes are watched: lets `write` change them all,
   * given the host offset of the first, and tells the watchers once. Whether it is such a place.
   */
  overwrite?(place: Place, bytes: int, write: (host: int) => void): boolean;
  /** Loops of repeated string instructions over places that are no tickets. */
  readonly bulk?: BulkMemory;
}

/**
 * Loops over elements of `size` bits (8, 16, 32) in `bytes` of directly accessible memory (places, not negative, of the
 * lowest element). `down`: the highest element comes first.
 */
export interface BulkMemory {
  copy(to: Place, from: Place, bytes: int, size: int, down: boolean): void;
  fill(to: Place, bytes: int, size: int, value: int): void;
  /** Elements before the first whose equality with `value` (sign-extended) is not `equal`; all if there is none. */
  scan(at: Place, bytes: int, size: int, down: boolean, value: int, equal: boolean): int;
  /** Pairs of elements before the first whose equality is not `equal`; all if there is none. */
  compare(a: Place, b: Place, bytes: int, size: int, down: boolean, equal: boolean): int;
}

/** What the processor asks of the machine around it. */
export interface Platform {
  /** IN: unsigned for 8 and 16 bits, int32 for 32. */
  portRead(port: int, size: 8 | 16 | 32): int;
  portWrite(port: int, size: 8 | 16 | 32, value: int): void;
  /** Time-stamp counter: an integer below 2^53. */
  cycles(): number;
  /** WRMSR of the time-stamp counter. */
  setCycles(value: number): void;
  /** Interrupt acknowledge cycle: the vector. */
  acknowledge(): int;
  /** IA32_APIC_BASE, low word: reads; and writes (returns false for what raises #GP). */
  apicBase(): int;
  setApicBase(value: int): boolean;
  /** The processor shut down (triple fault). `reason` is one line for the log. */
  shutdown(reason: string): void;
  /** FERR#: an unmasked x87 exception is pending and CR0.NE is clear. May be called again while it is. */
  ferr?(): void;
}
