// 32-bit arithmetic: a chain of additions, shifts and multiplications; bit tricks; divisions.
#include "bench.h"

u32 bench_int32(u32 rounds) {
  u32 sum = 1;
  for (u32 start = 1; start <= rounds; start++) {
    // Collatz: a data-dependent branch, a shift, an LEA.
    u32 n = start, steps = 0;
    while (n != 1) {
      n = n & 1 ? 3 * n + 1 : n >> 1;
      steps++;
    }
    sum = mix(sum, steps);
  }
  return sum;
}

static u32 population(u32 v) {
  v = v - (v >> 1 & 0x55555555);
  v = (v & 0x33333333) + (v >> 2 & 0x33333333);
  return ((v + (v >> 4)) & 0x0f0f0f0f) * 0x01010101 >> 24;
}

u32 bench_bits(u32 rounds) {
  u32 seed = 7, sum = 0;
  for (u32 i = 0; i < rounds; i++) {
    u32 v = next_random(&seed) | 1;
    u32 low = (u32)__builtin_ctz(v ^ 1 ? v ^ 1 : 1), high = 31 - (u32)__builtin_clz(v);
    u8 narrow = (u8)(v + (v >> 8));
    u16 half = (u16)(v * 3);
    sum = mix(sum, population(v) + low * 32 + high) + __builtin_bswap32(v) + (narrow > 100) + (half ^ narrow);
    sum = sum >> (v & 31) | sum << (-v & 31);
  }
  return sum;
}

u32 bench_divide(u32 rounds) {
  u32 seed = 11, sum = 0;
  for (u32 i = 0; i < rounds; i++) {
    u32 a = next_random(&seed), b = (next_random(&seed) >> (a & 15)) | 1;
    i32 c = (i32)next_random(&seed);
    sum = sum * 31 + a / b + (a % b) * 7 + (u32)(c / (i32)(b >> 1 | 1));
  }
  return sum;
}
