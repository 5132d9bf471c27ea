; Three functions end in the same long code. One is called by itself first, and has it in its region; once the others are
; called too, it becomes a region of its own.
%include "layout.inc"
org MAIN
        mov ecx, 6000                                   ;@ 102000 B970170000
        xor ebx, ebx                                    ;@ 102005 31DB
        mov dword [SCRATCH], one                        ;@ 102007 C7050000200066201000
        mov dword [SCRATCH + 4], one                    ;@ 102011 C7050400200066201000
        mov dword [SCRATCH + 8], one                    ;@ 10201B C7050800200066201000
        xor esi, esi                                    ;@ 102025 31F6
turn:   call [SCRATCH + esi * 4]                        ;@ 102027 FF14B500002000
        inc esi                                         ;@ 10202E 46
        cmp esi, 3                                      ;@ 10202F 83FE03
        jb go_on                                        ;@ 102032 721E
        xor esi, esi                                    ;@ 102034 31F6
        cmp ecx, 3000                                   ;@ 102036 81F9B80B0000
        ja go_on                                        ;@ 10203C 7714
        mov dword [SCRATCH + 4], two                    ;@ 10203E C7050400200071201000
        mov dword [SCRATCH + 8], three                  ;@ 102048 C705080020007D201000
go_on:  dec ecx                                         ;@ 102052 49
        jnz turn                                        ;@ 102053 75D2
        mov [RESULTS], ebx                              ;@ 102055 891D00000700
        mov [RESULTS + 4], esp                          ;@ 10205B 892504000700
        jmp END                                         ;@ 102061 E9AAE0FFFF
one:
        add ebx, 506952113                              ;@ 102066 81C3B179371E
        rol ebx, 3                                      ;@ 10206C C1C303
        jmp tail                                        ;@ 10206F EB27
two:
        xor ebx, 507033119                              ;@ 102071 81F31FB6381E
        lea ebx, [ebx + ebx * 4 + 1]                    ;@ 102077 8D5C9B01
        jmp tail                                        ;@ 10207B EB1B
three:
        sub ebx, 507114125                              ;@ 10207D 81EB8DF2391E
        ror ebx, 5                                      ;@ 102083 C1CB05
        jmp tail                                        ;@ 102086 EB10
        times 16 nop                                    ;@ 102088 90909090909090909090909090909090
tail:
        times 30 lea ebx, [ebx + ebx * 2 + 1]           ;@ 102098 8D5C5B018D5C5B018D5C5B018D5C5B018D5C5B018D5C5B018D5C5B018D5C5B018D5C5B018D5C5B018D5C5B018D5C5B018D5C5B018D5C5B018D5C5B018D5C5B018D5C5B018D5C5B018D5C5B018D5C5B018D5C5B018D5C5B018D5C5B018D5C5B018D5C5B018D5C5B018D5C5B018D5C5B018D5C5B018D5C5B01
        times 30 add ebx, 507195131                     ;@ 102110 81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E81C3FB2E3B1E
        ret                                             ;@ 1021C4 C3
