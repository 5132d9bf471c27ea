// Style of the page that html.ts makes: light or dark as the reader's system is.

export const STYLE = `
:root {
  color-scheme: light dark;
  --back: #fff; --panel: #f4f5f7; --line: #d5d9e0; --text: #1c2230; --weak: #667085; --link: #1f5fbf;
  --heat: 226, 88, 34; --pick: #2f7de1;
  --ident: #3c8d40; --inline: #2f7de1; --callout: #b7791f; --leave: #c53030;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #14171d; --panel: #1c2028; --line: #323846; --text: #e4e7ee; --weak: #949db0; --link: #7db3ff;
    --heat: 240, 110, 40; --pick: #5a9dff;
    --ident: #74c578; --inline: #7db3ff; --callout: #e8b45a; --leave: #ff8585;
  }
}
* { box-sizing: border-box; }
body { margin: 0; display: grid; grid-template-columns: 22rem 1fr; height: 100vh; background: var(--back);
  color: var(--text); font: 14px/1.45 system-ui, sans-serif; }
nav { background: var(--panel); border-right: 1px solid var(--line); display: flex; flex-direction: column;
  min-height: 0; }
nav header { padding: 1rem; border-bottom: 1px solid var(--line); }
h1 { font-size: 1.05rem; margin: 0; }
h2 { font: 600 1.25rem/1.3 ui-monospace, monospace; margin: 0 0 .6rem; overflow-wrap: anywhere; }
h3 { font-size: .8rem; text-transform: uppercase; letter-spacing: .06em; color: var(--weak); margin: 1.4rem 0 .4rem; }
#what { margin: .2rem 0 .7rem; color: var(--weak); overflow-wrap: anywhere; }
input { width: 100%; padding: .35rem .6rem; border: 1px solid var(--line); border-radius: 6px;
  background: var(--back); color: inherit; font: inherit; }
#regions { list-style: none; margin: 0; padding: 0; overflow: auto; }
#regions a { display: block; padding: .4rem 1rem; color: inherit; text-decoration: none;
  border-bottom: 1px solid var(--line); }
#regions a:hover, #regions a:focus-visible { background: var(--back); }
#regions a[aria-current] { box-shadow: inset 3px 0 var(--pick); background: var(--back); }
.name { font: 13px ui-monospace, monospace; overflow-wrap: anywhere; }
.bar { height: 4px; border-radius: 2px; background: rgb(var(--heat)); margin-top: .25rem; min-width: 2px; }
.weak { color: var(--weak); }
main { overflow: auto; padding: 1.2rem 1.6rem 4rem; min-width: 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 0; }
dt { color: var(--weak); }
dd { margin: 0; overflow-wrap: anywhere; }
code, .code { font: 12.5px/1.5 ui-monospace, monospace; }
.picture { overflow: auto; max-height: 28rem; border: 1px solid var(--line); border-radius: 8px;
  background: var(--panel); }
svg { display: block; margin: 0 auto; }
svg rect { fill: var(--back); stroke: var(--line); }
svg g.heated rect.heat { fill: rgb(var(--heat)); stroke: none; }
svg g { cursor: pointer; }
svg text { fill: var(--text); font: 11px ui-monospace, monospace; }
svg text.weak { fill: var(--weak); }
svg path { fill: none; stroke: var(--weak); stroke-width: 1.3; }
svg path.back { stroke: rgb(var(--heat)); }
svg .picked rect.frame { stroke: var(--pick); stroke-width: 2; }
.sides { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 1rem; align-items: start; }
.side { border: 1px solid var(--line); border-radius: 8px; overflow: auto; max-height: 80vh; padding: .3rem 0; }
.row { white-space: pre; padding: 0 .7rem; min-width: max-content; }
.block > .row:first-child { margin-top: .35rem; color: var(--weak); }
.picked > .row, .row.picked { box-shadow: inset 3px 0 var(--pick); }
.ident { color: var(--ident); } .inline { color: var(--inline); }
.callout { color: var(--callout); } .leave { color: var(--leave); }
table { border-collapse: collapse; }
td { padding: .1rem 1.2rem .1rem 0; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
a { color: var(--link); }
details { margin-top: .6rem; }
summary { cursor: pointer; }
@media (max-width: 70rem) { body { grid-template-columns: 15rem 1fr; } .sides { grid-template-columns: 1fr; } }
`;
