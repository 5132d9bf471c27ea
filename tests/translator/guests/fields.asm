; Fields of records, off one register: the records lie one after the other over three pages, whose frames do not, and some
; straddle two. Words of a frame on the stack that does. A page that is read from every time, and may be written only now
; and then. Fields before and behind a change of the address space.
%include "layout.inc"
org MAIN
        mov eax, 14                                     ;@ 102000 B80E000000
        mov edx, fault                                  ;@ 102005 BA5B211000
        call GATES                                      ;@ 10200A E8F1E0FFFF
        mov dword [TABLE + 4 * 201h], 209003h           ;@ 10200F C7050418010003902000
        mov dword [TABLE + 4 * 202h], 205003h           ;@ 102019 C7050818010003502000
        mov dword [TABLE2 + 4 * 201h], 209003h          ;@ 102023 C7050438010003902000
        mov dword [TABLE2 + 4 * 202h], 205003h          ;@ 10202D C7050838010003502000
        mov dword [TABLE2 + 4 * 203h], 206003h  ; in the other space ;@ 102037 C7050C38010003602000
        mov dword [203010h], 1                          ;@ 102041 C7051030200001000000
        mov dword [203014h], 10                         ;@ 10204B C705143020000A000000
        mov dword [206010h], 100                        ;@ 102055 C7051060200064000000
        mov dword [206014h], 1000                       ;@ 10205F C70514602000E8030000
        mov ebp, 60                                     ;@ 102069 BD3C000000
round:  mov esi, SCRATCH                                ;@ 10206E BE00002000
        mov eax, ebp                                    ;@ 102073 89E8
walk:   add eax, [esi]                                  ;@ 102075 0306
        rol eax, 5                                      ;@ 102077 C1C005
        mov [esi + 4], eax                              ;@ 10207A 894604
        movzx ecx, word [esi + 10]                      ;@ 10207D 0FB74E0A
        lea eax, [eax + ecx + 1]                        ;@ 102081 8D440801
        add [esi + 8], al                               ;@ 102085 004608
        mov dl, [esi + 13]                              ;@ 102088 8A560D
        inc dl                                          ;@ 10208B FEC2
        mov [esi + 13], dl                              ;@ 10208D 88560D
        test dl, 7                                      ;@ 102090 F6C207
        jnz even                                        ;@ 102093 7506
        mov [esi + 16], eax                     ; not every time ;@ 102095 894610
        xor [esi + 24], eax                             ;@ 102098 314618
even:   mov [esi], eax                                  ;@ 10209B 8906
        add esi, 28                                     ;@ 10209D 83C61C
        cmp esi, SCRATCH + 2fc0h                        ;@ 1020A0 81FEC02F2000
        jb walk                                         ;@ 1020A6 72CD
        add [RESULTS], eax                              ;@ 1020A8 010500000700
        ; A frame from 200FE8h to 201010h.
        mov edi, esp                                    ;@ 1020AE 89E7
        mov esp, 201010h                                ;@ 1020B0 BC10102000
        push eax                                        ;@ 1020B5 50
        push ebp                                        ;@ 1020B6 55
        sub esp, 24                                     ;@ 1020B7 83EC18
        mov [esp + 20], eax                             ;@ 1020BA 89442414
        mov [esp], ebp                                  ;@ 1020BE 892C24
        mov ecx, [esp + 24]                             ;@ 1020C1 8B4C2418
        add ecx, [esp + 28]                             ;@ 1020C5 034C241C
        pop edx                                         ;@ 1020C9 5A
        add ecx, edx                                    ;@ 1020CA 01D1
        add [RESULTS + 4], ecx                          ;@ 1020CC 010D04000700
        lea ecx, [esp + 20]                             ;@ 1020D2 8D4C2414
        mov edx, [ecx]                                  ;@ 1020D6 8B11
        sub edx, [ecx - 4]                              ;@ 1020D8 2B51FC
        add [RESULTS + 4], edx                          ;@ 1020DB 011504000700
        mov esp, edi                                    ;@ 1020E1 89FC
        ; Read eleven times of twelve; then written, which faults.
        mov dword [TABLE + 4 * 201h], 209001h           ;@ 1020E3 C7050418010001902000
        mov dword [TABLE2 + 4 * 201h], 209001h          ;@ 1020ED C7050438010001902000
        mov eax, 201000h                                ;@ 1020F7 B800102000
        invlpg [eax]                                    ;@ 1020FC 0F0138
        mov ecx, 12                                     ;@ 1020FF B90C000000
        mov edi, 201100h                                ;@ 102104 BF00112000
rare:   mov edx, [edi]                                  ;@ 102109 8B17
        add edx, [edi + 8]                              ;@ 10210B 035708
        cmp ecx, 1                                      ;@ 10210E 83F901
        jne seldom                                      ;@ 102111 750A
        mov [edi + 4], edx                              ;@ 102113 895704
        mov dword [edi + 12], 1                         ;@ 102116 C7470C01000000
seldom: add [RESULTS + 8], edx                          ;@ 10211D 011508000700
        dec ecx                                         ;@ 102123 49
        jnz rare                                        ;@ 102124 75E3
        ; One address space, then the other one.
        mov edi, 203000h                                ;@ 102126 BF00302000
        mov edx, DIRECTORY                              ;@ 10212B BA00000100
        xor ecx, ecx                                    ;@ 102130 31C9
spaces: add ecx, [edi + 10h]                            ;@ 102132 034F10
        mov cr3, edx                                    ;@ 102135 0F22DA
        add ecx, [edi + 14h]                            ;@ 102138 034F14
        xor edx, DIRECTORY ^ DIRECTORY2                 ;@ 10213B 81F200200000
        cmp edx, DIRECTORY                              ;@ 102141 81FA00000100
        jne spaces                                      ;@ 102147 75E9
        add [RESULTS + 12], ecx                         ;@ 102149 010D0C000700
        dec ebp                                         ;@ 10214F 4D
        jnz round                                       ;@ 102150 0F8518FFFFFF
        jmp END                                         ;@ 102156 E9B5DFFFFF
fault:  push eax                                        ;@ 10215B 50
        push ecx                                        ;@ 10215C 51
        mov dword [TABLE + 4 * 201h], 209003h           ;@ 10215D C7050418010003902000
        mov dword [TABLE2 + 4 * 201h], 209003h          ;@ 102167 C7050438010003902000
        mov eax, cr2                                    ;@ 102171 0F20D0
        invlpg [eax]                                    ;@ 102174 0F0138
        mov ecx, [LOGGED]                               ;@ 102177 8B0DFC0F0700
        mov [ecx], eax                                  ;@ 10217D 8901
        add ecx, 4                                      ;@ 10217F 83C104
        mov [LOGGED], ecx                               ;@ 102182 890DFC0F0700
        pop ecx                                         ;@ 102188 59
        pop eax                                         ;@ 102189 58
        add esp, 4                                      ;@ 10218A 83C404
        iret                                            ;@ 10218D CF
