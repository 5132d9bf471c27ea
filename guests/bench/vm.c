// The loop of an interpreter: a stack machine of our own whose dispatch is one indirect jump through a table.
#include "bench.h"

enum { PUSH, LOAD, STORE, ADD, SUB, MUL, AND, XOR, SHR, LESS, JUMP_IF, JUMP, DUP, DROP, HALT };

#define VARIABLES 4

static u32 run(const u8 *program, u32 argument) {
  u32 stack[16], variable[VARIABLES] = {argument, 0, 1, 0}, *top = stack;
  const u8 *pc = program;
  for (;;) {
    switch (*pc++) {
      case PUSH: *top++ = *pc++; break;
      case LOAD: *top++ = variable[*pc++]; break;
      case STORE: variable[*pc++] = *--top; break;
      case ADD: top--, top[-1] += *top; break;
      case SUB: top--, top[-1] -= *top; break;
      case MUL: top--, top[-1] *= *top; break;
      case AND: top--, top[-1] &= *top; break;
      case XOR: top--, top[-1] ^= *top; break;
      case SHR: top--, top[-1] >>= *top & 31; break;
      case LESS: top--, top[-1] = top[-1] < *top; break;
      case JUMP_IF: pc = *--top ? program + *pc : pc + 1; break;
      case JUMP: pc = program + *pc; break;
      case DUP: *top = top[-1], top++; break;
      case DROP: top--; break;
      default: return variable[3];
    }
  }
}

u32 bench_vm(u32 rounds) {
  // for (i = 0; i < n; i++) { t = t * 31 + i; if (t & 1) t ^= t >> 3; }   n, i, constant, t are variables 0 to 3
  static const u8 program[] = {
      /*  0 */ LOAD, 1, LOAD, 0, LESS, JUMP_IF, 8, HALT,
      /*  8 */ LOAD, 3, PUSH, 31, MUL, LOAD, 1, ADD, DUP, STORE, 3,
      /* 19 */ PUSH, 1, AND, PUSH, 1, LESS, JUMP_IF, 36,
      /* 27 */ LOAD, 3, DUP, PUSH, 3, SHR, XOR, STORE, 3,
      /* 36 */ LOAD, 1, LOAD, 2, ADD, DUP, DROP, STORE, 1, JUMP, 0,
  };
  u32 sum = 0;
  while (rounds--) sum = mix(sum, run(program, 900 + (rounds & 127)));
  return sum;
}
