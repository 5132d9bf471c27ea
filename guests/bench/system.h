// Benchmarks that need a Linux kernel.
#ifndef SYSTEM_H
#define SYSTEM_H

#include "bench.h"

struct system_options {
  // Path of a busybox.
  const char *busybox;
  // Directory for files; a tmpfs.
  const char *directory;
};

extern struct system_options system_options;
// Programs of busybox that compute. Ends with a nameless entry.
extern const struct benchmark programs[];
// What spends its time in the kernel. Ends with a nameless entry.
extern const struct benchmark system_benchmarks[];

#endif
