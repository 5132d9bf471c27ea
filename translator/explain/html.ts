// Regions as one HTML page that needs nothing else: its data as JSON, its style and its script inline. Whatever is the
// guest's (symbols) or the user's (the title) stands in the JSON and gets into the page as text only.

import { BOX_HEIGHT, BOX_WIDTH, layout } from './layout.ts';
import { SCRIPT } from './page-script.ts';
import { STYLE } from './page-style.ts';
import type { RegionReport } from './region.ts';

export interface PageOptions {
  /** What ran. */
  readonly title: string;
  /** Regions that there are. */
  readonly made: number;
}

/** Nothing is fetched, whatever is in the data. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

export function html(regions: readonly RegionReport[], { title, made }: PageOptions): string {
  const data = {
    title,
    made,
    box: [BOX_WIDTH, BOX_HEIGHT],
    regions: regions.map((r) => ({ ...r, graph: graphOf(r) })),
  };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width">
<title>transvisor dump</title>
<style>${STYLE}</style>
</head>
<body>
<nav>
<header><h1>transvisor dump</h1><p id="what"></p>
<input id="filter" type="search" placeholder="name or address" aria-label="filter regions"></header>
<ol id="regions"></ol>
</nav>
<main id="region"></main>
<script type="application/json" id="data">${inert(JSON.stringify(data))}</script>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function graphOf(r: RegionReport): ReturnType<typeof layout> {
  const first = r.blocks.find((b) => b.kind === 'entries')?.address ?? r.entry.linear;
  return layout(new Map(r.blocks.map((b) => [b.address, b.successors] as const)), first);
}

/** JSON that cannot end its element: a browser looks for </script and <!-- in it. */
const inert = (json: string): string => json.replaceAll('<', '\\u003c');
