// The system BIOS in the physical map: the whole ROM below 4 GiB, its last 128 KiB below 1 MiB too, where the host
// bridge's PAM registers put RAM over it (82441FX datasheet, section 3.2.18; 82371SB, section 2.2.7: the ISA bridge
// decodes the top 128 KiB there).

import type { Memory } from '../memory/memory.ts';
import type { Backing } from '../memory/physical-map.ts';

/** What PAM covers: C0000h to FFFFFh. */
export const PAM_AREA = [0xc0000, 0x40000] as const;
const LOW_END = 0x100000;
/** As much of the ROM as the ISA bridge decodes below 1 MiB. */
const LOW_BYTES = 0x20000;
/** Whole pages, as the physical map wants them. */
const MAX_ROM_BYTES = 16 * 1024 * 1024;

/** Why these bytes cannot be a system BIOS; undefined if they can. */
export function biosProblem(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return 'the file is empty';
  if (bytes.length % 0x10000 !== 0 || bytes.length > MAX_ROM_BYTES) {
    return `${bytes.length} bytes is no size of a BIOS, which is a multiple of 64 KiB up to 16 MiB`;
  }
  return undefined;
}

export class BiosRom {
  readonly #memory: Memory;
  /** Host offset and size of the ROM; 0 bytes: there is none. */
  readonly #host: number;
  readonly #bytes: number;

  /** Puts `rom` at host offset `host` of the memory's extra part, and maps it; without one PAM still works. */
  constructor(memory: Memory, host: number, rom: Uint8Array | undefined) {
    this.#memory = memory;
    this.#host = host;
    this.#bytes = rom?.length ?? 0;
    if (rom) {
      memory.u8.set(rom, host);
      memory.map.add({
        start: 2 ** 32 - rom.length,
        bytes: rom.length,
        name: 'BIOS ROM',
        backing: { kind: 'rom', host },
      });
    }
    this.shadow(...PAM_AREA, false, false);
  }

  /** PAM: reads and writes of [base, base + length) go to RAM, or to the ROM and to nothing. Multiples of 16 KiB. */
  shadow(base: number, length: number, readRam: boolean, writeRam: boolean): void {
    const { map } = this.#memory;
    for (let at = base; at < base + length; at += 0x4000) {
      if (readRam) map.remap(at, 0x4000, 'shadow RAM', { kind: writeRam ? 'ram' : 'rom', host: at });
      else {
        const rom = this.#romAt(at);
        const underneath: Backing | undefined = rom < 0 ? undefined : { kind: 'rom', host: rom };
        if (writeRam) map.remap(at, 0x4000, 'ROM over RAM', this.#readRomWriteRam(at, rom));
        else map.remap(at, 0x4000, 'BIOS ROM', underneath);
      }
    }
  }

  /** Host offset of the ROM at an address below 1 MiB, or -1. */
  #romAt(physical: number): number {
    const back = LOW_END - physical;
    return back <= LOW_BYTES && back <= this.#bytes ? this.#host + this.#bytes - back : -1;
  }

  /** Firmware copies itself: reads see the ROM, writes go to the RAM below. */
  #readRomWriteRam(ram: number, rom: number): Backing {
    const { u8 } = this.#memory;
    return {
      kind: 'mmio',
      handler: {
        read: (offset, size) => {
          let value = 0;
          for (let k = 0; k < size / 8; k++) value |= (rom < 0 ? 0xff : (u8[rom + offset + k] as number)) << (8 * k);
          return value;
        },
        write: (offset, size, value) => {
          for (let k = 0; k < size / 8; k++) u8[ram + offset + k] = value >>> (8 * k);
        },
      },
    };
  }
}
