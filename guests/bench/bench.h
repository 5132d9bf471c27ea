// What the kernels of the benchmark share. They are freestanding: the same objects are linked into the bare-metal image
// and into the Linux program, so that both run the same instructions.
#ifndef BENCH_H
#define BENCH_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef int i32;
typedef unsigned long long u64;
typedef long long i64;

#define ARENA_BYTES (4u << 20)
#define CODE_BYTES 4096u

// One kernel: its work grows linearly with `rounds`; it returns a checksum of everything that it computed.
struct benchmark {
  const char *name;
  u32 (*run)(u32 rounds);
  u32 rounds;
};

// Ends with a nameless entry.
extern const struct benchmark kernels[];
// That table and no other, ending with a null.
extern const struct benchmark *const kernel_tables[];

// Scratch memory; what is in it before a kernel is whatever the last one left.
extern u8 arena[ARENA_BYTES];
// A page that is writable and executable.
extern u8 code_page[CODE_BYTES];

// A linear congruential generator (its constants are those of ISO C's example of rand, with all 32 bits kept).
static inline u32 next_random(u32 *seed) {
  *seed = *seed * 1103515245u + 12345u;
  return *seed >> 8 ^ *seed << 13;
}

// Mixes a value into a checksum: a rotation, an exclusive or and a multiplication by an odd number.
static inline u32 mix(u32 sum, u32 value) {
  return ((sum << 5 | sum >> 27) ^ value) * 0x9e3779b1u;
}

u32 bench_int32(u32), bench_bits(u32), bench_divide(u32), bench_int64(u32), bench_divide64(u32);
u32 bench_crc32(u32), bench_sha256(u32), bench_lz(u32), bench_qsort(u32), bench_sieve(u32), bench_chase(u32);
u32 bench_matrix(u32), bench_mandel_x87(u32), bench_nbody_x87(u32), bench_mandel_sse2(u32), bench_nbody_sse2(u32);
u32 bench_packed_int(u32), bench_packed_double(u32), bench_memcpy(u32), bench_memset(u32), bench_strlen(u32);
u32 bench_rep_movs(u32), bench_rep_stos(u32), bench_rep_short(u32), bench_fib(u32), bench_ackermann(u32);
u32 bench_vm(u32), bench_calls(u32), bench_text(u32), bench_smc(u32), bench_jit(u32);

#endif
