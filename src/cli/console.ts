// The user's end of COM1: standard input and output, or a file.

import type { ReadStream } from 'node:tty';
import type { Machine } from '../machine/machine.ts';
import type { SerialTarget } from './arguments.ts';
import { hostError, OutputFile } from './files.ts';
import { KEYS_HELP, KeyFilter } from './keys.ts';
import { Terminal } from './terminal.ts';

export interface ConsoleEvents {
  /** The user asked for the end of the run. */
  quit(): void;
  /** The host failed us: a UserError, or an error that nobody expects. */
  failed(error: unknown): void;
}

export class UserConsole {
  /** Keys go to the guest one by one. */
  readonly interactive: boolean;
  readonly #target: SerialTarget;
  readonly #file: OutputFile | undefined;
  readonly #terminal: Terminal | undefined;
  #output: Promise<void> = Promise.resolve();
  /** The last byte that standard output got. */
  #last = 0x0a;

  /** Creates the file, if it is one. Throws UserError. */
  constructor(target: SerialTarget) {
    this.#target = target;
    this.interactive = target.kind === 'stdio' && process.stdin.isTTY === true && process.stdout.isTTY === true;
    if (target.kind === 'file') this.#file = new OutputFile('--serial file', target.path);
    if (this.interactive) this.#terminal = new Terminal(process.stdin as ReadStream);
  }

  /** Connects a machine that has not started. */
  connect(machine: Machine, events: ConsoleEvents): void {
    if (this.#target.kind === 'none') return;
    this.#output = this.#pump(machine.serial.readable).catch((error) => events.failed(error));
    if (this.#target.kind === 'file') return;
    if (this.#terminal) {
      this.#terminal.enterRaw();
      process.stderr.write('Ctrl-A x quits, Ctrl-A h lists the keys.\n');
      this.#readKeys(machine, events);
    } else {
      void this.#pipe(machine).catch((error) => events.failed(hostError('standard input', error)));
    }
  }

  /**
   * After the machine stopped: waits until its output is where it should be, at most `graceMillis`, and gives the
   * terminal back.
   */
  async close(graceMillis: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      if (Number.isFinite(graceMillis)) timer = setTimeout(resolve, graceMillis);
    });
    await Promise.race([this.#output, patience]);
    clearTimeout(timer);
    this.restore();
    this.#file?.close();
    if (this.#last !== 0x0a && process.stdout.isTTY && process.stderr.isTTY) process.stderr.write('\n');
  }

  /** Gives the terminal back. */
  restore(): void {
    this.#terminal?.restore();
  }

  async #pump(output: ReadableStream<Uint8Array>): Promise<void> {
    for await (const chunk of output) {
      if (this.#file) this.#file.write(chunk);
      else await writeOut(chunk);
      this.#last = chunk[chunk.length - 1] as number;
    }
  }

  #readKeys(machine: Machine, events: ConsoleEvents): void {
    const keys = new KeyFilter({
      send: (bytes) => machine.receive(bytes),
      quit: events.quit,
      help: () => void process.stderr.write(`\n${KEYS_HELP.join('\n')}\n`),
    });
    process.stdin.on('data', (bytes: Buffer) => keys.type(bytes));
    process.stdin.on('error', (error) => events.failed(hostError('standard input', error)));
    process.stdin.on('end', events.quit); // the terminal went away
  }

  /** At the guest's pace. The end of the input is not the end of the guest. */
  async #pipe(machine: Machine): Promise<void> {
    const writer = machine.serial.writable.getWriter();
    for await (const chunk of process.stdin) await writer.write(chunk as Buffer);
  }
}

/** Writes a chunk and waits until the system has it. */
function writeOut(chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(chunk, (error) => (error ? reject(hostError('standard output', error)) : resolve()));
  });
}
