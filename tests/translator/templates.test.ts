// Templates as they are laid out for the passes: the same statements, and every hole one that instructions fill in.

import { describe, expect, test } from 'vitest';
import { residualLines } from '../../translator/explain/residual.ts';
import { TEMPLATES } from '../../translator/generated/templates.js';
import { type Expr, HOLES, laidOut, type Stmt } from '../../translator/ir.ts';
import { uses } from '../../translator/walk.ts';

const templates = Object.entries(TEMPLATES);

describe('templates', () => {
  test('say the same when they are laid out', () => {
    expect(templates.length).toBeGreaterThan(900);
    for (const [key, { body }] of templates) expect(residualLines(body.map(laidOut)), key).toEqual(residualLines(body));
  });

  test('have holes that instructions fill in, and know their numbers once they are laid out', () => {
    const wrong: string[] = [];
    for (const [key, { body }] of templates) {
      const look = (e: Expr): void => {
        if (e.k === 'h' && (e.v === undefined || HOLES[e.v] !== e.name)) wrong.push(`${key}: ${e.name}`);
      };
      for (const s of body.map(laidOut)) {
        uses(s, look);
        for (const to of targets(s)) look(to);
      }
    }
    expect(wrong).toEqual([]);
  });
});

/** Indices of what a statement sets. */
function targets(s: Stmt): Expr[] {
  return s.k === 'set' && s.to.k === 'r' ? [s.to.n] : [];
}
