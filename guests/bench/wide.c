// 64-bit arithmetic on a 32-bit processor: ADC, SBB, SHLD, SHRD, MUL with a double result; division by libgcc.
#include "bench.h"

u32 bench_int64(u32 rounds) {
  u64 a = 0x0123456789abcdefull, b = 0xfedcba9876543210ull, sum = 0;
  for (u32 i = 0; i < rounds; i++) {
    // Knuth's MMIX generator, then xorshift64.
    a = a * 6364136223846793005ull + 1442695040888963407ull;
    b ^= b << 13;
    b ^= b >> 7;
    b ^= b << 17;
    if ((i64)(a ^ b) < 0) sum += a - b;
    else sum -= (a >> (i & 63)) + b;
    if (a < b) sum = sum << 1 | sum >> 63;
  }
  return (u32)sum ^ (u32)(sum >> 32);
}

u32 bench_divide64(u32 rounds) {
  u64 a = 0x0123456789abcdefull;
  u32 sum = 0;
  for (u32 i = 0; i < rounds; i++) {
    a = a * 6364136223846793005ull + 1442695040888963407ull;
    u64 d = (a >> 33 | 1) << (i & 15);
    sum = mix(sum, (u32)(a / d) ^ (u32)(a % (d | 3)));
    sum += (u32)((i64)a / (i64)(i | 1));
  }
  return sum;
}
