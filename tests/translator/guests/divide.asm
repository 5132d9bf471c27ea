; Divisions, one in sixteen by zero, one in sixteen with a quotient that does not fit: the handler of #DE counts them and
; goes on behind the instruction. That of #GP does the same for RDMSR.
%include "layout.inc"
org MAIN
        xor eax, eax                                    ;@ 102000 31C0
        mov edx, error                                  ;@ 102002 BA64201000
        call GATES                                      ;@ 102007 E8F4E0FFFF
        mov eax, 13                                     ;@ 10200C B80D000000
        mov edx, none                                   ;@ 102011 BA6A201000
        call GATES                                      ;@ 102016 E8E5E0FFFF
        xor edi, edi                                    ;@ 10201B 31FF
        xor ebp, ebp                                    ;@ 10201D 31ED
        mov ecx, 4000                                   ;@ 10201F B9A00F0000
        xor esi, esi                                    ;@ 102024 31F6
divide: mov ebx, ecx                                    ;@ 102026 89CB
        and ebx, 15                                     ;@ 102028 83E30F
        mov eax, ecx                                    ;@ 10202B 89C8
        imul eax, 1000003                               ;@ 10202D 69C043420F00
        lea edx, [ebx - 14]                             ;@ 102033 8D53F2
        sar edx, 31                                     ;@ 102036 C1FA1F
        not edx                         ; -1 where ebx is 14 or 15: too much ;@ 102039 F7D2
        div ebx                                         ;@ 10203B F7F3
        add esi, eax                                    ;@ 10203D 01C6
        xor esi, edx                                    ;@ 10203F 31D6
        mov eax, ecx                                    ;@ 102041 89C8
        cdq                                             ;@ 102043 99
        idiv bl                                         ;@ 102044 F6FB
        add esi, eax                                    ;@ 102046 01C6
        rdmsr                           ; there are few of those numbers ;@ 102048 0F32
        dec ecx                                         ;@ 10204A 49
        jnz divide                                      ;@ 10204B 75D9
        mov [RESULTS], esi                              ;@ 10204D 893500000700
        mov [RESULTS + 4], ebp                          ;@ 102053 892D04000700
        mov [RESULTS + 8], edi                          ;@ 102059 893D08000700
        jmp END                                         ;@ 10205F E9ACE0FFFF
error:  inc ebp                                         ;@ 102064 45
        add dword [esp], 2              ; both are two bytes long ;@ 102065 83042402
        iret                                            ;@ 102069 CF
none:   inc edi                                         ;@ 10206A 47
        add esp, 4                                      ;@ 10206B 83C404
        add dword [esp], 2                              ;@ 10206E 83042402
        iret                                            ;@ 102072 CF
