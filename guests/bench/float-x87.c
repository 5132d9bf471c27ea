// Compiled with -mfpmath=387.
#include "float.h"

u32 bench_mandel_x87(u32 rounds) { return mandelbrot(rounds); }
u32 bench_nbody_x87(u32 rounds) { return nbody(rounds); }
