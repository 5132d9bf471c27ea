// Records the state image cases from the real processor: node tests/isa/x87/record-images.ts PROGRAM

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { Random } from './cases.ts';
import { OPERAND } from './forms.ts';
import { IMAGE_BYTES, type ImageCase, type ImageOutcome, imageBytes, randomImageCase } from './images.ts';

const [program] = process.argv.slice(2);
const r = new Random(20260103);
const cases = Array.from({ length: 400 }, () => randomImageCase(r));
const first = run();
const second = run();
const same = cases.map((_, k) => JSON.stringify(first[k]) === JSON.stringify(second[k]));
const kept = cases.map((c, k) => ({ ...c, outcome: first[k] })).filter((_, k) => same[k]);
writeFileSync('tests/vectors/x87-images.json.gz', gzipSync(JSON.stringify(kept), { level: 9 }));
console.log(`${kept.length} of ${cases.length} cases`);

function line(c: ImageCase, id: number): string {
  const code = Buffer.from(imageBytes(c)).toString('hex');
  const at = OPERAND.toString(16);
  return `id=${id} code=${code}d93500010010 fxin=${c.before} mem@${at}=${c.mem} dump=10000100:1c dump=${at}:${IMAGE_BYTES.toString(16)} fx=1`;
}

function run(): ImageOutcome[] {
  const { stdout } = spawnSync(program, [], { input: `${cases.map(line).join('\n')}\n`, encoding: 'latin1' });
  return stdout
    .trim()
    .split('\n')
    .map((text) => {
      const f = Object.fromEntries(
        text.split(' ').map((t) => [t.slice(0, t.indexOf('=')), t.slice(t.indexOf('=') + 1)]),
      );
      const fx = Buffer.from(f.fx, 'hex');
      const registers = Buffer.concat(Array.from({ length: 8 }, (_, n) => fx.subarray(32 + 16 * n, 42 + 16 * n)));
      return {
        fault: f.stop === 'fault' ? Number(f.trap) : -1,
        environment: f['mem@10000100'],
        registers: registers.toString('hex'),
        xmm: fx.subarray(160, 288).toString('hex'),
        mxcsr: fx.readInt32LE(24),
        mem: f[`mem@${OPERAND.toString(16)}`],
      };
    });
}
