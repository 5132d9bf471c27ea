// Where a profile of V8's (.cpuprofile) says that the time went: by part of the program, and the hottest functions.

/** As much of the format as is used here; times in microseconds. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface Share {
  readonly name: string;
  /** 0 to 1. */
  readonly part: number;
}

export interface ProfileSummary {
  /** In the order of PARTS. */
  readonly parts: readonly Share[];
  /** The hottest first. */
  readonly functions: readonly Share[];
}

/** The first that matches a function's name, or the path of its file, has it. */
const PARTS: readonly { readonly name: string; readonly function?: RegExp; readonly file?: RegExp }[] = [
  { name: 'translated', function: /^region\d+/ },
  { name: 'entries', function: /^js-to-wasm/ },
  { name: 'interpreter', function: /^interpret$/ },
  { name: 'engine', file: /src\/cpu\// },
  { name: 'semantics', file: /src\/isa\/|^wasm:/ },
  { name: 'memory', file: /src\/memory\// },
  { name: 'machine', file: /src\/(machine|devices|storage|lib)\// },
  { name: 'translator', file: /\/translator\/|node_modules\/(acorn|astring)/ },
  { name: 'GC', function: /^\(garbage collector\)$/ },
  { name: 'other' },
];
export const PART_NAMES: readonly string[] = PARTS.map((part) => part.name);

/** Self time, over all that was work of the program's. `most`: hottest functions. */
export function summarise(profile: CpuProfile, most: number): ProfileSummary {
  const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame] as const));
  const parts = new Map<string, number>();
  const functions = new Map<string, number>();
  let all = 0;
  profile.samples.forEach((id, k) => {
    const { functionName, url } = frames.get(id)!;
    // Waiting, and the profiler at its own work.
    if (functionName === '(idle)' || url === 'node:inspector') return;
    const time = profile.timeDeltas[k]!;
    all += time;
    add(parts, partOf(functionName, url), time);
    add(functions, functionName || '(anonymous)', time);
  });
  const share = (name: string, time: number): Share => ({ name, part: all ? time / all : 0 });
  return {
    parts: PARTS.map(({ name }) => share(name, parts.get(name) ?? 0)),
    functions: [...functions]
      .sort(([, a], [, b]) => b - a)
      .slice(0, most)
      .map(([name, time]) => share(name, time)),
  };
}

function partOf(functionName: string, url: string): string {
  const found = PARTS.find((part) =>
    part.function ? part.function.test(functionName) : (part.file?.test(url) ?? true),
  );
  return found!.name;
}

function add(sums: Map<string, number>, key: string, time: number): void {
  sums.set(key, (sums.get(key) ?? 0) + time);
}
