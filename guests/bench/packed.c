// Packed SSE2: integers as a blend of two images does it, doubles as a small filter does it. Compiled with -msse2.
#include "bench.h"

typedef short v8hi __attribute__((vector_size(16)));
typedef int v4si __attribute__((vector_size(16)));
typedef double v2df __attribute__((vector_size(16)));

#define VECTORS 1024

u32 bench_packed_int(u32 rounds) {
  v8hi *const a = (v8hi *)arena, *const b = a + VECTORS;
  u32 seed = 19;
  for (u32 i = 0; i < VECTORS * 8; i++) ((u32 *)arena)[i] = next_random(&seed);
  v4si sum = {0, 0, 0, 0};
  while (rounds--) {
    for (u32 i = 0; i < VECTORS; i++) {
      v8hi x = a[i], y = b[i];
      v8hi blended = ((x >> 1) + (y >> 1)) ^ (x & y);
      a[i] = blended * 3 - (y > x);
      sum += __builtin_ia32_pmaddwd128(blended, y);
      sum = sum << 1 | (v4si)__builtin_ia32_psrldi128(sum, 31);
    }
  }
  return (u32)(sum[0] ^ sum[1] ^ sum[2] ^ sum[3]);
}

u32 bench_packed_double(u32 rounds) {
  v2df *const a = (v2df *)arena, *const b = a + VECTORS;
  for (u32 i = 0; i < VECTORS; i++) {
    a[i] = (v2df){i, i * 0.5};
    b[i] = (v2df){1.0 / (i + 1), 0.25};
  }
  while (rounds--) {
    v2df carry = {0, 0};
    for (u32 i = 0; i < VECTORS; i++) {
      carry = carry * (v2df){0.5, 0.25} + b[i];
      a[i] = a[i] * (v2df){0.75, 0.625} + carry;
    }
  }
  u32 sum = 0;
  for (u32 i = 0; i < VECTORS; i++) sum = mix(sum, (u32)(i32)(a[i][0] * 65536) ^ (u32)(i32)(a[i][1] * 65536));
  return sum;
}
