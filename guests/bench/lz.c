// A greedy LZ77 compressor: a hash of three bytes finds a candidate, a byte loop measures the match.
#include "bench.h"

#define TEXT_BYTES 65536u
#define HASH_BITS 12

u32 bench_lz(u32 rounds) {
  static u32 last[1 << HASH_BITS];
  u8 *const text = arena;
  u32 seed = 5, sum = 0;
  // Words from a small vocabulary, so that there is something to find.
  for (u32 i = 0; i < TEXT_BYTES;) {
    u32 word = next_random(&seed) % 300, length = 2 + word % 7;
    for (u32 k = 0; k < length && i < TEXT_BYTES; k++) text[i++] = (u8)('a' + (word * (k + 3) >> 2) % 26);
    if (i < TEXT_BYTES) text[i++] = ' ';
  }
  while (rounds--) {
    for (u32 i = 0; i < 1 << HASH_BITS; i++) last[i] = 0;
    u32 at = 1;
    while (at + 3 < TEXT_BYTES) {
      u32 key = (text[at] | text[at + 1] << 8 | text[at + 2] << 16) * 2654435761u >> (32 - HASH_BITS);
      u32 candidate = last[key], length = 0;
      last[key] = at;
      if (candidate) {
        u32 limit = TEXT_BYTES - at < 258 ? TEXT_BYTES - at : 258;
        while (length < limit && text[candidate + length] == text[at + length]) length++;
      }
      if (length >= 3) {
        sum = mix(sum, (at - candidate) << 9 | length);
        at += length;
      } else {
        sum += text[at++];
      }
    }
  }
  return sum;
}
