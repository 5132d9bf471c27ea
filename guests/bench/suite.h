// The loop over the benchmarks, the same on bare metal and under Linux.
#ifndef SUITE_H
#define SUITE_H

#include "bench.h"

// What of a suite to run, and how to say so.
struct suite {
  // Tables of benchmarks, ending with a null.
  const struct benchmark *const *tables;
  // How often to run all of it.
  u32 repeat;
  // Percent of each benchmark's own rounds.
  u32 scale;
  // Words that were given; those that are names of benchmarks select them, and without any all are run.
  const char *const *words;
  u32 count;
  // Prints one line, whole and at once.
  void (*say)(const char *line);
  // Called at the begin and the end of each, where there is something to measure inside the guest; or none.
  void (*measure)(int begin, char *line);
};

// Value of the digits behind `prefix` in `word`; `otherwise` where the word does not begin so.
u32 number_after(const char *word, const char *prefix, u32 otherwise);
int same_text(const char *a, const char *b);
char *append_text(char *to, const char *text);
char *append_decimal(char *to, u32 value);

// Runs what is chosen; `bench round` ends each time through, `bench done` the last.
void run_suite(const struct suite *suite);

#endif
