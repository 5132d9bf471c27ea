; A store walks through three pages: one that may be written, one that may not, one that is absent. The handler of #PF
; logs the error code, CR2, EIP and the loop's counter, mends the page table and goes back.
%include "layout.inc"
org MAIN
        mov eax, 14                                     ;@ 102000 B80E000000
        mov edx, fault                                  ;@ 102005 BA74201000
        call GATES                                      ;@ 10200A E8F1E0FFFF
        mov dword [TABLE + 4 * 201h], 201001h   ; read-only ;@ 10200F C7050418010001102000
        mov dword [TABLE + 4 * 202h], 0         ; absent ;@ 102019 C7050818010000000000
        mov ebx, 40                                     ;@ 102023 BB28000000
again:  mov edi, SCRATCH                                ;@ 102028 BF00002000
        mov ecx, 0c00h                                  ;@ 10202D B9000C0000
        mov eax, 12345678h                              ;@ 102032 B878563412
walk:   mov [edi], eax                                  ;@ 102037 8907
        rol eax, 1                                      ;@ 102039 D1C0
        add eax, [edi]                                  ;@ 10203B 0307
        adc [edi], ecx                                  ;@ 10203D 110F
        add edi, 4                                      ;@ 10203F 83C704
        dec ecx                                         ;@ 102042 49
        jnz walk                                        ;@ 102043 75F2
        mov [RESULTS], eax                              ;@ 102045 A300000700
        ; The two pages again as they were, on every tenth round.
        test ebx, 7                                     ;@ 10204A F7C307000000
        jnz kept                                        ;@ 102050 751A
        mov dword [TABLE + 4 * 201h], 201001h           ;@ 102052 C7050418010001102000
        mov dword [TABLE + 4 * 202h], 0                 ;@ 10205C C7050818010000000000
        mov esi, cr3                                    ;@ 102066 0F20DE
        mov cr3, esi                                    ;@ 102069 0F22DE
kept:   dec ebx                                         ;@ 10206C 4B
        jnz again                                       ;@ 10206D 75B9
        jmp END                                         ;@ 10206F E99CE0FFFF
fault:  push eax                                        ;@ 102074 50
        push edi                                        ;@ 102075 57
        mov edi, [LOGGED]                               ;@ 102076 8B3DFC0F0700
        mov eax, [esp + 8]                              ;@ 10207C 8B442408
        stosd                                           ;@ 102080 AB
        mov eax, cr2                                    ;@ 102081 0F20D0
        stosd                                           ;@ 102084 AB
        mov eax, [esp + 12]                             ;@ 102085 8B44240C
        stosd                                           ;@ 102089 AB
        mov eax, ecx                                    ;@ 10208A 89C8
        stosd                                           ;@ 10208C AB
        mov [LOGGED], edi                               ;@ 10208D 893DFC0F0700
        mov eax, cr2                                    ;@ 102093 0F20D0
        shr eax, 12                                     ;@ 102096 C1E80C
        mov edi, eax                                    ;@ 102099 89C7
        shl edi, 12                                     ;@ 10209B C1E70C
        or edi, 3                                       ;@ 10209E 83CF03
        mov [TABLE + eax * 4], edi                      ;@ 1020A1 893C8500100100
        mov eax, cr2                                    ;@ 1020A8 0F20D0
        invlpg [eax]                                    ;@ 1020AB 0F0138
        pop edi                                         ;@ 1020AE 5F
        pop eax                                         ;@ 1020AF 58
        add esp, 4                                      ;@ 1020B0 83C404
        iret                                            ;@ 1020B3 CF
