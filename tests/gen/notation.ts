// A short notation for residuals: what the golden texts are in.

import type { Expr, Stmt } from '../../translator/ir.ts';

/** `t1`, `imm`, `fz`, `reg[dn]`, `(a + b)`, `lt(a, b)`, `(test ? a : b)`. */
export function showExpr(e: Expr): string {
  switch (e.k) {
    case 'n':
    case 'd':
      return String(e.v);
    case 't':
      return `t${e.i}`;
    case 'h':
    case 's':
      return e.name;
    case 'r':
      return `${e.array}[${showExpr(e.n)}]`;
    case 'b':
      return `(${showExpr(e.a)} ${e.op} ${showExpr(e.b)})`;
    case 'u':
      return `~${showExpr(e.a)}`;
    case 'c':
      return `${e.f}(${e.args.map(showExpr).join(', ')})`;
    case 'q':
      return `(${showExpr(e.test)} ? ${showExpr(e.a)} : ${showExpr(e.b)})`;
  }
}

function showStmt(s: Stmt): string[] {
  switch (s.k) {
    case 'let':
      return [`t${s.i} = ${showExpr(s.e)}`];
    case 'set':
      return [`${showExpr(s.to)} := ${showExpr(s.e)}`];
    case 'load':
      return [`t${s.i} = load${s.size} ${showExpr(s.p)} + ${s.at}`];
    case 'store':
      return [`store${s.size} ${showExpr(s.p)} + ${s.at}, ${showExpr(s.e)}`];
    case 'place':
      return [`t${s.i} = ${s.write ? 'writePlace' : 'readPlace'}${s.size} ${showExpr(s.a)}`];
    case 'exit':
      return [`exit if ${showExpr(s.e)}`];
    case 'quick':
      return [`exit unless ${s.f}(${s.args.map(showExpr).join(', ')})`];
    case 'holds':
      return [`${showExpr(s.to)} == ${showExpr(s.e)}`];
    case 'if':
      return [
        `if ${showExpr(s.e)}`,
        ...show(s.then).map((l) => `  ${l}`),
        ...(s.else.length > 0 ? ['else', ...show(s.else).map((l) => `  ${l}`)] : []),
      ];
    case 'branch':
      return [`branch if ${showExpr(s.e)}`];
    case 'jump':
      return ['jump'];
    case 'jumpTo':
      return [`jump to ${showExpr(s.e)}`];
  }
}

/** A residual, a statement a line. */
export function show(body: readonly Stmt[]): string[] {
  return body.flatMap(showStmt);
}
