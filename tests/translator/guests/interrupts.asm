; The timer of the prelude interrupts loops of different shapes.
%include "layout.inc"
org MAIN
        mov al, 37                                      ;@ 102000 B025
        call TIMER                                      ;@ 102002 E8F9E1FFFF
        sti                                             ;@ 102007 FB
        xor ebx, ebx                                    ;@ 102008 31DB
        mov ebp, 40                                     ;@ 10200A BD28000000
round:  mov ecx, 1000                                   ;@ 10200F B9E8030000
tight:  dec ecx                                         ;@ 102014 49
        jnz tight                                       ;@ 102015 75FD
        mov ecx, 3000                                   ;@ 102017 B9B80B0000
wide:   add ebx, ecx                                    ;@ 10201C 01CB
        rol ebx, 5                                      ;@ 10201E C1C305
        xor ebx, ebp                                    ;@ 102021 31EB
        test ebx, 1                                     ;@ 102023 F7C301000000
        jz even                                         ;@ 102029 740D
        add ebx, 12345                                  ;@ 10202B 81C339300000
        call leaf                                       ;@ 102031 E84D000000
        jmp both                                        ;@ 102036 EB08
even:   sub ebx, [RESULTS + 16]                         ;@ 102038 2B1D10000700
        push ebx                                        ;@ 10203E 53
        pop eax                                         ;@ 10203F 58
both:   mov [RESULTS + 16], ebx                         ;@ 102040 891D10000700
        dec ecx                                         ;@ 102046 49
        jnz wide                                        ;@ 102047 75D3
        ; Interrupts off for a part of each turn, by flags that are saved and restored.
        mov ecx, 500                                    ;@ 102049 B9F4010000
locked: pushf                                           ;@ 10204E 9C
        cli                                             ;@ 10204F FA
        add ebx, ecx                                    ;@ 102050 01CB
        popf                                            ;@ 102052 9D
        dec ecx                                         ;@ 102053 49
        jnz locked                                      ;@ 102054 75F8
        ; The interrupt controller's mask: what came while it was set is taken right behind the OUT that clears it.
        mov ecx, 8                                      ;@ 102056 B908000000
masked: mov al, 0ffh                                    ;@ 10205B B0FF
        out 21h, al                                     ;@ 10205D E621
        mov edx, 600                                    ;@ 10205F BA58020000
inside: add ebx, edx                                    ;@ 102064 01D3
        rol ebx, 7                                      ;@ 102066 C1C307
        dec edx                                         ;@ 102069 4A
        jnz inside                                      ;@ 10206A 75F8
        mov al, 0feh                                    ;@ 10206C B0FE
        out 21h, al                                     ;@ 10206E E621
        dec ecx                                         ;@ 102070 49
        jnz masked                                      ;@ 102071 75E8
        hlt                                             ;@ 102073 F4
        dec ebp                                         ;@ 102074 4D
        jnz round                                       ;@ 102075 7598
        cli                                             ;@ 102077 FA
        mov [RESULTS], ebx                              ;@ 102078 891D00000700
        jmp END                                         ;@ 10207E E98DE0FFFF
leaf:   lea ebx, [ebx + ecx * 2]                        ;@ 102083 8D1C4B
        ret                                             ;@ 102086 C3
