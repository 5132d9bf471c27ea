// INT 8h and INT 1Ah: the ticks of the timer, the real-time clock, and the PCI BIOS in real mode. IBM PS/2 and PC BIOS
// Interface Technical Reference, INT 1Ah; PCI BIOS Specification 2.1, section 3.
//
// Deviation: of the PCI BIOS there is no protected-mode entry.

import { DATA } from './data-area.ts';
import type { Frame } from './frame.ts';

/** 1193182 / 65536 Hz for 24 hours. */
const TICKS_PER_DAY = 0x1800b0;
const TICK_HZ = 1193182 / 65536;
const CMOS_INDEX = 0x70;
const CMOS_DATA = 0x71;
const CENTURY = 0x32;

const PCI_SUCCESS = 0x00;
const PCI_UNSUPPORTED = 0x81;
const PCI_NOT_FOUND = 0x86;

/** Ticks since midnight by the real-time clock. */
export function resetTicks(f: Frame): void {
  const [hours, minutes, seconds] = [4, 2, 0].map((index) => decimal(cmos(f, index))) as [number, number, number];
  f.put32(DATA.ticks, Math.floor(((hours * 60 + minutes) * 60 + seconds) * TICK_HZ));
  f.put8(DATA.midnight, 0);
}

export function tick(f: Frame): void {
  const next = f.u32(DATA.ticks) + 1;
  f.put32(DATA.ticks, next >= TICKS_PER_DAY ? 0 : next);
  if (next >= TICKS_PER_DAY) f.put8(DATA.midnight, 1);
}

export function timeService(f: Frame): void {
  switch (f.ah) {
    case 0x00: {
      const ticks = f.u32(DATA.ticks);
      f.cx = ticks >>> 16;
      f.dx = ticks & 0xffff;
      f.al = f.u8(DATA.midnight);
      f.put8(DATA.midnight, 0);
      f.carry(false);
      return;
    }
    case 0x01:
      f.put32(DATA.ticks, f.cx * 0x10000 + f.dx);
      f.put8(DATA.midnight, 0);
      f.carry(false);
      return;
    case 0x02:
      f.ch = cmos(f, 4);
      f.cl = cmos(f, 2);
      f.dh = cmos(f, 0);
      f.dl = 0;
      f.carry(false);
      return;
    case 0x04:
      f.ch = cmos(f, CENTURY);
      f.cl = cmos(f, 9);
      f.dh = cmos(f, 8);
      f.dl = cmos(f, 7);
      f.carry(false);
      return;
    case 0xb1:
      pciService(f);
      return;
    default:
      f.carry(true);
  }
}

function pciService(f: Frame): void {
  const { host } = f;
  const end = (status: number): void => {
    f.ah = status;
    f.carry(status !== PCI_SUCCESS);
  };
  const device = f.bl >> 3;
  const fn = f.bl & 7;
  const bus = f.bh;
  switch (f.al) {
    case 0x01:
      f.registers.edx = 0x20494350; // "PCI "
      f.bx = 0x0210;
      f.cl = 0;
      f.al = 1; // mechanism 1
      end(PCI_SUCCESS);
      return;
    case 0x02:
      find(f, f.si, (d, n) => host.readConfig(d, n, 0, 32) >>> 0 === ((f.cx << 16) | f.dx) >>> 0, end);
      return;
    case 0x03:
      find(f, f.si, (d, n) => host.readConfig(d, n, 8, 32) >>> 8 === (f.registers.ecx & 0xffffff), end);
      return;
    case 0x08:
      f.cl = bus ? 0xff : host.readConfig(device, fn, f.di & 0xff, 8);
      end(PCI_SUCCESS);
      return;
    case 0x09:
      f.cx = bus ? 0xffff : host.readConfig(device, fn, f.di & 0xff, 16);
      end(PCI_SUCCESS);
      return;
    case 0x0a:
      f.registers.ecx = bus ? 0xffffffff : host.readConfig(device, fn, f.di & 0xff, 32) >>> 0;
      end(PCI_SUCCESS);
      return;
    case 0x0b:
      if (!bus) host.writeConfig(device, fn, f.di & 0xff, 8, f.cl);
      end(PCI_SUCCESS);
      return;
    case 0x0c:
      if (!bus) host.writeConfig(device, fn, f.di & 0xff, 16, f.cx);
      end(PCI_SUCCESS);
      return;
    case 0x0d:
      if (!bus) host.writeConfig(device, fn, f.di & 0xff, 32, f.registers.ecx);
      end(PCI_SUCCESS);
      return;
    default:
      end(PCI_UNSUPPORTED);
  }
}

/** The function number `index` of those that match. */
function find(
  f: Frame,
  index: number,
  matches: (device: number, fn: number) => boolean,
  end: (status: number) => void,
): void {
  let left = index;
  for (let k = 0; k < 256; k++) {
    if (f.host.readConfig(k >> 3, k & 7, 0, 32) === -1 || !matches(k >> 3, k & 7) || left-- > 0) continue;
    f.bx = k;
    end(PCI_SUCCESS);
    return;
  }
  end(PCI_NOT_FOUND);
}

function cmos(f: Frame, index: number): number {
  f.host.out8(CMOS_INDEX, index);
  return f.host.in8(CMOS_DATA);
}

function decimal(bcd: number): number {
  return (bcd >> 4) * 10 + (bcd & 15);
}
