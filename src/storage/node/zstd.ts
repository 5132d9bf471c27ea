// Clusters compressed by zstd (qcow2 compression type 1): by Node's zlib.

import { createZstdDecompress } from 'node:zlib';

/** Decompresses a zstd frame into `into`; bytes behind the frame are not looked at. */
export function unzstd(bytes: Uint8Array, into: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = createZstdDecompress();
    let done = 0;
    const end = (error?: Error): void => {
      stream.destroy();
      if (done === into.length) resolve();
      else reject(error ?? new Error('the frame ends too early'));
    };
    stream.on('data', (chunk: Uint8Array) => {
      const part = chunk.subarray(0, into.length - done);
      into.set(part, done);
      done += part.length;
      if (done === into.length) end();
    });
    stream.once('error', end);
    stream.once('end', () => end());
    stream.end(bytes);
  });
}
