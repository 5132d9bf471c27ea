// Compiled with -msse2 -mfpmath=sse.
#include "float.h"

u32 bench_mandel_sse2(u32 rounds) { return mandelbrot(rounds); }
u32 bench_nbody_sse2(u32 rounds) { return nbody(rounds); }
