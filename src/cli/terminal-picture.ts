// A text screen as a terminal draws it: ECMA-48 control functions for the cells that changed.

export interface Cell {
  readonly character: string;
  /** Background in bits 7 to 4, foreground in 3 to 0: the adapter's sixteen colours. */
  readonly attribute: number;
  readonly blink: boolean;
}

export interface Picture {
  readonly columns: number;
  readonly rows: number;
  readonly cells: readonly Cell[];
  readonly cursor: { readonly column: number; readonly row: number } | undefined;
}

/** Black, blue, green, cyan, red, magenta, brown, grey in the order of a terminal's colours. */
const ORDER = [0, 4, 2, 6, 1, 5, 3, 7] as const;

/**
 * What to send to a terminal of `columns` by `rows` that shows `before` (undefined: anything) to have it show `after`.
 * What does not fit is left out, at the right and below.
 */
export function drawing(before: Picture | undefined, after: Picture, columns: number, rows: number): string {
  const sameSize = before?.columns === after.columns && before.rows === after.rows;
  let text = sameSize ? '' : '\x1b[0m\x1b[2J';
  let attributes = '';
  let at = -1;
  for (let row = 0; row < Math.min(after.rows, rows); row++) {
    for (let column = 0; column < Math.min(after.columns, columns); column++) {
      const index = row * after.columns + column;
      const cell = after.cells[index] as Cell;
      if (sameSize && same(cell, before.cells[index] as Cell)) continue;
      if (index !== at) text += `\x1b[${row + 1};${column + 1}H`;
      const wanted = rendition(cell);
      if (wanted !== attributes) text += attributes = wanted;
      text += cell.character;
      // Terminals do not agree on the width of some characters: after those, and at the edge, say where we are.
      at = isAscii(cell.character) && column + 1 < Math.min(after.columns, columns) ? index + 1 : -1;
    }
  }
  const { cursor } = after;
  const moved = !sameSize || cursor?.column !== before.cursor?.column || cursor?.row !== before.cursor?.row;
  if (text === '' && !moved) return '';
  if (!cursor || cursor.row >= rows || cursor.column >= columns) return `${text}\x1b[?25l`;
  return `\x1b[?25l${text}\x1b[${cursor.row + 1};${cursor.column + 1}H\x1b[?25h`;
}

function same(a: Cell, b: Cell): boolean {
  return a.character === b.character && a.attribute === b.attribute && a.blink === b.blink;
}

/** SELECT GRAPHIC RENDITION, complete. */
function rendition({ attribute, blink }: Cell): string {
  const foreground = attribute & 15;
  const background = (attribute >> 4) & 15;
  const fore = (foreground & 8 ? 90 : 30) + (ORDER[foreground & 7] as number);
  const back = (background & 8 ? 100 : 40) + (ORDER[background & 7] as number);
  return `\x1b[0;${blink ? '5;' : ''}${fore};${back}m`;
}

function isAscii(character: string): boolean {
  return character >= ' ' && character <= '~';
}
