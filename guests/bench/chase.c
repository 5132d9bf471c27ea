// Pointer chasing through a random cycle over the whole arena: one load depends on the other, on ever other pages.
#include "bench.h"

struct node {
  struct node *next;
  u32 value;
  u32 padding[6];
};

#define NODES (ARENA_BYTES / sizeof(struct node))

u32 bench_chase(u32 rounds) {
  struct node *const nodes = (struct node *)arena;
  u32 seed = 13, sum = 0;
  // Sattolo's algorithm makes one cycle of all.
  for (u32 i = 0; i < NODES; i++) nodes[i].value = i;
  for (u32 i = NODES - 1; i > 0; i--) {
    u32 j = next_random(&seed) % i, t = nodes[i].value;
    nodes[i].value = nodes[j].value;
    nodes[j].value = t;
  }
  for (u32 i = 0; i < NODES; i++) nodes[i].next = &nodes[nodes[i].value];
  const struct node *at = nodes;
  for (u32 i = 0; i < rounds; i++) {
    sum = (sum << 1 | sum >> 31) + at->value;
    at = at->next;
  }
  return sum;
}
