// What pictures are compared by.

import { createHash } from 'node:crypto';

/** Of the upper five bits of each component: QEMU fills the bits that five or six do not have in another way. */
export function digest(rgb: Uint8Array): string {
  return createHash('sha256')
    .update(rgb.map((component) => component & 0xf8))
    .digest('hex');
}
