// The built-in BIOS: what a machine starts in where there is no firmware file. Its services run in the monitor; the
// guest reaches them through the stubs of stubs.ts. Enough for boot loaders and a DOS, not for programs that look at the
// code of a BIOS.
//
// IBM PS/2 and PC BIOS Interface Technical Reference (1987); see each service's file for what it deviates from.

import { biosData, EBDA } from '../memory-map.ts';
import { DATA } from './data-area.ts';
import { Drives } from './drives.ts';
import { bootEntry, PER_CD_SECTOR } from './el-torito.ts';
import { Frame } from './frame.ts';
import type { BiosAnswer, BiosHost, BootSource } from './host.ts';
import { Keyboard } from './keyboard.ts';
import { BIOS_SEGMENT, biosImage, CALL_BOOT, disketteTable, stubOf, waitOf } from './stubs.ts';
import { System } from './system.ts';
import { resetTicks, tick, timeService } from './time.ts';
import { Video } from './video.ts';

const SECTOR = 512;
const BOOT_ADDRESS = 0x7c00;
const SIGNATURE = 0xaa55;
const FIRST_DISK = 0x80;

const PIC_MASTER = 0x20;
const PIC_SLAVE = 0xa0;
const EOI = 0x20;
/** ICW1 to ICW4 of both: vectors 08h and 70h. Masks: timer, keyboard, cascade; nothing of the slave. */
const PIC_SETUP: readonly (readonly [port: number, value: number])[] = [
  [0x20, 0x11],
  [0x21, 0x08],
  [0x21, 0x04],
  [0x21, 0x01],
  [0xa0, 0x11],
  [0xa1, 0x70],
  [0xa1, 0x02],
  [0xa1, 0x01],
  [0x21, 0xf8],
  [0xa1, 0xff],
];
/** Counter 0: square wave, 65536. */
const PIT_SETUP: readonly (readonly [port: number, value: number])[] = [
  [0x43, 0x36],
  [0x40, 0],
  [0x40, 0],
];
/** Counts of floppy drives in the equipment word. */
const FLOPPY_PRESENT = 1 << 0;
const FLOPPY_COUNT_SHIFT = 6;
const FLOPPY_VECTOR = 0x1e;
/** Pointers to tables that there are not, and vectors for programs. */
const NO_VECTORS = [0x1d, 0x1f, 0x41, 0x43, 0x46, 0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67] as const;
/** Of a warm boot's vector, which GRUB and DOS keep intact. */
const BOOT_STACK = BOOT_ADDRESS;

const NAMES: Readonly<Record<BootSource, string>> = {
  floppy: 'floppy',
  disk: 'hard disk',
  cdrom: 'CD-ROM',
  network: 'network',
};

export class BuiltinBios {
  readonly #host: BiosHost;
  readonly #frame: Frame;
  readonly #video = new Video();
  readonly #keyboard = new Keyboard();
  readonly #system = new System();
  readonly #drives: Drives;
  #failed = false;

  constructor(host: BiosHost) {
    this.#host = host;
    this.#frame = new Frame(host);
    this.#drives = new Drives(host);
  }

  /** Memory and devices as a BIOS leaves them before it boots; execution starts at `start`. */
  reset(): void {
    const f = this.#frame;
    const image = biosImage();
    this.#failed = false;
    this.#host.writeMemory(image.address, image.bytes);
    for (let vector = 0; vector < 0x78; vector++) f.put16(vector * 4, stubOf(vector), BIOS_SEGMENT);
    f.put16(FLOPPY_VECTOR * 4, disketteTable, BIOS_SEGMENT);
    for (const vector of NO_VECTORS) f.put32(vector * 4, 0);
    for (const { address, bytes } of biosData(true)) this.#host.writeMemory(address, bytes);
    const { floppies } = this.#host.media();
    const some = floppies.length > 0 ? FLOPPY_PRESENT | ((floppies.length - 1) << FLOPPY_COUNT_SHIFT) : 0;
    f.put16(DATA.equipment, f.u16(DATA.equipment) | some);
    f.put16(DATA.baseMemory, EBDA / 1024);
    f.put16(DATA.resetFlag, 0);
    for (const [port, value] of [...PIC_SETUP, ...PIT_SETUP]) this.#host.out8(port, value);
    this.#keyboard.reset(f);
    this.#drives.reset(f);
    this.#system.reset();
    resetTicks(f);
    this.#video.reset(f);
    const r = this.#host.registers;
    r.cs = BIOS_SEGMENT;
    r.ip = stubOf(CALL_BOOT);
    r.ss = 0;
    r.esp = BOOT_STACK;
  }

  /**
   * Does what a call asks for: an interrupt vector, or CALL_BOOT. The registers are the caller's, IP that behind the
   * stub's OUT.
   */
  call(number: number): BiosAnswer {
    const f = this.#frame;
    switch (number) {
      case 0x08:
        tick(f);
        return undefined;
      case 0x09:
        this.#keyboard.interrupt(f);
        return undefined;
      case 0x10:
        this.#video.service(f);
        return undefined;
      case 0x11:
        this.#system.equipment(f);
        return undefined;
      case 0x12:
        this.#system.memorySize(f);
        return undefined;
      case 0x13:
      case 0x40:
        return this.#drives.service(f);
      case 0x15:
        return this.#system.service(f);
      case 0x16:
        return this.#keyboard.service(f);
      case 0x1a:
        timeService(f);
        return undefined;
      case 0x18:
      case 0x19:
      case CALL_BOOT:
        return this.#boot(number === 0x18);
      default:
        this.#other(number);
        return undefined;
    }
  }

  /** Interrupts of devices that nobody wants are ended; others just return. */
  #other(vector: number): void {
    if (vector >= 0x70 && vector <= 0x77) this.#host.out8(PIC_SLAVE, EOI);
    if ((vector >= 0x08 && vector <= 0x0f) || (vector >= 0x70 && vector <= 0x77)) this.#host.out8(PIC_MASTER, EOI);
  }

  /** Boots from the first source that can be; `next`: all have been tried, so that this is the end. */
  #boot(next: boolean): BiosAnswer {
    // After the last word: wait for nothing, for ever.
    if (this.#failed) return 'again';
    return next ? this.#giveUp() : this.#tryAll();
  }

  async #tryAll(): Promise<void> {
    for (const source of this.#host.bootOrder) {
      try {
        const problem = await this.#try(source);
        if (problem === undefined) return;
        if (problem !== '') this.#video.print(this.#frame, `Not booting from ${NAMES[source]}: ${problem}.\n`);
      } catch {
        this.#video.print(this.#frame, `Not booting from ${NAMES[source]}: it cannot be read.\n`);
      }
    }
    this.#giveUp();
  }

  #giveUp(): undefined {
    this.#failed = true;
    this.#video.print(this.#frame, 'No bootable device.\n');
    const r = this.#host.registers;
    // Interrupts may come, on a stack that nobody uses.
    r.cs = BIOS_SEGMENT;
    r.ip = waitOf(CALL_BOOT);
    r.ss = 0;
    r.esp = BOOT_STACK;
    return undefined;
  }

  /** Starts what is there; the reason if it does not, empty if there is nothing. */
  async #try(source: BootSource): Promise<string | undefined> {
    if (source === 'network') return '';
    if (source === 'cdrom') return this.#tryCd();
    const drive = source === 'floppy' ? 0 : FIRST_DISK;
    const medium = this.#drives.medium(drive);
    if (!medium) return '';
    const bytes = new Uint8Array(SECTOR);
    await medium.read(0, bytes);
    const signature = new DataView(bytes.buffer).getUint16(SECTOR - 2, true);
    // Floppies of old systems have no signature, but code.
    if (signature !== SIGNATURE && !(source === 'floppy' && bytes[0] !== 0)) return 'it has no boot sector';
    this.#host.writeMemory(BOOT_ADDRESS, bytes);
    this.#start(0, BOOT_ADDRESS, drive);
    return undefined;
  }

  async #tryCd(): Promise<string | undefined> {
    const { cdrom } = this.#host.media();
    if (!cdrom) return '';
    const entry = await bootEntry(cdrom);
    if (typeof entry === 'string') return entry;
    const drive = this.#drives.emulate(entry);
    const count = entry.emulation === 'floppy' ? 1 : Math.max(1, entry.count);
    const bytes = new Uint8Array(count * SECTOR);
    await cdrom.read(entry.sector * PER_CD_SECTOR, bytes);
    this.#host.writeMemory(entry.segment * 16, bytes);
    // 07C0:0000 and 0:7C00 are the same place; loaders expect the latter.
    if (entry.segment === 0x07c0) this.#start(0, BOOT_ADDRESS, drive);
    else this.#start(entry.segment, 0, drive);
    return undefined;
  }

  #start(segment: number, offset: number, drive: number): void {
    const r = this.#host.registers;
    r.eax = SIGNATURE;
    r.ebx = 0;
    r.ecx = 0;
    r.edx = drive;
    r.esi = 0;
    r.edi = 0;
    r.ebp = 0;
    r.ds = 0;
    r.es = 0;
    r.ss = 0;
    r.esp = BOOT_STACK;
    r.cs = segment;
    r.ip = offset;
    r.interruptsEnabled = true;
  }
}
