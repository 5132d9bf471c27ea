// Code page 437, the character set of the IBM PC, in Unicode.
//
// IBM "CDRA code page 437"; the control codes are the pictures that the display adapters have in their fonts.

const CONTROLS = '\u0000☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼';
const UPPER =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»' +
  '░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀' +
  'αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';
const ASCII = Array.from({ length: 95 }, (_, k) => String.fromCharCode(32 + k)).join('');

/** The character of each of the 256 codes. Code 0 is a space, as it looks. */
export const CODE_PAGE_437: readonly string[] = [...` ${CONTROLS.slice(1)}${ASCII}⌂${UPPER}`];
