; Ring 3: a task that reaches the kernel through int 80h only, and the kernel's side of that gate.
;
; EAX = number; EBX, ECX = arguments; result in EAX, negative for an error (numbers and errors are those of Linux).

SYS_EXIT        equ 1                   ; EBX = result
SYS_WRITE       equ 4                   ; ECX = text, EDX = bytes
SYS_GETPID      equ 20
SYS_TIMES       equ 43                  ; ticks since start
SYS_NANOSLEEP   equ 162                 ; EBX = ticks
EFAULT          equ 14
ENOSYS          equ 38

USER_RESULT     equ 42

show_user_mode:
        pusha
        say `\n[user mode]\n`
        mov ecx, user_main
        text `user`
        call spawn_user
        test edi, edi
        jz .none
        call join
        say `  it ended with result `
        mov eax, [edi + TASK_RESULT]
        mov [user_result], eax
        call print_dec
        say ` after `
        mov eax, [syscalls]
        call print_dec
        say ` system calls\n`
.none:
        popa
        ret

; int 80h. EBP = frame.
syscall:
        inc dword [syscalls]
        mov eax, [ebp + FRAME_EAX]
        mov ebx, [ebp + FRAME_EBX]
        cmp eax, SYS_WRITE
        je .write
        cmp eax, SYS_EXIT
        je .exit
        cmp eax, SYS_GETPID
        je .getpid
        cmp eax, SYS_TIMES
        je .times
        cmp eax, SYS_NANOSLEEP
        je .sleep
        mov eax, -ENOSYS
.done:
        mov [ebp + FRAME_EAX], eax
        ret
.exit:
        mov eax, ebx
        jmp task_end
.getpid:
        mov eax, [current]
        sub eax, tasks
        xor edx, edx
        mov ecx, TASK_BYTES
        div ecx
        jmp .done
.times:
        mov eax, [ticks]
        jmp .done
.sleep:
        mov eax, ebx
        call sleep
        xor eax, eax
        jmp .done
.write:
        ; Only what ring 3 can read itself: its code or its stack, to the last byte.
        mov esi, [ebp + FRAME_ECX]
        mov ecx, [ebp + FRAME_EDX]
        mov edx, esi
        mov eax, -EFAULT
        add edx, ecx
        jc .done
        cmp esi, USER_BASE
        jb .done
        cmp edx, USER_BASE + USER_PAGES * PAGE
        jbe .readable
        cmp esi, USER_STACK
        jb .done
        cmp edx, USER_STACK + PAGE
        ja .done
.readable:
        call print_counted
        mov eax, ecx
        jmp .done

section .bss
alignb 4
syscalls:       resd 1
user_result:    resd 1

; What follows runs at USER_BASE in ring 3.
section .user

%macro user_say 1
        mov ecx, %%text
        mov edx, %%end - %%text
        mov eax, SYS_WRITE
        int VECTOR_SYSCALL
        jmp %%end
%%text: db %1
%%end:
%endmacro

user_main:
        user_say `  hello from ring 3, through int 80h\n`
        mov eax, SYS_GETPID
        int VECTOR_SYSCALL
        user_say `  selectors here: CS `
        mov eax, cs
        call user_hex
        user_say `, SS `
        mov eax, ss
        call user_hex
        user_say `\n`
        ; Sensitive, but no trap: POPF leaves the interrupt flag alone where CPL > IOPL.
        pushf
        and dword [esp], ~EFLAGS_IF
        popf
        pushf
        pop esi
        test esi, EFLAGS_IF
        jz .broken
        user_say `  POPF did not clear the interrupt flag: ring 3 may not, and is not told\n`
        ; Spin until the timer has taken the processor away and given it back.
        mov eax, SYS_TIMES
        int VECTOR_SYSCALL
        mov esi, eax
        xor edi, edi
.spin:
        inc edi
        mov eax, SYS_TIMES
        test edi, 0xFFF
        jnz .spin
        int VECTOR_SYSCALL
        sub eax, esi
        cmp eax, 2
        jb .spin
        mov eax, SYS_NANOSLEEP
        mov ebx, 1
        int VECTOR_SYSCALL
        ; The kernel refuses to print what ring 3 cannot read.
        mov eax, SYS_WRITE
        mov ecx, LOAD_ADDRESS
        mov edx, 16
        int VECTOR_SYSCALL
        cmp eax, -EFAULT
        jne .broken
        user_say `  the kernel's memory is not for writing out: the call says EFAULT\n`
        mov ebx, USER_RESULT
        jmp .exit
.broken:
        mov ebx, 1
.exit:
        mov eax, SYS_EXIT
        int VECTOR_SYSCALL

; Prints AX in hexadecimal, built on the stack.
user_hex:
        sub esp, 4
        mov ecx, 4
.next:
        mov edx, eax
        and edx, 15
        mov dl, [user_digits + edx]
        mov [esp + ecx - 1], dl
        shr eax, 4
        loop .next
        mov ecx, esp
        mov edx, 4
        mov eax, SYS_WRITE
        int VECTOR_SYSCALL
        add esp, 4
        ret
user_digits:    db '0123456789ABCDEF'

; Tries what ring 3 must not.
user_cli:
        cli
        jmp user_main.broken
user_poke:
        mov [page_directory], eax
        jmp user_main.broken

user_end:
USER_PAGES      equ (user_end - user_main + PAGE - 1) / PAGE
section .text
