; POPF in a loop that sets what makes every later instruction special: the trap flag; the alignment check flag, at level
; 3. And a data breakpoint that the loop hits.
%include "layout.inc"
org MAIN
        mov eax, 1                                      ;@ 102000 B801000000
        mov edx, debug                                  ;@ 102005 BA24211000
        call GATES                                      ;@ 10200A E8F1E0FFFF
        mov eax, 17                                     ;@ 10200F B811000000
        mov edx, check                                  ;@ 102014 BA32211000
        call GATES                                      ;@ 102019 E8E2E0FFFF
        mov eax, 13                                     ;@ 10201E B80D000000
        mov edx, END                                    ;@ 102023 BA10011000
        call GATES                                      ;@ 102028 E8D3E0FFFF
        ; Trap flag for one turn in eight.
        xor ebp, ebp                                    ;@ 10202D 31ED
        mov ecx, 2000                                   ;@ 10202F B9D0070000
traps:  pushf                                           ;@ 102034 9C
        mov eax, ecx                                    ;@ 102035 89C8
        and eax, 7                                      ;@ 102037 83E007
        sub eax, 1                                      ;@ 10203A 83E801
        sbb eax, eax                                    ;@ 10203D 19C0
        and eax, 100h                                   ;@ 10203F 2500010000
        or [esp], eax                                   ;@ 102044 090424
        popf                                            ;@ 102047 9D
        add ebx, eax                                    ;@ 102048 01C3
        rol ebx, 1                                      ;@ 10204A D1C3
        pushf                                           ;@ 10204C 9C
        and dword [esp], ~100h                          ;@ 10204D 812424FFFEFFFF
        popf                                            ;@ 102054 9D
        dec ecx                                         ;@ 102055 49
        jnz traps                                       ;@ 102056 75DC
        mov [RESULTS], ebp                              ;@ 102058 892D00000700
        ; A breakpoint on writes to SCRATCH + 40h, in a loop that was hot before.
        xor ebp, ebp                                    ;@ 10205E 31ED
        mov edx, 2                                      ;@ 102060 BA02000000
points: mov edi, SCRATCH                                ;@ 102065 BF00002000
        mov ecx, 1000                                   ;@ 10206A B9E8030000
fill:   mov [edi], ecx                                  ;@ 10206F 890F
        add edi, 4                                      ;@ 102071 83C704
        dec ecx                                         ;@ 102074 49
        jnz fill                                        ;@ 102075 75F8
        mov eax, SCRATCH + 40h                          ;@ 102077 B840002000
        mov dr0, eax                                    ;@ 10207C 0F23C0
        mov eax, 000d0002h                              ;@ 10207F B802000D00
        mov dr7, eax                                    ;@ 102084 0F23F8
        dec edx                                         ;@ 102087 4A
        jnz points                                      ;@ 102088 75DB
        xor eax, eax                                    ;@ 10208A 31C0
        mov dr7, eax                                    ;@ 10208C 0F23F8
        mov [RESULTS + 4], ebp                          ;@ 10208F 892D04000700
        ; Level 3, with alignment checks from the POPF of one turn on.
        mov eax, cr0                                    ;@ 102095 0F20C0
        or eax, 40000h                                  ;@ 102098 0D00000400
        mov cr0, eax                                    ;@ 10209D 0F22C0
        or dword [DIRECTORY], 4                         ;@ 1020A0 830D0000010004
        mov edi, TABLE                                  ;@ 1020A7 BF00100100
rights: or dword [edi], 4                               ;@ 1020AC 830F04
        add edi, 4                                      ;@ 1020AF 83C704
        cmp edi, TABLE + 1000h                          ;@ 1020B2 81FF00200100
        jb rights                                       ;@ 1020B8 72F2
        mov word [1f004h], STACK & 0ffffh               ;@ 1020BA 66C70504F001000000
        mov word [1f006h], STACK >> 16                  ;@ 1020C3 66C70506F001000900
        mov dword [1f008h], 10h                         ;@ 1020CC C70508F0010010000000
        mov ax, 30h                                     ;@ 1020D6 66B83000
        ltr ax                                          ;@ 1020DA 0F00D8
        push dword 2bh                                  ;@ 1020DD 6A2B
        push dword 80000h                               ;@ 1020DF 6800000800
        push dword 2                                    ;@ 1020E4 6A02
        push dword 23h                                  ;@ 1020E6 6A23
        push dword user                                 ;@ 1020E8 68F0201000
        xor ebp, ebp                                    ;@ 1020ED 31ED
        iret                                            ;@ 1020EF CF
user:   mov ax, 2bh                                     ;@ 1020F0 66B82B00
        mov ds, ax                                      ;@ 1020F4 8ED8
        mov ecx, 3000                                   ;@ 1020F6 B9B80B0000
        mov esi, SCRATCH + 1                            ;@ 1020FB BE01002000
mixed:  xor edx, edx                                    ;@ 102100 31D2
        cmp ecx, 100                                    ;@ 102102 83F964
        setb dl                                         ;@ 102105 0F92C2
        shl edx, 18                                     ;@ 102108 C1E212
        pushf                                           ;@ 10210B 9C
        or [esp], edx                                   ;@ 10210C 091424
        popf                                            ;@ 10210F 9D
        add eax, [esi]                          ; #AC once AC is set ;@ 102110 0306
        add ebx, eax                                    ;@ 102112 01C3
        dec ecx                                         ;@ 102114 49
        jnz mixed                                       ;@ 102115 75E9
        mov [RESULTS + 8], ebp                          ;@ 102117 892D08000700
        mov [RESULTS + 12], ebx                         ;@ 10211D 891D0C000700
        hlt                                     ; #GP: the end ;@ 102123 F4
debug:  inc ebp                                         ;@ 102124 45
        push eax                                        ;@ 102125 50
        mov eax, dr6                                    ;@ 102126 0F21F0
        xor ebx, eax                                    ;@ 102129 31C3
        xor eax, eax                                    ;@ 10212B 31C0
        mov dr6, eax                                    ;@ 10212D 0F23F0
        pop eax                                         ;@ 102130 58
        iret                                            ;@ 102131 CF
check:  inc ebp                                         ;@ 102132 45
        add esp, 4                                      ;@ 102133 83C404
        and dword [esp + 8], ~40000h                    ;@ 102136 81642408FFFFFBFF
        iret                                            ;@ 10213E CF
