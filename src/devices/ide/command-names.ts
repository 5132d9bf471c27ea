// Names of ATA commands, for the log: ATA/ATAPI-6 (T13/1410D), table 10.

import { hex } from '../../lib/hex.ts';

const NAMES: Readonly<Record<number, string>> = {
  8: 'DEVICE RESET',
  32: 'READ SECTORS',
  36: 'READ SECTORS EXT',
  37: 'READ DMA EXT',
  39: 'READ NATIVE MAX ADDRESS EXT',
  41: 'READ MULTIPLE EXT',
  48: 'WRITE SECTORS',
  52: 'WRITE SECTORS EXT',
  53: 'WRITE DMA EXT',
  57: 'WRITE MULTIPLE EXT',
  64: 'READ VERIFY SECTORS',
  66: 'READ VERIFY SECTORS EXT',
  145: 'INITIALIZE DEVICE PARAMETERS',
  160: 'PACKET',
  161: 'IDENTIFY PACKET DEVICE',
  176: 'SMART',
  196: 'READ MULTIPLE',
  197: 'WRITE MULTIPLE',
  198: 'SET MULTIPLE MODE',
  200: 'READ DMA',
  202: 'WRITE DMA',
  229: 'CHECK POWER MODE',
  231: 'FLUSH CACHE',
  234: 'FLUSH CACHE EXT',
  236: 'IDENTIFY DEVICE',
  239: 'SET FEATURES',
  248: 'READ NATIVE MAX ADDRESS',
};

/** The name of a command, with its code. */
export function commandName(code: number): string {
  return `${NAMES[code] ?? 'command'} (${hex(code, 2)})`;
}
