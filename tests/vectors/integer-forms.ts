// The forms of the integer instructions, derived from the opcode maps: every opcode byte, every member of a group, with
// memory and with a register. x87, MMX and SSE have vectors of their own.

import {
  type Entry,
  MODRM,
  MODRM_NONE,
  ONE_BYTE_ENTRIES,
  TWO_BYTE_ENTRIES,
  UNDEFINED,
} from '../../src/isa/decode-entries.ts';
import { ONE_BYTE, TWO_BYTE } from '../../src/isa/opcodes.ts';

export interface Form {
  /** Opcode, digit, operand class and operation: `0F BA /4 mem BT`. */
  readonly name: string;
  readonly op: string;
  readonly twoByte: boolean;
  readonly opcode: number;
  /** ModRM: the reg field where it is an opcode extension, else -1. */
  readonly digit: number;
  readonly rm: 'none' | 'mem' | 'reg';
  readonly entry: Entry;
  /** A conditional jump follows it, by which the engines may decide at once. */
  readonly jump: boolean;
}

const IS_PREFIX = new Set([0x0f, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3]);

/** Operation names of the rows of both maps. */
const INTEGER = new Set(
  `${ONE_BYTE}${TWO_BYTE}`
    .split('\n')
    .filter((row) => row !== '')
    .map((row) => row.split(' ').find((word, k) => k > 0 && !/^(\/\d|NP|66|F2|F3|11B)$/.test(word)) as string),
);

/** Operations that are not recorded, and why. */
export const NOT_RECORDED: Readonly<Record<string, string>> = {
  CPUID: 'describes the processor',
  RDTSC: 'the time',
  SGDT: 'tables of the host, or what its kernel makes up (UMIP)',
  SIDT: 'as SGDT',
  SLDT: 'as SGDT',
  STR: 'as SGDT',
  SMSW: 'as SGDT',
  INT1: 'under a hypervisor, its EIP is what that makes of it',
  SYSENTER: 'enters the host kernel',
};

const hex = (n: number): string => n.toString(16).toUpperCase().padStart(2, '0');

function formsOf(twoByte: boolean, entries: readonly Entry[]): Form[] {
  const forms: Form[] = [];
  const seen = new Set<string>();
  const add = (opcode: number, digit: number, rm: Form['rm'], entry: Entry): void => {
    const name = `${twoByte ? '0F ' : ''}${hex(opcode)}${digit >= 0 ? ` /${digit}` : ''}${rm === 'none' ? '' : ` ${rm}`} ${entry.op}`;
    if (seen.has(name)) return;
    seen.add(name);
    forms.push({ name, op: entry.op, twoByte, opcode, digit, rm, entry, jump: false });
  };
  for (let opcode = 0; opcode < 256; opcode++) {
    if (!twoByte && (IS_PREFIX.has(opcode) || (opcode >= 0xd8 && opcode <= 0xdf))) continue;
    const entry = entries[opcode] as Entry;
    if (entry.by !== null) {
      // Where the reg field decides nothing, it is not part of the form.
      const class_ = (from: number): boolean =>
        [0, 1, 2, 3, 4, 5, 6, 7].every((d) => entry.by?.[from | (d << 3)] === entry.by?.[from]);
      for (const [from, rm] of [
        [0x00, 'mem'],
        [0xc0, 'reg'],
      ] as const) {
        for (let d = 0; d < 8; d++) {
          const it = entry.by[from | (d << 3)] as Entry;
          if (INTEGER.has(it.op)) add(opcode, class_(from) ? -1 : d, rm, it);
        }
      }
    } else if (entry === UNDEFINED) {
      // In another column it may be an instruction of the other maps.
      if ([1, 2, 3].every((column) => entries[(column << 8) | opcode] === UNDEFINED)) add(opcode, -1, 'none', entry);
    } else if (INTEGER.has(entry.op)) {
      if (entry.modrm === MODRM_NONE) add(opcode, -1, 'none', entry);
      else {
        if (entry.modrm === MODRM) add(opcode, -1, 'mem', entry);
        add(opcode, -1, 'reg', entry);
      }
    }
  }
  return forms;
}

/** Every form, those that are not recorded too. */
export const ALL_FORMS: readonly Form[] = [...formsOf(false, ONE_BYTE_ENTRIES), ...formsOf(true, TWO_BYTE_ENTRIES)];

/** Whether a form is an extension that acts on its own: SYSCALL, and what shares 0F 01 with a register (VMCALL ...). */
const actsOnItsOwn = (f: Form): boolean =>
  f.op === 'UD' && f.twoByte && (f.opcode === 0x05 || (f.opcode === 0x01 && f.rm === 'reg'));

const COMPARES = new Set(['CMP', 'TEST', 'DEC']);

/** What is recorded: single instructions, and compares with a conditional jump behind them. */
export const FORMS: readonly Form[] = [
  ...ALL_FORMS.filter((f) => !(f.op in NOT_RECORDED) && !actsOnItsOwn(f)),
  ...ALL_FORMS.filter((f) => COMPARES.has(f.op)).map((f) => ({ ...f, name: `${f.name}, Jcc`, jump: true })),
];
