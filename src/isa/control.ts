// Which instructions end a block of straight-line code. Derived from the operation names and operands of the opcode
// maps (`opcodes.ts`).

import { CREG, CS, DREG, type Insn, type int, SREG, SS } from './insn.ts';

/** Operations that can continue elsewhere than at the next instruction, faults aside. */
const TRANSFERS: ReadonlySet<string> = new Set(
  (
    'Jcc JMP JMPn JMPF CALL CALLn CALLF RET RETF IRET LOOP LOOPE LOOPNE JCXZ INT INT3 INTO INT1 SYSENTER SYSEXIT ' +
    'UD TOOLONG HLT'
  ).split(' '),
);

/** Operations after which the same bytes may mean something else, or be mapped elsewhere. */
const MODE_CHANGES: ReadonlySet<string> = new Set(
  'MOVCR MOVDR MOVSEG POPSEG LFP LMSW CLTS POPF INVLPG WRMSR'.split(' '),
);

/** Whether control may go elsewhere than to the next instruction (faults and interrupts aside); HLT, UD and TOOLONG too. */
export function isTransfer(insn: Insn): boolean {
  return TRANSFERS.has(insn.op);
}

/**
 * Whether a block ends after this instruction: a transfer of control, or a change of mode, segments, privilege-relevant
 * flags or mapping. Reading a control, debug or segment register does not end one.
 */
export function endsBlock(insn: Insn): boolean {
  if (TRANSFERS.has(insn.op)) return true;
  if (!MODE_CHANGES.has(insn.op)) return false;
  if (insn.op === 'MOVCR') return insn.dst.kind === CREG;
  if (insn.op === 'MOVDR') return insn.dst.kind === DREG;
  // Data segments do not say what the bytes mean; engines that build on them look after a load whether they still may.
  if (insn.op === 'MOVSEG') return insn.dst.kind === SREG && isCodeOrStack(insn.dst.n);
  if (insn.op === 'POPSEG') return isCodeOrStack(insn.dst.n);
  return true;
}

function isCodeOrStack(seg: int): boolean {
  return seg === CS || seg === SS;
}
