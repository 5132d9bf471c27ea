// What the built-in BIOS sees of the machine that it serves: registers in real-address mode, memory, ports, media.

/** Sectors of 512 bytes, asynchronously: what storage/contract.ts calls a block device. */
export interface BiosMedium {
  readonly sectors: number;
  readonly readOnly: boolean;
  read(sector: number, into: Uint8Array): Promise<void>;
  write(sector: number, from: Uint8Array): Promise<void>;
}

/** Media by drive; asked anew each time, since a medium may be changed. */
export interface BiosMedia {
  readonly floppies: readonly (BiosMedium | undefined)[];
  readonly disks: readonly BiosMedium[];
  readonly cdrom: BiosMedium | undefined;
}

export type BootSource = 'floppy' | 'disk' | 'cdrom' | 'network';

export interface BiosHost {
  readonly memoryBytes: number;
  readonly registers: BiosRegisters;
  readonly bootOrder: readonly BootSource[];
  media(): BiosMedia;
  readMemory(address: number, into: Uint8Array): void;
  writeMemory(address: number, from: Uint8Array): void;
  in8(port: number): number;
  out8(port: number, value: number): void;
  /** Mode 3 with an empty screen. */
  setTextMode(): void;
  /** Guest time in nanoseconds. */
  now(): number;
  /** Configuration space of PCI, bus 0. */
  readConfig(device: number, fn: number, offset: number, size: 8 | 16 | 32): number;
  writeConfig(device: number, fn: number, offset: number, size: 8 | 16 | 32, value: number): void;
}

/** Registers of the processor. Values are unsigned. */
export interface BiosRegisters {
  eax: number;
  ecx: number;
  edx: number;
  ebx: number;
  esp: number;
  ebp: number;
  esi: number;
  edi: number;
  /** Real-mode selectors; writing one sets its base. */
  cs: number;
  ss: number;
  ds: number;
  es: number;
  ip: number;
  /** IF. */
  interruptsEnabled: boolean;
}

/** A service's answer: done, wait for an interrupt and ask again, or wait for the host. */
export type BiosAnswer = undefined | 'again' | Promise<void>;
