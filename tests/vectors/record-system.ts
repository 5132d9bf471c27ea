// Records what QEMU (TCG) makes of the scenarios of tests/isa/system-scenarios.ts: a small firmware loads the state, a
// breakpoint stops at the instruction, one step executes it.
//
//   nasm -f bin -o system-loader.bin tests/vectors/system-loader.asm
//   node tests/vectors/record-system.ts system-loader.bin | gzip -9n > tests/vectors/system-scenarios.txt.gz
//
// A line: name, `ok` or `shutdown`, and the fields that changed, memory last, as `changes` writes them.

import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { argv } from 'node:process';
import { CS, LDTR, SS, TR } from '../../src/isa/insn.ts';
import { getEflags } from '../../src/isa/semantics/eflags.ts';
import { CR0_PE } from '../../src/isa/system-bits.ts';
import type { Machine } from '../isa/system-machine.ts';
import { scenarios } from '../isa/system-scenarios.ts';
import { BYTES, fields, GDT } from '../isa/system-world.ts';

const PARAMETERS = 0x200000;
const LOADING_GDT = 0x210000;
const IMAGE = 0x400000;
/** Flat code and data and 64 KiB of code and data at F0000H, for the loader. */
const LOADER_SEGMENTS = [
  0x0000ffff, 0x00cf9b00, 0x0000ffff, 0x00cf9300, 0x0000ffff, 0x00009b0f, 0x0000ffff, 0x00009300,
];

const directory = mkdtempSync('/dev/shm/system-');
const ram = `${directory}/ram`;
const gdb = `${directory}/gdb`;
const qemu = spawn(
  'qemu-system-i386',
  ['-M', 'pc,memory-backend=ram', '-m', '16M', '-cpu', 'qemu32,+vme,+sep,+pae', '-nodefaults', '-display', 'none', '-S']
    .concat('-object', `memory-backend-file,id=ram,size=16M,mem-path=${ram},share=on`)
    .concat('-bios', argv[2] as string, '-gdb', `unix:${gdb},server=on,wait=off`),
  { stdio: ['ignore', 'inherit', 'inherit'] },
);

/** GDB's remote protocol, as much as is needed. */
class Remote {
  readonly #socket: Socket;
  #buffer = '';
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (data: string) => {
      this.#buffer += data;
      this.#wake?.();
    });
  }

  send(text: string): void {
    let sum = 0;
    for (const c of text) sum = (sum + c.charCodeAt(0)) & 255;
    this.#socket.write(`$${text}#${sum.toString(16).padStart(2, '0')}`, 'latin1');
  }

  /** The next packet. */
  async packet(): Promise<string> {
    for (;;) {
      const found = /\$([^#]*)#../s.exec(this.#buffer);
      if (found) {
        this.#buffer = this.#buffer.slice(found.index + found[0].length);
        this.#socket.write('+');
        return found[1] as string;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async ask(text: string): Promise<string> {
    this.send(text);
    return this.packet();
  }

  /** A command of QEMU's monitor; its output. */
  async monitor(command: string): Promise<string> {
    this.send(`qRcmd,${Buffer.from(command).toString('hex')}`);
    let output = '';
    for (;;) {
      const packet = await this.packet();
      if (packet === 'OK') return output;
      if (packet[0] === 'O') output += Buffer.from(packet.slice(1), 'hex').toString();
    }
  }
}

/** `info registers` in our words. */
function parse(text: string): Map<string, string> {
  const map = new Map<string, string>();
  const hex = (s: string) => Number.parseInt(s, 16).toString(16);
  for (const [, name, value] of text.matchAll(
    /\b(E[A-D]X|E[SB]P|E[SD]I|EIP|EFL|CR[0234]|DR[67]|EFER) ?=([0-9a-f]+)/g,
  )) {
    map.set((name as string).toLowerCase(), hex(value as string));
  }
  const names: Record<string, string> = { LDT: 'ldtr', TR: 'tr' };
  for (const [, name, ...values] of text.matchAll(
    /\b([ECSDFG]S|LDT|TR) ?=([0-9a-f]{4}) ([0-9a-f]{8}) ([0-9a-f]{8}) ([0-9a-f]{8})/g,
  )) {
    const [selector, base, limit, flags] = values.map((v) => Number.parseInt(v, 16)) as [
      number,
      number,
      number,
      number,
    ];
    const access = (flags >>> 8) & 0x40ff;
    const key = names[name as string] ?? (name as string).toLowerCase();
    if ((access & 0x80) === 0) map.set(key, `${selector.toString(16)}:null`);
    else map.set(key, [selector, base, limit, access].map((n) => n.toString(16)).join(':'));
  }
  for (const [, name, base, limit] of text.matchAll(/([GI]DT)= +([0-9a-f]{8}) ([0-9a-f]{8})/g)) {
    map.set((name as string).toLowerCase(), `${hex(base as string)}:${hex(limit as string)}`);
  }
  return map;
}

const file = () => openSync(ram, 'r+');
function poke(fd: number, at: number, words: readonly number[]): void {
  writeSync(
    fd,
    Int32Array.from(words, (w) => w | 0),
    0,
    words.length * 4,
    at,
  );
}

/** Writes what the loader needs. */
function prepare(fd: number, { c, memory }: Machine): void {
  const bytes = new Uint8Array(memory.view.buffer);
  writeSync(fd, bytes, 0, BYTES, IMAGE);
  const table = new Uint8Array(0x10000);
  table.set(bytes.subarray(GDT, GDT + 0x400));
  const view = new DataView(table.buffer);
  for (const seg of [LDTR, TR]) {
    const at = c.sel[seg] & 0xfff8;
    const [base, limit, access] = [c.base[seg], c.limit[seg], c.access[seg]];
    view.setInt32(at, ((base & 0xffff) << 16) | (limit & 0xffff), true);
    const type = seg === TR ? access & ~2 : access;
    view.setInt32(at + 4, (limit & 0xf0000) | ((type & 0xff) << 8) | ((base >>> 16) & 0xff), true);
  }
  for (const [k, word] of LOADER_SEGMENTS.entries()) view.setInt32(0x8000 + 4 * k, word, true);
  writeSync(fd, table, 0, table.length, LOADING_GDT);
  const kind = (c.cr0 & CR0_PE) === 0 ? 3 : c.VM ? 2 : c.cpl > 0 ? 1 : 0;
  const r = c.reg;
  poke(fd, PARAMETERS, [kind, c.cr0, c.cr4, c.dr7, getEflags(c), ...r.subarray(0, 8)]);
  poke(fd, PARAMETERS + 52, [r[4], c.sel[SS], c.eip, c.sel[CS]]);
  poke(
    fd,
    PARAMETERS + 68,
    [0, 3, 4, 5, LDTR, TR].map((seg) => c.sel[seg]),
  );
  const pseudo = Buffer.alloc(12);
  pseudo.writeUInt16LE(c.gdtLimit, 0);
  pseudo.writeUInt32LE(c.gdtBase >>> 0, 2);
  pseudo.writeUInt16LE(c.idtLimit, 6);
  pseudo.writeUInt32LE(c.idtBase >>> 0, 8);
  writeSync(fd, pseudo, 0, 12, PARAMETERS + 92);
  poke(fd, PARAMETERS + 104, [c.sysenterCs, c.sysenterEsp, c.sysenterEip]);
}

async function main(): Promise<void> {
  let socket: Socket;
  for (;;) {
    socket = createConnection(gdb);
    const connected = new Promise((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    if (await connected) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const remote = new Remote(socket);
  const fd = file();
  const before = new Int32Array(BYTES / 4);
  const after = new Int32Array(BYTES / 4);
  for (const { name, m } of scenarios()) {
    const { c } = m;
    prepare(fd, m);
    const at = ((c.base[CS] + c.eip) >>> 0).toString(16);
    await remote.monitor('system_reset');
    await remote.ask(`Z1,${at},1`);
    await remote.ask('c');
    await remote.ask(`z1,${at},1`);
    const old = parse(await remote.monitor('info registers'));
    // What the loader made must be what was asked for.
    for (const [key, value] of fields(m, false)) {
      const got = old.get(key);
      if (got !== undefined && got !== value && !/^(dr6|efer|tr)$/.test(key) && !got.endsWith('null')) {
        if (!(m.c.VM || (c.cr0 & CR0_PE) === 0)) console.error(`${name}: ${key} is ${got}, not ${value}`);
      }
    }
    readSync(fd, before, 0, BYTES, 0);
    await remote.ask('s');
    const now = parse(await remote.monitor('info registers'));
    readSync(fd, after, 0, BYTES, 0);
    if (now.get('cs')?.startsWith('f000:')) console.log(`${name} shutdown`);
    else {
      const parts: string[] = [];
      for (const [key, value] of now) if (old.get(key) !== value) parts.push(`${key}=${value}`);
      for (let k = 0; k < after.length; k++) {
        if (before[k] !== after[k])
          parts.push(`m@${(4 * k).toString(16)}=${((after[k] as number) >>> 0).toString(16)}`);
      }
      console.log([name, 'ok', ...parts].join(' '));
    }
  }
  closeSync(fd);
}

try {
  await main();
} finally {
  qemu.kill();
  rmSync(directory, { recursive: true });
}
