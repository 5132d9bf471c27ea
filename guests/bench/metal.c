// The bare-metal image: reads the command line, runs the kernels, prints on the first serial port.
//
// The port is a 16550 (National Semiconductor PC16550D); it is polled, without FIFO.
#include "suite.h"

enum { COM1 = 0x3f8, DATA = 0, INTERRUPTS = 1, FIFO_CONTROL = 2, LINE_CONTROL = 3, MODEM_CONTROL = 4, LINE_STATUS = 5 };
enum { TRANSMITTER_EMPTY = 0x20, DIVISOR_ACCESS = 0x80, EIGHT_BITS = 3, DTR_RTS = 3 };

// Multiboot information, section 3.3: bit 2 of its flags says that the command line at offset 16 is there.
struct multiboot {
  u32 flags, memory[2], device;
  const char *command_line;
};

#define WORDS 64

static inline void out(u16 port, u8 value) { __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port)); }

static inline u8 in(u16 port) {
  u8 value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

static void say(const char *line) {
  for (; *line; line++) {
    while (!(in(COM1 + LINE_STATUS) & TRANSMITTER_EMPTY)) {}
    out(COM1 + DATA, (u8)*line);
  }
}

static void open_port(void) {
  out(COM1 + INTERRUPTS, 0);
  out(COM1 + LINE_CONTROL, DIVISOR_ACCESS);
  out(COM1 + DATA, 1);
  out(COM1 + INTERRUPTS, 0);
  out(COM1 + LINE_CONTROL, EIGHT_BITS);
  out(COM1 + FIFO_CONTROL, 0);
  out(COM1 + MODEM_CONTROL, DTR_RTS);
}

void metal_main(const struct multiboot *information) {
  static char text[1024];
  static const char *words[WORDS];
  u32 count = 0;
  struct suite suite = {.tables = kernel_tables, .repeat = 1, .scale = 100, .words = words, .say = say};
  const char *from = information->flags & 4 ? information->command_line : "";
  for (u32 i = 0; i < sizeof text - 1 && from[i]; i++) text[i] = from[i] == ' ' ? 0 : from[i];
  for (u32 i = 0; i < sizeof text - 1 && count < WORDS; i++) {
    if (text[i] && (i == 0 || !text[i - 1])) words[count++] = &text[i];
  }
  for (u32 i = 0; i < count; i++) {
    suite.scale = number_after(words[i], "scale=", suite.scale);
    suite.repeat = number_after(words[i], "repeat=", suite.repeat);
  }
  suite.count = count;
  open_port();
  run_suite(&suite);
}

// GCC may call these for structures.
void *memcpy(void *to, const void *from, u32 bytes) {
  void *const start = to;
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
  return start;
}

void *memset(void *to, int value, u32 bytes) {
  void *const start = to;
  __asm__ volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(value) : "memory");
  return start;
}
