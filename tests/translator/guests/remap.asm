; A loop lies on two pages. The second is mapped to one frame or another: by its page table entry and INVLPG, and by a
; change of address space. What runs must be what is mapped.
%include "layout.inc"
org MAIN
        ; Two copies of the second page's code, one of which subtracts.
        mov esi, tail                                   ;@ 102000 BECC201000
        mov edi, 204000h                                ;@ 102005 BF00402000
        mov ecx, (last - tail + 3) / 4                  ;@ 10200A B903000000
        rep movsd                                       ;@ 10200F F3A5
        mov esi, tail                                   ;@ 102011 BECC201000
        mov edi, 205000h                                ;@ 102016 BF00502000
        mov ecx, (last - tail + 3) / 4                  ;@ 10201B B903000000
        rep movsd                                       ;@ 102020 F3A5
        mov byte [205000h + kind - tail], 29h   ; sub ebx, eax ;@ 102022 C6050050200029
        mov dword [TABLE + 4 * 301h], 204003h           ;@ 102029 C705041C010003402000
        mov dword [TABLE2 + 4 * 301h], 205003h          ;@ 102033 C705043C010003502000
        mov esi, head                                   ;@ 10203D BEAC201000
        mov edi, 300fe0h                                ;@ 102042 BFE00F3000
        mov ecx, tail - head                            ;@ 102047 B920000000
        rep movsb                                       ;@ 10204C F3A4
        mov ebp, 120                                    ;@ 10204E BD78000000
        xor ebx, ebx                                    ;@ 102053 31DB
round:  mov ecx, 60                                     ;@ 102055 B93C000000
        mov eax, 3                                      ;@ 10205A B803000000
        call 300fe0h                                    ;@ 10205F E87CEF1F00
        mov [RESULTS], ebx                              ;@ 102064 891D00000700
        add edx, ebx                                    ;@ 10206A 01DA
        test ebp, 3                                     ;@ 10206C F7C503000000
        jnz spaces                                      ;@ 102072 7517
        mov eax, [TABLE + 4 * 301h]             ; the other frame, in this address space ;@ 102074 A1041C0100
        xor eax, 204000h ^ 205000h                      ;@ 102079 3500100000
        mov [TABLE + 4 * 301h], eax                     ;@ 10207E A3041C0100
        mov esi, 301000h                                ;@ 102083 BE00103000
        invlpg [esi]                                    ;@ 102088 0F013E
spaces: mov eax, cr3                                    ;@ 10208B 0F20D8
        test ebp, 4                                     ;@ 10208E F7C504000000
        jnz turned                                      ;@ 102094 7508
        xor eax, DIRECTORY ^ DIRECTORY2                 ;@ 102096 3500200000
        mov cr3, eax                                    ;@ 10209B 0F22D8
turned: dec ebp                                         ;@ 10209E 4D
        jnz round                                       ;@ 10209F 75B4
        mov [RESULTS + 4], edx                          ;@ 1020A1 891504000700
        jmp END                                         ;@ 1020A7 E964E0FFFF
        ; The loop begins 20h bytes before a page's end and goes on behind it.
head:   lea eax, [eax + 1]                              ;@ 1020AC 8D4001
        xor eax, 5                                      ;@ 1020AF 83F005
        add eax, ecx                                    ;@ 1020B2 01C8
        and eax, 0ffh                                   ;@ 1020B4 25FF000000
        times 32 - ($ - head) db 90h                    ;@ 1020B9 90909090909090909090909090909090909090
tail:
kind:   add ebx, eax                                    ;@ 1020CC 01C3
        rol ebx, 1                                      ;@ 1020CE D1C3
        dec ecx                                         ;@ 1020D0 49
        jnz near tail - 32                      ; head  ;@ 1020D1 0F85D5FFFFFF
        ret                                             ;@ 1020D7 C3
last:
