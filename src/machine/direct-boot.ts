// A kernel started without a BIOS: what firmware and a boot loader would have done, then the kernel in memory and the
// processor in the state that its boot protocol asks for (firmware/plan.ts).

import { setFrameBufferMode, setMode3 } from '../devices/vga/mode3.ts';
import { VGA_MEMORY_BYTES } from '../devices/vga/vga.ts';
import { planBoot } from '../firmware/image.ts';
import { ZERO_PAGE } from '../firmware/memory-map.ts';
import type { BootPlan, NamedFile } from '../firmware/plan.ts';
import { SCREEN_INFO_FROM, screenInfo, vbeModeOf } from '../firmware/vbe-mode.ts';
import { CS, DS, ES, FS, GS, SS } from '../isa/insn.ts';
import { setEflags } from '../isa/semantics/eflags.ts';
import { setSegment } from '../isa/semantics/segments.ts';
import type { Cpu } from '../isa/state.ts';
import type { Memory } from '../memory/memory.ts';
import type { Board } from './board.ts';
import { type BoardSetup, load } from './board-setup.ts';

export interface DirectBootParts {
  readonly cpu: Cpu;
  readonly memory: Memory;
  readonly board: Board;
  readonly setup: BoardSetup;
  readonly kernel: NamedFile;
  /** The initrd of Linux, or the modules of a Multiboot kernel. */
  readonly modules: readonly NamedFile[];
  readonly commandLine: string;
}

export class DirectBoot {
  readonly #parts: DirectBootParts;
  readonly #plan: BootPlan;

  /** Throws `UserError` for an image that cannot be booted. */
  constructor(parts: DirectBootParts) {
    this.#parts = parts;
    this.#plan = planBoot({
      kernel: parts.kernel,
      modules: parts.modules,
      commandLine: parts.commandLine,
      memoryBytes: parts.memory.layout.ramBytes,
      rsdp: parts.setup.rsdp,
      textMode: true,
    });
  }

  /** After a reset of the machine: board, memory and processor are ready for the kernel's first instruction. */
  reset(): void {
    const { memory, board, setup } = this.#parts;
    setup.apply();
    setMode3(board.vga);
    load(memory, this.#plan.loads);
    if (this.#plan.protocol === 'linux') this.#setVideoMode();
    this.#setProcessor();
  }

  /** The boot loader's part of Linux's `vga=`: a frame buffer. */
  #setVideoMode(): void {
    const { memory, board, commandLine } = this.#parts;
    const mode = vbeModeOf(commandLine);
    const { vga } = board;
    if (!mode || vga.frameBuffer === undefined) return;
    setFrameBufferMode(vga, mode.width, mode.height, mode.bitsPerPixel);
    memory.writePhysical(ZERO_PAGE + SCREEN_INFO_FROM, screenInfo(mode, vga.frameBuffer, VGA_MEMORY_BYTES));
  }

  #setProcessor(): void {
    const c = this.#parts.cpu;
    const plan = this.#plan;
    const r = plan.registers;
    c.reg.set([r.eax, r.ecx, r.edx, r.ebx, r.esp, r.ebp, r.esi, r.edi].map((v) => v | 0));
    c.cr0 = plan.cr0;
    c.gdtBase = plan.gdtr.base | 0;
    c.gdtLimit = plan.gdtr.limit;
    c.idtBase = plan.idtr.base | 0;
    c.idtLimit = plan.idtr.limit;
    for (const seg of [ES, SS, DS, FS, GS]) {
      setSegment(c, seg, plan.data.selector, plan.data.base | 0, plan.data.limit | 0, plan.data.access);
    }
    setSegment(c, CS, plan.code.selector, plan.code.base | 0, plan.code.limit | 0, plan.code.access);
    setEflags(c, plan.eflags, -1);
    c.eip = plan.entry | 0;
    c.memory.contextChanged(c, true);
  }
}
