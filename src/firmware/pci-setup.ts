// What firmware does to the chip set and to PCI before it starts an operating system, for direct boot: PCI Firmware
// Specification 3.0, section 3.5 (resources), and the datasheets of 440FX, PIIX3 and PIIX4. Everything goes through
// configuration space, so that the devices need not know that no BIOS ran.

import type { Platform } from './platform.ts';

/** The ports CF8h to CFFh, as offsets; `PciBus` in devices/pci.ts is one. */
export interface ConfigPorts {
  read(offset: number, size: 8 | 16 | 32): number;
  write(offset: number, size: 8 | 16 | 32, value: number): void;
}

const HOST_BRIDGE = 0x12378086;
const ISA_BRIDGE = 0x70008086;
const IDE = 0x70108086;
const POWER_MANAGEMENT = 0x71138086;

// Configuration registers.
const COMMAND = 0x04;
const HEADER_TYPE = 0x0e;
const BASE_ADDRESS = 0x10;
const EXPANSION_ROM = 0x30;
const INTERRUPT_LINE = 0x3c;
const INTERRUPT_PIN = 0x3d;
const PAM0 = 0x59;
const PIRQRCA = 0x60;
const IDETIM = 0x40;
const PMBA = 0x40;
const PMREGMISC = 0x80;

const COMMAND_IO = 1 << 0;
const COMMAND_MEMORY = 1 << 1;
const COMMAND_BUS_MASTER = 1 << 2;
const MULTIFUNCTION = 0x80;
/** F0000h to FFFFFh is RAM: the tables lie there. */
const PAM_RAM = 0x30;
const IDE_DECODES = 0x80008000 | 0;
/** Where I/O ranges are handed out from: above the power management block. */
const FIRST_PORT = 0xc000;

/** One function, selected through configuration mechanism 1. */
interface Config {
  read(offset: number, size: 8 | 16 | 32): number;
  write(offset: number, size: 8 | 16 | 32, value: number): void;
}

/** Shadows the BIOS segment, routes interrupts, places the power management block, and assigns what functions ask for. */
export function setUpPci(ports: ConfigPorts, platform: Platform): void {
  const next = { port: FIRST_PORT, memory: platform.pciWindow[0] };
  for (let device = 0; device < 32; device++) {
    const count = select(ports, device, 0).read(HEADER_TYPE, 8) & MULTIFUNCTION ? 8 : 1;
    for (let fn = 0; fn < count; fn++) {
      const config = select(ports, device, fn);
      const id = config.read(0, 32);
      if (id === -1) {
        if (fn === 0) break;
        continue;
      }
      if (id === HOST_BRIDGE) config.write(PAM0, 8, PAM_RAM);
      if (id === ISA_BRIDGE) {
        for (const [pirq, irq] of platform.pirqIrqs.entries()) config.write(PIRQRCA + pirq, 8, irq);
      }
      // Both channels decode their ports.
      if (id === IDE) config.write(IDETIM, 32, IDE_DECODES);
      if (id === POWER_MANAGEMENT) placePowerManagement(config, platform);
      else assign(config, device, platform, next);
    }
  }
}

function placePowerManagement(config: Config, platform: Platform): void {
  config.write(PMBA, 32, platform.pmBase | 1);
  config.write(PMREGMISC, 8, 1);
  config.write(INTERRUPT_LINE, 8, platform.sciIrq);
}

/** Base addresses, naturally aligned in ascending order; decoding on; interrupt line. */
function assign(config: Config, device: number, platform: Platform, next: { port: number; memory: number }): void {
  let enable = 0;
  for (let register = BASE_ADDRESS; register <= EXPANSION_ROM; register += 4) {
    if (register > BASE_ADDRESS + 5 * 4 && register < EXPANSION_ROM) continue;
    config.write(register, 32, register === EXPANSION_ROM ? ~1 : -1);
    const probe = config.read(register, 32);
    if (probe === 0) continue;
    const isPort = register !== EXPANSION_ROM && (probe & 1) !== 0;
    const size = (isPort ? -(probe & ~3) & 0xffff : -(probe & ~15)) >>> 0;
    if (size === 0) continue;
    if (isPort) {
      next.port = Math.ceil(next.port / size) * size;
      config.write(register, 32, next.port);
      next.port += size;
      enable |= COMMAND_IO;
    } else {
      next.memory = Math.ceil(next.memory / size) * size;
      config.write(register, 32, next.memory);
      next.memory += size;
      enable |= COMMAND_MEMORY;
    }
  }
  if (enable) config.write(COMMAND, 16, config.read(COMMAND, 16) | enable | COMMAND_BUS_MASTER);
  const pin = config.read(INTERRUPT_PIN, 8);
  if (pin >= 1 && pin <= 4) config.write(INTERRUPT_LINE, 8, platform.pirqIrqs[(device + pin + 2) & 3] as number);
}

function select(ports: ConfigPorts, device: number, fn: number): Config {
  const choose = (offset: number) => ports.write(0, 32, (1 << 31) | (device << 11) | (fn << 8) | (offset & 0xfc));
  return {
    read: (offset, size) => {
      choose(offset);
      return ports.read(4 + (offset & 3), size);
    },
    write: (offset, size, value) => {
      choose(offset);
      ports.write(4 + (offset & 3), size, value);
    },
  };
}
