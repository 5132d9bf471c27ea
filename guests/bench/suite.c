// `bench NAME begin`, the work, `bench NAME end CHECKSUM`: whoever reads these lines keeps the time.
#include "suite.h"

int same_text(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}

u32 number_after(const char *word, const char *prefix, u32 otherwise) {
  u32 value = 0;
  while (*prefix) {
    if (*word++ != *prefix++) return otherwise;
  }
  for (; *word >= '0' && *word <= '9'; word++) value = value * 10 + (u32)(*word - '0');
  return value;
}

char *append_text(char *to, const char *text) {
  while (*text) *to++ = *text++;
  *to = 0;
  return to;
}

static char *append_hex(char *to, u32 value) {
  for (int shift = 28; shift >= 0; shift -= 4) *to++ = "0123456789abcdef"[value >> shift & 15];
  *to = 0;
  return to;
}

char *append_decimal(char *to, u32 value) {
  if (value >= 10) to = append_decimal(to, value / 10);
  *to++ = (char)('0' + value % 10);
  *to = 0;
  return to;
}

static int contains(const struct benchmark *table, const char *name) {
  for (; table->name; table++) {
    if (same_text(table->name, name)) return 1;
  }
  return 0;
}

static int chosen(const struct suite *suite, const char *name) {
  int any = 0;
  for (u32 i = 0; i < suite->count; i++) {
    if (same_text(suite->words[i], name)) return 1;
    for (const struct benchmark *const *table = suite->tables; *table; table++) any |= contains(*table, suite->words[i]);
  }
  return !any;
}

static void run(const struct suite *suite, const struct benchmark *b) {
  char line[96];
  const u32 rounds = (u32)((u64)b->rounds * suite->scale / 100);
  append_text(append_text(append_text(line, "bench "), b->name), " begin\n");
  suite->say(line);
  if (suite->measure) suite->measure(1, line);
  const u32 sum = b->run(rounds ? rounds : 1);
  char *end = append_hex(append_text(append_text(append_text(line, "bench "), b->name), " end "), sum);
  if (suite->measure) suite->measure(0, end);
  while (*end) end++;
  append_text(end, "\n");
  suite->say(line);
}

void run_suite(const struct suite *suite) {
  for (u32 i = 0; i < suite->repeat; i++) {
    for (const struct benchmark *const *table = suite->tables; *table; table++) {
      for (const struct benchmark *b = *table; b->name; b++) {
        if (chosen(suite, b->name)) run(suite, b);
      }
    }
    suite->say("bench round\n");
  }
  suite->say("bench done\n");
}
