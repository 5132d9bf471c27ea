// `transvisor explain`: one instruction, as text or as bytes, at every stage of the translator.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assemble } from '../../translator/explain/assemble.ts';
import { ADDRESS, explainInstruction, explanationText } from '../../translator/explain/instruction.ts';
import { SyntaxProblem } from '../../translator/explain/operand-text.ts';
import { DECODE_MODES } from '../cpu/decoded.ts';
import { UserError } from '../lib/errors.ts';
import { packageFile } from './package.ts';
import { STATUS, type Verdict } from './status.ts';

export interface ExplainOptions {
  readonly 16?: true;
}

const SEMANTICS = fileURLToPath(new URL('../isa/semantics/', import.meta.url));

/**
 * Prints an instruction at every stage.
 * @param words hex bytes, or an instruction in Intel syntax
 * @throws UserError for what is neither
 */
export function explain(words: readonly string[], options: ExplainOptions): Verdict {
  process.stdout.write(explanation(words, options[16] !== true));
  return { status: STATUS.success, reason: 'explained' };
}

/** The text that `explain` prints. */
export function explanation(words: readonly string[], code32: boolean): string {
  try {
    const bytes = hexBytes(words) ?? assemble(words.join(' '), DECODE_MODES[code32 ? 3 : 0], ADDRESS);
    return explanationText(explainInstruction(bytes, code32, semanticsOf));
  } catch (error) {
    if (error instanceof SyntaxProblem) throw new UserError(error.message);
    throw error;
  }
}

/** `03 43 08`, `034308`, `0x03 0x43 0x08`; undefined if it is not that. */
function hexBytes(words: readonly string[]): Uint8Array | undefined {
  const digits = words
    .join(' ')
    .trim()
    .split(/[\s,]+/)
    .map((word) => word.replace(/^0x/i, ''));
  // Mnemonics such as ADC and DAA are hexadecimal digits too: an even number of them tells bytes.
  if (!digits.every((word) => /^([0-9a-f]{2})+$/i.test(word))) return undefined;
  return Uint8Array.from(Buffer.from(digits.join(''), 'hex'));
}

/** Where the semantic function of an operation stands, and what its comment says. */
function semanticsOf(op: string): string[] {
  for (const path of sourceFiles(SEMANTICS)) {
    const lines = readFileSync(path, 'utf8').split('\n');
    const at = lines.findIndex((line) => new RegExp(`^export (?:function|const) ${op}\\b`).test(line));
    if (at < 0) continue;
    let from = at;
    while (from > 0 && /^(\/\*\*| \*|\/\/)/.test(lines[from - 1] as string)) from--;
    const comment = lines
      .slice(from, at)
      .map((line) => line.replace(/^\/\*\*\s?|^ \*\/$|^ \* ?|^\/\/ ?/, '').replace(/\s*\*\/$/, ''))
      .filter((line) => line !== '');
    return [`${op} at ${relative(packageFile(), path)}:${at + 1}`, ...comment];
  }
  return [`${op}: undefined opcode, #UD`];
}

function sourceFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((f) => f.isFile() && /\.[jt]s$/.test(f.name) && !f.name.endsWith('.d.ts'))
    .map((f) => join(f.parentPath, f.name))
    .sort();
}
