// `transvisor explain` on the command line: options and help. What it does is in explain.ts.

import type { Command } from 'commander';
import type { ExplainOptions } from './explain.ts';
import type { Verdict } from './status.ts';

const HELP = `
Prints an instruction as it is decoded, its class, its semantic function, its template, what is left of it when it is
specialised and after the passes, the ESTree, the JavaScript, and where that goes on.

Examples:
  transvisor explain "add eax,[ebx+8]"
  transvisor explain 03 43 08
  transvisor explain --16 b8 34 12`;

export function addExplain(root: Command, done: (end: Verdict) => void): void {
  root
    .command('explain')
    .description('show one instruction at every stage of the translator')
    .argument('<instruction...>', 'in Intel syntax, or its bytes in hex')
    .option('--16', '16-bit code')
    .addHelpText('after', HELP)
    .action(async (words: string[], options: ExplainOptions) => {
      const { explain } = await import('./explain.ts');
      done(explain(words, options));
    });
}
