; Firmware that puts a processor into a given state and lets it execute one instruction: see record-system.ts.
;   nasm -f bin -o system-loader.bin system-loader.asm
;
; At reset it finds, in memory that the recorder has written:
;   200000H  parameters, as below         210000H  a GDT for loading LDTR, TR and the data segments
;   400000H  the image of the first 128 KiB
bits 16
org 0xf0000

%define P(field) (0x200000 + field)
%define KIND     0      ; 0 level 0, 1 levels 1..3, 2 virtual-8086, 3 real-address mode
%define CR0V     4
%define CR4V     8
%define DR7V     12
%define FLAGS    16
%define GPRS     20     ; EAX ECX EDX EBX - EBP ESI EDI
%define STACK    52     ; ESP, SS
%define ENTRY    60     ; EIP, CS
%define SEGMENTS 68     ; ES DS FS GS, LDTR, TR: doublewords
%define GDTR     92
%define IDTR     98
%define SYSENTER 104    ; CS ESP EIP
%define CODE     0x8000 ; selectors of the loader in the GDT at 210000H
%define FLAT     0x8008
%define CODE16   0x8010

times 0xe000 db 0x90
start:
  cli
  o32 lgdt [cs:(own_gdt - start) + 0xe000]
  mov eax, cr0
  or al, 1
  mov cr0, eax
  jmp dword 8:wide

align 8
own_table:
  dq 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
own_gdt:
  dw 23
  dd own_table
loading_gdt:
  dw 0xffff
  dd 0x210000

bits 32
wide:
  mov ax, 16
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov esp, 0x300000
  mov al, 0xff
  out 0x21, al
  out 0xa1, al
  cld
  mov esi, 0x400000
  xor edi, edi
  mov ecx, 0x20000 / 4
  rep movsd
  mov eax, 0xcccccccc
  mov ecx, 0x40000 / 4
  rep stosd
  mov ecx, 0x174
  xor edx, edx
  mov eax, [P(SYSENTER)]
  wrmsr
  inc ecx
  mov eax, [P(SYSENTER + 4)]
  wrmsr
  inc ecx
  mov eax, [P(SYSENTER + 8)]
  wrmsr
  mov eax, [P(CR4V)]
  mov cr4, eax
  mov eax, [P(DR7V)]
  mov dr7, eax
  lidt [P(IDTR)]
  cmp dword [P(KIND)], 3
  je real
  lgdt [loading_gdt]
  jmp CODE:loading
loading:
  mov ax, FLAT
  mov ss, ax
  lldt [P(SEGMENTS + 16)]
  ltr [P(SEGMENTS + 20)]
  mov eax, [P(CR0V)]
  mov cr0, eax
  cmp dword [P(KIND)], 2
  je tables
  mov es, [cs:P(SEGMENTS)]
  mov fs, [cs:P(SEGMENTS + 8)]
  mov gs, [cs:P(SEGMENTS + 12)]
  mov ds, [cs:P(SEGMENTS + 4)]
tables:
  lgdt [cs:P(GDTR)]
  cmp dword [cs:P(KIND)], 1
  jb level0
  ja virtual
  push dword [cs:P(STACK + 4)]
  push dword [cs:P(STACK)]
  jmp outer
virtual:
  push dword [cs:P(SEGMENTS + 12)]
  push dword [cs:P(SEGMENTS + 8)]
  push dword [cs:P(SEGMENTS + 4)]
  push dword [cs:P(SEGMENTS)]
  push dword [cs:P(STACK + 4)]
  push dword [cs:P(STACK)]
outer:
  push dword [cs:P(FLAGS)]
  push dword [cs:P(ENTRY + 4)]
  push dword [cs:P(ENTRY)]
  call registers
  iretd
level0:
  push dword [cs:P(FLAGS)]
  popfd
  call registers
  lss esp, [cs:P(STACK)]
  jmp far [cs:P(ENTRY)]

registers:
  mov eax, [cs:P(GPRS)]
  mov ecx, [cs:P(GPRS + 4)]
  mov edx, [cs:P(GPRS + 8)]
  mov ebx, [cs:P(GPRS + 12)]
  mov ebp, [cs:P(GPRS + 20)]
  mov esi, [cs:P(GPRS + 24)]
  mov edi, [cs:P(GPRS + 28)]
  ret

real:
  lgdt [loading_gdt]
  jmp CODE16:real16 - 0xf0000
bits 16
real16:
  ; Code and data of 64 KiB, as real-address mode has them; the parameters through FS.
  mov ax, CODE16 + 8
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov gs, ax
  mov ax, FLAT
  mov fs, ax
  mov eax, [fs:dword P(CR0V)]
  mov cr0, eax
  jmp 0xf000:real_mode - 0xf0000
real_mode:
  xor ax, ax
  mov ss, ax
  mov esp, 0xe000
  mov fs, ax
  push dword [fs:dword P(FLAGS)]
  popfd
  push word [fs:dword P(ENTRY + 4)]
  push word [fs:dword P(ENTRY)]
  pop dword [fs:dword P(ENTRY)]
  mov es, [fs:dword P(SEGMENTS)]
  mov ds, [fs:dword P(SEGMENTS + 4)]
  mov gs, [fs:dword P(SEGMENTS + 12)]
  mov eax, [fs:dword P(GPRS)]
  mov ecx, [fs:dword P(GPRS + 4)]
  mov edx, [fs:dword P(GPRS + 8)]
  mov ebx, [fs:dword P(GPRS + 12)]
  mov ebp, [fs:dword P(GPRS + 20)]
  mov esi, [fs:dword P(GPRS + 24)]
  mov edi, [fs:dword P(GPRS + 28)]
  mov ss, [fs:dword P(STACK + 4)]
  mov esp, [fs:dword P(STACK)]
  jmp far [fs:dword P(ENTRY)]

times 0xfff0 - ($ - $$) db 0x90
  jmp 0xf000:start - 0xf0000
times 0x10000 - ($ - $$) db 0x90
