// Log channels: `--trace io,irq,mmu,tc`. A channel that is off costs one test of a boolean.

export interface LogSink {
  write(line: string): void;
}

/** A named channel. Test `enabled` before building a message on a path that matters. */
export class Channel {
  readonly name: string;
  enabled = false;
  sink: LogSink = { write: (line) => console.error(line) };

  constructor(name: string) {
    this.name = name;
  }

  log(message: string): void {
    if (this.enabled) this.sink.write(`${this.name}: ${message}`);
  }
}

const channels = new Map<string, Channel>();

/** The channel of that name, made on first use. */
export function channel(name: string): Channel {
  let found = channels.get(name);
  if (!found) {
    found = new Channel(name);
    channels.set(name, found);
  }
  return found;
}

/** Names of all channels that exist so far, sorted. */
export function channelNames(): string[] {
  return [...channels.keys()].sort();
}
