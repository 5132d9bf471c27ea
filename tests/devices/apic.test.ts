// Local APIC and I/O APIC, by register scripts after the Intel SDM volume 3A (APIC chapter) and the 82093AA datasheet.
//
// By hand: a script of some 500 accesses (LVT, priorities, IPIs by every destination, redirection table, an edge through
// pin 2, disabling) was run on QEMU 7.2's APICs by a small Multiboot kernel and on these models. They differ where
// QEMU keeps reserved bits of LVT and redirection entries, does not mask the LVT of a disabled APIC, and lets a
// disabled APIC accept an IPI; there the manual is followed.

import { describe, expect, test } from 'vitest';
import { IoApic } from '../../src/devices/apic/io-apic.ts';
import { LocalApic, type LocalApicOptions } from '../../src/devices/apic/local-apic.ts';
import { EXT_INT, NMI } from '../../src/devices/apic/message.ts';
import { ManualClock } from '../../src/lib/clock.ts';

const [ID, TPR, PPR, EOI, LDR, DFR, SVR] = [0x20, 0x80, 0xa0, 0xb0, 0xd0, 0xe0, 0xf0];
const [ESR, ICR_LOW, ICR_HIGH, LVT_TIMER, LVT_LINT0, LVT_LINT1, LVT_ERROR] = [
  0x280, 0x300, 0x310, 0x320, 0x350, 0x360, 0x370,
];
const [INITIAL, CURRENT, DIVIDE] = [0x380, 0x390, 0x3e0];
const MASKED = 0x10000;

/** An enabled APIC with a recorder on every wire. */
function apic(options: Partial<LocalApicOptions> = {}) {
  const clock = new ManualClock();
  const seen = { intr: false, nmi: 0, eoi: [] as number[] };
  const local = new LocalApic({
    clock,
    intr: { set: (level) => (seen.intr = level) },
    nmi: { set: (level) => (seen.nmi += level ? 1 : 0) },
    broadcastEoi: (vector) => seen.eoi.push(vector),
    ...options,
  });
  const write = (offset: number, value: number) => local.write(offset, 32, value);
  const read = (offset: number) => local.read(offset, 32);
  write(SVR, 0x1ff);
  return { clock, local, seen, write, read };
}

describe('priorities', () => {
  test('the highest vector comes first and blocks its class and those below until EOI', () => {
    const { local, read, write, seen } = apic();
    local.receive(0x41, false);
    local.receive(0x52, false);
    expect(seen.intr).toBe(true);
    expect(local.acknowledge()).toBe(0x52);
    expect(read(PPR)).toBe(0x50);
    expect(local.pending()).toBe(false);
    local.receive(0x5f, false); // same class
    expect(local.pending()).toBe(false);
    local.receive(0x60, false);
    expect(local.acknowledge()).toBe(0x60);
    write(EOI, 0);
    expect(local.pending()).toBe(false);
    write(EOI, 0);
    expect(local.acknowledge()).toBe(0x5f);
    write(EOI, 0);
    expect(local.acknowledge()).toBe(0x41);
    expect(seen.intr).toBe(false);
  });

  test('TPR holds back its class and below; PPR is the higher of TPR and ISR', () => {
    const { local, read, write } = apic();
    write(TPR, 0x45);
    local.receive(0x4f, false);
    expect(local.pending()).toBe(false);
    expect(read(PPR)).toBe(0x45);
    write(TPR, 0x3f);
    expect(local.pending()).toBe(true);
  });

  test('a request that went away is acknowledged with the spurious vector, which is not in service', () => {
    const { local, read, write } = apic();
    local.receive(0x31, false);
    write(TPR, 0xf0);
    expect(local.acknowledge()).toBe(0xff);
    expect(read(0x170)).toBe(0);
  });

  test('IRR, ISR and TMR show vectors in banks of 32', () => {
    const { local, read } = apic();
    local.receive(0x83, true);
    expect([read(0x240), read(0x1c0), read(0x140)]).toEqual([8, 8, 0]);
    local.acknowledge();
    expect([read(0x240), read(0x140)]).toEqual([0, 8]);
  });

  test('only the EOI of a level-triggered interrupt is broadcast', () => {
    const { local, write, seen } = apic();
    local.receive(0x40, false);
    local.acknowledge();
    write(EOI, 0);
    local.receive(0x40, true);
    local.acknowledge();
    write(EOI, 0);
    expect(seen.eoi).toEqual([0x40]);
  });
});

describe('enabling', () => {
  test('after reset it is disabled: nothing is accepted and LVT masks cannot be cleared', () => {
    const { local, read, write } = apic();
    local.reset();
    expect(read(SVR)).toBe(0xff);
    expect(local.receive(0x40, false)).toBe(false);
    write(LVT_LINT0, 0x700);
    expect(read(LVT_LINT0)).toBe(0x700 | MASKED);
    expect(local.pending()).toBe(false);
  });

  test('disabling masks the whole LVT', () => {
    const { read, write } = apic();
    write(LVT_TIMER, 0x40);
    write(SVR, 0xff);
    expect(read(LVT_TIMER)).toBe(0x40 | MASKED);
  });

  test('globally disabled, LINT0 is INTR and LINT1 is NMI', () => {
    const { local, seen } = apic({ extInt: () => 0x08 });
    local.setGlobalEnable(false);
    local.lint0.set(true);
    expect(seen.intr).toBe(true);
    expect(local.acknowledge()).toBe(0x08);
    local.lint1.set(true);
    expect(seen.nmi).toBe(1);
  });
});

describe('local pins', () => {
  test('virtual wire mode passes the 8259 through, as long as it asks', () => {
    const { local, seen, write } = apic({ extInt: () => 0x36 });
    local.enterVirtualWire();
    local.lint0.set(true);
    expect(seen.intr).toBe(true);
    expect(local.acknowledge()).toBe(0x36);
    expect(seen.intr).toBe(true); // the 8259 still drives its INTR
    local.lint0.set(false);
    expect(seen.intr).toBe(false);
    local.lint0.set(true);
    write(LVT_LINT0, 0x700 | MASKED);
    expect(seen.intr).toBe(false);
  });

  test('a fixed LINT0 takes edges, or a level once per EOI', () => {
    const { local, write, read } = apic();
    write(LVT_LINT0, 0x31);
    local.lint0.set(true);
    expect(local.acknowledge()).toBe(0x31);
    write(EOI, 0);
    expect(local.pending()).toBe(false);
    local.lint0.set(false);
    write(LVT_LINT0, 0x8031);
    local.lint0.set(true);
    expect(read(LVT_LINT0) & 0x4000).toBe(0x4000); // remote IRR
    expect(local.acknowledge()).toBe(0x31);
    expect(local.pending()).toBe(false);
    write(EOI, 0);
    expect(local.pending()).toBe(true);
  });

  test('LINT1 gives an NMI at each rising edge', () => {
    const { local, write, seen } = apic();
    write(LVT_LINT1, 0x400);
    local.lint1.set(true);
    local.lint1.set(true);
    local.lint1.set(false);
    local.lint1.set(true);
    expect(seen.nmi).toBe(2);
  });
});

describe('timer', () => {
  test('one-shot counts down at the divided bus clock and fires once', () => {
    const { clock, local, read, write } = apic(); // 1 GHz
    write(LVT_TIMER, 0x40);
    write(DIVIDE, 3); // by 16
    write(INITIAL, 1000);
    clock.advanceBy(8_000);
    expect(read(CURRENT)).toBe(500);
    clock.advanceBy(7_999);
    expect(local.pending()).toBe(false);
    clock.advanceBy(1);
    expect(local.acknowledge()).toBe(0x40);
    write(EOI, 0);
    clock.advanceBy(100_000);
    expect(local.pending()).toBe(false);
    expect(read(CURRENT)).toBe(0);
  });

  test('periodic reloads without drift, however late somebody looks', () => {
    const { clock, local, read, write } = apic();
    write(LVT_TIMER, 0x20040);
    write(DIVIDE, 0b1011); // by 1
    write(INITIAL, 100_000);
    for (let k = 0; k < 3; k++) {
      clock.advanceBy(100_000);
      expect(local.acknowledge()).toBe(0x40);
      write(EOI, 0);
    }
    clock.advanceBy(30_000);
    expect(read(CURRENT)).toBe(70_000);
    write(INITIAL, 0);
    clock.advanceBy(1e6);
    expect(local.pending()).toBe(false);
  });

  test('a masked timer counts and does not fire; unmasking does not fire what was missed', () => {
    const { clock, local, write } = apic();
    write(LVT_TIMER, 0x10040);
    write(INITIAL, 10);
    clock.advanceBy(1000);
    write(LVT_TIMER, 0x40);
    expect(local.pending()).toBe(false);
  });

  test('a period of one tick does not stop the clock of the machine', () => {
    const { clock, local, write } = apic();
    write(LVT_TIMER, 0x20040);
    write(DIVIDE, 0b1011);
    write(INITIAL, 1);
    clock.advanceBy(1e9); // 50,000 expiries, not 1,000,000,000
    expect(local.pending()).toBe(true);
  });

  test('TSC deadline fires once at its time and reads as 0 then', () => {
    const { clock, local, read, write } = apic();
    local.setDeadline(500);
    expect(local.deadline()).toBe(0); // not in that mode
    write(LVT_TIMER, 0x40040);
    local.setDeadline(500);
    write(INITIAL, 10); // ignored in this mode
    clock.advanceTo(499);
    expect([local.pending(), local.deadline(), read(CURRENT)]).toEqual([false, 500, 0]);
    clock.advanceTo(500);
    expect([local.pending(), local.deadline()]).toEqual([true, 0]);
  });

  test('goes on after save and load into another machine', () => {
    const one = apic();
    one.write(LVT_TIMER, 0x40);
    one.write(INITIAL, 1000);
    one.clock.advanceBy(500);
    const two = apic();
    two.clock.advanceTo(500);
    two.local.load(one.local.save());
    expect(two.read(CURRENT)).toBe(one.read(CURRENT));
    two.clock.advanceTo(1999);
    expect(two.local.pending()).toBe(false);
    two.clock.advanceTo(2000);
    expect(two.local.acknowledge()).toBe(0x40);
  });
});

describe('messages', () => {
  test.each([
    ['self shorthand', 0, 0x40041],
    ['all including self', 0, 0x80041],
    ['physical', 0x00000000, 0x41],
    ['physical broadcast', 0xff000000, 0x41],
    ['logical flat', 0x06000000, 0x841],
  ])('an IPI to %s arrives', (_, high, low) => {
    const { local, write } = apic();
    write(LDR, 0x02000000);
    write(ICR_HIGH, high);
    write(ICR_LOW, low);
    expect(local.pending() && local.acknowledge()).toBe(0x41);
  });

  test.each([
    ['all but self', 0, 0xc0041],
    ['another physical ID', 0x03000000, 0x41],
    ['another logical ID', 0x04000000, 0x841],
    ['INIT and start-up', 0, 0x40500],
  ])('an IPI to %s does not', (_, high, low) => {
    const { local, write } = apic();
    write(LDR, 0x02000000);
    write(ICR_HIGH, high);
    write(ICR_LOW, low);
    expect(local.pending()).toBe(false);
  });

  test('the cluster model matches cluster and member', () => {
    const { local, write } = apic();
    write(DFR, 0);
    write(LDR, 0x21000000);
    expect(local.message(0x50, 0, false, 0x23, true)).toBe(true);
    expect(local.message(0x51, 0, false, 0x13, true)).toBe(false);
    expect(local.message(0x52, 0, false, 0x22, true)).toBe(false);
  });

  test('an NMI message and a message-signalled interrupt', () => {
    const { local, seen } = apic();
    local.message(0, NMI, false, 0, false);
    expect(seen.nmi).toBe(1);
    expect(local.messageSignalled(0xfee00000, 0x45)).toBe(true);
    expect(local.acknowledge()).toBe(0x45);
  });

  test('illegal vectors are errors: seen in ESR after it is written, and through the error entry', () => {
    const { local, read, write } = apic();
    write(LVT_ERROR, 0x33);
    write(ICR_LOW, 0x40003);
    expect(local.acknowledge()).toBe(0x33);
    expect(read(ESR)).toBe(0);
    write(ESR, 0);
    expect(read(ESR)).toBe(0x20);
    write(ESR, 0);
    expect(read(ESR)).toBe(0);
  });
});

test('identification, and accesses that are not aligned doublewords', () => {
  const { local, read, write } = apic({ id: 2 });
  expect(read(ID)).toBe(0x02000000);
  expect(read(0x30)).toBe(0x00050014);
  expect(local.read(0x30, 8)).toBe(0x14);
  expect(local.read(0x32, 16)).toBe(0x0005);
  local.write(TPR, 8, 0x50);
  write(TPR + 4, 0x50);
  expect(read(TPR)).toBe(0);
});

describe('I/O APIC', () => {
  /** Wired to an enabled local APIC, as the machine does it. */
  function pair() {
    const one = apic({ broadcastEoi: (vector) => io.endOfInterrupt(vector), extInt: () => 0x77 });
    const io: IoApic = new IoApic({ deliver: (...message) => one.local.message(...message), id: 1 });
    const set = (index: number, value: number) => {
      io.write(0, 32, index);
      io.write(0x10, 32, value);
    };
    const get = (index: number) => {
      io.write(0, 32, index);
      return io.read(0x10, 32);
    };
    const pin = (n: number, level: boolean) => io.pins[n]?.set(level);
    return { ...one, io, set, get, pin };
  }

  test('identification and reset values', () => {
    const { get } = pair();
    expect(get(0)).toBe(0x01000000);
    expect(get(1)).toBe(0x00170020);
    expect([get(0x10), get(0x3e), get(0x3f)]).toEqual([MASKED, MASKED, 0]);
    expect(get(0x40)).toBe(0); // behind the table
  });

  test('an edge is delivered once; at a masked pin it is lost', () => {
    const { local, pin, set, write } = pair();
    pin(4, true);
    set(0x18, 0x44);
    expect(local.pending()).toBe(false);
    pin(4, false);
    pin(4, true);
    expect(local.acknowledge()).toBe(0x44);
    write(EOI, 0);
    expect(local.pending()).toBe(false);
  });

  test('a level is delivered again after each EOI until the device is served', () => {
    const { local, pin, set, get, write } = pair();
    set(0x10 + 20, 0xa050); // level, active low
    pin(10, true);
    expect(get(0x10 + 20)).toBe(0xe050); // remote IRR
    expect(local.acknowledge()).toBe(0x50);
    write(EOI, 0);
    expect(local.acknowledge()).toBe(0x50);
    pin(10, false);
    write(EOI, 0);
    expect(local.pending()).toBe(false);
    expect(get(0x10 + 20)).toBe(0xa050);
  });

  test('a level that waits behind the mask is delivered when it is unmasked', () => {
    const { local, pin, set } = pair();
    set(0x24, 0x18050);
    pin(10, true);
    expect(local.pending()).toBe(false);
    set(0x24, 0x8050);
    expect(local.acknowledge()).toBe(0x50);
  });

  test('the EOI register, and going to edge and back, both end a level interrupt', () => {
    const { io, get, pin, set } = pair();
    set(0x24, 0x8050);
    pin(10, true);
    pin(10, false);
    io.write(0x40, 32, 0x50);
    expect(get(0x24)).toBe(0x8050);
    pin(10, true);
    pin(10, false);
    set(0x24, 0x10050);
    set(0x24, 0x8050);
    expect(get(0x24)).toBe(0x8050);
  });

  test('a level is not marked as in service when nobody accepts it', () => {
    const { get, pin, set } = pair();
    set(0x25, 0x05000000); // physical destination 5
    set(0x24, 0x8050);
    pin(10, true);
    expect(get(0x24)).toBe(0x8050);
  });

  test('logical destination and ExtINT delivery', () => {
    const { local, pin, set, write } = pair();
    write(LDR, 0x01000000);
    set(0x11 + 4, 0x01000000);
    set(0x10 + 4, 0x851);
    pin(2, true);
    expect(local.acknowledge()).toBe(0x51);
    set(0x10, EXT_INT << 8);
    pin(0, true);
    expect(local.pending() && local.acknowledge()).toBe(0x77);
    expect(local.pending()).toBe(false);
  });
});
