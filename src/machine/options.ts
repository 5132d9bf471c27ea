// What a machine is made of.

import type { Engine } from '../cpu/engine.ts';
import type { BootDevice } from '../devices/rtc146818.ts';
import type { SerialSink } from '../devices/uart16550.ts';
import type { NamedFile } from '../firmware/plan.ts';
import type { Cpu } from '../isa/state.ts';
import type { CodeKind } from '../memory/heap.ts';
import type { Memory } from '../memory/memory.ts';
import type { DriveMedia } from './drives.ts';

/** An engine of the machine's own, or one that is brought along (the translator). */
export type EngineChoice = 'interpreter' | 'reference' | ((cpu: Cpu, memory: Memory) => Engine);

export interface MachineOptions extends DriveMedia {
  /** RAM in bytes: a multiple of 4096 from 1 MiB to 1 GiB. */
  readonly memoryBytes?: number;
  readonly kernel?: NamedFile;
  /** The initrd of Linux, or the modules of a Multiboot kernel. */
  readonly modules?: readonly NamedFile[];
  readonly commandLine?: string;
  /**
   * A system BIOS that the machine starts in, if there is no kernel. SeaBIOS is one. Without one, and with a medium in a
   * drive, the machine starts in its built-in one.
   */
  readonly bios?: NamedFile | 'builtin';
  /** The option ROM of the display adapter, which the system BIOS is given. */
  readonly vgaBios?: NamedFile;
  /** What the system BIOS starts from, in this order: up to three. Disk, CD-ROM, floppy unless given. */
  readonly bootOrder?: readonly BootDevice[];
  /** Gets what the system BIOS writes to its debug port, 402h. */
  readonly firmwareLog?: SerialSink;
  readonly engine?: EngineChoice;
  /** What the translator compiles regions to: JavaScript of the asm.js kind, or `webassembly` (unless given). */
  readonly code?: CodeKind;
  /** `virtual`: time is the count of retired instructions, and runs are reproducible. */
  readonly clock?: 'host' | 'virtual';
  /** On the virtual clock: an idle guest waits as long as its time says (`wait`), or time jumps ahead (`skip`). */
  readonly idle?: 'wait' | 'skip';
  /** Also gets each byte of COM1 as it is written; `Machine.serial` has them in any case. */
  readonly serial?: SerialSink;
  /** With `rts`, input for COM1 waits until the guest raises RTS: for piped input. */
  readonly flowControl?: 'none' | 'rts';
  /** Port E9h takes text, which is an event of the machine (`debugConsole`). */
  readonly debugConsole?: boolean;
  /** Answer at port F4h: a write of v ends the run with status (v << 1) | 1. */
  readonly debugExit?: boolean;
}

/** Why the machine stopped. */
export type Exit =
  | { readonly reason: 'power-off' }
  | { readonly reason: 'debug-exit'; readonly status: number }
  | { readonly reason: 'triple-fault'; readonly detail: string }
  | { readonly reason: 'halted-for-ever'; readonly detail: string }
  /** `Machine.stop`, or the signal that the machine was made with. */
  | { readonly reason: 'stopped' }
  /** An error in the monitor itself: a bug. */
  | { readonly reason: 'failed'; readonly error: unknown };

/** What `Machine.on` tells of. */
export interface MachineEvents {
  /** Bytes that the guest sent by COM1, once a turn of the event loop. */
  readonly serial: Uint8Array;
  /** Bytes that it wrote to port E9h. */
  readonly debugConsole: Uint8Array;
  /** The guest reset the machine. */
  readonly reset: undefined;
  /** One line about a failure of the host that the guest sees as an error of a device. */
  readonly complaint: string;
  /** The guest opened (true) or closed the tray of the CD-ROM drive. */
  readonly tray: boolean;
  readonly exit: Exit;
}
