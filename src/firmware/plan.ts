// What a direct boot asks of the machine: bytes to put into guest-physical memory and a processor state to start with.
// The loaders (linux.ts, multiboot.ts) only describe it; the machine writes memory and registers. A plan can be
// applied again after a reset.

/** A file that the user named. `name` appears in messages. */
export interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Multiboot modules: the string that goes with the module, after its name. */
  readonly arguments?: string;
}

/** What the user asked for, and what the machine looks like. */
export interface BootRequest {
  readonly kernel: NamedFile;
  /** Linux: at most one, the initrd. Multiboot: the modules, in order. */
  readonly modules?: readonly NamedFile[];
  readonly commandLine?: string;
  /** RAM in bytes: a multiple of 4096 from 1 MiB to `MAX_RAM`. */
  readonly memoryBytes: number;
  /** Guest-physical address of the ACPI RSDP. Left out: the guest has to search for it. */
  readonly rsdp?: number;
  /** There is a display adapter in 80x25 text mode. */
  readonly textMode?: boolean;
}

/** `bytes` go to `address`; zeros follow up to `size` bytes in all. Later loads win where they overlap earlier ones. */
export interface Load {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly size: number;
  /** What it is, for `--trace` and for messages. */
  readonly what: string;
}

/** A segment register with its hidden part. */
export interface SegmentStart {
  readonly selector: number;
  readonly base: number;
  /** Highest valid offset, in bytes, unsigned. */
  readonly limit: number;
  /** Bits 8..23 of the descriptor's second doubleword, limit nibble zero: type, S, DPL, P, AVL, D/B, G. */
  readonly access: number;
}

export interface TableRegister {
  readonly base: number;
  /** In bytes, less one. */
  readonly limit: number;
}

/** General registers, unsigned. */
export interface RegisterStart {
  readonly eax: number;
  readonly ecx: number;
  readonly edx: number;
  readonly ebx: number;
  readonly esp: number;
  readonly ebp: number;
  readonly esi: number;
  readonly edi: number;
}

/** Memory and processor at the first guest instruction. A20 is open; LDTR, TR, CR2, CR3, CR4 and DR are as after reset. */
export interface BootPlan {
  readonly protocol: 'linux' | 'multiboot';
  /** One line about the image: for Linux its version string. */
  readonly description: string;
  readonly loads: readonly Load[];
  /** Guest-linear, which is guest-physical: segments are flat and paging is off. */
  readonly entry: number;
  readonly registers: RegisterStart;
  readonly eflags: number;
  readonly cr0: number;
  readonly code: SegmentStart;
  /** DS, ES, FS, GS and SS. */
  readonly data: SegmentStart;
  readonly gdtr: TableRegister;
  readonly idtr: TableRegister;
}
