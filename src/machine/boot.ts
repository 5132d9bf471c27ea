// What the machine starts in after a reset, as its options have it: a kernel, the built-in BIOS, or what is in ROM.

import type { BootDevice } from '../devices/rtc146818.ts';
import type { Cpu } from '../isa/state.ts';
import type { Clock } from '../lib/clock.ts';
import type { Memory } from '../memory/memory.ts';
import type { Board } from './board.ts';
import { BoardSetup } from './board-setup.ts';
import { BuiltinFirmware } from './builtin-firmware.ts';
import type { CdromDrive } from './cdrom-drive.ts';
import { DirectBoot } from './direct-boot.ts';
import { biosMedia, hasDrives } from './drives.ts';
import type { Floppies } from './floppies.ts';
import type { MachineOptions } from './options.ts';

/** What a BIOS starts from unless the options say otherwise. */
const BOOT_ORDER: readonly BootDevice[] = ['disk', 'cdrom', 'floppy'];

/** What makes a machine that was reset ready for its first instruction. */
export interface Boot {
  /** Board, memory and processor are in their power-on state. */
  reset(): void;
  /** Serves the call that the guest made; a promise if the guest has to wait for the host. */
  serve?(): Promise<void> | undefined;
}

export interface BootParts {
  readonly cpu: Cpu;
  readonly memory: Memory;
  readonly board: Board;
  readonly clock: Clock;
  readonly floppies: Floppies;
  readonly cdrom: CdromDrive | undefined;
  /** The guest calls: `serve` shall run before its next instruction. */
  readonly called: () => void;
}

export function bootOrderOf({ bootOrder = BOOT_ORDER }: MachineOptions): readonly BootDevice[] {
  return bootOrder;
}

/**
 * Undefined where the processor's reset vector has it all: a system BIOS in ROM, or nothing.
 * @throws UserError for a kernel that cannot be booted.
 */
export function makeBoot(options: MachineOptions, parts: BootParts): Boot | undefined {
  const { kernel, bios, modules = [], commandLine = '' } = options;
  const { cpu, memory, board, clock, called } = parts;
  if (kernel) {
    const setup = new BoardSetup(board, memory);
    return new DirectBoot({ cpu, memory, board, setup, kernel, modules, commandLine });
  }
  const builtin = bios === 'builtin' || (bios === undefined && hasDrives(options));
  if (!builtin) return undefined;
  return new BuiltinFirmware({
    cpu,
    memory,
    board,
    clock,
    setup: new BoardSetup(board, memory),
    memoryBytes: memory.layout.ramBytes,
    bootOrder: bootOrderOf(options),
    media: () => biosMedia(options, parts.floppies, parts.cdrom),
    called,
  });
}
