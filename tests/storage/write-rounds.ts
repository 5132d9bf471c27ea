// A process of its own that writes until it is killed: in each round a fifth of the sectors, with the round's number in
// each; then a flush; then a line with the number. Arguments: image, sectors.

import { writeSync } from 'node:fs';
import { openImage } from '../../src/storage/node/index.ts';

const [path, sectors] = process.argv.slice(2) as [string, string];
const disk = await openImage(path);
for (let round = 1; ; round++) {
  const bytes = new Uint8Array(new Uint32Array(128).fill(round).buffer);
  for (let sector = 0; sector < Number(sectors); sector++) {
    if ((sector * 7 + round * 13) % 5 === 0) await disk.write(sector, bytes);
  }
  await disk.flush();
  writeSync(1, `${round}\n`);
}
