// Text that arrives byte by byte, to a log channel line by line.

import type { SerialSink } from '../devices/uart16550.ts';
import type { Channel } from '../lib/log.ts';

const LINE_FEED = 10;
const MAX_LINE = 1000;

export class LineLog implements SerialSink {
  readonly #channel: Channel;
  #line = '';

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  write(byte: number): void {
    if (byte !== LINE_FEED) this.#line += byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '';
    if (byte !== LINE_FEED && this.#line.length < MAX_LINE) return;
    this.#channel.log(this.#line);
    this.#line = '';
  }
}
