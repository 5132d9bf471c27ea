; Code that changes itself: the immediate of an instruction further on in its own loop, on each turn; the one right
; behind; and, now and then, an instruction of a routine on another page that is called from the loop. Data in the
; granule of the code changes all the time.
%include "layout.inc"
org MAIN
        mov ebp, 300                                    ;@ 102000 BD2C010000
        xor ebx, ebx                                    ;@ 102005 31DB
turn:   mov ecx, 50                                     ;@ 102007 B932000000
inner:  add ebx, ecx                                    ;@ 10200C 01CB
        rol ebx, 3                                      ;@ 10200E C1C303
        inc dword [count]                               ;@ 102011 FF0560201000
        dec ecx                                         ;@ 102017 49
        jnz inner                                       ;@ 102018 75F2
        add byte [changed + 2], 3                       ;@ 10201A 80052620100003
        xor ebx, 55h                                    ;@ 102021 83F355
changed: add ebx, byte 7                                ;@ 102024 83C307
        mov byte [next + 1], bl                         ;@ 102027 881D2E201000
next:   mov al, 0                                       ;@ 10202D B000
        movzx eax, al                                   ;@ 10202F 0FB6C0
        add ebx, eax                                    ;@ 102032 01C3
        call other                                      ;@ 102034 E8C70F0000
        test ebp, 15                                    ;@ 102039 F7C50F000000
        jnz same                                        ;@ 10203F 7507
        xor byte [other], 40h ^ 48h             ; inc eax, dec eax ;@ 102041 80350030100008
same:   dec ebp                                         ;@ 102048 4D
        jnz turn                                        ;@ 102049 75BC
        mov [RESULTS], ebx                              ;@ 10204B 891D00000700
        mov eax, [count]                                ;@ 102051 A160201000
        mov [RESULTS + 4], eax                          ;@ 102056 A304000700
        jmp END                                         ;@ 10205B E9B0E0FFFF
        align 4, db 90h
count:  dd 0                                            ;@ 102060 00000000
        align 1000h, db 90h
other:  inc eax                                         ;@ 103000 40
        lea ebx, [ebx + eax * 4]                        ;@ 103001 8D1C83
        ret                                             ;@ 103004 C3
