// The DSDT: the devices that an operating system cannot find by itself, PCI interrupt routing through the PIIX3's
// PIRQ registers as link devices, and the sleep type of soft-off. ACPI Specification 6.5, chapters 5 to 7.
//
// Global system interrupts equal ISA interrupts, but for IRQ0 (see the MADT): one routing serves both interrupt models.

import {
  type Aml,
  and,
  arg0,
  busNumbers,
  byteFields,
  createDwordField,
  define,
  device,
  dma,
  eisaId,
  FIRST_INTERRUPT,
  ifElse,
  integer,
  io,
  ioWindow,
  irq,
  levelInterrupts,
  memory32Fixed,
  memoryWindow,
  method,
  name,
  or,
  packageOf,
  pciConfigRegion,
  processor,
  resources,
  returns,
  scope,
  store,
} from './aml.ts';
import { Builder } from './bytes.ts';
import type { Platform } from './platform.ts';

/** PCI function 00:01.0, the ISA bridge, and its first PIRQ routing register. */
const ISA_BRIDGE_ADDRESS = 0x00010000;
const PIRQ_ROUTING = 0x60;
const ROUTING_DISABLED = 0x80;
/** _STA: present and functioning, with and without being enabled. */
const STA_ENABLED = 0x0b;
const STA_DISABLED = 0x09;
const LINKS = ['LNKA', 'LNKB', 'LNKC', 'LNKD'] as const;
const PCI_SLOTS = 32;

/** The definition block's terms, without the table header. */
export function dsdtBody(platform: Platform): Aml {
  const body = new Builder();
  body.bytes(scope('\\_PR', processor('CPU0', 0)));
  body.bytes(scope('\\_SB', pciRoot(platform), ...LINKS.map((_, pirq) => link(platform, pirq))));
  // SLP_TYP of PM1a and PM1b, then two reserved elements. PIIX4's code for soft-off is 0.
  body.bytes(define('\\_S5', packageOf(integer(0), integer(0), integer(0), integer(0))));
  return body.finish();
}

function pciRoot(platform: Platform): Aml {
  const [first, end] = platform.pciWindow;
  return device(
    'PCI0',
    hid('PNP0A03'),
    define('_UID', integer(0)),
    define(
      '_CRS',
      resources(
        busNumbers(0, 0),
        io(0xcf8, 8),
        ioWindow(0, 0xcf7),
        ioWindow(0xd00, 0xffff),
        memoryWindow(0xa0000, 0xbffff),
        memoryWindow(first, end - 1),
      ),
    ),
    define('_PRT', routingTable()),
    isaBridge(platform),
  );
}

/** Pin x of slot d goes to PIRQ (d - 1 + x) modulo 4, as devices/pci.ts wires it. */
function routingTable(): Aml {
  const entries: Aml[] = [];
  for (let slot = 0; slot < PCI_SLOTS; slot++) {
    for (let pin = 0; pin < 4; pin++) {
      const source = LINKS[(slot + pin + 3) & 3] as string;
      entries.push(packageOf(integer(slot * 0x10000 + 0xffff), integer(pin), name(source), integer(0)));
    }
  }
  return packageOf(...entries);
}

function isaBridge(platform: Platform): Aml {
  return device(
    'ISA',
    define('_ADR', integer(ISA_BRIDGE_ADDRESS)),
    pciConfigRegion('PIRQ', PIRQ_ROUTING, 4),
    byteFields('PIRQ', 'PRQA', 'PRQB', 'PRQC', 'PRQD'),
    isaDevice('PIC', 'PNP0000', io(0x20, 2), io(0xa0, 2), io(0x4d0, 2), irq(2)),
    isaDevice('DMAC', 'PNP0200', io(0x00, 16), io(0x80, 16), io(0xc0, 32), dma(4)),
    isaDevice('TIMR', 'PNP0100', io(0x40, 4), irq(0)),
    isaDevice('RTC', 'PNP0B00', io(0x70, 2), irq(8)),
    isaDevice('SPKR', 'PNP0800', io(0x61, 1)),
    isaDevice('PS2K', 'PNP0303', io(0x60, 1), io(0x64, 1), irq(1)),
    isaDevice('PS2M', 'PNP0F13', irq(12)),
    isaDevice('FPU', 'PNP0C04', io(0xf0, 1), irq(13)),
    ...platform.serialPorts.map(([port, line], k) =>
      device(
        `COM${k + 1}`,
        hid('PNP0501'),
        define('_UID', integer(k + 1)),
        define('_CRS', resources(io(port, 8), irq(line))),
      ),
    ),
    // What belongs to the board and to no driver.
    isaDevice(
      'MBRD',
      'PNP0C02',
      io(0x92, 1),
      io(0xb2, 2),
      io(platform.pmBase, 64),
      memory32Fixed(platform.ioApic, 0x400),
      memory32Fixed(platform.localApic, 0x1000),
    ),
  );
}

/** A PCI interrupt link: one PIRQ routing register. */
function link(platform: Platform, pirq: number): Aml {
  const letter = 'ABCD'[pirq] as string;
  const register = name(`\\_SB.PCI0.ISA.PRQ${letter}`);
  return device(
    LINKS[pirq] as string,
    hid('PNP0C0F'),
    define('_UID', integer(pirq + 1)),
    define('_PRS', resources(levelInterrupts(...platform.pciIrqs))),
    define('BUFA', resources(levelInterrupts(0))),
    method(
      '_STA',
      0,
      ifElse(
        and(register, integer(ROUTING_DISABLED)),
        [returns(integer(STA_DISABLED))],
        [returns(integer(STA_ENABLED))],
      ),
    ),
    method('_DIS', 0, or(register, integer(ROUTING_DISABLED), register)),
    method(
      '_CRS',
      0,
      createDwordField(name('BUFA'), FIRST_INTERRUPT, 'IRQA'),
      // Zero, which is no interrupt for a link, while routing is off.
      ifElse(
        and(register, integer(ROUTING_DISABLED)),
        [store(integer(0), name('IRQA'))],
        [and(register, integer(15), name('IRQA'))],
      ),
      returns(name('BUFA')),
    ),
    method('_SRS', 1, createDwordField(arg0, FIRST_INTERRUPT, 'IRQS'), store(name('IRQS'), register)),
  );
}

function isaDevice(path: string, id: string, ...descriptors: Aml[]): Aml {
  return device(path, hid(id), define('_CRS', resources(...descriptors)));
}

function hid(id: string): Aml {
  return define('_HID', eisaId(id));
}
