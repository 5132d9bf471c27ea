// A process of its own: writes one sector and says how it went. Arguments: image, sector.

import { StorageError } from '../../src/storage/index.ts';
import { openImage } from '../../src/storage/node/index.ts';

const [path, sector] = process.argv.slice(2) as [string, string];
const disk = await openImage(path);
await disk.write(Number(sector), new Uint8Array(512)).then(
  () => console.log('written'),
  (error: unknown) => console.log(error instanceof StorageError ? error.fault : error),
);
await disk.close();
