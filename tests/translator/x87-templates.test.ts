// The recorded x87 instructions (tests/vectors/x87.bin.gz) as translated text: where a template does not leave, what it
// did is what the processor did; where it leaves, it has done nothing.
//
// A template is made for a stack: the cases are turned so that TOP is 5, and those tags are taken that many cases have.

import { describe, expect, test } from 'vitest';
import { Reference } from '../../src/cpu/reference.ts';
import { REGION_SLOW } from '../../src/cpu/regions.ts';
import { WORD } from '../../src/isa/register-file.ts';
import { carry, parity, zero } from '../../src/isa/semantics/flags.ts';
import { statusWord } from '../../src/isa/semantics/x87/plain.ts';
import { templateOf } from '../../translator/classify.ts';
import { TEMPLATES } from '../../translator/generated/templates.js';
import { UserMachine } from '../engines/user-machine.ts';
import type { Case } from '../isa/x87/cases.ts';
import { difference } from '../isa/x87/difference.ts';
import { FORMS, OPERAND } from '../isa/x87/forms.ts';
import { EAX_BEFORE, type Outcome } from '../isa/x87/replay.ts';
import { readVectors } from '../isa/x87/vectors.ts';
import { CODE, DATA } from '../vectors/integer-format.ts';
import { type Single, testForm, translate } from './single.ts';

const TOP = 5;
/** Cases of one form and stack that are worth a function. */
const WORTH = 60;

const { cases, outcomes } = readVectors(new URL('../vectors/x87.bin.gz', import.meta.url).pathname);
describe.each(['asm.js', 'webassembly'] as const)('as %s', (code) => {
  const machine = new UserMachine((...a) => new Reference(...a), code);
  const { cpu, memory } = machine;
  memory.writePlace(OPERAND, 16, 1);

  interface Group {
    readonly form: number;
    readonly tags: number;
    readonly cases: number[];
  }

  /** Tags or registers by physical number, turned so that TOP is 5. */
  const turned = (tags: number, status: number): number => {
    const by = (TOP - ((status >> 11) & 7)) & 7;
    return ((tags << by) | (tags >> (8 - by))) & 0xff;
  };
  const withTop = (status: number): number => (status & ~0x3800) | (TOP << 11);

  const groups: Group[] = [];
  {
    const byKey = new Map<string, Group>();
    for (const [k, c] of cases.entries()) {
      const tags = turned(c.ftag, c.fsw);
      const key = `${c.form} ${tags}`;
      const group = byKey.get(key) ?? { form: c.form, tags, cases: [] };
      byKey.set(key, group);
      group.cases.push(k);
    }
    for (const group of byKey.values()) if (group.cases.length >= WORTH) groups.push(group);
  }

  const singles = translate(
    machine,
    groups.map((g) => [(FORMS[g.form] as (typeof FORMS)[number]).insn]),
    groups.map((g) => ({ top: TOP, tags: g.tags })),
  );

  function setUp(c: Case): void {
    machine.start(0, new Int32Array([EAX_BEFORE, 1, 2, 3, DATA + 0x8000, 5, 6, 7]), CODE, 0x202);
    cpu.fcw = c.fcw;
    cpu.ftop = TOP;
    cpu.fsw = c.fsw & ~0x3800;
    cpu.ftag = turned(c.ftag, c.fsw);
    cpu.fip = cpu.fcs = cpu.fdp = cpu.fds = cpu.fop = 0;
    cpu.fz = (c.eflags & 0x40) === 0 ? 1 : 0;
    cpu.fr = (c.eflags & 4) === 0 ? 1 : 0;
    cpu.ca = 0;
    cpu.cb = c.eflags & 1;
    const st = new DataView(c.st.buffer, c.st.byteOffset, 80);
    for (let n = 0; n < 8; n++) {
      const at = 4 * ((TOP + n) & 7);
      cpu.fpr[at] = st.getInt32(10 * n, true);
      cpu.fpr[at + 1] = st.getInt32(10 * n + 4, true);
      cpu.fpr[at + 2] = st.getUint16(10 * n + 8, true);
    }
    machine.data.set(c.mem, OPERAND - DATA);
  }

  function outcome(): Outcome {
    const bytes = new Uint8Array(80);
    const st = new DataView(bytes.buffer);
    for (let n = 0; n < 8; n++) {
      const at = 4 * ((cpu.ftop + n) & 7);
      st.setInt32(10 * n, cpu.fpr[at] as number, true);
      st.setInt32(10 * n + 4, cpu.fpr[at + 1] as number, true);
      st.setUint16(10 * n + 8, cpu.fpr[at + 2] as number, true);
    }
    return {
      fault: -1,
      fcw: cpu.fcw,
      fsw: statusWord(cpu),
      ftag: cpu.ftag,
      st: bytes,
      mem: machine.data.slice(OPERAND - DATA, OPERAND - DATA + 10),
      eax: cpu.reg[0] as number,
      eflags: carry(cpu) | (parity(cpu) << 2) | (zero(cpu) << 6),
      fip: cpu.fip,
      fcs: cpu.fcs,
      fdp: cpu.fdp,
      fds: cpu.fds,
      fop: cpu.fop,
    };
  }

  interface Tally {
    inline: number;
    left: number;
  }

  function replay(single: Single, k: number, tally: Tally): string {
    const c = cases[k] as Case;
    const real = outcomes[k] as Outcome;
    setUp(c);
    const before = cpu.words.slice(0, WORD.engine);
    if (single.run() === REGION_SLOW) {
      tally.left++;
      const now = cpu.words.slice(0, WORD.engine);
      now[WORD.eip] = before[WORD.eip] as number;
      const same = now.every((w, n) => w === before[n]) && outcome().mem.every((b, n) => b === c.mem[n]);
      return same ? '' : `${FORMS[c.form]?.name}: something was committed before it left`;
    }
    tally.inline++;
    const by = ((real.fsw >> 11) - (c.fsw >> 11)) & 7;
    const expected = {
      ...real,
      fsw: (real.fsw & ~0x3800) | (((TOP + by) & 7) << 11),
      ftag: turned(real.ftag, c.fsw),
    };
    // AX of FNSTSW has TOP in it too.
    if (FORMS[c.form]?.insn.op === 'FNSTSW') {
      if (real.eax !== EAX_BEFORE) expected.eax = (real.eax & ~0x3800) | (TOP << 11);
      else new DataView(expected.mem.buffer, expected.mem.byteOffset).setUint16(0, withTop(real.fsw), true);
    }
    return difference({ ...c, fsw: withTop(c.fsw), ftag: turned(c.ftag, c.fsw) }, outcome(), expected);
  }

  const ops = [...new Set(groups.filter((_, n) => singles[n]).map((g) => FORMS[g.form]?.insn.op as string))];

  describe('templates of x87 instructions, against the recorded processor', () => {
    for (const op of ops) {
      test(op, () => {
        const failures: string[] = [];
        const tally: Tally = { inline: 0, left: 0 };
        for (const [n, group] of groups.entries()) {
          const single = singles[n];
          if (FORMS[group.form]?.insn.op !== op || !single) continue;
          for (const k of group.cases) {
            const text = replay(single, k, tally);
            if (text !== '') failures.push(text);
          }
        }
        expect(failures.slice(0, 8), `${failures.length} cases differ`).toEqual([]);
        if (process.env.TALLY) console.log(op, tally);
        expect(tally.inline).toBeGreaterThan(0);
      });
    }

    test('every one was instantiated', () => {
      const used = new Set(singles.map((s) => s && templateOf(s.insn)));
      const missing = Object.keys(TEMPLATES).filter((key) => TEMPLATES[key]?.x87 && !used.has(key));
      expect(missing).toEqual([]);
    });

    testForm(machine, singles);
  });
});
