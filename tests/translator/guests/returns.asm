; Functions too long to be copied into each other call each other: what calls out of its region is entered again where the
; call returns to. A loop calls two of them in turn, one of which calls by a pointer that changes half way.
%include "layout.inc"
org MAIN
        mov ecx, 4000                                   ;@ 102000 B9A00F0000
        xor ebx, ebx                                    ;@ 102005 31DB
        mov dword [SCRATCH], odd                        ;@ 102007 C7050000200057201000
        mov dword [SCRATCH + 4], even                   ;@ 102011 C70504002000E3201000
        mov dword [SCRATCH + 8], first                  ;@ 10201B C705080020000C221000
turn:   push ecx                                        ;@ 102025 51
        and ecx, 1                                      ;@ 102026 83E101
        call [SCRATCH + ecx * 4]                        ;@ 102029 FF148D00002000
        pop ecx                                         ;@ 102030 59
        cmp ecx, 2000                                   ;@ 102031 81F9D0070000
        jne go_on                                       ;@ 102037 750A
        mov dword [SCRATCH + 8], second                 ;@ 102039 C7050800200092221000
go_on:  dec ecx                                         ;@ 102043 49
        jnz turn                                        ;@ 102044 75DF
        mov [RESULTS], ebx                              ;@ 102046 891D00000700
        mov [RESULTS + 4], esp                          ;@ 10204C 892504000700
        jmp END                                         ;@ 102052 E9B9E0FFFF
odd:
        add ebx, 506952113                              ;@ 102057 81C3B179371E
        rol ebx, 3                                      ;@ 10205D C1C303
        xor ebx, 507033119                              ;@ 102060 81F31FB6381E
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 102066 8D5C5B01
        add ebx, 507114125                              ;@ 10206A 81C38DF2391E
        rol ebx, 3                                      ;@ 102070 C1C303
        xor ebx, 507195131                              ;@ 102073 81F3FB2E3B1E
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 102079 8D5C5B01
        add ebx, 507276137                              ;@ 10207D 81C3696B3C1E
        rol ebx, 3                                      ;@ 102083 C1C303
        xor ebx, 507357143                              ;@ 102086 81F3D7A73D1E
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 10208C 8D5C5B01
        add ebx, 507438149                              ;@ 102090 81C345E43E1E
        rol ebx, 3                                      ;@ 102096 C1C303
        call shared                                     ;@ 102099 E8DF000000
        add ebx, 1013904226                             ;@ 10209E 81C362F36E3C
        rol ebx, 3                                      ;@ 1020A4 C1C303
        xor ebx, 1013985232                             ;@ 1020A7 81F3D02F703C
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 1020AD 8D5C5B01
        add ebx, 1014066238                             ;@ 1020B1 81C33E6C713C
        rol ebx, 3                                      ;@ 1020B7 C1C303
        call [SCRATCH + 8]                              ;@ 1020BA FF1508002000
        add ebx, 1520856339                             ;@ 1020C0 81C3136DA65A
        rol ebx, 3                                      ;@ 1020C6 C1C303
        xor ebx, 1520937345                             ;@ 1020C9 81F381A9A75A
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 1020CF 8D5C5B01
        add ebx, 1521018351                             ;@ 1020D3 81C3EFE5A85A
        rol ebx, 3                                      ;@ 1020D9 C1C303
        call shared                                     ;@ 1020DC E89C000000
        inc ebx                                         ;@ 1020E1 43
        ret                                             ;@ 1020E2 C3
even:
        add ebx, 2027808452                             ;@ 1020E3 81C3C4E6DD78
        rol ebx, 3                                      ;@ 1020E9 C1C303
        xor ebx, 2027889458                             ;@ 1020EC 81F33223DF78
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 1020F2 8D5C5B01
        add ebx, 2027970464                             ;@ 1020F6 81C3A05FE078
        rol ebx, 3                                      ;@ 1020FC C1C303
        xor ebx, 2028051470                             ;@ 1020FF 81F30E9CE178
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 102105 8D5C5B01
        add ebx, 2028132476                             ;@ 102109 81C37CD8E278
        rol ebx, 3                                      ;@ 10210F C1C303
        xor ebx, 2028213482                             ;@ 102112 81F3EA14E478
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 102118 8D5C5B01
        add ebx, 2028294488                             ;@ 10211C 81C35851E578
        rol ebx, 3                                      ;@ 102122 C1C303
        xor ebx, 2028375494                             ;@ 102125 81F3C68DE678
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 10212B 8D5C5B01
        add ebx, 2028456500                             ;@ 10212F 81C334CAE778
        rol ebx, 3                                      ;@ 102135 C1C303
        xor ebx, 2028537506                             ;@ 102138 81F3A206E978
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 10213E 8D5C5B01
        add ebx, 2028618512                             ;@ 102142 81C31043EA78
        rol ebx, 3                                      ;@ 102148 C1C303
        xor ebx, 2028699518                             ;@ 10214B 81F37E7FEB78
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 102151 8D5C5B01
        add ebx, 2028780524                             ;@ 102155 81C3ECBBEC78
        rol ebx, 3                                      ;@ 10215B C1C303
        call shared                                     ;@ 10215E E81A000000
        add ebx, 387276917                              ;@ 102163 81C375601517
        rol ebx, 3                                      ;@ 102169 C1C303
        xor ebx, 387357923                              ;@ 10216C 81F3E39C1617
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 102172 8D5C5B01
        add ebx, 387438929                              ;@ 102176 81C351D91717
        ret                                             ;@ 10217C C3
shared:
        add ebx, 894229030                              ;@ 10217D 81C326DA4C35
        rol ebx, 3                                      ;@ 102183 C1C303
        xor ebx, 894310036                              ;@ 102186 81F394164E35
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 10218C 8D5C5B01
        add ebx, 894391042                              ;@ 102190 81C302534F35
        rol ebx, 3                                      ;@ 102196 C1C303
        xor ebx, 894472048                              ;@ 102199 81F3708F5035
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 10219F 8D5C5B01
        add ebx, 894553054                              ;@ 1021A3 81C3DECB5135
        rol ebx, 3                                      ;@ 1021A9 C1C303
        xor ebx, 894634060                              ;@ 1021AC 81F34C085335
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 1021B2 8D5C5B01
        add ebx, 894715066                              ;@ 1021B6 81C3BA445435
        rol ebx, 3                                      ;@ 1021BC C1C303
        xor ebx, 894796072                              ;@ 1021BF 81F328815535
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 1021C5 8D5C5B01
        add ebx, 894877078                              ;@ 1021C9 81C396BD5635
        rol ebx, 3                                      ;@ 1021CF C1C303
        xor ebx, 894958084                              ;@ 1021D2 81F304FA5735
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 1021D8 8D5C5B01
        add ebx, 895039090                              ;@ 1021DC 81C372365935
        rol ebx, 3                                      ;@ 1021E2 C1C303
        xor ebx, 895120096                              ;@ 1021E5 81F3E0725A35
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 1021EB 8D5C5B01
        add ebx, 895201102                              ;@ 1021EF 81C34EAF5B35
        rol ebx, 3                                      ;@ 1021F5 C1C303
        xor ebx, 895282108                              ;@ 1021F8 81F3BCEB5C35
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 1021FE 8D5C5B01
        add ebx, 895363114                              ;@ 102202 81C32A285E35
        rol ebx, 3                                      ;@ 102208 C1C303
        ret                                             ;@ 10220B C3
first:
        add ebx, 1401181143                             ;@ 10220C 81C3D7538453
        rol ebx, 3                                      ;@ 102212 C1C303
        xor ebx, 1401262149                             ;@ 102215 81F345908553
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 10221B 8D5C5B01
        add ebx, 1401343155                             ;@ 10221F 81C3B3CC8653
        rol ebx, 3                                      ;@ 102225 C1C303
        xor ebx, 1401424161                             ;@ 102228 81F321098853
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 10222E 8D5C5B01
        add ebx, 1401505167                             ;@ 102232 81C38F458953
        rol ebx, 3                                      ;@ 102238 C1C303
        xor ebx, 1401586173                             ;@ 10223B 81F3FD818A53
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 102241 8D5C5B01
        add ebx, 1401667179                             ;@ 102245 81C36BBE8B53
        rol ebx, 3                                      ;@ 10224B C1C303
        xor ebx, 1401748185                             ;@ 10224E 81F3D9FA8C53
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 102254 8D5C5B01
        add ebx, 1401829191                             ;@ 102258 81C347378E53
        rol ebx, 3                                      ;@ 10225E C1C303
        xor ebx, 1401910197                             ;@ 102261 81F3B5738F53
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 102267 8D5C5B01
        add ebx, 1401991203                             ;@ 10226B 81C323B09053
        rol ebx, 3                                      ;@ 102271 C1C303
        xor ebx, 1402072209                             ;@ 102274 81F391EC9153
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 10227A 8D5C5B01
        add ebx, 1402153215                             ;@ 10227E 81C3FF289353
        rol ebx, 3                                      ;@ 102284 C1C303
        xor ebx, 1402234221                             ;@ 102287 81F36D659453
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 10228D 8D5C5B01
        ret                                             ;@ 102291 C3
second:
        add ebx, 1908133256                             ;@ 102292 81C388CDBB71
        rol ebx, 3                                      ;@ 102298 C1C303
        xor ebx, 1908214262                             ;@ 10229B 81F3F609BD71
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 1022A1 8D5C5B01
        add ebx, 1908295268                             ;@ 1022A5 81C36446BE71
        rol ebx, 3                                      ;@ 1022AB C1C303
        xor ebx, 1908376274                             ;@ 1022AE 81F3D282BF71
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 1022B4 8D5C5B01
        add ebx, 1908457280                             ;@ 1022B8 81C340BFC071
        rol ebx, 3                                      ;@ 1022BE C1C303
        xor ebx, 1908538286                             ;@ 1022C1 81F3AEFBC171
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 1022C7 8D5C5B01
        add ebx, 1908619292                             ;@ 1022CB 81C31C38C371
        rol ebx, 3                                      ;@ 1022D1 C1C303
        xor ebx, 1908700298                             ;@ 1022D4 81F38A74C471
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 1022DA 8D5C5B01
        add ebx, 1908781304                             ;@ 1022DE 81C3F8B0C571
        rol ebx, 3                                      ;@ 1022E4 C1C303
        xor ebx, 1908862310                             ;@ 1022E7 81F366EDC671
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 1022ED 8D5C5B01
        add ebx, 1908943316                             ;@ 1022F1 81C3D429C871
        rol ebx, 3                                      ;@ 1022F7 C1C303
        xor ebx, 1909024322                             ;@ 1022FA 81F34266C971
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 102300 8D5C5B01
        add ebx, 1909105328                             ;@ 102304 81C3B0A2CA71
        rol ebx, 3                                      ;@ 10230A C1C303
        xor ebx, 1909186334                             ;@ 10230D 81F31EDFCB71
        lea ebx, [ebx + ebx * 2 + 1]                    ;@ 102313 8D5C5B01
        add ebx, 1909267340                             ;@ 102317 81C38C1BCD71
        call shared                                     ;@ 10231D E85BFEFFFF
        dec ebx                                         ;@ 102322 4B
        ret                                             ;@ 102323 C3
