; What every guest begins with: a Multiboot header, segments, 4 MiB mapped by 4 KiB pages, an IDT whose gates all end the
; run with the vector's stack frame left in place. Then MAIN.
%include "layout.inc"
org 100000h
        dd 1badb002h, 10000h, -(1badb002h + 10000h)     ;@ 100000 02B0AD1B00000100FE4F51E4
        dd 100000h, 100000h, 0, 0, 100020h              ;@ 10000C 0000100000001000000000000000000020001000
start:
        lgdt [gdtr]                                     ;@ 100020 0F011570011000
        jmp 8:segments                                  ;@ 100027 EA2E0010000800
segments:
        mov eax, 10h                                    ;@ 10002E B810000000
        mov ds, ax                                      ;@ 100033 8ED8
        mov es, ax                                      ;@ 100035 8EC0
        mov ss, ax                                      ;@ 100037 8ED0
        mov eax, 18h                                    ;@ 100039 B818000000
        mov fs, ax                                      ;@ 10003E 8EE0
        mov esp, STACK                                  ;@ 100040 BC00000900
        mov eax, 3                                      ;@ 100045 B803000000
        mov edi, TABLE                                  ;@ 10004A BF00100100
pages:  mov [edi], eax                                  ;@ 10004F 8907
        mov [edi + TABLE2 - TABLE], eax                 ;@ 100051 898700200000
        add edi, 4                                      ;@ 100057 83C704
        add eax, 1000h                                  ;@ 10005A 0500100000
        cmp edi, TABLE + 1000h                          ;@ 10005F 81FF00200100
        jb pages                                        ;@ 100065 72E8
        mov dword [DIRECTORY], TABLE + 3                ;@ 100067 C7050000010003100100
        mov dword [DIRECTORY2], TABLE2 + 3              ;@ 100071 C7050020010003300100
        mov dword [LOGGED], LOG                         ;@ 10007B C705FC0F070000100700
        xor eax, eax                                    ;@ 100085 31C0
gates:  mov edx, END                                    ;@ 100087 BA10011000
        call GATES                                      ;@ 10008C E86F000000
        inc eax                                         ;@ 100091 40
        cmp eax, 64                                     ;@ 100092 83F840
        jb gates                                        ;@ 100095 72F0
        lidt [idtr]                                     ;@ 100097 0F011D76011000
        mov eax, DIRECTORY                              ;@ 10009E B800000100
        mov cr3, eax                                    ;@ 1000A3 0F22D8
        mov eax, cr0                                    ;@ 1000A6 0F20C0
        or eax, 80010000h                               ;@ 1000A9 0D00000180
        mov cr0, eax                                    ;@ 1000AE 0F22C0
        jmp MAIN                                        ;@ 1000B1 E94A1F0000
        align 100h, db 0
        jmp gate                                        ;@ 100100 EB10
        align 10h, db 0
        cli                                             ;@ 100110 FA
        hlt                                             ;@ 100111 F4
gate:   mov [IDT + eax * 8], edx                        ;@ 100112 8914C500400100
        mov word [IDT + eax * 8 + 2], 8                 ;@ 100119 66C704C5024001000800
        mov [IDT + eax * 8 + 4], edx                    ;@ 100123 8914C504400100
        mov word [IDT + eax * 8 + 4], 8e00h             ;@ 10012A 66C704C504400100008E
        ret                                             ;@ 100134 C3
        align 8, db 0
gdt:    dq 0, 00cf9b000000ffffh, 00cf93000000ffffh      ;@ 100138 0000000000000000FFFF0000009BCF00FFFF00000093CF00
        dq 0040932000000fffh    ; 18h: data, 200000h to 200FFFh ;@ 100150 FF0F000020934000
        dq 00cffb000000ffffh    ; 20h: code, level 3    ;@ 100158 FFFF000000FBCF00
        dq 00cff3000000ffffh    ; 28h: data, level 3    ;@ 100160 FFFF000000F3CF00
        dd 0f0000067h, 00008901h ; 30h: a TSS at 1F000h ;@ 100168 670000F001890000
gdtr:   dw 37h                                          ;@ 100170 3700
        dd gdt                                          ;@ 100172 38011000
idtr:   dw 1ffh                                         ;@ 100176 FF01
        dd IDT                                          ;@ 100178 00400100
        align 100h, db 0
        ; The timer interrupts every AL ticks (2 or more) of the 8254 from the next STI on: its handler counts in RESULTS + 4,
        ; and logs EIP, EFLAGS, ECX, EBX and the time-stamp counter while there is room.
        push eax                                        ;@ 100200 50
        mov eax, 20h                                    ;@ 100201 B820000000
        mov edx, tick                                   ;@ 100206 BA30021000
        call GATES                                      ;@ 10020B E8F0FEFFFF
        ; 8259: ICW1 to ICW4, vectors from 20h; the timer only
        mov al, 11h                                     ;@ 100210 B011
        out 20h, al                                     ;@ 100212 E620
        mov al, 20h                                     ;@ 100214 B020
        out 21h, al                                     ;@ 100216 E621
        mov al, 4                                       ;@ 100218 B004
        out 21h, al                                     ;@ 10021A E621
        mov al, 1                                       ;@ 10021C B001
        out 21h, al                                     ;@ 10021E E621
        mov al, 0feh                                    ;@ 100220 B0FE
        out 21h, al                                     ;@ 100222 E621
        ; 8254: counter 0, mode 2
        mov al, 34h                                     ;@ 100224 B034
        out 43h, al                                     ;@ 100226 E643
        pop eax                                         ;@ 100228 58
        out 40h, al                                     ;@ 100229 E640
        mov al, 0                                       ;@ 10022B B000
        out 40h, al                                     ;@ 10022D E640
        ret                                             ;@ 10022F C3
tick:   push eax                                        ;@ 100230 50
        push edx                                        ;@ 100231 52
        push edi                                        ;@ 100232 57
        inc dword [RESULTS + 4]                         ;@ 100233 FF0504000700
        mov edi, [LOGGED]                               ;@ 100239 8B3DFC0F0700
        cmp edi, LOG + 8000h                            ;@ 10023F 81FF00900700
        jae full                                        ;@ 100245 7319
        mov eax, [esp + 12]                             ;@ 100247 8B44240C
        stosd                                           ;@ 10024B AB
        mov eax, [esp + 20]                             ;@ 10024C 8B442414
        stosd                                           ;@ 100250 AB
        mov eax, ecx                                    ;@ 100251 89C8
        stosd                                           ;@ 100253 AB
        mov eax, ebx                                    ;@ 100254 89D8
        stosd                                           ;@ 100256 AB
        rdtsc                                           ;@ 100257 0F31
        stosd                                           ;@ 100259 AB
        mov [LOGGED], edi                               ;@ 10025A 893DFC0F0700
full:   mov al, 20h                                     ;@ 100260 B020
        out 20h, al                                     ;@ 100262 E620
        pop edi                                         ;@ 100264 5F
        pop edx                                         ;@ 100265 5A
        pop eax                                         ;@ 100266 58
        iret                                            ;@ 100267 CF
