; The self-test: what the show showed, checked; faults provoked on purpose; the loops of `bench`.

; Checks that EAX equals ECX; names the check with a literal.
%macro check 1
        push esi
        text %1
        call check_equal
        pop esi
%endmacro

; Runs the instructions given as arguments, quietly ending at the fault that they must cause; fault_vector says which.
%macro provoke 1-*
        mov dword [fault_vector], -1
        mov byte [recover_quietly], 1
        try %%caught
%rep %0
        %1
%rotate 1
%endrep
%%caught:
        end_try
        mov byte [recover_quietly], 0
%endmacro

selftest:
        pusha
        say `\n[self-test]\n`
        mov dword [passed], 0
        mov dword [failed], 0

        call touch_pages
        mov ecx, 16
        check `demand paging: a fault for each page, none the second time`
        mov eax, [DEMAND + 15 * PAGE]
        mov ecx, 2
        check `demand paging: frames are zeroed and keep what is written`
        call accessed_and_dirty
        mov ecx, PTE_ACCESSED
        check `a page that was read is accessed, not dirty`
        mov eax, edx
        mov ecx, PTE_ACCESSED | PTE_DIRTY
        check `a page that was written is both`

        provoke {mov dword [entry], 0}
        mov eax, [fault_error]
        mov ecx, 3
        check `#PF: a write to read-only text, error code 3`
        mov eax, [fault_address]
        mov ecx, entry
        check `#PF: its address in CR2`
        provoke {mov eax, [0]}
        mov eax, [fault_vector]
        mov ecx, VECTOR_PF
        check `#PF: a null pointer`
        provoke {xor ecx, ecx}, {div ecx}
        mov eax, [fault_vector]
        xor ecx, ecx
        check `#DE: a division by zero`
        provoke ud2
        mov eax, [fault_vector]
        mov ecx, 6
        check `#UD: an undefined instruction`
        provoke {mov eax, 0xFFF8}, {mov fs, ax}
        mov eax, [fault_error]
        mov ecx, 0xFFF8
        check `#GP: a selector beyond the table, in the error code`

        mov ecx, user_cli
        call user_attempt
        mov ecx, FAULT_RESULT + VECTOR_GP
        check `#GP: CLI in ring 3`
        mov ecx, user_poke
        call user_attempt
        mov ecx, FAULT_RESULT + VECTOR_PF
        check `#PF: ring 3 at the kernel's memory`
        mov eax, [user_result]
        mov ecx, USER_RESULT
        check `ring 3: system calls, POPF, result`

        mov eax, TICKS_PER_SHOW
        mov ebx, 2
.shown:
        mov edi, [shown_counts + ebx * 4]
        cmp edi, eax
        jae .enough
        mov eax, edi
.enough:
        dec ebx
        jns .shown
        mov ecx, TICKS_PER_SHOW
        check `tasks: each was preempted by the timer`

        call bench
        xor ecx, ecx
        check `bench: every result is right`

        say `summary: `
        mov eax, [passed]
        call print_dec
        say ` checks passed, `
        mov eax, [failed]
        call print_dec
        say ` failed; `
        mov eax, [ticks]
        call print_dec
        say ` ticks, `
        mov eax, [demand_faults]
        call print_dec
        say ` pages on demand, `
        mov eax, [syscalls]
        call print_dec
        say ` system calls\n`
        cmp dword [failed], 0
        jne .bad
        say `demo: passed\n`
        popa
        ret
.bad:
        say `demo: FAILED\n`
        popa
        ret

check_equal:
        lock_console
        cmp eax, ecx
        jne .failed
        inc dword [passed]
        say `  ok    `
        call print
        say `\n`
        unlock_console
        ret
.failed:
        inc dword [failed]
        say `  FAIL  `
        call print
        say `: `
        call print_hex
        say ` instead of `
        push eax
        mov eax, ecx
        call print_hex
        pop eax
        say `\n`
        unlock_console
        ret

; Reads one page of the demand region and writes another; returns their accessed and dirty bits in EAX and EDX. Both
; are present before: the bits that count are those of the access itself.
accessed_and_dirty:
        call demand_release
        mov dword [DEMAND], 0
        mov dword [DEMAND + PAGE], 0
        and dword [demand_table], ~(PTE_ACCESSED | PTE_DIRTY)
        and dword [demand_table + 4], ~(PTE_ACCESSED | PTE_DIRTY)
        mov eax, cr3                    ; forgets what the TLB knows
        mov cr3, eax
        mov eax, [DEMAND]
        mov [DEMAND + PAGE], eax
        mov eax, [demand_table]
        and eax, PTE_ACCESSED | PTE_DIRTY
        mov edx, [demand_table + 4]
        and edx, PTE_ACCESSED | PTE_DIRTY
        ret

; Lets ring 3 run from ECX; returns its result in EAX.
user_attempt:
        push esi
        push edi
        text `attempt`
        call spawn_user
        xor eax, eax
        test edi, edi
        jz .none
        call join
        mov eax, [edi + TASK_RESULT]
.none:
        pop edi
        pop esi
        ret

section .bss
alignb 4
passed:         resd 1
failed:         resd 1
section .text
