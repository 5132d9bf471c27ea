// A process of its own that holds an image: says `open` or the error, and ends when its input does.
// Arguments: image, options as JSON.

import { openImage } from '../../src/storage/node/index.ts';

const [path, options = '{}'] = process.argv.slice(2) as [string, string?];
try {
  const disk = await openImage(path, JSON.parse(options));
  console.log('open');
  process.stdin.on('end', () => disk.close());
  process.stdin.resume();
} catch (error) {
  console.log((error as Error).message);
}
