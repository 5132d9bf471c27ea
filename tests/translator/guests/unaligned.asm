; Reads and writes of every size at every address, across pages whose frames are not one after the other.
%include "layout.inc"
org MAIN
        mov dword [TABLE + 4 * 201h], 209003h           ;@ 102000 C7050418010003902000
        mov dword [TABLE + 4 * 202h], 205003h           ;@ 10200A C7050818010003502000
        mov ebp, 30                                     ;@ 102014 BD1E000000
round:  mov edi, SCRATCH + 0f80h                        ;@ 102019 BF800F2000
        mov eax, 89abcdefh                              ;@ 10201E B8EFCDAB89
        mov ecx, 500                                    ;@ 102023 B9F4010000
step:   add [edi], eax                                  ;@ 102028 0107
        xor ax, [edi + 2]                               ;@ 10202A 66334702
        mov [edi + 1], ax                               ;@ 10202E 66894701
        sub al, [edi + 3]                               ;@ 102032 2A4703
        mov [edi + 6], ah                               ;@ 102035 886706
        movsx edx, word [edi + 1]                       ;@ 102038 0FBF5701
        movzx ebx, byte [edi + 5]                       ;@ 10203C 0FB65F05
        adc eax, edx                                    ;@ 102040 11D0
        xchg ebx, [edi + 7]                             ;@ 102042 875F07
        lea eax, [eax + ebx * 2]                        ;@ 102045 8D0458
        push eax                                        ;@ 102048 50
        pop dword [edi + 9]                             ;@ 102049 8F4709
        add edi, 3                                      ;@ 10204C 83C703
        cmp edi, SCRATCH + 2fd0h                        ;@ 10204F 81FFD02F2000
        jb more                                         ;@ 102055 7205
        mov edi, SCRATCH + 0f81h                        ;@ 102057 BF810F2000
more:   dec ecx                                         ;@ 10205C 49
        jnz step                                        ;@ 10205D 75C9
        dec ebp                                         ;@ 10205F 4D
        jnz round                                       ;@ 102060 75B7
        mov [RESULTS], eax                              ;@ 102062 A300000700
        jmp END                                         ;@ 102067 E9A4E0FFFF
