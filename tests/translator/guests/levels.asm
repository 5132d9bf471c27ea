; A routine of level 3 branches into a page that only the supervisor may use, and that the supervisor has used often: it
; must fault each time, at the first instruction there.
%include "layout.inc"
org MAIN
        mov eax, 14                                     ;@ 102000 B80E000000
        mov edx, fault                                  ;@ 102005 BAB9201000
        call GATES                                      ;@ 10200A E8F1E0FFFF
        mov word [1f004h], STACK & 0ffffh               ;@ 10200F 66C70504F001000000
        mov word [1f006h], STACK >> 16                  ;@ 102018 66C70506F001000900
        mov dword [1f008h], 10h                         ;@ 102021 C70508F0010010000000
        mov ax, 30h                                     ;@ 10202B 66B83000
        ltr ax                                          ;@ 10202F 0F00D8
        mov ax, 2bh                             ; stays valid at level 3 ;@ 102032 66B82B00
        mov ds, ax                                      ;@ 102036 8ED8
        mov es, ax                                      ;@ 102038 8EC0
        or dword [DIRECTORY], 4                         ;@ 10203A 830D0000010004
        ; 300000h: level 3; 301000h: not. The same code goes from one to the other.
        mov esi, low                                    ;@ 102041 BE95201000
        mov edi, 300fe0h                                ;@ 102046 BFE00F3000
        mov ecx, done - low                             ;@ 10204B B924000000
        rep movsb                                       ;@ 102050 F3A4
        mov dword [TABLE + 4 * 300h], 300007h           ;@ 102052 C705001C010007003000
        mov dword [TABLE + 4 * 1ffh], 1ff007h           ;@ 10205C C705FC17010007F01F00
        ; The supervisor runs it all.
        mov edx, 200                                    ;@ 102066 BAC8000000
warm:   mov ecx, 20                                     ;@ 10206B B914000000
        call 300fe0h                                    ;@ 102070 E86BEF1F00
        dec edx                                         ;@ 102075 4A
        jnz warm                                        ;@ 102076 75F3
        xor ebp, ebp                                    ;@ 102078 31ED
        mov edx, 400                                    ;@ 10207A BA90010000
        push dword 2bh                                  ;@ 10207F 6A2B
        push dword 200000h                              ;@ 102081 6800002000
        push dword 2                                    ;@ 102086 6A02
        push dword 23h                                  ;@ 102088 6A23
        push dword 300fe0h                              ;@ 10208A 68E00F3000
        mov ecx, 30                                     ;@ 10208F B91E000000
        iret                                            ;@ 102094 CF
        ; 20h bytes on the first page, the rest on the second.
low:    add eax, ecx                                    ;@ 102095 01C8
        rol eax, 1                                      ;@ 102097 D1C0
        dec ecx                                         ;@ 102099 49
        jz near high                                    ;@ 10209A 0F8415000000
        xor eax, 77h                                    ;@ 1020A0 83F077
        cmp ecx, 25                                     ;@ 1020A3 83F919
        jmp low                                         ;@ 1020A6 EBED
        times 32 - ($ - low) db 90h                     ;@ 1020A8 90909090909090909090909090
high:   add eax, 3                                      ;@ 1020B5 83C003
        ret                                             ;@ 1020B8 C3
done:
fault:  inc ebp                                         ;@ 1020B9 45
        mov eax, [esp]                                  ;@ 1020BA 8B0424
        add [RESULTS + 4], eax                  ; error codes ;@ 1020BD 010504000700
        mov eax, cr2                                    ;@ 1020C3 0F20D0
        mov [RESULTS + 8], eax                          ;@ 1020C6 A308000700
        mov [RESULTS], ebp                              ;@ 1020CB 892D00000700
        mov ecx, 30                                     ;@ 1020D1 B91E000000
        add esp, 4                                      ;@ 1020D6 83C404
        mov dword [esp], 300fe0h                        ;@ 1020D9 C70424E00F3000
        dec edx                                         ;@ 1020E0 4A
        jnz back                                        ;@ 1020E1 7505
        jmp END                                         ;@ 1020E3 E928E0FFFF
back:   iret                                            ;@ 1020E8 CF
