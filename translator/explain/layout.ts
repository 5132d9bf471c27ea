// A region's graph as a layered drawing (after Sugiyama, Tagawa, Toda: Methods for Visual Understanding of Hierarchical
// System Structures, 1981, in its simplest form): back edges are set aside, a block's layer is its longest way from the
// entry, blocks are ordered within a layer by where their predecessors and successors stand.

export interface Box {
  readonly id: number;
  /** Left upper corner, in pixels. */
  readonly x: number;
  readonly y: number;
}

export interface Edge {
  readonly from: number;
  readonly to: number;
  /** Against the layers: a loop. */
  readonly back: boolean;
  /** SVG path. */
  readonly path: string;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly edges: readonly Edge[];
}

export const BOX_WIDTH = 172;
export const BOX_HEIGHT = 40;
const GAP_X = 24;
const GAP_Y = 34;
const MARGIN = 16;
/** How far a loop's line stands out beside its boxes, and each further one more. */
const LOOP_OUT = 18;
const SWEEPS = 4;

/**
 * @param successors of each node by its id; ids that are no nodes are passed over
 * @param entry the node at the top
 */
export function layout(successors: ReadonlyMap<number, readonly number[]>, entry: number): Layout {
  const order = [entry, ...[...successors.keys()].filter((id) => id !== entry)];
  const back = backEdges(successors, order);
  const forward = new Map(
    order.map((id) => [id, edgesOf(successors, id).filter((to) => !back.has(`${id} ${to}`))] as const),
  );
  const layers = arrange(intoLayers(forward, order), forward);
  const widest = Math.max(...layers.map((l) => l.length));
  const inner = widest * BOX_WIDTH + (widest - 1) * GAP_X;
  const at = new Map<number, Box>();
  layers.forEach((ids, n) => {
    const left = MARGIN + (inner - ids.length * BOX_WIDTH - (ids.length - 1) * GAP_X) / 2;
    ids.forEach((id, k) => {
      at.set(id, { id, x: left + k * (BOX_WIDTH + GAP_X), y: MARGIN + n * (BOX_HEIGHT + GAP_Y) });
    });
  });
  const edges: Edge[] = [];
  let loops = 0;
  for (const from of order) {
    for (const to of edgesOf(successors, from)) {
      const isBack = back.has(`${from} ${to}`);
      const [a, b] = [at.get(from) as Box, at.get(to) as Box];
      edges.push({ from, to, back: isBack, path: isBack ? loopPath(a, b, loops++ % 6) : downPath(a, b) });
    }
  }
  const out = loops ? LOOP_OUT + 6 * 6 : 0;
  const height = 2 * MARGIN + layers.length * BOX_HEIGHT + (layers.length - 1) * GAP_Y;
  return { width: inner + 2 * MARGIN + out, height, boxes: [...at.values()], edges };
}

const edgesOf = (successors: ReadonlyMap<number, readonly number[]>, id: number): number[] => [
  ...new Set((successors.get(id) as readonly number[]).filter((to) => successors.has(to))),
];

/** Edges to a node that is still open in a depth-first walk, as `from to`. */
function backEdges(successors: ReadonlyMap<number, readonly number[]>, order: readonly number[]): Set<string> {
  const back = new Set<string>();
  const state = new Map<number, 'open' | 'done'>();
  for (const root of order) {
    if (state.has(root)) continue;
    const stack = [{ id: root, next: 0 }];
    state.set(root, 'open');
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as { id: number; next: number };
      const to = edgesOf(successors, top.id)[top.next++];
      if (to === undefined) {
        state.set(top.id, 'done');
        stack.pop();
      } else if (state.get(to) === 'open') back.add(`${top.id} ${to}`);
      else if (!state.has(to)) {
        state.set(to, 'open');
        stack.push({ id: to, next: 0 });
      }
    }
  }
  return back;
}

function intoLayers(forward: ReadonlyMap<number, readonly number[]>, order: readonly number[]): number[][] {
  const waiting = new Map<number, number>(order.map((id) => [id, 0]));
  for (const list of forward.values()) for (const to of list) waiting.set(to, (waiting.get(to) as number) + 1);
  const layer = new Map<number, number>();
  const ready = order.filter((id) => waiting.get(id) === 0);
  for (let k = 0; k < ready.length; k++) {
    const id = ready[k] as number;
    const own = layer.get(id) ?? 0;
    layer.set(id, own);
    for (const to of forward.get(id) as readonly number[]) {
      layer.set(to, Math.max(layer.get(to) ?? 0, own + 1));
      waiting.set(to, (waiting.get(to) as number) - 1);
      if (waiting.get(to) === 0) ready.push(to);
    }
  }
  const layers: number[][] = [];
  for (const id of ready) (layers[layer.get(id) as number] ??= []).push(id);
  return layers;
}

/** Orders each layer by the middle of its neighbours in the one above, then below, some times over. */
function arrange(layers: number[][], forward: ReadonlyMap<number, readonly number[]>): number[][] {
  const above = new Map<number, number[]>();
  for (const [from, list] of forward) for (const to of list) above.set(to, [...(above.get(to) ?? []), from]);
  const place = new Map<number, number>();
  const note = (ids: readonly number[]): void => {
    ids.forEach((id, k) => {
      place.set(id, k - ids.length / 2);
    });
  };
  layers.forEach(note);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    for (const ids of down ? layers : [...layers].reverse()) {
      const middle = new Map(
        ids.map((id) => {
          const near = (down ? above.get(id) : forward.get(id)) ?? [];
          const sum = near.reduce((s, n) => s + (place.get(n) as number), 0);
          return [id, near.length ? sum / near.length : (place.get(id) as number)] as const;
        }),
      );
      ids.sort((a, b) => (middle.get(a) as number) - (middle.get(b) as number));
      note(ids);
    }
  }
  return layers;
}

function downPath(a: Box, b: Box): string {
  const [x1, y1, x2, y2] = [a.x + BOX_WIDTH / 2, a.y + BOX_HEIGHT, b.x + BOX_WIDTH / 2, b.y];
  const bend = Math.min(GAP_Y, (y2 - y1) / 2);
  return `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}`;
}

/** Out to the right, up, and back in. */
function loopPath(a: Box, b: Box, n: number): string {
  const [y1, y2] = [a.y + BOX_HEIGHT * 0.7, b.y + BOX_HEIGHT * 0.3];
  const [x1, x2] = [a.x + BOX_WIDTH, b.x + BOX_WIDTH];
  const out = Math.max(x1, x2) + LOOP_OUT + 6 * n;
  return `M${x1} ${y1}C${out} ${y1} ${out} ${y2} ${x2} ${y2}`;
}
