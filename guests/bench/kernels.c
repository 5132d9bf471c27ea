// The table of kernels. Rounds are chosen so that each takes about a quarter of a second where native code takes 0.01 s
// to 0.05 s; they may be scaled at run time.
#include "bench.h"

u8 arena[ARENA_BYTES] __attribute__((aligned(4096)));
u8 code_page[CODE_BYTES] __attribute__((aligned(4096)));

const struct benchmark kernels[] = {
    {"int32", bench_int32, 150000},
    {"bits", bench_bits, 3000000},
    {"divide", bench_divide, 3000000},
    {"int64", bench_int64, 3000000},
    {"divide64", bench_divide64, 700000},
    {"crc32", bench_crc32, 300},
    {"sha256", bench_sha256, 70},
    {"lz", bench_lz, 120},
    {"qsort", bench_qsort, 50},
    {"sieve", bench_sieve, 40},
    {"chase", bench_chase, 5000000},
    {"matrix", bench_matrix, 100},
    {"mandel-x87", bench_mandel_x87, 100},
    {"nbody-x87", bench_nbody_x87, 50000},
    {"mandel-sse2", bench_mandel_sse2, 200},
    {"nbody-sse2", bench_nbody_sse2, 100000},
    {"packed-int", bench_packed_int, 3000},
    {"packed-double", bench_packed_double, 5000},
    {"memcpy", bench_memcpy, 2500},
    {"memset", bench_memset, 2500},
    {"strlen", bench_strlen, 500},
    {"rep-movs", bench_rep_movs, 8000},
    {"rep-stos", bench_rep_stos, 20000},
    {"rep-short", bench_rep_short, 500000},
    {"fib", bench_fib, 2000},
    {"ackermann", bench_ackermann, 1300},
    {"vm", bench_vm, 700},
    {"calls", bench_calls, 5000000},
    {"text", bench_text, 700},
    {"smc", bench_smc, 150000},
    {"jit", bench_jit, 5000},
    {0, 0, 0},
};

const struct benchmark *const kernel_tables[] = {kernels, 0};
