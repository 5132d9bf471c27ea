; A loop that takes one way for a while, and then two in turn.
%include "layout.inc"
org MAIN
        mov ecx, 160000                                 ;@ 102000 B900710200
        xor ebx, ebx                                    ;@ 102005 31DB
        xor eax, eax                                    ;@ 102007 31C0
turn:   lea eax, [eax + ecx * 2 + 1]                    ;@ 102009 8D444801
        cmp ecx, 158000                                 ;@ 10200D 81F930690200
        ja one                                          ;@ 102013 770C
        test cl, 1                                      ;@ 102015 F6C101
        jz one                                          ;@ 102018 7407
        sub ebx, eax                                    ;@ 10201A 29C3
        rol ebx, 3                                      ;@ 10201C C1C303
        jmp on                                          ;@ 10201F EB02
one:    xor ebx, eax                                    ;@ 102021 31C3
on:     dec ecx                                         ;@ 102023 49
        jnz turn                                        ;@ 102024 75E3
        mov [RESULTS], ebx                              ;@ 102026 891D00000700
        jmp END                                         ;@ 10202C E9DFE0FFFF
