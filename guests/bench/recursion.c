// Calls: two recursions, and calls through a table of functions.
#include "bench.h"

static u32 __attribute__((noinline)) fib(u32 n) {
  // Two calls that are calls: GCC would otherwise unroll the recursion several levels deep.
  u32 a, b;
  if (n < 2) return n;
  a = fib(n - 1);
  __asm__ volatile("" : "+r"(a));
  b = fib(n - 2);
  __asm__ volatile("" : "+r"(b));
  return a + b;
}

u32 bench_fib(u32 rounds) {
  u32 sum = 0;
  while (rounds--) sum = mix(sum, fib(16 + (rounds & 3)));
  return sum;
}

static u32 __attribute__((noinline)) ackermann(u32 m, u32 n) {
  u32 inner;
  if (m == 0) return n + 1;
  if (n == 0) return ackermann(m - 1, 1);
  inner = ackermann(m, n - 1);
  __asm__ volatile("" : "+r"(inner));
  return ackermann(m - 1, inner);
}

u32 bench_ackermann(u32 rounds) {
  u32 sum = 0;
  while (rounds--) sum = mix(sum, ackermann(2, 60 + (rounds & 7)));
  return sum;
}

static u32 __attribute__((noinline)) add(u32 a, u32 b) { return a + b; }
static u32 __attribute__((noinline)) subtract(u32 a, u32 b) { return a - b * 3; }
static u32 __attribute__((noinline)) either(u32 a, u32 b) { return (a | 1) ^ b; }
static u32 __attribute__((noinline)) turned(u32 a, u32 b) { return (a << 7 | a >> 25) + b; }
static u32 __attribute__((noinline)) greater(u32 a, u32 b) { return a > b ? a - b : b - a; }
static u32 __attribute__((noinline)) product(u32 a, u32 b) { return a * (b | 1); }
static u32 __attribute__((noinline)) halves(u32 a, u32 b) { return (a & 0xffff) * (b >> 16) + a; }
static u32 __attribute__((noinline)) last(u32 a, u32 b) { return ~(a ^ b); }

u32 bench_calls(u32 rounds) {
  static u32 (*const volatile table[8])(u32, u32) = {add, subtract, either, turned, greater, product, halves, last};
  u32 seed = 23, sum = 0;
  for (u32 i = 0; i < rounds; i++) sum = table[next_random(&seed) & 7](sum, i);
  return sum;
}
