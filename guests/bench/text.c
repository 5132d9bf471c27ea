// Text: numbers to decimal and back, counting words by a state machine over a table.
#include "bench.h"

static u8 *decimal(u8 *to, u32 v) {
  u8 digits[10];
  int n = 0;
  do digits[n++] = (u8)('0' + v % 10);
  while (v /= 10);
  while (n) *to++ = digits[--n];
  return to;
}

u32 bench_text(u32 rounds) {
  static u8 class[256];
  u32 seed = 29, sum = 0;
  for (int i = 0; i < 256; i++) class[i] = i >= '0' && i <= '9' ? 1 : i == '-' ? 2 : 0;
  while (rounds--) {
    u8 *to = arena;
    for (int i = 0; i < 200; i++) {
      u32 v = next_random(&seed) >> (i & 31);
      if (v & 1) *to++ = '-';
      to = decimal(to, v);
      *to++ = i % 10 == 9 ? '\n' : ' ';
    }
    *to = 0;
    u32 value = 0, negative = 0, inside = 0, words = 0;
    for (const u8 *p = arena; p <= to; p++) {
      switch (class[*p]) {
        case 1:
          value = value * 10 + (*p - '0');
          inside = 1;
          break;
        case 2: negative = 1; break;
        default:
          if (inside) sum = mix(sum, negative ? -value : value), words++;
          value = negative = inside = 0;
      }
    }
    sum += words;
  }
  return sum;
}
