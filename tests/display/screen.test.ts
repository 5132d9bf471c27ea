// The screen of a machine: text, pictures, changes, and what the adapter keeps.

import { inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { CODE_PAGE_437 } from '../../src/devices/vga/code-page-437.ts';
import { setMode3 } from '../../src/devices/vga/mode3.ts';
import { crc32, encodePng } from '../../src/lib/png.ts';
import { adapter, peek, pixels, poke, run } from './adapter.ts';
import { FRAME_BUFFER, scripts } from './vga-scripts.ts';

const bytes = (text: string, attribute = 7): Uint8Array =>
  Uint8Array.from([...text].flatMap((character) => [character.charCodeAt(0), attribute]));

function textMachine() {
  const machine = adapter();
  setMode3(machine.board.vga);
  return machine;
}

const out = (machine: ReturnType<typeof adapter>, port: number, ...values: number[]) => {
  for (const value of values) machine.board.ports.write(port, 8, value);
};

test('text is what the guest wrote, in Unicode, without what is empty', () => {
  const machine = textMachine();
  expect(machine.screen.text()).toBe('');
  poke(machine, 0xb8000, bytes('Hello'));
  poke(machine, 0xb8000 + 160 * 2 + 8, bytes('\xc9\xcd\xbb \xe1\x01'));
  expect(machine.screen.lines()?.slice(0, 3)).toEqual(['Hello', '', '    ╔═╗ ß☺']);
  expect(machine.screen.lines()).toHaveLength(25);
  expect(peek(machine, 0xb8000)).toBe(0x48);
});

test('code page 437 has 256 characters that differ, but for the three spaces', () => {
  expect(CODE_PAGE_437).toHaveLength(256);
  expect(new Set(CODE_PAGE_437).size).toBe(255);
});

test('the start address scrolls the text, and the cursor is where the CRT controller says', () => {
  const machine = textMachine();
  poke(machine, 0xb8000 + 160, bytes('second'));
  machine.board.ports.write(0x3d4, 16, 0x500d); // 80 characters on
  machine.board.ports.write(0x3d4, 16, 0x550f); // cursor at 85
  expect(machine.screen.text()).toBe('second');
  expect(machine.screen.cells()?.cursor).toEqual({ column: 5, row: 0 });
  machine.board.ports.write(0x3d4, 16, 0x200a);
  expect(machine.screen.cells()?.cursor).toBeUndefined();
});

test('text survives a font that is loaded, and is in the planes', () => {
  const machine = textMachine();
  poke(machine, 0xb8000, bytes('AB'));
  machine.board.ports.write(0x3c4, 16, 0x0604);
  machine.board.ports.write(0x3ce, 16, 0x0005);
  machine.board.ports.write(0x3ce, 16, 0x0406); // A0000h, no odd/even
  expect(peek(machine, 0xa0000)).toBe(0x41);
  expect(peek(machine, 0xa0001)).toBe(0x42);
  machine.board.ports.write(0x3ce, 16, 0x0e06);
  machine.board.ports.write(0x3ce, 16, 0x1005);
  machine.board.ports.write(0x3c4, 16, 0x0204);
  expect(machine.screen.text()).toBe('AB');
  expect(peek(machine, 0xb8002)).toBe(0x42);
});

test('a watcher finds text when it is there; waiting ends with the machine', async () => {
  const machine = textMachine();
  let found = '';
  machine.screen.watch(/w(or)ld/, (match) => {
    found = match[1] as string;
  });
  poke(machine, 0xb8000, bytes('hello world'));
  expect(found).toBe('');
  machine.screen.turn();
  expect(found).toBe('or');
  await expect(machine.waitForScreen('hello', { timeout: 10 })).resolves.toMatchObject({ index: 0 });
  const never = machine.waitForScreen('goodbye');
  machine.stop();
  await expect(never).rejects.toThrow('the machine stopped (stopped) before the screen matched "goodbye"');
});

test('a change is told once until the picture was taken, for text, frame buffer, and registers', () => {
  const machine = textMachine();
  let changes = 0;
  machine.screen.on('change', () => changes++);
  const turn = () => {
    machine.screen.turn();
    return changes;
  };
  expect(turn()).toBe(1);
  expect(turn()).toBe(1);
  machine.screen.frame();
  expect(turn()).toBe(1);
  poke(machine, 0xb8000, bytes('x'));
  poke(machine, 0xb8010, bytes('y'));
  expect(turn()).toBe(2);
  machine.screen.frame();
  expect(turn()).toBe(2);
  machine.board.ports.write(0x3d4, 16, 0x010d);
  expect(turn()).toBe(3);
  run(machine, scripts['VBE 32 bits'] as never);
  machine.screen.frame();
  expect(turn()).toBe(3);
  poke(machine, FRAME_BUFFER + 100_000, Uint8Array.of(1));
  expect(turn()).toBe(4);
});

test('of a frame buffer only the lines that changed are drawn again, and all that changed are', () => {
  const machine = adapter();
  run(machine, scripts['VBE 32 bits'] as never);
  const before = pixels(machine).rgb.slice();
  poke(machine, FRAME_BUFFER + 4 * (320 * 150 + 7), Uint8Array.of(0x11, 0x22, 0x33));
  const after = pixels(machine).rgb;
  const at = 3 * (320 * 150 + 7);
  expect([...after.subarray(at, at + 3)]).toEqual([0x33, 0x22, 0x11]);
  before.set([0x33, 0x22, 0x11], at);
  expect(after).toEqual(before);
});

test('a DMA write into the frame buffer shows', () => {
  const machine = adapter();
  run(machine, scripts['VBE 8 bits, wide DAC, through banks'] as never);
  pixels(machine);
  machine.memory.writePhysical(0xa0000, new Uint8Array(16).fill(7)); // bank 1: line 204 of 320 pixels
  const { rgb } = pixels(machine);
  expect([...rgb.subarray(3 * 65536, 3 * 65536 + 3)]).toEqual([0x12, 0x9a, 0xff]);
});

test('pixel panning shifts a planar picture to the left', () => {
  const machine = adapter();
  run(machine, scripts['planar 640x480'] as never);
  const before = pixels(machine).rgb.slice();
  machine.board.ports.read(0x3da, 8);
  out(machine, 0x3c0, 0x33, 3);
  const after = pixels(machine).rgb;
  for (const y of [0, 100, 479]) {
    const [from, to] = [3 * (640 * y + 3), 3 * 640 * (y + 1)];
    expect(after.subarray(3 * 640 * y, to - 9)).toEqual(before.subarray(from, to));
  }
});

test('a saved adapter shows the same', () => {
  for (const name of ['text, 80 columns', 'planar 640x480', 'VBE 16 bits, virtual screen']) {
    const one = adapter();
    run(one, scripts[name] as never);
    const other = adapter();
    const { vga } = one.board;
    const state = structuredClone(vga.save());
    other.board.vga.memory.set(vga.memory);
    other.board.vga.load(state);
    expect(pixels(other), name).toEqual(pixels(one));
    // Both go on alike.
    for (const machine of [one, other]) poke(machine, name.startsWith('VBE') ? 0xa0000 : 0xb8000, bytes('abc'));
    expect(pixels(other), name).toEqual(pixels(one));
  }
});

test('retrace comes once a frame, of 70 Hz in mode 3', () => {
  const machine = textMachine();
  const { vga } = machine.board;
  const { timing } = vga.registers;
  expect(1e9 / timing.frameNanos).toBeCloseTo(70, 0);
  let [retraces, displayed, last] = [0, 0, false];
  const step = 1000;
  const from = 5 * timing.frameNanos;
  for (let now = from; now < from + 10 * timing.frameNanos; now += step) {
    const retracing = timing.retracing(now);
    if (retracing && !last) retraces++;
    last = retracing;
    if (timing.displaying(now)) displayed++;
    expect(retracing && timing.displaying(now)).toBe(false);
  }
  expect(retraces).toBe(10);
  // 640 of 800 dots in 400 of 449 lines.
  expect((displayed * step) / (10 * timing.frameNanos)).toBeCloseTo((640 / 800) * (400 / 449), 2);
});

test('the DAC answers where it was written; the CRT controller protects its timing; mono moves the ports', () => {
  const machine = textMachine();
  const { ports } = machine.board;
  out(machine, 0x3c8, 200, 1, 2, 3); // 3C8h thrice more: only the last counts
  out(machine, 0x3c8, 200);
  out(machine, 0x3c9, 0x3f, 0x15, 0x2a);
  out(machine, 0x3c7, 200);
  expect([0, 1, 2].map(() => ports.read(0x3c9, 8))).toEqual([0x3f, 0x15, 0x2a]);
  out(machine, 0x3d4, 0x00, 0x00);
  expect(ports.read(0x3d5, 8)).toBe(0x5f);
  out(machine, 0x3d4, 0x11);
  out(machine, 0x3d5, 0x8e);
  out(machine, 0x3d4, 0x00);
  out(machine, 0x3d5, 0x12);
  expect(ports.read(0x3d5, 8)).toBe(0x5f);
  out(machine, 0x3c2, 0x66);
  expect(ports.read(0x3d5, 8)).toBe(0xff);
  expect(ports.read(0x3b5, 8)).toBe(0x5f);
});

test('VBE: capabilities, identity, memory, and what is not possible', () => {
  const machine = adapter();
  const { ports } = machine.board;
  const get = (index: number) => {
    ports.write(0x1ce, 16, index);
    return ports.read(0x1cf, 16);
  };
  const set = (index: number, value: number) => {
    ports.write(0x1ce, 16, index);
    ports.write(0x1cf, 16, value);
  };
  expect(get(0)).toBe(0xb0c5);
  set(0, 0xb0c0);
  expect(get(0)).toBe(0xb0c0);
  expect(get(10)).toBe(256);
  set(4, 2);
  expect([get(1), get(2), get(3)]).toEqual([2560, 1600, 32]);
  set(4, 0);
  set(3, 17);
  expect(get(3)).toBe(8);
  set(4, 1);
  expect(get(4) & 1, 'no size yet').toBe(0);
  for (const [index, value] of [
    [1, 2560],
    [2, 1600],
    [3, 32],
    [4, 1],
  ] as const)
    set(index, value);
  expect(get(4) & 1).toBe(1);
  set(6, 4096);
  expect(get(6), 'does not fit in 16 MiB').toBe(2560);
  set(9, 5000);
  expect(get(9)).toBe(get(7) - 1600);
});

test('PNG: the chunks are right, and the pixels come back', async () => {
  const rgba = Uint8Array.from({ length: 4 * 5 * 3 }, (_, k) => k * 7);
  const file = Buffer.from(await encodePng(5, 3, rgba));
  expect(file.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    expect(file.readUInt32BE(at + 8 + length)).toBe(crc32(file.subarray(at + 4, at + 8 + length)));
    chunks.set(type, file.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  expect([...chunks.keys()]).toEqual(['IHDR', 'IDAT', 'IEND']);
  expect([...(chunks.get('IHDR') as Buffer)]).toEqual([0, 0, 0, 5, 0, 0, 0, 3, 8, 2, 0, 0, 0]);
  const lines = inflateSync(chunks.get('IDAT') as Buffer);
  expect(lines).toHaveLength(3 * 16);
  expect([...lines.subarray(16, 20)]).toEqual([0, ...rgba.subarray(20, 23)]);
  // The check value of this CRC.
  expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
});
