; Five small loops with known results, timed by the interval timer's counter.

BUFFER          equ DEMAND              ; 64 KiB of pseudo-random words
BUFFER_BYTES    equ 0x10000
COPY            equ DEMAND + 0x10000    ; 64 KiB
FLAGS           equ DEMAND + 0x20000    ; the sieve: a byte a number
SIEVE_LIMIT     equ 0x40000
PRODUCT         equ DEMAND + 0x60000    ; of two 64 x 64 matrices
MATRIX          equ 64

; Known results (computed independently by tests/guests/demo.test.ts).
CRC_RESULT      equ 0x96D07CAD
SIEVE_RESULT    equ 23000               ; primes below 2^18
MATRIX_RESULT   equ 0x78920835
STRING_RESULT   equ 0x40F98
FIBONACCI       equ 24
CALL_RESULT     equ 46368

; Runs all of them; returns in EAX how many gave a wrong result.
bench:
        pusha
        mov ebp, bench_list
        xor ebx, ebx                    ; wrong ones
        call fill_buffer
.next:
        mov esi, [ebp]
        test esi, esi
        jz .done
        lock_console
        say `  `
        mov ecx, 10
        call print_left
        unlock_console
        call now_micros
        mov edi, eax
        push edi
        push ebx
        push ebp
        call [ebp + 4]
        pop ebp
        pop ebx
        pop edi
        mov edx, eax                    ; its result
        call now_micros
        sub eax, edi
        mov ecx, 9
        lock_console
        call print_dec_right
        say ` microseconds  `
        mov eax, edx
        call print_hex
        cmp eax, [ebp + 8]
        je .right
        inc ebx
        say `  WRONG`
.right:
        say `\n`
        unlock_console
        add ebp, 12
        jmp .next
.done:
        mov [esp + 28], ebx             ; EAX of popa
        popa
        ret

; Marsaglia's xorshift32 over the whole buffer.
fill_buffer:
        pusha
        mov edi, BUFFER
        mov ecx, BUFFER_BYTES / 4
        mov eax, 0x2545F491
.next:
        mov edx, eax
        shl edx, 13
        xor eax, edx
        mov edx, eax
        shr edx, 17
        xor eax, edx
        mov edx, eax
        shl edx, 5
        xor eax, edx
        stosd
        loop .next
        popa
        ret

; The loops: result in EAX, all registers may be lost.

; CRC-32 (ISO 3309) of the buffer, eight times over, by table.
bench_crc:
        xor ebx, ebx
.entry:
        mov eax, ebx
        mov ecx, 8
.bit:
        shr eax, 1
        jnc .zero
        xor eax, 0xEDB88320
.zero:
        loop .bit
        mov [crc_table + ebx * 4], eax
        inc ebx
        cmp ebx, 256
        jb .entry
        mov eax, -1
        mov edx, 8
.pass:
        mov esi, BUFFER
        mov ecx, BUFFER_BYTES
.byte:
        movzx ebx, byte [esi]
        xor bl, al
        inc esi
        shr eax, 8
        xor eax, [crc_table + ebx * 4]
        dec ecx
        jnz .byte
        dec edx
        jnz .pass
        not eax
        ret

; The sieve of Eratosthenes; counts the primes.
bench_sieve:
        mov edi, FLAGS
        mov ecx, SIEVE_LIMIT / 4
        xor eax, eax
        rep stosd
        mov ebx, 2
.number:
        mov ecx, ebx
        imul ecx, ebx
        cmp ecx, SIEVE_LIMIT
        jae .count
        cmp byte [FLAGS + ebx], 0
        jne .next
.strike:
        mov byte [FLAGS + ecx], 1
        add ecx, ebx
        cmp ecx, SIEVE_LIMIT
        jb .strike
.next:
        inc ebx
        jmp .number
.count:
        mov ecx, 2
.flag:
        cmp byte [FLAGS + ecx], 1
        adc eax, 0                      ; carry: not struck out
        inc ecx
        cmp ecx, SIEVE_LIMIT
        jb .flag
        ret

; Product of the buffer's first two 64 x 64 matrices of words, modulo 2^32; its words folded by rotation.
bench_matrix:
        xor ebx, ebx                    ; row, in bytes
.row:
        xor edx, edx                    ; column, in bytes
.column:
        lea esi, [BUFFER + ebx]
        lea edi, [BUFFER + MATRIX * MATRIX * 4 + edx]
        xor ebp, ebp
        mov ecx, MATRIX
.term:
        mov eax, [esi]
        imul eax, [edi]
        add ebp, eax
        add esi, 4
        add edi, MATRIX * 4
        dec ecx
        jnz .term
        mov [PRODUCT + ebx + edx], ebp
        add edx, 4
        cmp edx, MATRIX * 4
        jb .column
        add ebx, MATRIX * 4
        cmp ebx, MATRIX * MATRIX * 4
        jb .row
        xor eax, eax
        mov esi, PRODUCT
        mov ecx, MATRIX * MATRIX
.fold:
        rol eax, 1
        xor eax, [esi]
        add esi, 4
        loop .fold
        ret

; String instructions: copies the buffer, compares the copy, counts a byte in it; 16 times.
bench_string:
        xor ebx, ebx
        mov edx, 16
.pass:
        mov esi, BUFFER
        mov edi, COPY
        mov ecx, BUFFER_BYTES / 4
        rep movsd
        mov [COPY + edx * 4], edx       ; a difference that the comparison must find
        mov esi, BUFFER
        mov edi, COPY
        mov ecx, BUFFER_BYTES / 4
        repe cmpsd
        add ebx, ecx
        mov edi, COPY
        mov ecx, BUFFER_BYTES
        mov al, 0x5A
.search:
        repne scasb
        jne .end
        inc ebx
        test ecx, ecx
        jnz .search
.end:
        dec edx
        jnz .pass
        mov eax, ebx
        ret

; Fibonacci's numbers by recursion: calls and returns.
bench_call:
        mov ecx, FIBONACCI
.fibonacci:
        mov eax, ecx
        cmp ecx, 2
        jb .out
        push ecx
        dec ecx
        call .fibonacci
        pop ecx
        push eax
        sub ecx, 2
        call .fibonacci
        pop edx
        add eax, edx
.out:
        ret

section .rodata
crc_name:       db 'crc32', 0
sieve_name:     db 'sieve', 0
matrix_name:    db 'matrix', 0
string_name:    db 'string', 0
call_name:      db 'call', 0
align 4
bench_list:
        dd crc_name, bench_crc, CRC_RESULT
        dd sieve_name, bench_sieve, SIEVE_RESULT
        dd matrix_name, bench_matrix, MATRIX_RESULT
        dd string_name, bench_string, STRING_RESULT
        dd call_name, bench_call, CALL_RESULT
        dd 0
section .bss
alignb 4
crc_table:      resd 256
section .text
