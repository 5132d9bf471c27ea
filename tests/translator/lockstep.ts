// Two machines with the same guest on the virtual clock, one that translates and one that does not: at exits of regions
// the second is brought to the same count of retired instructions, and everything a guest can see is compared.

import type { Interpreter } from '../../src/cpu/interpreter.ts';
import { WORD } from '../../src/isa/register-file.ts';
import { getEflags } from '../../src/isa/semantics/eflags.ts';
import type { Cpu } from '../../src/isa/state.ts';
import { Machine } from '../../src/machine/machine.ts';
import type { MachineOptions } from '../../src/machine/options.ts';
import { Translator, type TranslatorOptions } from '../../translator/engine.ts';
import { type ExitKind, exitKind } from './exit-kinds.ts';

export interface LockstepOptions {
  /** Both machines' kernel, memory and so on. */
  readonly machine: Omit<MachineOptions, 'engine' | 'clock'>;
  readonly translator?: TranslatorOptions;
  /** What the other machine runs on; the fast interpreter unless given. */
  readonly other?: 'interpreter' | 'reference';
  /** Exits of regions from one comparison to the next: 1 or more. */
  readonly every: number;
  /** Comparisons begin at this count of instructions. */
  readonly from?: number;
  /** Instructions from one comparison of all memory to the next. */
  readonly memoryEvery?: number;
}

export interface Difference {
  /** Retired instructions when it was seen, and when everything was last seen to be equal. */
  readonly at: number;
  readonly since: number;
  readonly what: string;
}

const hex = (v: number): string => (v >>> 0).toString(16).padStart(8, '0');
const NAMED = [
  ...['EAX', 'ECX', 'EDX', 'EBX', 'ESP', 'EBP', 'ESI', 'EDI'].map((name, n) => [name, n] as const),
  ...(Object.entries(WORD) as [string, number][]).filter(([name]) => name !== 'reg'),
].sort(([, a], [, b]) => a - b);
/** EFLAGS is compared as a whole; RF too, but only between two runs, since an engine may clear it a step early. */
const isFlag = (word: number): boolean => (word >= WORD.fz && word <= WORD.cb) || word === RF;
const RF = 29;
const RF_BIT = 0x10000;

/** Names of the registers that differ, with both values; undefined if none does. `ignored`: bits of EFLAGS. */
export function registersDiffer(own: Cpu, other: Cpu, ignored = 0): string | undefined {
  const list: string[] = [];
  for (let w = 0; w < WORD.engine; w++) {
    if (own.words[w] === other.words[w] || isFlag(w)) continue;
    const [name, first] = NAMED.findLast(([, first]) => first <= w) as readonly [string, number];
    list.push(
      `${name}${w > first ? `+${w - first}` : ''} ${hex(own.words[w] as number)}, not ${hex(other.words[w] as number)}`,
    );
  }
  const flags = [getEflags(own) & ~ignored, getEflags(other) & ~ignored] as const;
  if (flags[0] !== flags[1]) list.push(`EFLAGS ${hex(flags[0])}, not ${hex(flags[1])}`);
  return list.length > 0 ? list.join('; ') : undefined;
}

export class Lockstep {
  readonly translated: Machine;
  readonly interpreted: Machine;
  readonly #options: LockstepOptions;
  /** Exits of regions by kind. */
  readonly kinds: Partial<Record<ExitKind, number>> = {};
  #exits = 0;
  /** Instructions retired when the translator was last started. */
  #started = 0;
  #comparisons = 0;
  #equalAt = 0;
  #memoryAt: number;
  #difference: Difference | undefined;

  constructor(options: LockstepOptions) {
    this.#options = options;
    this.#memoryAt = options.memoryEvery ?? Number.POSITIVE_INFINITY;
    const { machine, translator, other } = options;
    this.interpreted = new Machine({ ...machine, clock: 'virtual', engine: other ?? 'interpreter' });
    this.translated = new Machine({
      ...machine,
      clock: 'virtual',
      engine: (cpu, memory) => new Translator(cpu, memory, translator),
    });
    const engine = this.translated.engine as Interpreter;
    engine.onRegionExit = (_, answer) => this.#atExit(answer);
    const run = engine.run.bind(engine);
    engine.run = (budget) => {
      this.#started = engine.retired();
      run(budget);
    };
  }

  /** Exits of regions, and comparisons made there, so far. */
  get exits(): number {
    return this.#exits;
  }
  get comparisons(): number {
    return this.#comparisons;
  }

  /** Runs until `count` instructions are retired, a machine stops, or something differs: that is returned. */
  run(count: number): Difference | undefined {
    // In pieces, since a difference does not stop the machine at once.
    for (let end = this.translated.engine.retired(); end < count && !this.#difference && !this.translated.ended; ) {
      end = Math.min(count, end + 1_000_000);
      this.translated.runTo(end);
      this.#compare(0);
    }
    if (!this.#difference) this.#compareMemory();
    return this.#difference;
  }

  #atExit(answer: number): void {
    const { cpu, memory, engine } = this.translated;
    const kind = exitKind(cpu, memory, answer);
    this.kinds[kind] = (this.kinds[kind] ?? 0) + 1;
    if (this.#difference || ++this.#exits % this.#options.every !== 0) return;
    const at = engine.retired();
    // Before its first instruction, a run has served timers and interrupts that the other machine gets to in its next.
    if (at === this.#started || at < (this.#options.from ?? 0)) return;
    this.#compare(RF_BIT);
  }

  #compare(ignored: number): void {
    if (this.#difference) return;
    const at = this.translated.engine.retired();
    this.interpreted.runTo(at);
    this.#comparisons++;
    const own = this.interpreted.engine.retired();
    const what =
      own === at ? registersDiffer(this.translated.cpu, this.interpreted.cpu, ignored) : `${own} instructions retired`;
    if (what !== undefined) this.#difference = { at, since: this.#equalAt, what };
    else if (at >= this.#memoryAt) {
      this.#memoryAt = at + (this.#options.memoryEvery as number);
      this.#compareMemory();
    }
    this.#equalAt = at;
  }

  #compareMemory(): void {
    const at = this.translated.engine.retired();
    const [own, other] = [this.translated.memory, this.interpreted.memory];
    const bytes = own.layout.ramBytes;
    if (Buffer.compare(own.u8.subarray(0, bytes), other.u8.subarray(0, bytes)) === 0) return;
    let k = 0;
    while (own.i32[k] === other.i32[k]) k++;
    const what = `memory at ${hex(4 * k)}: ${hex(own.i32[k] as number)}, not ${hex(other.i32[k] as number)}`;
    this.#difference = { at, since: this.#equalAt, what };
  }
}
