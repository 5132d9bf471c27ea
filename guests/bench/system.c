// What the kernel does: system calls, processes, memory, signals, files, and two programs of busybox.
#define _GNU_SOURCE
#include "system.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct system_options system_options = {.busybox = "/bin/busybox", .directory = "/tmp"};

static void fail(const char *what) {
  perror(what);
  exit(1);
}

// Exit status of the child; fails where it did not exit.
static u32 awaited(pid_t child) {
  int status;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) fail("child");
  return (u32)WEXITSTATUS(status);
}

static u32 bench_syscall(u32 rounds) {
  u32 sum = 0;
  for (u32 i = 0; i < rounds; i++) sum = mix(sum, syscall(SYS_getppid) > 0);
  return sum;
}

// A word goes to a child and comes back changed.
static u32 bench_pipe(u32 rounds) {
  int to[2], from[2];
  u32 word = 1, sum = 0;
  if (pipe(to) || pipe(from)) fail("pipe");
  const pid_t child = fork();
  if (child == 0) {
    close(to[1]);
    while (read(to[0], &word, sizeof word) == sizeof word) {
      word = word * 5 + 1;
      if (write(from[1], &word, sizeof word) != sizeof word) break;
    }
    _exit(3);
  }
  close(to[0]);
  while (rounds--) {
    if (write(to[1], &word, sizeof word) != sizeof word || read(from[0], &word, sizeof word) != sizeof word) fail("pipe");
    sum = mix(sum, word);
  }
  close(to[1]);
  sum = mix(sum, awaited(child));
  close(from[0]);
  close(from[1]);
  return sum;
}

static u32 bench_fork(u32 rounds) {
  u32 sum = 0;
  for (u32 i = 0; i < rounds; i++) {
    const pid_t child = fork();
    if (child == 0) _exit((int)(i & 127));
    sum = mix(sum, awaited(child));
  }
  return sum;
}

static u32 bench_exec(u32 rounds) {
  u32 sum = 0;
  for (u32 i = 0; i < rounds; i++) {
    const pid_t child = fork();
    if (child == 0) {
      execl("/proc/self/exe", "bench", "leave", (char *)0);
      _exit(127);
    }
    sum = mix(sum, awaited(child));
  }
  return sum;
}

// Maps, touches and unmaps 2 MiB.
static u32 bench_faults(u32 rounds) {
  const u32 bytes = 2u << 20;
  u32 sum = 0;
  while (rounds--) {
    u8 *p = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || madvise(p, bytes, MADV_NOHUGEPAGE) < -1) fail("mmap");
    for (u32 at = 0; at < bytes; at += 4096) p[at] = (u8)(at >> 12), sum += p[at + 4095];
    sum = mix(sum, p[4096 * (rounds & 511)]);
    munmap(p, bytes);
  }
  return sum;
}

// A child writes to 1 MiB that it shares with its parent until then.
static u32 bench_cow(u32 rounds) {
  const u32 bytes = 1u << 20;
  u8 *p = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  u32 sum = 0;
  if (p == MAP_FAILED) fail("mmap");
  madvise(p, bytes, MADV_NOHUGEPAGE);
  memset(p, 1, bytes);
  for (u32 i = 0; i < rounds; i++) {
    const pid_t child = fork();
    if (child == 0) {
      u32 seen = 0;
      for (u32 at = 0; at < bytes; at += 4096) p[at] = (u8)(p[at] + i), seen += p[at];
      _exit((int)(seen >> 3 & 127));
    }
    sum = mix(sum, awaited(child));
  }
  munmap(p, bytes);
  return sum;
}

static volatile u32 signalled;

static void on_signal(int number) { signalled += (u32)number; }

static u32 bench_signals(u32 rounds) {
  struct sigaction action = {.sa_handler = on_signal};
  signalled = 0;
  sigaction(SIGUSR1, &action, 0);
  while (rounds--) kill(getpid(), SIGUSR1);
  return signalled;
}

// Creates, writes, reads back and removes files of 16 KiB.
static u32 bench_files(u32 rounds) {
  char path[128];
  u32 sum = 0;
  for (u32 i = 0; i < rounds; i++) {
    snprintf(path, sizeof path, "%s/bench-file-%u", system_options.directory, i & 15);
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0) fail(path);
    for (u32 part = 0; part < 4; part++) {
      memset(arena, (int)(i + part), 4096);
      if (write(file, arena, 4096) != 4096) fail(path);
    }
    lseek(file, 0, SEEK_SET);
    while (read(file, arena, 8192) == 8192) sum = mix(sum, arena[i & 8191]);
    close(file);
    unlink(path);
  }
  return sum;
}

// Runs busybox with these words; the sum of what it prints, without the first `skipped` bytes.
static u32 busybox(const char *const words[], u32 skipped) {
  int out[2];
  u32 sum = 0, at = 0;
  if (pipe(out)) fail("pipe");
  const pid_t child = fork();
  if (child == 0) {
    dup2(out[1], 1);
    close(out[0]);
    close(out[1]);
    execv(system_options.busybox, (char *const *)words);
    _exit(127);
  }
  close(out[1]);
  for (ssize_t n; (n = read(out[0], arena, 4096)) > 0;) {
    for (ssize_t i = 0; i < n; i++) sum = at++ < skipped ? sum : mix(sum, arena[i]);
  }
  close(out[0]);
  return mix(sum, awaited(child));
}

// gzip of text in which there is something to find. Its header, which may hold a time, is skipped (RFC 1952).
static u32 bench_gzip(u32 rounds) {
  char path[128];
  u32 seed = 37, sum = 0, size = 0;
  while (size < 262144) {
    u32 word = next_random(&seed) % 2000, length = 2 + word % 9;
    for (u32 k = 0; k < length; k++) arena[size++] = (u8)('a' + (word * (k + 3) >> 2) % 26);
    arena[size++] = word % 11 ? ' ' : '\n';
  }
  snprintf(path, sizeof path, "%s/bench-text", system_options.directory);
  const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file < 0 || write(file, arena, size) != (ssize_t)size) fail(path);
  close(file);
  const char *const words[] = {"gzip", "-c", path, 0};
  while (rounds--) sum = mix(sum, busybox(words, 10));
  unlink(path);
  return sum;
}

static u32 shell(const char *script, u32 rounds) {
  char text[256];
  snprintf(text, sizeof text, script, rounds);
  const char *const words[] = {"sh", "-c", text, 0};
  return busybox(words, 0);
}

static u32 bench_shell(u32 rounds) {
  return shell("i=0 s=1; while [ $i -lt %u ]; do s=$(( (s * 31 + i) %% 65521 )); i=$((i + 1)); done; echo $s", rounds);
}

static u32 bench_shell_fork(u32 rounds) {
  return shell("i=0; while [ $i -lt %u ]; do x=$(echo $i $i); (exit 3); i=$((i + 1)); done; echo $x $?", rounds);
}

const struct benchmark programs[] = {
    {"gzip", bench_gzip, 4},
    {"shell", bench_shell, 30000},
    {0, 0, 0},
};

const struct benchmark system_benchmarks[] = {
    {"syscall", bench_syscall, 150000},
    {"pipe", bench_pipe, 10000},
    {"fork", bench_fork, 600},
    {"exec", bench_exec, 300},
    {"faults", bench_faults, 60},
    {"cow", bench_cow, 80},
    {"signals", bench_signals, 40000},
    {"files", bench_files, 5000},
    {"shell-fork", bench_shell_fork, 300},
    {0, 0, 0},
};
