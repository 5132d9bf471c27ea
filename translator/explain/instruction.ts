// One instruction at every stage of the translator, without a guest: what `transvisor explain` prints. The instruction is
// a region of its own, at linear address 1000h, in flat code of CPL 0.

import { DECODE_MODES } from '../../src/cpu/decoded.ts';
import { shapeKey } from '../../src/cpu/shape.ts';
import { decode } from '../../src/isa/decode.ts';
import { disassemble } from '../../src/isa/disassemble.ts';
import {
  CREG,
  DREG,
  FAR,
  IMM,
  type Insn,
  MEM,
  MMX,
  NO_OPERAND,
  NONE,
  type Operand,
  REG,
  REG8,
  REPE,
  REPNE,
  SREG,
  ST,
} from '../../src/isa/insn.ts';
import { type Class, classify, isCalledOut, templateOf } from '../classify.ts';
import { TEMPLATES } from '../generated/templates.js';
import type { Graph } from '../graph.ts';
import { hasVectors } from '../lanes.ts';
import { scan } from '../scan.ts';
import { instantiate, specialise } from '../specialise.ts';
import { Temporaries } from '../temporaries.ts';
import { asAsm, translate } from '../translate.ts';
import { REGISTERS_8, REGISTERS_16, REGISTERS_32, SEGMENTS, SyntaxProblem } from './operand-text.ts';
import { number, residualLines } from './residual.ts';
import { javascript, treeLines } from './tree.ts';

export const ADDRESS = 0x1000;
/** Where the register file is, in the printed text: that of a machine with 256 MiB. */
const REGISTERS_AT = 256 << 20;
/** CS.D, SS.B; FS and GS through their bases. */
const MODE_32 = 3 | (0x30 << 2);
const OVERSHOOT = 201;

export interface Stage {
  readonly name: string;
  readonly lines: readonly string[];
}

export interface Explanation {
  readonly insn: Insn;
  readonly bytes: Uint8Array;
  readonly class: Class;
  /** In the order of the pipeline. */
  readonly stages: readonly Stage[];
}

const CLASSES: Readonly<Record<string, string>> = {
  ident: 'specialised as it is',
  inline: 'replaced by a short sequence on virtual state',
  callout: 'patched into a call of the monitor, which executes it by its semantic function; the region goes on',
  leave: 'ends the region: the reference executes it, and what follows is looked up anew',
};
const SIXTEEN = 'the reference executes it: only flat 32-bit code is translated';

/**
 * @param bytes of one instruction; more is an error
 * @param semantics lines on its semantic function, by the operation's name
 * @throws SyntaxProblem for bytes that are no instruction, or more than one
 */
export function explainInstruction(
  bytes: Uint8Array,
  code32: boolean,
  semantics: (op: string) => readonly string[],
): Explanation {
  const insn = decode(bytes, 0, bytes.length, DECODE_MODES[code32 ? 3 : 0]);
  if (!insn) throw new SyntaxProblem('these bytes end within the instruction; give all of it');
  if (insn.length < bytes.length && insn.op !== 'UD' && insn.op !== 'TOOLONG') {
    throw new SyntaxProblem(
      `the first instruction, ${disassemble(insn)}, has ${insn.length} bytes; give one at a time`,
    );
  }
  const kind = classify(insn, code32 ? MODE_32 : 0);
  const stages: Stage[] = [
    { name: 'decoded', lines: decodedLines(insn) },
    { name: 'class', lines: code32 ? [`${kind}: ${CLASSES[kind]}`] : [SIXTEEN] },
    { name: 'semantics', lines: semantics(insn.op) },
  ];
  if (code32) stages.push(...translated(bytes, insn, kind));
  return { insn, bytes, class: kind, stages };
}

/** Text of all stages. */
export function explanationText({ insn, bytes, stages }: Explanation): string {
  const hex = [...bytes].map((b) => b.toString(16).padStart(2, '0')).join(' ');
  const lines = [disassemble(insn, ADDRESS), `  ${hex}`];
  for (const { name, lines: own } of stages) lines.push('', name, ...own.map((line) => `  ${line}`));
  return `${lines.join('\n')}\n`;
}

function translated(bytes: Uint8Array, insn: Insn, kind: Class): Stage[] {
  const stages: Stage[] = [];
  const key = templateOf(insn);
  const template = key === undefined ? undefined : TEMPLATES[key];
  if (template) stages.push({ name: `template ${key}`, lines: residualLines(template.body) });
  else stages.push({ name: 'template', lines: [`none for ${shapeKey(insn)}`] });
  const graph = graphOf(bytes);
  const block = graph.blocks.get(graph.entry);
  const [placed] = block?.insns ?? [];
  if (!block || !placed) return stages;
  const bent = MODE_32 >> 2;
  if (!isCalledOut(kind)) {
    stages.push({ name: 'specialised', lines: residualLines(instantiate(placed, bent, { n: 0 })) });
    const { body, test } = specialise(block, bent, new Temporaries());
    const end = test ? residualLines([{ k: block.term === 'branch' ? 'branch' : 'jumpTo', e: test }]) : [];
    stages.push({ name: 'after passes', lines: [...residualLines(body), ...end] });
    if (hasVectors(placed)) {
      stages.push({
        name: 'with vectors',
        lines: residualLines(specialise(block, bent, new Temporaries(), true).body),
      });
    }
  }
  const { printed } = translate(
    graph,
    MODE_32,
    {
      name: 'region',
      registersAt: REGISTERS_AT,
      firstCallout: 0,
      firstSite: 1,
      overshoot: OVERSHOOT,
    },
    asAsm,
  );
  stages.push({ name: 'ESTree', lines: treeLines(printed.made.tree) });
  stages.push({ name: 'JavaScript', lines: javascript(printed.made.tree).split('\n') });
  stages.push({ name: 'exits', lines: exitLines(insn, kind, stages) });
  return stages;
}

function graphOf(bytes: Uint8Array): Graph {
  const u8 = new Uint8Array(ADDRESS + bytes.length);
  u8.set(bytes, ADDRESS);
  const source = {
    memory: { u8, hostOf: (physical: number) => physical },
    linear: ADDRESS,
    mode: MODE_32,
    frameOf: (page: number) => page >>> 12,
    placements: new Map(),
  };
  return scan(source, { maxInstructions: 1, inline: false, isWarm: () => false });
}

/** Where a region of this instruction alone goes on. */
function exitLines(insn: Insn, kind: Class, stages: readonly Stage[]): string[] {
  if (kind === 'leave') return ['wherever the callout leads'];
  const next = ADDRESS + insn.length;
  const hex = (v: number): string => `0x${(v >>> 0).toString(16)}`;
  const passes = stages.find((s) => s.name === 'after passes')?.lines ?? [];
  const lines: string[] = [];
  if (kind === 'callout')
    lines.push(`${hex(ADDRESS)} if the callout delivers a fault or changes what the region relies on`);
  if (passes.some((l) => /= place|leave if/.test(l))) {
    lines.push(`${hex(ADDRESS)} by the reference, where memory is not at hand or the instruction faults`);
  }
  const target = hex(next + insn.rel);
  if (insn.op === 'Jcc' || insn.op.startsWith('LOOP') || insn.op === 'JCXZ')
    lines.push(`${target} taken`, `${hex(next)} not taken`);
  else if (insn.op === 'JMP' || insn.op === 'CALL') lines.push(target);
  else if (insn.op === 'JMPn' || insn.op === 'CALLn' || insn.op === 'RET') lines.push('a computed address');
  else lines.push(`${hex(next)}, the next instruction`);
  return lines;
}

function decodedLines(insn: Insn): string[] {
  const { op, size, osize, asize, ssize, length } = insn;
  const lines = [`op ${op}, size ${size}, osize ${osize}, asize ${asize}, ssize ${ssize}, length ${length}`];
  for (const name of ['dst', 'src', 'src2'] as const) {
    if (insn[name].kind !== NO_OPERAND) lines.push(`${name} ${operandText(insn[name])}`);
  }
  if (/cc$/.test(op)) lines.push(`cc ${insn.cc}`);
  if (insn.rep !== 0) lines.push(`rep ${insn.rep === REPE ? 'REPE' : insn.rep === REPNE ? 'REPNE' : insn.rep}`);
  if (insn.lock) lines.push('lock');
  if (insn.rel !== 0) lines.push(`rel ${number(insn.rel)}`);
  return lines;
}

function operandText(o: Operand): string {
  switch (o.kind) {
    case REG:
      return `REG ${o.size === 16 ? REGISTERS_16[o.n] : REGISTERS_32[o.n]}, ${o.size} bits`;
    case REG8:
      return `REG8 ${REGISTERS_8[o.up === 16 ? o.n + 4 : o.n]}: n ${o.n}, up ${o.up}`;
    case IMM:
      return `IMM ${number(o.value)}, ${o.size} bits`;
    case MEM: {
      const register = (n: number): string => (n === NONE ? 'none' : (REGISTERS_32[n] as string));
      return (
        `MEM seg ${SEGMENTS[o.seg]}, base ${register(o.base)}, index ${register(o.index)}, scale ${o.scale}, ` +
        `disp ${number(o.disp)}, ${o.size} bits, address ${o.address}`
      );
    }
    case FAR:
      return `FAR ${number(o.n)}:${number(o.value)}`;
    case SREG:
      return `SREG ${SEGMENTS[o.n]}`;
    case ST:
      return `ST st(${o.n})`;
    default:
      return `${o.kind === CREG ? 'CREG cr' : o.kind === DREG ? 'DREG dr' : o.kind === MMX ? 'MMX mm' : 'XMM xmm'}${o.n}`;
  }
}
