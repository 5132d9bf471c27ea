; Divisions, one in sixteen by zero, one in sixteen with a quotient that does not fit: the handler of #DE counts them and
; goes on behind the instruction.
%include "layout.inc"
org MAIN
        xor eax, eax                                    ;@ 102000 31C0
        mov edx, error                                  ;@ 102002 BA4B201000
        call GATES                                      ;@ 102007 E8F4E0FFFF
        xor ebp, ebp                                    ;@ 10200C 31ED
        mov ecx, 4000                                   ;@ 10200E B9A00F0000
        xor esi, esi                                    ;@ 102013 31F6
divide: mov ebx, ecx                                    ;@ 102015 89CB
        and ebx, 15                                     ;@ 102017 83E30F
        mov eax, ecx                                    ;@ 10201A 89C8
        imul eax, 1000003                               ;@ 10201C 69C043420F00
        lea edx, [ebx - 14]                             ;@ 102022 8D53F2
        sar edx, 31                                     ;@ 102025 C1FA1F
        not edx                         ; -1 where ebx is 14 or 15: too much ;@ 102028 F7D2
        div ebx                                         ;@ 10202A F7F3
        add esi, eax                                    ;@ 10202C 01C6
        xor esi, edx                                    ;@ 10202E 31D6
        mov eax, ecx                                    ;@ 102030 89C8
        cdq                                             ;@ 102032 99
        idiv bl                                         ;@ 102033 F6FB
        add esi, eax                                    ;@ 102035 01C6
        dec ecx                                         ;@ 102037 49
        jnz divide                                      ;@ 102038 75DB
        mov [RESULTS], esi                              ;@ 10203A 893500000700
        mov [RESULTS + 4], ebp                          ;@ 102040 892D04000700
        jmp END                                         ;@ 102046 E9C5E0FFFF
error:  inc ebp                                         ;@ 10204B 45
        add dword [esp], 2              ; both are two bytes long ;@ 10204C 83042402
        iret                                            ;@ 102050 CF
