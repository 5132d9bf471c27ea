// The Linux program: bench [scale=PERCENT] [repeat=TIMES] [kernels] [markers=port] [busybox=PATH] [directory=PATH]
// [NAME...]
//
// With the word `kernels` only those run that need no operating system.
// With markers=port the lines go straight to the first serial port through /dev/port, byte by byte, so that neither
// the terminal driver nor its interrupts are part of what is measured: that is for guests, and needs root. Otherwise they
// go to standard output, and each end carries microseconds: processor time (user, system, children) and wall time.
#define _GNU_SOURCE
#include "suite.h"
#include "system.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { COM1 = 0x3f8, LINE_STATUS = COM1 + 5, TRANSMITTER_EMPTY = 0x20 };

static int ports = -1;
static u64 cpu_before, wall_before;

static void say_by_port(const char *line) {
  tcdrain(1);
  for (; *line; line++) {
    u8 status = 0;
    do {
      if (pread(ports, &status, 1, LINE_STATUS) != 1) exit(1);
    } while (!(status & TRANSMITTER_EMPTY));
    if (pwrite(ports, line, 1, COM1) != 1) exit(1);
  }
}

static void say_by_output(const char *line) {
  if (write(1, line, strlen(line)) < 0) exit(1);
}

static u64 micros(struct timeval t) { return (u64)t.tv_sec * 1000000 + (u64)t.tv_usec; }

static u64 cpu_micros(void) {
  struct rusage own, children;
  getrusage(RUSAGE_SELF, &own);
  getrusage(RUSAGE_CHILDREN, &children);
  return micros(own.ru_utime) + micros(own.ru_stime) + micros(children.ru_utime) + micros(children.ru_stime);
}

static u64 wall_micros(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (u64)t.tv_sec * 1000000 + (u64)t.tv_nsec / 1000;
}

static void measure(int begin, char *line) {
  const u64 cpu = cpu_micros(), wall = wall_micros();
  if (begin) {
    cpu_before = cpu;
    wall_before = wall;
  } else {
    line = append_decimal(append_text(line, " "), (u32)(cpu - cpu_before));
    append_decimal(append_text(line, " "), (u32)(wall - wall_before));
  }
}

int main(int count, char **words) {
  struct suite suite = {.scale = 100, .repeat = 1, .words = (const char *const *)words + 1, .count = (u32)count - 1};
  int kernels_only = 0;
  suite.say = say_by_output;
  suite.measure = measure;
  for (int i = 1; i < count; i++) {
    suite.scale = number_after(words[i], "scale=", suite.scale);
    suite.repeat = number_after(words[i], "repeat=", suite.repeat);
    kernels_only |= same_text(words[i], "kernels");
    if (same_text(words[i], "leave")) return 5;
    if (!strncmp(words[i], "busybox=", 8)) system_options.busybox = words[i] + 8;
    if (!strncmp(words[i], "directory=", 10)) system_options.directory = words[i] + 10;
    if (same_text(words[i], "markers=port")) {
      if ((ports = open("/dev/port", O_RDWR | O_CLOEXEC)) < 0) {
        perror("/dev/port");
        return 1;
      }
      suite.say = say_by_port;
      suite.measure = 0;
    }
  }
  if (mprotect(code_page, CODE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC)) perror("code page");
  static const struct benchmark *const everything[] = {kernels, programs, system_benchmarks, 0};
  suite.tables = kernels_only ? kernel_tables : everything;
  run_suite(&suite);
  return 0;
}
