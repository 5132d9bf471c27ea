// Guest symbols from the command line: `--symbols`, or the kernel's own where it is an ELF file.

import { readFileSync } from 'node:fs';
import { elfSymbols } from '../../translator/explain/elf-symbols.ts';
import { parseSymbols, Symbols } from '../../translator/explain/symbols.ts';
import { UserError } from '../lib/errors.ts';
import { hostError } from './files.ts';

/**
 * Symbols of a file, or of the kernel if that is an ELF file that has some.
 * @throws UserError for a file that cannot be read, or has none
 */
export function givenSymbols(file: string | undefined, kernel: string | undefined): Symbols | undefined {
  if (file !== undefined) {
    const bytes = read('--symbols', file);
    const found = [...elfSymbols(bytes), ...parseSymbols(new TextDecoder('latin1').decode(bytes))];
    if (found.length > 0) return new Symbols(found);
    throw new UserError(`--symbols ${file}: no symbols of code; give lines such as 'c0100000 T start_kernel'`);
  }
  const found = kernel === undefined ? [] : elfSymbols(read('kernel', kernel));
  return found.length > 0 ? new Symbols(found) : undefined;
}

function read(what: string, path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw hostError(`${what} ${path}`, error);
  }
}
