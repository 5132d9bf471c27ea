// Product of integer matrices, the plain triple loop.
#include "bench.h"

#define N 64

u32 bench_matrix(u32 rounds) {
  static i32 a[N][N], b[N][N], c[N][N];
  u32 seed = 17, sum = 0;
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < N; j++) {
      a[i][j] = (i32)next_random(&seed) >> 16;
      b[i][j] = (i32)next_random(&seed) >> 16;
    }
  }
  while (rounds--) {
    for (int i = 0; i < N; i++) {
      for (int j = 0; j < N; j++) {
        i32 s = 0;
        for (int k = 0; k < N; k++) s += a[i][k] * b[k][j];
        c[i][j] = s;
      }
    }
    a[rounds % N][rounds / N % N] ^= c[rounds % N][5];
    sum = mix(sum, (u32)c[rounds / N % N][rounds % N]);
  }
  return sum;
}
