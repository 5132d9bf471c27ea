; The demo guest: a small protected-mode kernel that shows a PC at work on its first serial port.
;
; Documents: Multiboot Specification 0.6.96 (header, section 3.1; machine state, 3.2; boot information, 3.3); Intel SDM
; volume 3 for everything that follows. One flat binary at 1 MiB, described by the addresses in its own header (the
; "a.out kludge"), so that nasm alone builds it:  nasm -f bin -o demo.bin demo.asm
;
; With the word `batch` on its command line it runs the show and a self-test and powers off; else it ends in a monitor.
;
; Conventions: routines keep every register but those that they return values in, unless they say otherwise. ESI points
; to text. Whatever prints more than one piece of a line holds the console (lock_console).

LOAD_ADDRESS    equ 0x100000

bits 32
cpu 686
org LOAD_ADDRESS

section .text
section .rodata follows=.text   align=16
section .user   follows=.rodata align=4096 vstart=USER_BASE
section .data   follows=.user   align=4096
section .bss    follows=.data   align=4096 nobits
section .text

PAGE            equ 4096
USER_BASE       equ 0x40000000          ; code of ring 3
USER_STACK      equ 0x40100000          ; its stack, one page
DEMAND          equ 0x80000000          ; 4 MiB that get their frames when they are touched
DEMAND_END      equ DEMAND + 0x400000
IDENTITY_END    equ 0x800000            ; linear = physical below

; Selectors.
KERNEL_CODE     equ 0x08
KERNEL_DATA     equ 0x10
USER_CODE       equ 0x18 | 3
USER_DATA       equ 0x20 | 3
TSS_SELECTOR    equ 0x28

; Multiboot 1.
MULTIBOOT_MAGIC equ 0x1BADB002          ; in our header
LOADER_MAGIC    equ 0x2BADB002          ; in EAX at entry
FLAG_ALIGN      equ 1 << 0
FLAG_MEMORY     equ 1 << 1
FLAG_ADDRESSES  equ 1 << 16
HEADER_FLAGS    equ FLAG_ALIGN | FLAG_MEMORY | FLAG_ADDRESSES

multiboot_header:
        dd MULTIBOOT_MAGIC
        dd HEADER_FLAGS
        dd -(MULTIBOOT_MAGIC + HEADER_FLAGS)
        dd multiboot_header             ; header_addr
        dd multiboot_header             ; load_addr
        dd image_end                    ; load_end_addr
        dd bss_end                      ; bss_end_addr
        dd entry                        ; entry_addr

%include "macros.inc"
%include "console.asm"
%include "boot.asm"
%include "traps.asm"
%include "paging.asm"
%include "tasks.asm"
%include "show.asm"
%include "user.asm"
%include "bench.asm"
%include "selftest.asm"
%include "monitor.asm"
%include "power.asm"

; Entered by the boot loader: flat 4 GiB segments, paging and interrupts off, EAX = magic, EBX = boot information.
entry:
        cld
        mov esp, boot_stack_top
        call console_init
        call boot_information
        say `\nTransvisor demo guest: a kernel of its own on an unmodified PC\n`
        call show_command_line
        call show_processor
        call show_memory
        call traps_init
        call paging_init
        call tasks_init
        sti
        call show_interrupts
        call show_paging
        call show_tasks
        call show_user_mode
        cmp byte [batch], 0
        je monitor
        call selftest
        say `powering off\n`
        jmp power_off

section .data
align 4
        dd 0                            ; the image must not end before its data section begins
image_end:

section .bss
alignb PAGE
boot_stack:     resb PAGE
boot_stack_top:
bss_end:
