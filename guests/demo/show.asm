; Three tasks that never give the processor away: only the timer can.

show_tasks:
        pusha
        say `\n[tasks]\n  three that only the timer can interrupt, a time slice of 10 ms each\n`
        mov dword [counted], 0
        mov dword [primes], 0
        mov ecx, count_task
        text `count`
        call spawn
        mov [shown + 0], edi
        mov ecx, prime_task
        text `primes`
        call spawn
        mov [shown + 4], edi
        mov ecx, progress_task
        text `progress`
        call spawn
        mov [shown + 8], edi
        xor ebx, ebx
.join:
        mov edi, [shown + ebx * 4]
        call join
        inc ebx
        cmp ebx, 3
        jb .join
        xor ebx, ebx
.report:
        mov edi, [shown + ebx * 4]
        say `  `
        mov esi, [edi + TASK_NAME]
        mov ecx, 9
        call print_left
        say `ran `
        mov eax, [edi + TASK_RUNS]
        call print_dec
        say ` times, was preempted `
        mov eax, [edi + TASK_PREEMPTED]
        mov [shown_counts + ebx * 4], eax
        call print_dec
        say ` times\n`
        inc ebx
        cmp ebx, 3
        jb .report
        popa
        ret

; Counts.
count_task:
        mov edi, [current]
.next:
        inc dword [counted]
        cmp dword [edi + TASK_PREEMPTED], TICKS_PER_SHOW
        jb .next
        ret

; Finds primes by trial division.
prime_task:
        mov edi, [current]
        mov ebx, 1                      ; candidate
.candidate:
        inc ebx
        mov ecx, 1
.divisor:
        inc ecx
        mov eax, ecx
        mul ecx
        cmp eax, ebx
        ja .prime
        mov eax, ebx
        xor edx, edx
        div ecx
        test edx, edx
        jnz .divisor
        jmp .composite
.prime:
        inc dword [primes]
        mov [last_prime], ebx
.composite:
        cmp dword [edi + TASK_PREEMPTED], TICKS_PER_SHOW
        jb .candidate
        ret

; Shows how the others get on, once in each of its time slices; turns a wheel on the VGA for the rest of it.
progress_task:
        mov edi, [current]
        mov ebp, -1                     ; slice that was shown last
.turn:
        inc ebx
        cmp byte [vga_present], 0
        je .slice
        mov eax, ebx
        shr eax, 16
        and eax, 3
        mov al, [wheel + eax]
        mov ah, 0x0E                    ; yellow on black
        mov [VGA_TEXT + (VGA_COLUMNS - 1) * 2], ax
.slice:
        mov eax, [edi + TASK_PREEMPTED]
        cmp eax, ebp
        je .turn
        mov ebp, eax
        lock_console
        say `  [`
        mov edx, TICKS_PER_SHOW
        sub edx, ebp
        mov ecx, ebp
        mov al, '#'
        call repeat
        mov ecx, edx
        mov al, '.'
        call repeat
        say `] counted to `
        mov eax, [counted]
        call print_dec
        say `; `
        mov eax, [primes]
        call print_dec
        say ` primes, the last `
        mov eax, [last_prime]
        call print_dec
        say `\n`
        unlock_console
        cmp ebp, TICKS_PER_SHOW
        jb .turn
        ret

; Prints character AL ECX times. Loses ECX.
repeat:
        jecxz .done
.next:
        call put_char
        loop .next
.done:
        ret

section .rodata
wheel:          db '-\|/'
section .bss
alignb 4
counted:        resd 1
primes:         resd 1
last_prime:     resd 1
shown:          resd 3                  ; the three tasks
shown_counts:   resd 3                  ; and how often each was preempted
section .text
