; STI where two ways meet, as kernels have it: interrupts are let in again if they were on before. The timer of the 8254
; interrupts: its handler logs where, what ECX was, and the time-stamp counter.
%include "layout.inc"
org MAIN
        mov eax, 20h                                    ;@ 102000 B820000000
        mov edx, tick                                   ;@ 102005 BA77201000
        call GATES                                      ;@ 10200A E8F1E0FFFF
        ; 8259: ICW1 to ICW4, vectors from 20h; the timer only
        mov al, 11h                                     ;@ 10200F B011
        out 20h, al                                     ;@ 102011 E620
        mov al, 20h                                     ;@ 102013 B020
        out 21h, al                                     ;@ 102015 E621
        mov al, 4                                       ;@ 102017 B004
        out 21h, al                                     ;@ 102019 E621
        mov al, 1                                       ;@ 10201B B001
        out 21h, al                                     ;@ 10201D E621
        mov al, 0feh                                    ;@ 10201F B0FE
        out 21h, al                                     ;@ 102021 E621
        ; 8254: counter 0, mode 2, 17 ticks
        mov al, 34h                                     ;@ 102023 B034
        out 43h, al                                     ;@ 102025 E643
        mov al, 11h                                     ;@ 102027 B011
        out 40h, al                                     ;@ 102029 E640
        mov al, 0                                       ;@ 10202B B000
        out 40h, al                                     ;@ 10202D E640
        sti                                             ;@ 10202F FB
        xor ebx, ebx                                    ;@ 102030 31DB
        mov ecx, 30000                                  ;@ 102032 B930750000
turn:   test cl, 3                                      ;@ 102037 F6C103
        jz kept                                         ;@ 10203A 7401
        cli                                             ;@ 10203C FA
kept:   add ebx, ecx                                    ;@ 10203D 01CB
        rol ebx, 3                                      ;@ 10203F C1C303
        test cl, 3                                      ;@ 102042 F6C103
        jz met                                          ;@ 102045 7401
        sti                                             ;@ 102047 FB
met:    inc ebx                 ; in the shadow, or not ;@ 102048 43
        test cl, 16                                     ;@ 102049 F6C110
        jz next                                         ;@ 10204C 7412
        cli                                             ;@ 10204E FA
        mov edx, 5                                      ;@ 10204F BA05000000
        sti                                             ;@ 102054 FB
        ; The head of a loop is in the shadow.
inner:  add ebx, edx                                    ;@ 102055 01D3
        dec edx                                         ;@ 102057 4A
        jnz inner                                       ;@ 102058 75FB
        cli                                             ;@ 10205A FA
        call restore                                    ;@ 10205B E80F000000
next:   dec ecx                                         ;@ 102060 49
        jnz turn                                        ;@ 102061 75D4
        cli                                             ;@ 102063 FA
        mov [RESULTS], ebx                              ;@ 102064 891D00000700
        jmp END                                         ;@ 10206A E9A1E0FFFF
restore:
        test cl, 1                                      ;@ 10206F F6C101
        jz back                                         ;@ 102072 7401
        sti                                             ;@ 102074 FB
back:   sti                                             ;@ 102075 FB
        ret                                             ;@ 102076 C3
tick:   push eax                                        ;@ 102077 50
        push edx                                        ;@ 102078 52
        push edi                                        ;@ 102079 57
        inc dword [RESULTS + 4]                         ;@ 10207A FF0504000700
        mov edi, [LOGGED]                               ;@ 102080 8B3DFC0F0700
        cmp edi, LOG + 8000h                            ;@ 102086 81FF00900700
        jae full                                        ;@ 10208C 7311
        mov eax, [esp + 12]                             ;@ 10208E 8B44240C
        stosd                                           ;@ 102092 AB
        mov eax, ecx                                    ;@ 102093 89C8
        stosd                                           ;@ 102095 AB
        rdtsc                                           ;@ 102096 0F31
        stosd                                           ;@ 102098 AB
        mov [LOGGED], edi                               ;@ 102099 893DFC0F0700
full:   mov al, 20h                                     ;@ 10209F B020
        out 20h, al                                     ;@ 1020A1 E620
        pop edi                                         ;@ 1020A3 5F
        pop edx                                         ;@ 1020A4 5A
        pop eax                                         ;@ 1020A5 58
        iret                                            ;@ 1020A6 CF
