// INT 11h, 12h and 15h: equipment, memory, A20, block moves. IBM PS/2 and PC BIOS Interface Technical Reference, INT 15h;
// ACPI 6.5, section 15.1 (E820); the E801h service of Compaq.

import { EBDA, e820 } from '../memory-map.ts';
import { DATA } from './data-area.ts';
import type { Frame } from './frame.ts';
import type { BiosAnswer } from './host.ts';
import { BIOS_SEGMENT, configurationTable } from './stubs.ts';

const UNSUPPORTED = 0x86;
const SMAP = 0x534d4150;
const E820_BYTES = 20;
const PORT_92 = 0x92;
const A20 = 1 << 1;
const KIB = 1024;
const MIB = 1024 * KIB;
const MICROSECOND = 1000;

export class System {
  /** Guest time at which a wait ends. */
  #waitUntil: number | undefined;

  reset(): void {
    this.#waitUntil = undefined;
  }

  equipment(f: Frame): void {
    f.ax = f.u16(DATA.equipment);
  }

  memorySize(f: Frame): void {
    f.ax = f.u16(DATA.baseMemory);
  }

  service(f: Frame): BiosAnswer {
    const extended = f.host.memoryBytes - MIB;
    switch (f.ah) {
      case 0x24:
        this.#a20(f);
        return undefined;
      case 0x86:
        return this.#wait(f);
      case 0x87:
        this.#moveBlock(f);
        return undefined;
      case 0x88:
        f.ax = Math.min(0xfc00, Math.floor(extended / KIB));
        f.carry(false);
        return undefined;
      case 0xc0:
        f.registers.es = BIOS_SEGMENT;
        f.bx = configurationTable;
        f.ah = 0;
        f.carry(false);
        return undefined;
      case 0xc1:
        f.registers.es = EBDA >> 4;
        f.carry(false);
        return undefined;
      case 0xe8:
        if (f.al === 0x01) this.#e801(f, extended);
        else if (f.al === 0x20) this.#e820(f);
        else this.#refuse(f);
        return undefined;
      default:
        this.#refuse(f);
        return undefined;
    }
  }

  #refuse(f: Frame): void {
    f.ah = UNSUPPORTED;
    f.carry(true);
  }

  #a20(f: Frame): void {
    const port = f.host.in8(PORT_92);
    if (f.al > 3) {
      this.#refuse(f);
      return;
    }
    if (f.al < 2) f.host.out8(PORT_92, f.al === 1 ? port | A20 : port & ~A20);
    else if (f.al === 2) f.al = port & A20 ? 1 : 0;
    else f.bx = 3; // by the keyboard controller and by port 92h
    f.ah = 0;
    f.carry(false);
  }

  /** CX:DX microseconds. */
  #wait(f: Frame): BiosAnswer {
    const now = f.host.now();
    this.#waitUntil ??= now + (f.cx * 0x10000 + f.dx) * MICROSECOND;
    if (now < this.#waitUntil) return 'again';
    this.#waitUntil = undefined;
    f.carry(false);
    return undefined;
  }

  /** CX words between the bases of the third and the fourth descriptor at ES:SI. */
  #moveBlock(f: Frame): void {
    const table = f.atEs(f.si);
    const base = (entry: number): number => {
      const at = table + 8 * entry;
      return (f.u32(at + 2) & 0xffffff) + f.u8(at + 7) * 0x1000000;
    };
    f.host.writeMemory(base(3), f.bytes(base(2), f.cx * 2));
    f.ah = 0;
    f.zero(true);
    f.carry(false);
  }

  /** KiB from 1 to 16 MiB, and 64 KiB from there. */
  #e801(f: Frame, extended: number): void {
    f.ax = Math.min(15 * KIB, Math.floor(extended / KIB));
    f.bx = Math.max(0, Math.floor((extended - 15 * MIB) / (64 * KIB)));
    f.cx = f.ax;
    f.dx = f.bx;
    f.carry(false);
  }

  #e820(f: Frame): void {
    const map = e820(f.host.memoryBytes);
    const index = f.registers.ebx;
    const entry = map[index];
    if (f.registers.edx !== SMAP || f.registers.ecx < E820_BYTES || !entry) {
      this.#refuse(f);
      return;
    }
    const at = f.atEs(f.di);
    f.put32(at, entry.base >>> 0);
    f.put32(at + 4, 0);
    f.put32(at + 8, entry.length >>> 0);
    f.put32(at + 12, 0);
    f.put32(at + 16, entry.type);
    f.registers.eax = SMAP;
    f.registers.ecx = E820_BYTES;
    f.registers.ebx = index + 1 < map.length ? index + 1 : 0;
    f.carry(false);
  }
}
