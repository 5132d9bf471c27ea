import { beforeEach, describe, expect, test } from 'vitest';
import { I8042 } from '../../src/devices/i8042.ts';
import { Ps2Keyboard } from '../../src/devices/ps2-keyboard.ts';
import { Ps2Mouse } from '../../src/devices/ps2-mouse.ts';
import { ManualClock } from '../../src/lib/clock.ts';
import { inb, outb, Probe } from './wires.ts';

const OBF = 0x01;
const AUX = 0x20;

let clock: ManualClock;
let irq1: Probe;
let irq12: Probe;
let a20: Probe;
let reset: Probe;
let keyboard: Ps2Keyboard;
let mouse: Ps2Mouse;
let controller: I8042;

function make(withMouse = true, manual = new ManualClock()): void {
  clock = manual;
  [irq1, irq12, a20, reset] = [new Probe(), new Probe(), new Probe(), new Probe()];
  keyboard = new Ps2Keyboard({ clock });
  mouse = new Ps2Mouse();
  const devices = withMouse ? { keyboard, mouse } : { keyboard };
  controller = new I8042({ clock, ...devices, keyboardIrq: irq1, mouseIrq: irq12, a20, reset });
}

const status = () => inb(controller.command, 0);
const readData = () => inb(controller.data, 0);
const writeData = (value: number) => outb(controller.data, 0, value);

/** A command to the controller, its data bytes, and as many answers as are there. */
function command(code: number, ...data: number[]): void {
  outb(controller.command, 0, code);
  for (const byte of data) writeData(byte);
}

/** Reads what comes within 50 ms, as [byte, from auxiliary device]. */
function receive(): [number, boolean][] {
  const bytes: [number, boolean][] = [];
  for (let wait = 0; wait < 50; ) {
    const state = status();
    if (state & OBF) {
      bytes.push([readData(), (state & AUX) !== 0]);
      wait = 0;
    } else {
      clock.advanceBy(1e6);
      wait++;
    }
  }
  return bytes;
}

/** Time passes that its timers are told of later, as while the host is busy. */
class LateClock extends ManualClock {
  late = 0;

  override now(): number {
    return super.now() + this.late;
  }
}

const receivedBytes = () => receive().map(([byte]) => byte);

function keyboardCommand(...bytes: number[]): number[] {
  return bytes.flatMap((byte) => {
    writeData(byte);
    return receivedBytes();
  });
}

function mouseCommand(...bytes: number[]): number[] {
  return bytes.flatMap((byte) => {
    command(0xd4, byte);
    const received = receive();
    expect(received.every(([, aux]) => aux)).toBe(true);
    return received.map(([value]) => value);
  });
}

beforeEach(() => make());

describe('the probe of the i8042 driver of Linux', () => {
  test('controller check: nothing to flush, not a chip that is not there', () => {
    expect(status()).not.toBe(0xff);
    expect(status() & OBF).toBe(0);
  });

  test('self-test answers 55h', () => {
    command(0xaa);
    expect(status() & OBF).toBe(OBF);
    expect(readData()).toBe(0x55);
    expect(status() & 0x04).toBe(0x04);
  });

  test('the command byte reads back what was written, with the keyboard unlocked', () => {
    command(0x20);
    expect(readData()).toBe(0x47);
    command(0x60, 0x56);
    command(0x20);
    expect(readData()).toBe(0x56);
    expect(status() & 0x10).toBe(0x10);
  });

  test('AUX loop test: D3h brings the byte back as one of the auxiliary device', () => {
    command(0xd3, 0x5a);
    expect(status() & (OBF | AUX)).toBe(OBF | AUX);
    expect(readData()).toBe(0x5a);
  });

  test('AUX loop is no multiplexer: F0h, 56h, A4h come back as they are', () => {
    for (const byte of [0xf0, 0x56, 0xa4]) {
      command(0xd3, byte);
      expect(readData()).toBe(byte);
    }
  });

  test('bit assignment: A7h sets bit 5 of the command byte, A8h clears it', () => {
    command(0xa7);
    command(0x20);
    expect(readData() & 0x20).toBe(0x20);
    command(0xa8);
    command(0x20);
    expect(readData() & 0x20).toBe(0);
  });

  test('AUX IRQ test: the loop byte raises IRQ 12 while that is enabled, reading it lowers the line', () => {
    command(0x60, 0x47 & ~0x01);
    command(0xd3, 0xa5);
    expect(irq12.level).toBe(true);
    expect(irq1.rises).toBe(0);
    expect(status() & (OBF | AUX)).toBe(OBF | AUX);
    expect(readData()).toBe(0xa5);
    expect(irq12.level).toBe(false);
  });

  test('both line tests answer zero', () => {
    command(0xa9);
    expect(readData()).toBe(0);
    command(0xab);
    expect(readData()).toBe(0);
  });
});

describe('the probe of atkbd', () => {
  test('reset: acknowledge, then completion of the self-test', () => {
    expect(keyboardCommand(0xff)).toEqual([0xfa, 0xaa]);
  });

  test('identity: AB 83, through translation AB 41', () => {
    expect(keyboardCommand(0xf2)).toEqual([0xfa, 0xab, 0x41]);
    command(0x60, 0x05);
    expect(keyboardCommand(0xf2)).toEqual([0xfa, 0xab, 0x83]);
  });

  test('lights', () => {
    expect(keyboardCommand(0xed, 0x05)).toEqual([0xfa, 0xfa]);
    expect(keyboard.leds).toBe(5);
  });

  test('set 2 is selected; set 3 is refused', () => {
    command(0x60, 0x05);
    expect(keyboardCommand(0xf0, 0x02)).toEqual([0xfa, 0xfa]);
    expect(keyboardCommand(0xf0, 0x00)).toEqual([0xfa, 0xfa, 0x02]);
    expect(keyboardCommand(0xf0, 0x03)).toEqual([0xfa, 0xfe]);
    expect(keyboardCommand(0xf0, 0x01)).toEqual([0xfa, 0xfa]);
    expect(keyboardCommand(0xf0, 0x00)).toEqual([0xfa, 0xfa, 0x01]);
  });

  test('typematic rate, enable, disable, echo, an unknown command, resend', () => {
    expect(keyboardCommand(0xf3, 0x00)).toEqual([0xfa, 0xfa]);
    expect(keyboardCommand(0xf5)).toEqual([0xfa]);
    expect(keyboardCommand(0xf4)).toEqual([0xfa]);
    expect(keyboardCommand(0xee)).toEqual([0xee]);
    expect(keyboardCommand(0xef)).toEqual([0xfe]);
    expect(keyboardCommand(0xfe)).toEqual([0xee]);
  });

  test('a command in the place of an argument is a command', () => {
    expect(keyboardCommand(0xed, 0xf4)).toEqual([0xfa, 0xfa]);
    expect(keyboardCommand(0x02)).toEqual([0xfe]);
  });
});

describe('keys', () => {
  function tap(code: string): number[] {
    keyboard.press(code);
    keyboard.release(code);
    return receivedBytes();
  }

  test('translated to set 1: A is 1E, 9E', () => {
    expect(tap('KeyA')).toEqual([0x1e, 0x9e]);
    expect(tap('ArrowUp')).toEqual([0xe0, 0x48, 0xe0, 0xc8]);
    expect(tap('F7')).toEqual([0x41, 0xc1]);
  });

  test('set 2 without translation: A is 1C, F0 1C', () => {
    command(0x60, 0x05);
    expect(tap('KeyA')).toEqual([0x1c, 0xf0, 0x1c]);
    expect(tap('ArrowUp')).toEqual([0xe0, 0x75, 0xe0, 0xf0, 0x75]);
  });

  test('set 1 from the keyboard itself, without translation', () => {
    command(0x60, 0x05);
    keyboardCommand(0xf0, 0x01);
    expect(tap('KeyA')).toEqual([0x1e, 0x9e]);
    expect(tap('ControlRight')).toEqual([0xe0, 0x1d, 0xe0, 0x9d]);
  });

  test('Print Screen and Pause in set 1', () => {
    expect(tap('PrintScreen')).toEqual([0xe0, 0x2a, 0xe0, 0x37, 0xe0, 0xb7, 0xe0, 0xaa]);
    expect(tap('Pause')).toEqual([0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5]);
    keyboard.press('ControlLeft');
    expect(receivedBytes()).toEqual([0x1d]);
    expect(tap('Pause')).toEqual([0xe0, 0x46, 0xe0, 0xc6]);
    keyboard.release('ControlLeft');
    keyboard.press('AltLeft');
    receive();
    expect(tap('PrintScreen')).toEqual([0x54, 0xd4]); // System Request
  });

  test('each byte has its own edge of IRQ 1', () => {
    keyboard.press('ArrowUp');
    clock.advanceBy(1e6);
    expect(irq1.rises).toBe(1);
    readData();
    expect(irq1.level).toBe(false);
    clock.advanceBy(1e6);
    expect(irq1.rises).toBe(2);
  });

  test('data stay readable after the buffer is empty, until the next byte has come', () => {
    keyboard.press('KeyA');
    keyboard.press('KeyB');
    clock.advanceBy(1e6);
    expect([readData(), readData()]).toEqual([0x1e, 0x1e]);
    clock.advanceBy(1e6);
    expect(readData()).toBe(0x30);
  });

  test('a disabled port keeps its bytes, and gives them when it is enabled', () => {
    command(0xad);
    keyboard.press('KeyA');
    expect(receivedBytes()).toEqual([]);
    command(0xae);
    expect(receivedBytes()).toEqual([0x1e]);
  });

  test('a keyboard that does not scan sends nothing', () => {
    keyboardCommand(0xf5);
    expect(tap('KeyA')).toEqual([]);
    keyboardCommand(0xf4);
    expect(tap('KeyB')).toEqual([0x30, 0xb0]);
  });

  test('no reply splits a sequence', () => {
    command(0x60, 0x05);
    keyboard.press('ArrowUp');
    clock.advanceBy(1e6);
    writeData(0xee); // echo, while 75h waits
    expect(receivedBytes()).toEqual([0xe0, 0x75, 0xee]);
  });

  test('a key that stays down repeats: 500 ms, then 10.9 a second', () => {
    keyboard.press('KeyA');
    keyboard.press('KeyA'); // the host's own repetition
    clock.advanceBy(400e6);
    expect(readData()).toBe(0x1e);
    expect(status() & OBF).toBe(0);
    let repetitions = 0;
    for (const end = clock.now() + 1100e6; clock.now() < end; clock.advanceBy(1e6)) {
      if (status() & OBF) {
        expect(readData()).toBe(0x1e);
        repetitions++;
      }
    }
    expect(repetitions).toBe(11);
    keyboard.release('KeyA');
    expect(receivedBytes()).toEqual([0x9e]);
    expect(clock.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
  });

  test('a long text typed ahead arrives whole', () => {
    const keys = Array.from({ length: 100 }, (_, k) => (k % 2 ? 'KeyA' : 'KeyB'));
    for (const key of keys) {
      keyboard.press(key);
      keyboard.release(key);
    }
    expect(receivedBytes()).toEqual(keys.flatMap((key) => (key === 'KeyA' ? [0x1e, 0x9e] : [0x30, 0xb0])));
  });

  test('a full buffer ends with the overrun code', () => {
    command(0x60, 0x05);
    for (let k = 0; k < 400; k++) {
      keyboard.press('KeyA');
      keyboard.release('KeyA');
    }
    const bytes = receivedBytes();
    expect(bytes.length).toBe(1024);
    expect(bytes.at(-1)).toBe(0);
  });

  test('a key that is not there is an error of the host', () => {
    expect(() => keyboard.press('KeyÄ')).toThrow(RangeError);
  });
});

describe('controller', () => {
  test('A20 through the output port', () => {
    controller.reset();
    expect(a20.level).toBe(true);
    command(0xd1, 0xdd);
    expect(a20.level).toBe(false);
    command(0xd0);
    expect(readData() & 0x03).toBe(0x01);
    command(0xd1, 0xdf);
    expect(a20.level).toBe(true);
    command(0xdd);
    expect(a20.level).toBe(false);
    command(0xdf);
    expect(a20.level).toBe(true);
    expect(reset.rises).toBe(0);
  });

  test('FEh pulses reset, FFh nothing, D1h with bit 0 clear resets too', () => {
    command(0xff);
    expect(reset.rises).toBe(0);
    command(0xfe);
    expect([reset.rises, reset.level]).toEqual([1, false]);
    command(0xd1, 0x02);
    expect(reset.rises).toBe(2);
  });

  test('D2h looks like the keyboard', () => {
    command(0xd2, 0x1e);
    expect(irq1.level).toBe(true);
    expect(status() & AUX).toBe(0);
    expect(readData()).toBe(0x1e);
  });

  test('an answer waits for the buffer and goes before the keys', () => {
    keyboard.press('KeyA');
    keyboard.press('KeyB');
    clock.advanceBy(1e6);
    command(0x20);
    expect(readData()).toBe(0x1e);
    expect(readData()).toBe(0x47);
    expect(receivedBytes()).toEqual([0x30]);
  });

  test('a byte that is complete is there before its timer has fired, once', () => {
    const late = new LateClock();
    make(true, late);
    writeData(0xee);
    expect(status() & OBF).toBe(0);
    late.late = 300e6;
    expect(status() & OBF).toBe(OBF);
    expect(readData()).toBe(0xee);
    expect(late.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
    expect(irq1.rises).toBe(1);
  });

  test('its RAM has 32 bytes', () => {
    command(0x7f, 0x99);
    command(0x3f);
    expect(readData()).toBe(0x99);
    command(0x20);
    expect(readData()).toBe(0x47);
  });

  test('A4h: no password; status tells commands from data', () => {
    command(0xa4);
    expect(status() & 0x08).toBe(0x08);
    expect(readData()).toBe(0xf1);
    writeData(0xee);
    expect(status() & 0x08).toBe(0);
  });

  test('interrupts that are off leave the lines low, and rise when they are enabled over a full buffer', () => {
    command(0x60, 0x44);
    keyboard.press('KeyA');
    clock.advanceBy(1e6);
    expect(irq1.level).toBe(false);
    expect(status() & OBF).toBe(OBF);
    command(0x60, 0x45);
    expect(irq1.level).toBe(true);
  });

  test('without a mouse its commands time out', () => {
    make(false);
    command(0xd4, 0xff);
    expect(status() & (OBF | AUX | 0x40)).toBe(OBF | AUX | 0x40);
    expect(readData()).toBe(0xfe);
  });

  test('save and load carry a byte on its way and a break prefix', () => {
    keyboard.press('KeyA');
    receive();
    keyboard.release('KeyA');
    clock.advanceBy(0.7e6); // F0 is swallowed, 1C under way
    const states = JSON.parse(JSON.stringify([controller.save(), keyboard.save(), mouse.save()]));
    const now = clock.now();
    make();
    clock.advanceTo(now);
    keyboard.load(states[1]);
    mouse.load(states[2]);
    controller.load(states[0]);
    expect(receivedBytes()).toEqual([0x9e]);
  });

  test('reset enables A20 and forgets what was in the buffer', () => {
    command(0xd3, 0x11);
    controller.reset();
    expect(irq12.level).toBe(false);
    expect(status() & OBF).toBe(0);
  });
});

describe('mouse', () => {
  test("psmouse's probe: identity, reset and disable", () => {
    expect(mouseCommand(0xf2)).toEqual([0xfa, 0x00]);
    expect(mouseCommand(0xf6)).toEqual([0xfa]);
    expect(mouseCommand(0xff)).toEqual([0xfa, 0xaa, 0x00]);
    expect(mouseCommand(0xf5)).toEqual([0xfa]);
  });

  test('no Synaptics touchpad: the sliced identify gives status, resolution and rate', () => {
    for (let k = 0; k < 4; k++) expect(mouseCommand(0xe8, 0)).toEqual([0xfa, 0xfa]);
    expect(mouseCommand(0xe9)).toEqual([0xfa, 0x00, 0x00, 100]);
  });

  test('no TrackPoint: E1h is unknown', () => {
    expect(mouseCommand(0xe1)).toEqual([0xfe]);
  });

  test('IntelliMouse after the rates 200, 100, 80; Explorer after 200, 200, 80', () => {
    const setRates = (...rates: number[]) => {
      for (const rate of rates) expect(mouseCommand(0xf3, rate)).toEqual([0xfa, 0xfa]);
    };
    setRates(200, 200, 80);
    expect(mouseCommand(0xf2)).toEqual([0xfa, 0]); // not without the first knock
    setRates(200, 100, 80);
    expect(mouseCommand(0xf2)).toEqual([0xfa, 3]);
    setRates(200, 200, 80);
    expect(mouseCommand(0xf2)).toEqual([0xfa, 4]);
    mouseCommand(0xf4);
    mouse.move(1, 0, -1);
    mouse.button('forward', true);
    expect(receivedBytes()).toEqual([0x08, 0x01, 0x00, 0x2f]);
    expect(mouseCommand(0xff)).toEqual([0xfa, 0xaa, 0x00]);
    expect(mouseCommand(0xf2)).toEqual([0xfa, 0]);
  });

  test('a packet: buttons, signs, y upwards', () => {
    mouseCommand(0xf4);
    mouse.move(5, 3);
    expect(receive()).toEqual([
      [0x28, true],
      [5, true],
      [0xfd, true],
    ]);
    mouse.button('left', true);
    mouse.button('middle', true);
    expect(receivedBytes()).toEqual([0x0d, 0, 0]);
    mouse.move(-1, -2);
    expect(receivedBytes()).toEqual([0x1d, 0xff, 2]);
    expect(irq12.rises).toBeGreaterThanOrEqual(9);
  });

  test('motion adds up until it is read, and what is too large goes into more packets', () => {
    mouseCommand(0xf4);
    command(0xa7);
    mouse.move(100, 0);
    mouse.move(200, 0);
    command(0xa8);
    expect(receivedBytes()).toEqual([0x08, 255, 0, 0x08, 45, 0]);
  });

  test('disabled it is silent, and enabling it forgets the motion before', () => {
    mouse.move(5, 5);
    expect(receivedBytes()).toEqual([]);
    expect(mouseCommand(0xf4)).toEqual([0xfa]);
  });

  test('remote mode gives a packet on demand', () => {
    mouseCommand(0xf4, 0xf0);
    mouse.move(7, 0);
    expect(receivedBytes()).toEqual([]);
    expect(mouseCommand(0xeb)).toEqual([0xfa, 0x08, 7, 0]);
    expect(mouseCommand(0xe9)[1]).toBe(0x60);
    expect(mouseCommand(0xea)).toEqual([0xfa]);
  });

  test('wrap mode echoes all but its end and reset', () => {
    expect(mouseCommand(0xee)).toEqual([0xfa]);
    expect(mouseCommand(0xf4, 0x12)).toEqual([0xf4, 0x12]);
    expect(mouseCommand(0xec)).toEqual([0xfa]);
    expect(mouseCommand(0xe7)).toEqual([0xfa]);
    expect(mouseCommand(0xe9)).toEqual([0xfa, 0x10, 2, 100]);
  });

  test('a command breaks off a packet', () => {
    mouseCommand(0xf4);
    mouse.move(1, 1);
    clock.advanceBy(1e6);
    expect(readData()).toBe(0x28);
    expect(mouseCommand(0xf5)).toEqual([0xfa]);
  });

  test('save and load', () => {
    mouseCommand(0xf3, 200, 0xf3, 100, 0xf3, 80, 0xf4);
    mouse.move(3, 0, 1);
    const state = JSON.parse(JSON.stringify(mouse.save()));
    mouse.reset();
    mouse.load(state);
    expect(receivedBytes()).toEqual([0x08, 3, 0, 1]);
  });
});
