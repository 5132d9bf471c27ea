// Quicksort of 32-bit keys through a comparison function, and the sieve of Eratosthenes.
#include "bench.h"

#define KEYS 8192u

typedef int (*compare)(const void *, const void *);

static int by_value(const void *a, const void *b) {
  u32 x = *(const u32 *)a, y = *(const u32 *)b;
  return x < y ? -1 : x > y;
}

static void sort(u32 *keys, i32 from, i32 to, compare order) {
  while (from < to) {
    u32 pivot = keys[(from + to) >> 1];
    i32 i = from, j = to;
    while (i <= j) {
      while (order(&keys[i], &pivot) < 0) i++;
      while (order(&keys[j], &pivot) > 0) j--;
      if (i > j) break;
      u32 t = keys[i];
      keys[i++] = keys[j];
      keys[j--] = t;
    }
    if (j - from < to - i) {
      sort(keys, from, j, order);
      from = i;
    } else {
      sort(keys, i, to, order);
      to = j;
    }
  }
}

u32 bench_qsort(u32 rounds) {
  u32 *const keys = (u32 *)arena;
  // Read through a volatile, so that the calls stay calls.
  static int (*volatile chosen)(const void *, const void *) = by_value;
  u32 seed = 9, sum = 0;
  while (rounds--) {
    for (u32 i = 0; i < KEYS; i++) keys[i] = next_random(&seed);
    sort(keys, 0, KEYS - 1, chosen);
    for (u32 i = 0; i < KEYS; i += 64) sum = mix(sum, keys[i]);
  }
  return sum;
}

u32 bench_sieve(u32 rounds) {
  const u32 limit = 1u << 18;
  u32 sum = 0;
  while (rounds--) {
    for (u32 i = 0; i < limit; i++) arena[i] = 1;
    for (u32 p = 2; p * p < limit; p++) {
      if (!arena[p]) continue;
      for (u32 m = p * p; m < limit; m += p) arena[m] = 0;
    }
    u32 primes = 0;
    for (u32 i = 2; i < limit; i++) primes += arena[i];
    sum = mix(sum, primes);
  }
  return sum;
}
