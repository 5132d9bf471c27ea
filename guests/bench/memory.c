// Memory: copies, fills and string lengths by plain loops, and by REP MOVS, STOS and SCAS, long and short.
#include "bench.h"

#define BLOCK 65536u

static u32 sampled(const u8 *p, u32 bytes) {
  u32 sum = 0;
  for (u32 i = 0; i < bytes; i += 61) sum = mix(sum, p[i]);
  return sum;
}

static void numbered(u8 *p, u32 bytes) {
  for (u32 i = 0; i < bytes; i++) p[i] = (u8)(i * 7 + (i >> 8) | 1);
}

u32 bench_memcpy(u32 rounds) {
  numbered(arena, BLOCK);
  while (rounds--) {
    const u32 *from = (const u32 *)(arena + (rounds & 63) * 4);
    u32 *to = (u32 *)(arena + BLOCK);
    for (u32 i = 0; i < BLOCK / 8; i += 2) to[i] = from[i], to[i + 1] = from[i + 1];
    const u8 *tail = arena + BLOCK / 2;
    u8 *end = arena + BLOCK + BLOCK / 2;
    for (u32 i = 0; i < BLOCK / 8; i++) end[i] = tail[i];
  }
  return sampled(arena + BLOCK, BLOCK / 2 + BLOCK / 8);
}

u32 bench_memset(u32 rounds) {
  u32 sum = 0;
  while (rounds--) {
    u32 *to = (u32 *)arena;
    for (u32 i = 0; i < BLOCK / 4; i++) to[i] = rounds * 0x01010101u;
    u16 *half = (u16 *)(arena + 2);
    for (u32 i = 0; i < BLOCK / 8; i++) half[i] = (u16)rounds;
    sum = mix(sum, to[rounds % (BLOCK / 4)]);
  }
  return sum;
}

u32 bench_strlen(u32 rounds) {
  u32 sum = 0;
  numbered(arena, BLOCK);
  for (u32 i = 0, at = 0; at < BLOCK; i++) arena[at] = 0, at += 1 + i % 97;
  while (rounds--) {
    const u8 *p = arena + 1, *end = arena + BLOCK - 128;
    while (p < end) {
      const u8 *start = p;
      while (*p) p++;
      sum = mix(sum, (u32)(p - start));
      p++;
    }
  }
  return sum;
}

static inline void movsb(void *to, const void *from, u32 n) {
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

static inline void movsl(void *to, const void *from, u32 n) {
  __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

static inline void stosl(void *to, u32 value, u32 n) {
  __asm__ volatile("rep stosl" : "+D"(to), "+c"(n) : "a"(value) : "memory");
}

static inline void stosb(void *to, u32 value, u32 n) {
  __asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(value) : "memory");
}

static inline u32 scasb(const void *text, u32 value, u32 n) {
  u32 left = n;
  __asm__ volatile("repne scasb" : "+D"(text), "+c"(left) : "a"(value) : "memory", "cc");
  return n - left;
}

u32 bench_rep_movs(u32 rounds) {
  numbered(arena, BLOCK);
  while (rounds--) {
    movsl(arena + BLOCK, arena, BLOCK / 4);
    movsb(arena + (rounds & 1023), arena + BLOCK + 17, BLOCK - 2048);
  }
  return sampled(arena + BLOCK, BLOCK);
}

u32 bench_rep_stos(u32 rounds) {
  u32 sum = 0;
  while (rounds--) {
    stosl(arena, rounds, BLOCK / 4);
    stosb(arena + 1, rounds, BLOCK / 2 + 3);
    sum = mix(sum, sampled(arena + BLOCK / 2, 61));
  }
  return sum;
}

// What compilers and C libraries make of small structures and short strings.
u32 bench_rep_short(u32 rounds) {
  u32 sum = 0;
  numbered(arena, 4096);
  for (u32 i = 0; i < rounds; i++) {
    u32 at = i * 37 & 2047;
    movsl(arena + 4096 + at, arena + at, 5 + (i & 15));
    stosl(arena + 8192 + at, i, 3 + (i & 7));
    sum = mix(sum, scasb(arena + 8192 + at, arena[at], 64) + arena[4096 + at + 9]);
  }
  return sum;
}
