// The mainboard: devices, wired together and put where layout.ts says. It holds no state of its own.

import { IoApic } from '../devices/apic/io-apic.ts';
import { LocalApic } from '../devices/apic/local-apic.ts';
import type { Device, Registers, Wire } from '../devices/contract.ts';
import { DebugExit } from '../devices/debug-exit.ts';
import { DebugConsole } from '../devices/debugcon.ts';
import { Dma8237 } from '../devices/dma8237.ts';
import { Fdc82077 } from '../devices/floppy/fdc82077.ts';
import { cmosType, type FloppyDrive } from '../devices/floppy/floppy-drive.ts';
import { FwCfg } from '../devices/fw-cfg.ts';
import type { HostWork } from '../devices/host-work.ts';
import { I440fx } from '../devices/i440fx.ts';
import { I8042 } from '../devices/i8042.ts';
import type { Drive } from '../devices/ide/channel.ts';
import { type IdeChannelOptions, IdeController } from '../devices/ide/controller.ts';
import { Port80 } from '../devices/ioport80.ts';
import { PciBus } from '../devices/pci.ts';
import { PicPair } from '../devices/pic8259.ts';
import { Piix3 } from '../devices/piix3.ts';
import { Piix4Pm } from '../devices/piix4-pm.ts';
import { Pit8254 } from '../devices/pit8254.ts';
import { Port61 } from '../devices/port61.ts';
import { Port92 } from '../devices/port92.ts';
import { Ps2Keyboard } from '../devices/ps2-keyboard.ts';
import { Ps2Mouse } from '../devices/ps2-mouse.ts';
import { Rtc146818 } from '../devices/rtc146818.ts';
import { type SerialSink, Uart16550 } from '../devices/uart16550.ts';
import { DISPLAY_MEMORY_BYTES, type DisplayMemory, Vga } from '../devices/vga/vga.ts';
import { WiredOr } from '../devices/wired-or.ts';
import type { Clock } from '../lib/clock.ts';
import type { Memory } from '../memory/memory.ts';
import { BiosRom, PAM_AREA } from './bios-rom.ts';
import {
  ADAPTER_WINDOW,
  DMA,
  IDE_BUS_MASTER_PORTS,
  IRQ,
  MMIO,
  PCI_DEVICES,
  PIT_GSI,
  PM_PORTS,
  PORTS,
} from './layout.ts';
import { PortSpace } from './port-space.ts';

/** What the board asks of the machine around it. */
export interface BoardOptions {
  readonly clock: Clock;
  readonly memory: Memory;
  readonly ramBytes: number;
  /** INTR and NMI of the processor. */
  readonly intr: Wire;
  readonly nmi: Wire;
  readonly com1: SerialSink;
  readonly com2: SerialSink;
  /** With `rts`, input for COM1 waits until the guest raises RTS. */
  readonly flowControl?: 'none' | 'rts';
  readonly debugConsole?: SerialSink;
  /** Answer at port F4h. */
  readonly debugExit?: (status: number) => void;
  /** Floppy drives A and B, where there are any. */
  readonly floppies: readonly [FloppyDrive, FloppyDrive | undefined];
  /** Masters and slaves of the two IDE channels. */
  readonly ide: readonly [IdePair, IdePair];
  readonly work: HostWork;
  /** What the user should know of the host's failures. */
  readonly complain: (line: string) => void;
  readonly powerOff: () => void;
  readonly reset: () => void;
  /** Firmware that runs in the guest. */
  readonly firmware?: BoardFirmware;
}

export type IdePair = readonly [master: Drive | undefined, slave: Drive | undefined];

/** A system BIOS, and what it reads from the firmware configuration device. */
export interface BoardFirmware {
  readonly rom: Uint8Array;
  /** Host offset of memory for it. */
  readonly host: number;
  readonly items: ReadonlyMap<number, Uint8Array>;
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** What it says at port 402h. */
  readonly log?: SerialSink;
}

export class Board {
  readonly ports = new PortSpace();
  readonly pic: PicPair;
  readonly pit: Pit8254;
  readonly rtc: Rtc146818;
  readonly com1: Uart16550;
  readonly com2: Uart16550;
  readonly localApic: LocalApic;
  readonly ioApic: IoApic;
  readonly pci: PciBus;
  readonly host: I440fx;
  readonly isa: Piix3;
  readonly power: Piix4Pm;
  readonly keyboard: Ps2Keyboard;
  readonly mouse: Ps2Mouse;
  readonly i8042: I8042;
  readonly dma: Dma8237;
  readonly fwCfg: FwCfg | undefined;
  readonly floppy: Fdc82077;
  readonly vga: Vga;
  readonly ide: IdeController;
  readonly #port61: Port61;
  readonly #port92: Port92;
  readonly #post = new Port80({});
  /** Rising edges of each interrupt line, for statistics. */
  readonly requests: number[] = new Array(16).fill(0);
  /** Interrupt lines by number; each may have several sources. */
  readonly #lines: readonly WiredOr[];

  constructor(options: BoardOptions) {
    const { clock, memory, ramBytes } = options;
    this.localApic = new LocalApic({
      clock,
      intr: options.intr,
      nmi: options.nmi,
      extInt: () => this.pic.acknowledge(),
      broadcastEoi: (vector) => this.ioApic.endOfInterrupt(vector),
    });
    this.ioApic = new IoApic({
      deliver: (vector, mode, level, destination, logical) =>
        this.localApic.message(vector, mode, level, destination, logical),
    });
    this.pic = new PicPair({ output: this.localApic.lint0 });
    this.#lines = Array.from({ length: 16 }, (_, line) => new WiredOr(this.#line(line)));
    this.pit = new Pit8254({ clock, irq: this.irq(IRQ.pit) });
    this.rtc = new Rtc146818({ clock, irq: this.irq(IRQ.rtc) });
    this.com1 = new Uart16550({
      clock,
      irq: this.irq(IRQ.com1),
      sink: options.com1,
      flowControl: options.flowControl ?? 'none',
    });
    this.com2 = new Uart16550({ clock, irq: this.irq(IRQ.com2), sink: options.com2 });
    const a20 = new WiredOr({ set: (level) => memory.setA20(level) });
    const reset: Wire = { set: (level) => level && options.reset() };
    this.keyboard = new Ps2Keyboard({ clock });
    this.mouse = new Ps2Mouse();
    this.i8042 = new I8042({
      clock,
      keyboard: this.keyboard,
      mouse: this.mouse,
      keyboardIrq: this.irq(IRQ.keyboard),
      mouseIrq: this.irq(IRQ.mouse),
      a20: a20.input(),
      reset,
    });
    this.#port92 = new Port92({ a20: a20.input(), reset });
    this.#port61 = new Port61({ clock, gate2: this.pit.gate2, out2: () => this.pit.out(2), nmi: options.nmi });
    this.dma = new Dma8237({
      memory: {
        read: (address, into) => memory.readPhysical(address, into),
        write: (address, from) => memory.writePhysical(address, from),
      },
    });
    this.floppy = new Fdc82077({
      clock,
      irq: this.irq(IRQ.floppy),
      dma: {
        request: (level) => this.dma.request(DMA.floppy, level),
        read: (into) => this.dma.read(DMA.floppy, into),
        write: (from) => this.dma.write(DMA.floppy, from),
      },
      drives: options.floppies,
    });
    this.isa = new Piix3({ irqs: Array.from({ length: 16 }, (_, line) => this.irq(line)) });
    this.pci = new PciBus({ pirqs: this.isa.pirqs, reset: () => options.reset() });
    const { firmware } = options;
    this.#addMemory(memory, ramBytes);
    const rom = new BiosRom(memory, firmware?.host ?? 0, firmware?.rom);
    this.host = new I440fx({ shadow: (base, length, read, write) => rom.shadow(base, length, read, write) });
    this.fwCfg = firmware && this.#makeFwCfg(memory, firmware);
    this.power = new Piix4Pm({
      clock,
      sci: this.irq(IRQ.sci),
      powerOff: options.powerOff,
      moved: (base) => {
        this.ports.remove(this.power.registers);
        if (base !== undefined) this.ports.add('power management', base, PM_PORTS, this.power.registers);
      },
    });
    this.ide = new IdeController({
      channels: [this.#ideChannel(options, 0, 'ide1', IRQ.ide1), this.#ideChannel(options, 1, 'ide2', IRQ.ide2)],
      moved: (base) => {
        this.ports.remove(this.ide.busMasterPorts);
        if (base !== undefined) this.ports.add('IDE bus master', base, IDE_BUS_MASTER_PORTS, this.ide.busMasterPorts);
      },
    });
    this.vga = new Vga({ clock, memory: displayMemory(memory) });
    this.pci.add(...PCI_DEVICES.host, this.host);
    this.pci.add(...PCI_DEVICES.isa, this.isa);
    this.pci.add(...PCI_DEVICES.ide, this.ide);
    this.pci.add(...PCI_DEVICES.power, this.power);
    this.pci.add(...PCI_DEVICES.display, this.vga);
    this.#addPorts(options);
    this.rtc.setMemorySize(ramBytes);
    const [a, b] = options.floppies;
    this.rtc.setFloppyDrives(cmosType(a.type), cmosType(b?.type));
  }

  /** A source of interrupt line 0..15: sources of one line are wired together. */
  irq(line: number): Wire {
    return (this.#lines[line] as WiredOr).input();
  }

  /** All devices to their power-on state. */
  reset(): void {
    for (const device of this.#devices()) device.reset();
    for (const { pciFunction } of this.pci.functions()) pciFunction.reset();
  }

  #devices(): readonly Pick<Device, 'reset'>[] {
    return [
      this.pic,
      this.pit,
      this.rtc,
      this.com1,
      this.com2,
      this.i8042,
      this.dma,
      this.floppy,
      this.#port61,
      this.#port92,
      this.localApic,
      this.ioApic,
      this.pci,
      ...(this.fwCfg ? [this.fwCfg] : []),
    ];
  }

  /** An interrupt line goes to the 8259s and to the I/O APIC at once. */
  #line(line: number): Wire {
    const pic = this.pic.input(line);
    const pin = this.ioApic.pins[line === IRQ.pit ? PIT_GSI : line] as Wire;
    let high = false;
    return {
      set: (level) => {
        if (level && !high) this.requests[line] = (this.requests[line] as number) + 1;
        high = level;
        pic.set(level);
        pin.set(level);
      },
    };
  }

  #addPorts(options: BoardOptions): void {
    const add = (name: string, [first, count]: readonly [number, number], registers: Registers) =>
      this.ports.add(name, first, count, registers);
    add('8259 master', PORTS.picMaster, this.pic.master);
    add('8259 slave', PORTS.picSlave, this.pic.slave);
    add('ELCR', PORTS.elcr, this.pic.elcr);
    add('8254', PORTS.pit, this.pit.registers);
    add('MC146818', PORTS.rtc, this.rtc.registers);
    add('COM1', PORTS.com1, this.com1.registers);
    add('COM2', PORTS.com2, this.com2.registers);
    add('PCI configuration', PORTS.pciConfig, this.pci);
    add('8042 data', PORTS.i8042Data, this.i8042.data);
    add('8042 command', PORTS.i8042Command, this.i8042.command);
    add('port 61h', PORTS.port61, this.#port61.registers);
    add('port 92h', PORTS.port92, this.#port92.registers);
    add('8237', PORTS.dma1, this.dma.primary);
    add('8237 second', PORTS.dma2, this.dma.secondary);
    add('DMA pages', PORTS.dmaPages, this.dma.pages);
    add('82077AA', PORTS.fdc, this.floppy.registers);
    add(
      '82077AA digital input',
      PORTS.fdcDigitalInput,
      shifted(this.floppy.registers, PORTS.fdcDigitalInput[0] - PORTS.fdc[0]),
    );
    const [ide1, ide2] = this.ide.ports;
    if (ide1 && ide2) {
      add('IDE 1', PORTS.ide1, ide1.command);
      add('IDE 1 control', PORTS.ide1Control, ide1.control);
      add('IDE 2', PORTS.ide2, ide2.command);
      add('IDE 2 control', PORTS.ide2Control, ide2.control);
    }
    add('VGA (monochrome)', PORTS.vgaMono, this.vga.ports);
    add('VGA', PORTS.vga, shifted(this.vga.ports, PORTS.vga[0] - PORTS.vgaMono[0]));
    add('Bochs display interface', PORTS.vgaDispi, this.vga.dispi);
    add('POST', PORTS.post, this.#post.registers);
    if (options.debugConsole) {
      add('debug console', PORTS.debugConsole, new DebugConsole({ sink: options.debugConsole }).registers);
    }
    if (options.debugExit) add('debug exit', PORTS.debugExit, new DebugExit({ onExit: options.debugExit }).registers);
    add('APM', PORTS.apm, this.power.apm);
    if (this.fwCfg) {
      add('firmware configuration', PORTS.fwCfg, this.fwCfg.registers);
      add('firmware configuration DMA', PORTS.fwCfgDma, this.fwCfg.dma);
    }
    const log = options.firmware?.log;
    if (log) add('firmware log', PORTS.firmwareLog, new DebugConsole({ sink: log }).registers);
  }

  #ideChannel(options: BoardOptions, index: 0 | 1, name: string, irq: number): IdeChannelOptions {
    const { memory, work, complain } = options;
    return {
      name,
      irq: this.irq(irq),
      memory: {
        read: (address, into) => memory.readPhysical(address, into),
        write: (address, from) => memory.writePhysical(address, from),
      },
      work,
      drives: options.ide[index],
      complain,
    };
  }

  #makeFwCfg(memory: Memory, { items, files }: BoardFirmware): FwCfg {
    return new FwCfg({
      memory: {
        read: (address, into) => memory.readPhysical(address, into),
        write: (address, from) => memory.writePhysical(address, from),
      },
      items,
      files,
    });
  }

  #addMemory(memory: Memory, ramBytes: number): void {
    const [hole] = ADAPTER_WINDOW;
    memory.map.add({ start: 0, bytes: hole, name: 'RAM', backing: { kind: 'ram', host: 0 } });
    // Up to C0000h the display adapter has it, then PAM decides.
    const above = PAM_AREA[0] + PAM_AREA[1];
    if (ramBytes > above) {
      memory.map.add({ start: above, bytes: ramBytes - above, name: 'RAM', backing: { kind: 'ram', host: above } });
    }
    const mmio = (name: string, [start, bytes]: readonly [number, number], handler: Registers) =>
      memory.map.add({ start, bytes, name, backing: { kind: 'mmio', handler } });
    mmio('I/O APIC', MMIO.ioApic, this.ioApic);
    mmio('local APIC', MMIO.localApic, this.localApic);
  }
}

/** The last part of the memory's extra bytes, as the display adapter has it. */
function displayMemory(memory: Memory): DisplayMemory {
  const { extraAt, extraBytes } = memory.layout;
  const host = extraAt + extraBytes - DISPLAY_MEMORY_BYTES;
  return {
    bytes: memory.u8.subarray(host, host + DISPLAY_MEMORY_BYTES),
    map: (base, length, to) =>
      memory.map.remap(
        base,
        length,
        'display memory',
        to === undefined
          ? undefined
          : typeof to === 'number'
            ? { kind: 'ram', host: host + to }
            : { kind: 'mmio', handler: to },
      ),
    watch: (base, length, written) => {
      if (!memory.isRam(base)) return false;
      memory.traceDirty(base, length, written);
      return true;
    },
    unwatch: (written) => memory.untraceDirty(written),
  };
}

/** The same registers, from another offset on. */
function shifted(registers: Registers, by: number): Registers {
  return {
    read: (offset, size) => registers.read(offset + by, size),
    write: (offset, size, value) => registers.write(offset + by, size, value),
  };
}
