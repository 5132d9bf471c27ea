// The built-in BIOS in this machine: its view of processor, memory and board, and its call port.

import type { PciBus } from '../devices/pci.ts';
import { setMode3 } from '../devices/vga/mode3.ts';
import { BuiltinBios } from '../firmware/bios/bios.ts';
import type { BiosAnswer, BiosHost, BiosMedia, BiosRegisters, BootSource } from '../firmware/bios/host.ts';
import { BIOS_SEGMENT, CALL_PORT, callAt, waitOf } from '../firmware/bios/stubs.ts';
import { CS, DS, EAX, EBP, EBX, ECX, EDI, EDX, ES, ESI, ESP, SS } from '../isa/insn.ts';
import { setSegment } from '../isa/semantics/segments.ts';
import type { Cpu } from '../isa/state.ts';
import type { Clock } from '../lib/clock.ts';
import type { Memory } from '../memory/memory.ts';
import type { Board } from './board.ts';
import type { BoardSetup } from './board-setup.ts';

/** Present, writable, accessed data: what every segment is in real-address mode. */
const REAL_MODE_ACCESS = 0x93;
const REAL_MODE_LIMIT = 0xffff;
const CR0_PE = 1 << 0;

export interface BuiltinFirmwareParts {
  readonly cpu: Cpu;
  readonly memory: Memory;
  readonly board: Board;
  readonly clock: Clock;
  readonly setup: BoardSetup;
  readonly memoryBytes: number;
  readonly bootOrder: readonly BootSource[];
  readonly media: () => BiosMedia;
  /** The guest calls: `serve` shall run before its next instruction. */
  readonly called: () => void;
}

export class BuiltinFirmware {
  readonly #cpu: Cpu;
  readonly #setup: BoardSetup;
  readonly #bios: BuiltinBios;

  constructor(parts: BuiltinFirmwareParts) {
    this.#cpu = parts.cpu;
    this.#setup = parts.setup;
    this.#bios = new BuiltinBios(hostOf(parts));
    parts.board.ports.add('built-in BIOS', CALL_PORT, 1, {
      read: (_offset, size) => (size === 32 ? -1 : 2 ** size - 1),
      write: () => parts.called(),
    });
  }

  /** After a reset of the machine: all is ready for the first instruction, which boots. */
  reset(): void {
    this.#setup.apply();
    this.#bios.reset();
  }

  /** Serves the call that was made; a promise if the guest has to wait for the host. */
  serve(): Promise<void> | undefined {
    const c = this.#cpu;
    const call = c.sel[CS] === BIOS_SEGMENT && (c.cr0 & CR0_PE) === 0 ? callAt(c.eip) : undefined;
    if (call === undefined) return undefined;
    const answer: BiosAnswer = this.#bios.call(call);
    if (answer === 'again') {
      c.eip = waitOf(call);
      return undefined;
    }
    return answer;
  }
}

function hostOf({ cpu, memory, board, clock, memoryBytes, bootOrder, media }: BuiltinFirmwareParts): BiosHost {
  return {
    memoryBytes,
    bootOrder,
    media,
    registers: registersOf(cpu),
    readMemory: (address, into) => memory.readPhysical(address, into),
    writeMemory: (address, from) => memory.writePhysical(address, from),
    in8: (port) => board.ports.read(port, 8),
    out8: (port, value) => board.ports.write(port, 8, value),
    setTextMode: () => setMode3(board.vga),
    now: () => clock.now(),
    readConfig: (device, fn, offset, size) => select(board.pci, device, fn, offset).read(4 + (offset & 3), size),
    writeConfig: (device, fn, offset, size, value) =>
      select(board.pci, device, fn, offset).write(4 + (offset & 3), size, value),
  };
}

function select(pci: PciBus, device: number, fn: number, offset: number): PciBus {
  pci.write(0, 32, 0x80000000 | (device << 11) | (fn << 8) | (offset & 0xfc) | 0);
  return pci;
}

function registersOf(c: Cpu): BiosRegisters {
  const general = (register: number): PropertyDescriptor => ({
    get: () => c.reg[register] >>> 0,
    set: (value: number) => {
      c.reg[register] = value | 0;
    },
  });
  const segment = (register: number): PropertyDescriptor => ({
    get: () => c.sel[register],
    set: (value: number) => setSegment(c, register, value, value << 4, REAL_MODE_LIMIT, REAL_MODE_ACCESS),
  });
  return Object.defineProperties({} as BiosRegisters, {
    eax: general(EAX),
    ecx: general(ECX),
    edx: general(EDX),
    ebx: general(EBX),
    esp: general(ESP),
    ebp: general(EBP),
    esi: general(ESI),
    edi: general(EDI),
    cs: segment(CS),
    ss: segment(SS),
    ds: segment(DS),
    es: segment(ES),
    ip: {
      get: () => c.eip & 0xffff,
      set: (value: number) => {
        c.eip = value & 0xffff;
      },
    },
    interruptsEnabled: {
      get: () => c.IF !== 0,
      set: (value: boolean) => {
        c.IF = value ? 1 : 0;
      },
    },
  });
}
