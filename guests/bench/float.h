// Double precision, compiled twice: for the x87 and for SSE2. Their checksums differ where the x87 keeps more bits.
#include "bench.h"

static u32 mandelbrot(u32 rounds) {
  u32 sum = 0;
  while (rounds--) {
    for (int y = 0; y < 32; y++) {
      for (int x = 0; x < 32; x++) {
        double cr = x / 16.0 - 1.5, ci = y / 16.0 - 1.0, zr = 0, zi = 0, rr = 0, ii = 0;
        u32 n = 0;
        while (n < 64 && rr + ii < 4.0) {
          zi = 2 * zr * zi + ci;
          zr = rr - ii + cr;
          rr = zr * zr;
          ii = zi * zi;
          n++;
        }
        sum = mix(sum, n);
      }
    }
  }
  return sum;
}

struct body {
  double x, y, z, vx, vy, vz, mass;
};

static u32 nbody(u32 rounds) {
  // A star and four planets of ours on circular orbits; units in which the gravitational constant is 1.
  static const double distance[5] = {0, 1, 2.25, 4, 9}, speed[5] = {0, 1, 0.6666, 0.5, 0.3333};
  struct body bodies[5];
  for (int i = 0; i < 5; i++) {
    bodies[i] = (struct body){distance[i], 0, distance[i] / 64, 0, speed[i], 0, i ? 0.001 * i : 1.0};
  }
  while (rounds--) {
    for (int i = 0; i < 5; i++) {
      struct body *const a = &bodies[i];
      for (int j = i + 1; j < 5; j++) {
        struct body *const b = &bodies[j];
        double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
        double square = dx * dx + dy * dy + dz * dz;
        double magnitude = 0.005 / (square * __builtin_sqrt(square));
        a->vx -= dx * b->mass * magnitude, a->vy -= dy * b->mass * magnitude, a->vz -= dz * b->mass * magnitude;
        b->vx += dx * a->mass * magnitude, b->vy += dy * a->mass * magnitude, b->vz += dz * a->mass * magnitude;
      }
    }
    for (int i = 0; i < 5; i++) {
      struct body *const a = &bodies[i];
      a->x += 0.005 * a->vx, a->y += 0.005 * a->vy, a->z += 0.005 * a->vz;
    }
  }
  u32 sum = 0;
  for (int i = 0; i < 5; i++) sum = mix(sum, (u32)(i32)(bodies[i].x * 1e6) ^ (u32)(i32)(bodies[i].vy * 1e6));
  return sum;
}
