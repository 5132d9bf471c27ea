; The timer of the 8254 interrupts loops of different shapes: its handler logs where, and what the loop's registers and
; the time-stamp counter were.
%include "layout.inc"
org MAIN
        mov eax, 20h                                    ;@ 102000 B820000000
        mov edx, tick                                   ;@ 102005 BAAF201000
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
        ; 8254: counter 0, mode 2, 37 ticks
        mov al, 34h                                     ;@ 102023 B034
        out 43h, al                                     ;@ 102025 E643
        mov al, 25h                                     ;@ 102027 B025
        out 40h, al                                     ;@ 102029 E640
        mov al, 0                                       ;@ 10202B B000
        out 40h, al                                     ;@ 10202D E640
        sti                                             ;@ 10202F FB
        xor ebx, ebx                                    ;@ 102030 31DB
        mov ebp, 40                                     ;@ 102032 BD28000000
round:  mov ecx, 1000                                   ;@ 102037 B9E8030000
tight:  dec ecx                                         ;@ 10203C 49
        jnz tight                                       ;@ 10203D 75FD
        mov ecx, 3000                                   ;@ 10203F B9B80B0000
wide:   add ebx, ecx                                    ;@ 102044 01CB
        rol ebx, 5                                      ;@ 102046 C1C305
        xor ebx, ebp                                    ;@ 102049 31EB
        test ebx, 1                                     ;@ 10204B F7C301000000
        jz even                                         ;@ 102051 740D
        add ebx, 12345                                  ;@ 102053 81C339300000
        call leaf                                       ;@ 102059 E84D000000
        jmp both                                        ;@ 10205E EB08
even:   sub ebx, [RESULTS + 16]                         ;@ 102060 2B1D10000700
        push ebx                                        ;@ 102066 53
        pop eax                                         ;@ 102067 58
both:   mov [RESULTS + 16], ebx                         ;@ 102068 891D10000700
        dec ecx                                         ;@ 10206E 49
        jnz wide                                        ;@ 10206F 75D3
        ; Interrupts off for a part of each turn, by flags that are saved and restored.
        mov ecx, 500                                    ;@ 102071 B9F4010000
locked: pushf                                           ;@ 102076 9C
        cli                                             ;@ 102077 FA
        add ebx, ecx                                    ;@ 102078 01CB
        popf                                            ;@ 10207A 9D
        dec ecx                                         ;@ 10207B 49
        jnz locked                                      ;@ 10207C 75F8
        ; The interrupt controller's mask: what came while it was set is taken right behind the OUT that clears it.
        mov ecx, 8                                      ;@ 10207E B908000000
masked: mov al, 0ffh                                    ;@ 102083 B0FF
        out 21h, al                                     ;@ 102085 E621
        mov edx, 600                                    ;@ 102087 BA58020000
inside: add ebx, edx                                    ;@ 10208C 01D3
        rol ebx, 7                                      ;@ 10208E C1C307
        dec edx                                         ;@ 102091 4A
        jnz inside                                      ;@ 102092 75F8
        mov al, 0feh                                    ;@ 102094 B0FE
        out 21h, al                                     ;@ 102096 E621
        dec ecx                                         ;@ 102098 49
        jnz masked                                      ;@ 102099 75E8
        hlt                                             ;@ 10209B F4
        dec ebp                                         ;@ 10209C 4D
        jnz round                                       ;@ 10209D 7598
        cli                                             ;@ 10209F FA
        mov [RESULTS], ebx                              ;@ 1020A0 891D00000700
        jmp END                                         ;@ 1020A6 E965E0FFFF
leaf:   lea ebx, [ebx + ecx * 2]                        ;@ 1020AB 8D1C4B
        ret                                             ;@ 1020AE C3
tick:   push eax                                        ;@ 1020AF 50
        push edx                                        ;@ 1020B0 52
        push edi                                        ;@ 1020B1 57
        inc dword [RESULTS + 4]                         ;@ 1020B2 FF0504000700
        mov edi, [LOGGED]                               ;@ 1020B8 8B3DFC0F0700
        cmp edi, LOG + 8000h                            ;@ 1020BE 81FF00900700
        jae full                                        ;@ 1020C4 7319
        mov eax, [esp + 12]                             ;@ 1020C6 8B44240C
        stosd                                           ;@ 1020CA AB
        mov eax, [esp + 20]                             ;@ 1020CB 8B442414
        stosd                                           ;@ 1020CF AB
        mov eax, ecx                                    ;@ 1020D0 89C8
        stosd                                           ;@ 1020D2 AB
        mov eax, ebx                                    ;@ 1020D3 89D8
        stosd                                           ;@ 1020D5 AB
        rdtsc                                           ;@ 1020D6 0F31
        stosd                                           ;@ 1020D8 AB
        mov [LOGGED], edi                               ;@ 1020D9 893DFC0F0700
full:   mov al, 20h                                     ;@ 1020DF B020
        out 20h, al                                     ;@ 1020E1 E620
        pop edi                                         ;@ 1020E3 5F
        pop edx                                         ;@ 1020E4 5A
        pop eax                                         ;@ 1020E5 58
        iret                                            ;@ 1020E6 CF
