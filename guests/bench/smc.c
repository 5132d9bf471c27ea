// Code that changes: an immediate patched before each call, and a function generated anew after every 50 calls of it.
#include "bench.h"

typedef u32 (*made)(u32);

// The page as a function; the barrier keeps the compiler's stores before the call.
static inline u32 call_made(u32 at, u32 argument) {
  __asm__ volatile("" : : : "memory");
  return ((made)(code_page + at))(argument);
}

static u32 put(u32 at, u8 value) {
  code_page[at] = value;
  return at + 1;
}

static u32 put32(u32 at, u32 value) {
  __builtin_memcpy(code_page + at, &value, 4);
  return at + 4;
}

u32 bench_smc(u32 rounds) {
  u32 at = 0, sum = 0;
  at = put(at, 0x8b), at = put(at, 0x44), at = put(at, 0x24), at = put(at, 4);  // MOV EAX, [ESP+4]
  at = put(at, 0x05);                                                           // ADD EAX, imm32
  const u32 immediate = at;
  at = put32(at, 0);
  at = put(at, 0xd1), at = put(at, 0xc0);  // ROL EAX, 1
  at = put(at, 0xc3);                      // RET
  for (u32 i = 0; i < rounds; i++) {
    put32(immediate, i * 0x01000193u);
    sum = call_made(0, sum);
  }
  return sum;
}

u32 bench_jit(u32 rounds) {
  u32 seed = 31, sum = 0;
  for (u32 i = 0; i < rounds; i++) {
    const u32 start = i % 8 * 512;
    u32 at = start;
    at = put(at, 0x8b), at = put(at, 0x44), at = put(at, 0x24), at = put(at, 4);  // MOV EAX, [ESP+4]
    at = put(at, 0xb9), at = put32(at, 20);                                       // MOV ECX, 20
    const u32 loop = at;
    for (int k = 0; k < 8; k++) {
      switch (next_random(&seed) & 3) {
        case 0: at = put(at, 0x05), at = put32(at, seed); break;                                        // ADD EAX, imm32
        case 1: at = put(at, 0x35), at = put32(at, seed); break;                                        // XOR EAX, imm32
        case 2: at = put(at, 0xc1), at = put(at, 0xc0), at = put(at, (u8)(seed >> 16 & 31)); break;     // ROL EAX, imm8
        default: at = put(at, 0x8d), at = put(at, 0x44), at = put(at, 0x48), at = put(at, (u8)seed);    // LEA EAX, [EAX+ECX*2+disp8]
      }
    }
    at = put(at, 0x49);                                           // DEC ECX
    at = put(at, 0x75), at = put(at, (u8)(loop - (at + 1)));      // JNZ
    put(at, 0xc3);                                                // RET
    for (int k = 0; k < 50; k++) sum = call_made(start, sum + (u32)k);
  }
  return sum;
}
