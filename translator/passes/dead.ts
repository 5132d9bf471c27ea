// Dead temporaries: a value that nobody reads is not computed. A place stays, since checking it may leave.

import { if_, type Stmt } from '../ir.ts';
import { uses } from '../walk.ts';

export function removeDeadTemporaries(body: readonly Stmt[], live: Set<number> = new Set()): Stmt[] {
  const out: Stmt[] = [];
  for (let k = body.length - 1; k >= 0; k--) {
    let s = body[k] as Stmt;
    if (s.k === 'if') {
      const then = removeDeadTemporaries(s.then, live);
      s = if_(s.e, then, removeDeadTemporaries(s.else, live));
      if (s.then.length + s.else.length === 0) continue;
    }
    if ((s.k === 'let' || s.k === 'load') && !live.has(s.i)) continue;
    uses(s, (e) => {
      if (e.k === 't') live.add(e.i);
    });
    out.push(s);
  }
  return out.reverse();
}
