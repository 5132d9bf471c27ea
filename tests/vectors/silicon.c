/* Runs 32-bit and, through the LDT, 16-bit user-mode code on the real processor, one case per line of standard input.
 *
 *   gcc -m32 -O1 -fno-stack-protector -fno-pie -no-pie -fcf-protection=none -static -o silicon silicon.c
 *   silicon DATA-IMAGE < cases > outcomes
 *
 * DATA-IMAGE: 64 KiB that every case finds at 10000000H (read and write). Code lies at 20000000H, 8 KiB, executable and
 * writable, all HLT but for the case's own bytes. The pages around both are not there.
 * First lines, `ldtN=BASE:LIMIT:FLAGS`: entries of the LDT (hexadecimal; FLAGS: 1 32-bit, 2..6 contents << 1, 8 read or
 * execute only, 10H limit in pages, 20H not present).
 * Then cases: `code=HEX at=ADDR eip=OFFSET eax= .. edi= eflags= cs= ss= ds= es= fs= gs= [steps=1] [mem@ADDR=HEX]...`
 * A case runs until something faults; HLT does (#GP(0)), so that an instruction that goes through stops after it. With
 * steps=1 it runs one instruction with TF set.
 * Answer: `fault|step|timeout|syscall|crash trap err cr2 eip eax ecx edx ebx esp ebp esi edi eflags cs ss ds es fs gs`
 * (hexadecimal), then `ADDR=HEX` for each run of bytes that changed. */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

typedef unsigned u32;
typedef unsigned char u8;
#define DATA 0x10000000u
#define DATA_BYTES 0x10000u
#define CODE 0x20000000u
#define CODE_BYTES 0x2000u

struct context { u32 eax, ecx, edx, ebx, esp, ebp, esi, edi, eflags, eip, ss, cs, ds, es, fs, gs; } __attribute__((packed));
struct context C __attribute__((used));
u32 host_esp __attribute__((used)), far_ptr[2] __attribute__((used)), ss_ptr[2] __attribute__((used));
static u32 host_gs, host_fs, steps, O_trap, O_err, O_cr2, G[19];
static volatile int seen;
static const char *stop;
static sigjmp_buf back;
static u8 image[DATA_BYTES], before[DATA_BYTES], code_before[CODE_BYTES];

extern void go(void);
asm(".globl go\ngo:\n pushl %ebp\n mov %esp,host_esp\n mov C+52,%es\n mov C+56,%fs\n pushl C+32\n mov C+60,%gs\n"
    " mov C+0,%eax\n mov C+4,%ecx\n mov C+8,%edx\n mov C+12,%ebx\n mov C+20,%ebp\n mov C+24,%esi\n mov C+28,%edi\n"
    " pushl C+48\n popl %ds\n popfl\n lss %cs:ss_ptr,%esp\n ljmp *%cs:far_ptr\n");

static void handler(int sig, siginfo_t *si, void *v) {
  asm volatile("pushl $0x202\n popfl\n mov %0,%%gs\n mov %1,%%fs" ::"r"(host_gs), "r"(host_fs) : "memory", "cc");
  greg_t *g = ((ucontext_t *)v)->uc_mcontext.gregs;
  u32 ip = g[REG_EIP], cs = g[REG_CS] & 0xffff;
  (void)si;
  if (sig == SIGTRAP && g[REG_TRAPNO] == 1 && steps) {
    if (cs == 0x23 && ip >= (u32)go && ip < (u32)go + 200) return;
    if (!seen) {
      seen = 1;
      g[REG_EFL] |= 0x100;
      return;
    }
    stop = "step";
  } else if (sig == SIGALRM) {
    if (cs == 0x23 && (ip < CODE - 16 || ip >= CODE + CODE_BYTES + 16)) return;
    stop = "timeout";
  } else
    stop = sig == SIGSYS ? "syscall" : "fault";
  memcpy(G, g, sizeof G);
  O_trap = g[REG_TRAPNO];
  O_err = g[REG_ERR];
  O_cr2 = ((ucontext_t *)v)->uc_mcontext.cr2;
  siglongjmp(back, 1);
}

static int digit(int c) { return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1; }

static void put(u32 at, const char *s) {
  for (; digit(s[0]) >= 0 && digit(s[1]) >= 0; s += 2, at++) {
    if ((at >= DATA && at < DATA + DATA_BYTES) || (at >= CODE && at < CODE + CODE_BYTES))
      *(u8 *)at = digit(s[0]) << 4 | digit(s[1]);
  }
}

static void ldt(char *line) {
  struct user_desc u = {0};
  char *q;
  u.entry_number = strtoul(line + 3, &q, 10);
  u.base_addr = strtoul(q + 1, &q, 16);
  u.limit = strtoul(q + 1, &q, 16);
  u32 f = strtoul(q + 1, 0, 16);
  u.seg_32bit = f & 1;
  u.contents = f >> 1 & 3;
  u.read_exec_only = f >> 3 & 1;
  u.limit_in_pages = f >> 4 & 1;
  u.seg_not_present = f >> 5 & 1;
  if (syscall(SYS_modify_ldt, 1, &u, sizeof u)) perror("modify_ldt");
}

static void changed(u32 base, const u8 *old, u32 n) {
  const u8 *now = (const u8 *)base;
  if (!memcmp(now, old, n)) return;
  for (u32 k = 0; k < n; k++) {
    if (now[k] == old[k]) continue;
    printf(" %x=", base + k);
    for (; k < n && now[k] != old[k]; k++) printf("%02x", now[k]);
  }
}

static void run(char *line) {
  static const char *names[] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eflags", "eip", "ss", "cs", "ds", "es", "fs", "gs"};
  memcpy((void *)DATA, image, DATA_BYTES);
  memset((void *)CODE, 0xf4, CODE_BYTES);
  memset(&C, 0, sizeof C);
  steps = 0;
  u32 at = CODE;
  for (char *t = strtok(line, " \r\n"); t; t = strtok(0, " \r\n")) {
    char *e = strchr(t, '=');
    if (!e) continue;
    *e++ = 0;
    int k = 0;
    while (k < 16 && strcmp(t, names[k])) k++;
    if (k < 16) ((u32 *)&C)[k] = strtoul(e, 0, 16);
    else if (!strcmp(t, "at")) at = strtoul(e, 0, 16);
    else if (!strcmp(t, "code")) put(at, e);
    else if (!strcmp(t, "steps")) steps = 1;
    else if (!strncmp(t, "mem@", 4)) put(strtoul(t + 4, 0, 16), e);
  }
  memcpy(before, (void *)DATA, DATA_BYTES);
  memcpy(code_before, (void *)CODE, CODE_BYTES);
  far_ptr[0] = C.eip;
  far_ptr[1] = C.cs;
  ss_ptr[0] = C.esp;
  ss_ptr[1] = C.ss;
  if (steps) C.eflags |= 0x100;
  seen = 0;
  stop = "?";
  struct itimerval limit = {{0, 200000}, {0, 200000}}, none = {{0, 0}, {0, 0}};
  if (!sigsetjmp(back, 0)) {
    setitimer(ITIMER_REAL, &limit, 0);
    go();
  }
  setitimer(ITIMER_REAL, &none, 0);
  printf("%s %x %x %x %x %x %x %x %x %x %x %x %x %x %x %x %x %x %x %x", stop, O_trap, O_err, O_cr2, G[REG_EIP], G[REG_EAX],
         G[REG_ECX], G[REG_EDX], G[REG_EBX], G[REG_ESP], G[REG_EBP], G[REG_ESI], G[REG_EDI], G[REG_EFL],
         G[REG_CS] & 0xffff, G[REG_SS] & 0xffff, G[REG_DS] & 0xffff, G[REG_ES] & 0xffff, G[REG_FS] & 0xffff,
         G[REG_GS] & 0xffff);
  changed(DATA, before, DATA_BYTES);
  changed(CODE, code_before, CODE_BYTES);
  printf("\n");
}

/* Cases cannot be trusted: a system call from anywhere but this program's text ends the case. */
static void confine(void) {
  static u8 alternate[65536];
  stack_t ss = {.ss_sp = alternate, .ss_size = sizeof alternate};
  sigaltstack(&ss, 0);
  int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGALRM, SIGSYS};
  for (int k = 0; k < 7; k++) {
    struct sigaction a = {0};
    a.sa_sigaction = handler;
    a.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigaction(signals[k], &a, 0);
  }
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  struct sock_filter f[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer)),
                            BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x08000000, 0, 2),
                            BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, DATA, 0, 2),
                            BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, CODE + CODE_BYTES + 0x1000, 1, 0),
                            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog program = {6, f};
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv) {
  FILE *f = argc > 1 ? fopen(argv[1], "rb") : 0;
  if (!f || fread(image, 1, DATA_BYTES, f) != DATA_BYTES) return fprintf(stderr, "usage: silicon DATA-IMAGE\n"), 2;
  asm volatile("mov %%gs,%0\n mov %%fs,%1" : "=r"(host_gs), "=r"(host_fs));
  host_gs &= 0xffff;
  host_fs &= 0xffff;
  if (mmap((void *)DATA, DATA_BYTES, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED ||
      mmap((void *)CODE, CODE_BYTES, 7, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
    return perror("mmap"), 1;
  char **lines = 0, *line = 0;
  size_t n = 0, room = 0, size = 0;
  while (getline(&line, &size, stdin) > 0) {
    if (!strncmp(line, "ldt", 3)) {
      ldt(line);
      continue;
    }
    if (n == room) lines = realloc(lines, (room = room ? room * 2 : 1024) * sizeof *lines);
    lines[n++] = strdup(line);
  }
  volatile u32 *current = mmap(0, 4096, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (u32 k = 0; k < n;) {
    fflush(stdout);
    pid_t child = fork();
    if (!child) {
      confine();
      for (; k < n; k++) {
        *current = k;
        run(lines[k]);
        fflush(stdout);
      }
      _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) break;
    printf("crash %x\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    k = *current + 1;
  }
  return 0;
}
