; Registers of the local APIC and the I/O APIC in a loop: each access leaves the region, which goes on behind it.
%include "layout.inc"
org MAIN
        mov dword [TABLE + 4 * 201h], 0fee00003h        ;@ 102000 C705041801000300E0FE
        mov dword [TABLE + 4 * 202h], 0fec00003h        ;@ 10200A C705081801000300C0FE
        xor esi, esi                                    ;@ 102014 31F6
        xor edi, edi                                    ;@ 102016 31FF
        xor ebp, ebp                                    ;@ 102018 31ED
        mov ecx, 1500                                   ;@ 10201A B9DC050000
turn:   add esi, [201030h]              ; version of the local APIC ;@ 10201F 033530102000
        mov edx, ecx                                    ;@ 102025 89CA
        and edx, 0f0h                                   ;@ 102027 81E2F0000000
        mov [201080h], edx              ; task priority ;@ 10202D 891580102000
        add edi, [201080h]                              ;@ 102033 033D80102000
        mov dword [202000h], 1          ; IOREGSEL: version ;@ 102039 C7050020200001000000
        add ebp, [202010h]                              ;@ 102043 032D10202000
        dec ecx                                         ;@ 102049 49
        jnz turn                                        ;@ 10204A 75D3
        mov [RESULTS], esi                              ;@ 10204C 893500000700
        mov [RESULTS + 4], edi                          ;@ 102052 893D04000700
        mov [RESULTS + 8], ebp                          ;@ 102058 892D08000700
        jmp END                                         ;@ 10205E E9ADE0FFFF
