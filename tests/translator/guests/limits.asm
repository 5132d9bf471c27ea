; FS has a base and a limit of a page. A loop runs over its end; the handler of #GP counts, starts the loop's index anew
; and goes back to the instruction.
%include "layout.inc"
org MAIN
        mov eax, 13                                     ;@ 102000 B80D000000
        mov edx, beyond                                 ;@ 102005 BA49201000
        call GATES                                      ;@ 10200A E8F1E0FFFF
        xor ebp, ebp                                    ;@ 10200F 31ED
        xor esi, esi                                    ;@ 102011 31F6
        mov ecx, 9000                                   ;@ 102013 B928230000
        mov eax, 1                                      ;@ 102018 B801000000
walk:   add [fs:esi], eax                               ;@ 10201D 640106
        add eax, [fs:esi + 2]                           ;@ 102020 64034602
        movzx edx, byte [fs:esi + 1]                    ;@ 102024 640FB65601
        lea eax, [eax + edx * 8 + 1]                    ;@ 102029 8D44D001
        add esi, 4                                      ;@ 10202D 83C604
        dec ecx                                         ;@ 102030 49
        jnz walk                                        ;@ 102031 75EA
        mov [RESULTS], eax                              ;@ 102033 A300000700
        mov [RESULTS + 4], ebp                          ;@ 102038 892D04000700
        mov [RESULTS + 8], esi                          ;@ 10203E 893508000700
        jmp END                                         ;@ 102044 E9C7E0FFFF
beyond: inc ebp                                         ;@ 102049 45
        mov esi, 4                                      ;@ 10204A BE04000000
        add esp, 4                                      ;@ 10204F 83C404
        iret                                            ;@ 102052 CF
