; STI where two ways meet, as kernels have it: interrupts are let in again if they were on before.
%include "layout.inc"
org MAIN
        mov al, 17                                      ;@ 102000 B011
        call TIMER                                      ;@ 102002 E8F9E1FFFF
        sti                                             ;@ 102007 FB
        xor ebx, ebx                                    ;@ 102008 31DB
        mov ecx, 30000                                  ;@ 10200A B930750000
turn:   test cl, 3                                      ;@ 10200F F6C103
        jz kept                                         ;@ 102012 7401
        cli                                             ;@ 102014 FA
kept:   add ebx, ecx                                    ;@ 102015 01CB
        rol ebx, 3                                      ;@ 102017 C1C303
        test cl, 3                                      ;@ 10201A F6C103
        jz met                                          ;@ 10201D 7401
        sti                                             ;@ 10201F FB
met:    inc ebx                 ; in the shadow, or not ;@ 102020 43
        test cl, 16                                     ;@ 102021 F6C110
        jz next                                         ;@ 102024 7412
        cli                                             ;@ 102026 FA
        mov edx, 5                                      ;@ 102027 BA05000000
        sti                                             ;@ 10202C FB
        ; The head of a loop is in the shadow.
inner:  add ebx, edx                                    ;@ 10202D 01D3
        dec edx                                         ;@ 10202F 4A
        jnz inner                                       ;@ 102030 75FB
        cli                                             ;@ 102032 FA
        call restore                                    ;@ 102033 E80F000000
next:   dec ecx                                         ;@ 102038 49
        jnz turn                                        ;@ 102039 75D4
        cli                                             ;@ 10203B FA
        mov [RESULTS], ebx                              ;@ 10203C 891D00000700
        jmp END                                         ;@ 102042 E9C9E0FFFF
restore:
        test cl, 1                                      ;@ 102047 F6C101
        jz back                                         ;@ 10204A 7401
        sti                                             ;@ 10204C FB
back:   sti                                             ;@ 10204D FB
        ret                                             ;@ 10204E C3
