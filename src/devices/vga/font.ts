// A font of 8x16 dots for code page 437, for boots without a video BIOS. Letters and signs are drawn on a grid of 5 by 9
// and stretched: 7 rows above the base line to 10 scan lines, 2 rows below it to 2; frames and blocks fill their cell.

import { CODE_PAGE_437 } from './code-page-437.ts';

const GLYPH_LINES = 16;
/** Bytes of the font: the lines of 256 glyphs, the leftmost dot in bit 7. */
export const FONT_BYTES = 256 * GLYPH_LINES;

// Rows of the grid in base 32, from the top, five dots each; what is left out at the end is empty.
const ASCII =
  '0 4444404 aaa aavavaa 4fke5u4 op248j3 cik8lid 448 2488842 8422248 04lel4 044v44 00000c48 000v 00000cc 01248g ' +
  'ehjlphe 4c4444e eh1248v v2421he 26aiv22 vgu11he 68guhhe v124888 ehhehhe ehhf12c 0cc0cc 0cc0c48 248g842 00v0v ' +
  '8421248 eh12404 eh1dlle ehhvhhh uhhuhhu ehggghe sihhhis vgguggv vgguggg ehgnhhf hhhvhhh e44444e 72222ic hikokih ' +
  'ggggggv hrllhhh hhpljhh ehhhhhe uhhuggg ehhhlid uhhukih fgge11u v444444 hhhhhhe hhhhha4 hhhllla hha4ahh hhha444 ' +
  'v1248gv e88888e 0g8421 e22222e 4ah 0000000v 842 00e1fhf ggmphhu 00egghe 11djhhf 00ehvge 698s888 00fhhhf1e ' +
  'ggmphhh 40c444e 2062222ic ggikoki c44444e 00qllhh 00mphhh 00ehhhe 00uhhhugg 00fhhhf11 00mpggg 00ege1u 88s8896 ' +
  '00hhhjd 00hhha4 00hhlla 00ha4ah 00hhhhf1e 00v248v 2448442 4444444 8442448 008l2';
const CONTROLS =
  '0 ehrhvhe evlvhve 0avve4 04eve4 4elvl4e 4evvv4e 00eee vvhhhvv 0ehhhe vheeehv 73diic ehhe4e4 6544cs8 f999rr 0lerel ' +
  'gosusog 137f731 4el4le4 aaaaa0a fttd555 egehe1e 00000vv 4elle4v 4el4444 4444le4 042v24 048v84 00gggv 00ava 044eevv ' +
  'vvee44';
const OTHERS: Readonly<Record<string, string>> = {
  '⌂': '04ahhv',
  æ: '00q5fkf',
  Æ: 'fkkvkkn',
  '¢': '4elkle4',
  '£': '698s89u',
  '¥': 'hav4v44',
  '₧': 'siisggg',
  ƒ: '654e4kc',
  ª: 'e1fhf0v',
  º: 'ehhe0v',
  '¿': '4048ghe',
  '⌐': '00vgg',
  '¬': '00v11',
  '½': 'gikbh27',
  '¼': 'gik9bf1',
  '¡': '4044444',
  '«': '05aka5',
  '»': '0ka5ak',
  α: '00diiid',
  ß: 'ciikihm',
  Γ: 'vgggggg',
  π: '00vaaaa',
  Σ: 'vg848gv',
  σ: '00fihhe',
  µ: '00iiitgg',
  τ: '00v4442',
  Φ: '4ellle4',
  Θ: 'ehhvhhe',
  Ω: 'ehhhaar',
  δ: '684ehhe',
  '∞': '00alla',
  φ: '1ejlpeg',
  ε: '68gug86',
  '∩': '0ehhhhh',
  '≡': '0v0v0v',
  '±': '44v440v',
  '≥': '842480v',
  '≤': '248420v',
  '⌠': '254444444',
  '⌡': '44444k8',
  '÷': '040v04',
  '≈': '08l28l2',
  '°': '4a4',
  '∙': '000cc',
  '·': '0004',
  '√': '7444kc4',
  ⁿ: 'siii',
  '²': 'o48s',
};
/** Lines of combining marks: above letters, and below. */
const MARKS_ABOVE: Readonly<Record<string, readonly number[]>> = {
  '\u0300': [0x30, 0x18],
  '\u0301': [0x18, 0x30],
  '\u0302': [0x38, 0x6c],
  '\u0303': [0x76, 0xdc],
  '\u0308': [0x6c, 0x6c],
  '\u030a': [0x38, 0x38],
};
const CEDILLA = '\u0327';
const CEDILLA_LINES = [0x18, 0x30];
/** Frames from B3h on: weights (0 none, 1 single, 2 double) of the arms up, down, left, right. */
const FRAMES =
  '1100 1110 1120 2210 0210 0120 2220 2200 0220 2020 2010 1020 0110 1001 1011 0111 1101 0011 1111 1102 2201 2002 0202 ' +
  '2022 0222 2202 0022 2222 1022 2011 0122 0211 2001 1002 0102 0201 2211 1122 1010 0101';
const FIRST_FRAME = 0xb3;
/** Dots that are lit in even and odd lines of B0h to B2h. */
const SHADES = [
  [0x22, 0x88],
  [0x55, 0xaa],
  [0xdd, 0x77],
] as const;
const FIRST_SHADE = 0xb0;

/** Grid row of scan lines 2 to 13. */
const ROW_OF_LINE = [0, 1, 1, 2, 3, 3, 4, 5, 5, 6, 7, 8] as const;
const FIRST_LINE = 2;
const BASE_LINE = 12;
/** Grid column of dots 0 to 6. */
const COLUMN_OF_DOT = [0, 0, 1, 2, 3, 4, 4] as const;

/** The glyphs, 16 bytes each. */
export function font8x16(): Uint8Array {
  const font = new Uint8Array(FONT_BYTES);
  const ascii = ASCII.split(' ');
  const controls = CONTROLS.split(' ');
  const frames = FRAMES.split(' ');
  for (let code = 0; code < 256; code++) {
    const glyph = font.subarray(code * GLYPH_LINES, (code + 1) * GLYPH_LINES);
    const character = CODE_PAGE_437[code] as string;
    const frame = frames[code - FIRST_FRAME];
    const shade = SHADES[code - FIRST_SHADE];
    if (code < 32) drawRows(glyph, controls[code] as string);
    else if (code < 127) drawRows(glyph, ascii[code - 32] as string);
    else if (frame !== undefined) drawFrame(glyph, [...frame].map(Number));
    else if (shade) for (let line = 0; line < GLYPH_LINES; line++) glyph[line] = shade[line & 1] as number;
    else if (!drawBlock(glyph, character)) drawLetter(glyph, character, ascii);
  }
  return font;
}

/** A grid, as rows in base 32. */
function drawRows(glyph: Uint8Array, rows: string): void {
  for (const [k, row] of ROW_OF_LINE.entries()) {
    const dots = Number.parseInt(rows[row] ?? '0', 32);
    let line = 0;
    for (const [dot, column] of COLUMN_OF_DOT.entries()) if (dots & (16 >> column)) line |= 0x80 >> dot;
    glyph[FIRST_LINE + k] = line;
  }
}

/** Letters with marks are drawn of both. */
function drawLetter(glyph: Uint8Array, character: string, ascii: readonly string[]): void {
  const [letter = '', mark = ''] = character.normalize('NFD');
  const rows = OTHERS[character] ?? ascii[letter.charCodeAt(0) - 32] ?? '';
  // The mark takes the place of the dot on an i.
  drawRows(glyph, mark !== '' && letter === 'i' ? `00${rows.slice(2)}` : rows);
  if (mark === CEDILLA) glyph.set(CEDILLA_LINES, BASE_LINE);
  const above = MARKS_ABOVE[mark];
  if (above) glyph.set(above, letter >= 'a' ? FIRST_LINE : 0);
}

function drawFrame(glyph: Uint8Array, [up = 0, down = 0, left = 0, right = 0]: readonly number[]): void {
  const stems = [0, 0x18, 0x24];
  for (let line = 0; line <= 8; line++) glyph[line] = (glyph[line] as number) | (stems[up] as number);
  for (let line = 6; line < GLYPH_LINES; line++) glyph[line] = (glyph[line] as number) | (stems[down] as number);
  for (const [weight, dots] of [
    [left, 0xfc],
    [right, 0x3f],
  ] as const) {
    for (const line of weight === 2 ? [6, 8] : weight === 1 ? [7] : []) glyph[line] = (glyph[line] as number) | dots;
  }
  // Single stems end at the beam that they meet, or reach into the middle.
  const beam = Math.max(left, right);
  if (up === 1 && down === 0 && beam < 2) glyph[8] = 0;
  if (down === 1 && up === 0 && beam < 2) glyph[6] = 0;
}

function drawBlock(glyph: Uint8Array, character: string): boolean {
  switch (character) {
    case '█':
      glyph.fill(0xff);
      return true;
    case '▄':
      glyph.fill(0xff, GLYPH_LINES / 2);
      return true;
    case '▀':
      glyph.fill(0xff, 0, GLYPH_LINES / 2);
      return true;
    case '▌':
      glyph.fill(0xf0);
      return true;
    case '▐':
      glyph.fill(0x0f);
      return true;
    case '■':
      glyph.fill(0x7c, 5, 11);
      return true;
    default:
      return false;
  }
}
