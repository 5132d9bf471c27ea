# Start of the bare-metal image: a Multiboot header (specification 0.6.96, section 3.1) and the way to C.
#
# The boot loader leaves flat 32-bit protected mode with paging and interrupts off, EBX at its information, and promises
# nothing of GDTR, IDTR and the floating-point unit. Nothing here loads a segment or takes an interrupt.

.set MAGIC, 0x1badb002
.set FLAGS, 0

.section .multiboot, "a"
.balign 4
  .long MAGIC, FLAGS, -(MAGIC + FLAGS)

.text
.globl start
start:
  mov $stack_top, %esp
  # CR0: EM (bit 2) and TS (bit 3) off, MP (bit 1) and NE (bit 5) on. CR4: OSFXSR (bit 9), OSXMMEXCPT (bit 10).
  mov %cr0, %eax
  and $~0xc, %eax
  or $0x22, %eax
  mov %eax, %cr0
  mov %cr4, %eax
  or $0x600, %eax
  mov %eax, %cr4
  fninit
  push %ebx
  call metal_main
stop:
  cli
  hlt
  jmp stop

.bss
.balign 16
  .skip 65536
stack_top:

.section .note.GNU-stack, "", @progbits
