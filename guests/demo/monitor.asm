; The monitor: a line of input, a command, and again.

LINE_BYTES      equ 80

monitor:
        say `\nType help for the commands.\n`
.prompt:
        say `demo> `
        call read_line
        mov esi, line
        call skip_spaces
        cmp byte [esi], 0
        je .prompt
        mov ebx, commands
.command:
        mov edi, [ebx]
        test edi, edi
        jz .unknown
        push esi
        call match_word
        jnc .found
        pop esi
        add ebx, 12
        jmp .command
.found:
        add esp, 4
        call skip_spaces
        call [ebx + 4]
        jmp .prompt
.unknown:
        say `no such command; type help\n`
        jmp .prompt

; Reads a line with echo and rubout into `line`.
read_line:
        pusha
        mov edi, line
.next:
        call get_char
        cmp al, `\r`
        je .end
        cmp al, `\n`
        je .end
        cmp al, 0x7F
        je .rubout
        cmp al, `\b`
        je .rubout
        cmp al, 3                       ; Ctrl-C
        je .cancel
        cmp al, ' '
        jb .next
        cmp al, '~'
        ja .next
        cmp edi, line + LINE_BYTES - 1
        jae .next
        stosb
        call put_char
        jmp .next
.rubout:
        cmp edi, line
        je .next
        dec edi
        say `\b \b`
        jmp .next
.cancel:
        say `^C`
        mov edi, line
.end:
        mov byte [edi], 0
        say `\n`
        popa
        ret

skip_spaces:
        cmp byte [esi], ' '
        jne .out
        inc esi
        jmp skip_spaces
.out:
        ret

; Carry clear if the text at ESI begins with the word at EDI and ESI is behind it. Loses EAX, EDI.
match_word:
        mov al, [edi]
        test al, al
        jz .end
        cmp al, [esi]
        jne .different
        inc esi
        inc edi
        jmp match_word
.end:
        mov al, [esi]
        and al, ~' ' & 0xFF             ; a space or the end
        jnz .different
        clc
        ret
.different:
        stc
        ret

; Reads a hexadecimal number at ESI into EAX, moves ESI behind it. Carry set if there is none. Loses ECX.
read_hex:
        push edx
        xor edx, edx
        mov ecx, esi
        cmp word [esi], '0x'
        jne .next
        add esi, 2
        add ecx, 2
.next:
        movzx eax, byte [esi]
        sub al, '0'
        cmp al, 9
        jbe .digit
        add al, '0'
        or al, ' '
        sub al, 'a'
        cmp al, 5
        ja .end
        add al, 10
.digit:
        shl edx, 4
        or edx, eax
        inc esi
        jmp .next
.end:
        mov eax, edx
        pop edx
        cmp ecx, esi                    ; carry: something was read
        cmc
        jc .out
        call skip_spaces
        clc
.out:
        ret

; The commands. ESI points to what follows the command's name; all registers but ESP may be lost.

command_help:
        mov ebx, commands
.next:
        mov esi, [ebx]
        test esi, esi
        jz .done
        say `  `
        mov ecx, 8
        call print_left
        mov esi, [ebx + 8]
        call print
        say `\n`
        add ebx, 12
        jmp .next
.done:
        ret

command_ps:
        say `  id  name      ring  state        runs  preempted  ticks\n`
        mov edi, tasks
        xor ebx, ebx
.task:
        mov eax, [edi + TASK_STATE]
        test eax, eax
        jz .next
        lock_console
        mov ecx, 4
        mov eax, ebx
        call print_dec_right
        say `  `
        mov esi, [edi + TASK_NAME]
        mov ecx, 10
        call print_left
        mov eax, [edi + TASK_RING]
        mov ecx, 4
        call print_dec_right
        say `  `
        mov eax, [edi + TASK_STATE]
        mov esi, [state_names + eax * 4]
        cmp edi, [current]
        jne .state
        text `running`
.state:
        mov ecx, 8
        call print_left
        mov eax, [edi + TASK_RUNS]
        mov ecx, 9
        call print_dec_right
        mov eax, [edi + TASK_PREEMPTED]
        mov ecx, 11
        call print_dec_right
        mov eax, [edi + TASK_USED]
        mov ecx, 7
        call print_dec_right
        say `\n`
        unlock_console
.next:
        add edi, TASK_BYTES
        inc ebx
        cmp ebx, MAX_TASKS
        jb .task
        ret

command_mem:
        call show_memory
        say `\n  image `
        mov eax, LOAD_ADDRESS
        call print_hex
        say ` .. `
        mov eax, bss_end - 1
        call print_hex
        say `\n  frames in use `
        mov eax, [frames_used]
        call print_dec
        say ` of `
        mov eax, [frame_end]
        sub eax, bss_end
        shr eax, 12
        call print_dec
        say `, page faults mended `
        mov eax, [demand_faults]
        call print_dec
        say `\n`
        ret

command_regs:
        pusha
        mov esi, register_names
        lea edi, [esp + 28]             ; pusha leaves EAX uppermost
.register:
        say `  `
        call print
        say ` `
        mov eax, [edi]
        call print_hex
        sub edi, 4
        add esi, 4
        cmp byte [esi], 0
        jne .register
        add esp, 32
        say `\n  EFLAGS `
        pushf
        pop eax
        call print_hex
        say `  CR0 `
        mov eax, cr0
        call print_hex
        say `  CR2 `
        mov eax, cr2
        call print_hex
        say `  CR3 `
        mov eax, cr3
        call print_hex
        test dword [features], 1 << 3   ; no CR4 before there was anything to extend
        jz .segments
        say `  CR4 `
        mov eax, cr4
        call print_hex
.segments:
        say `\n  CS `
        mov eax, cs
        call print_hex_word
        say `  DS `
        mov eax, ds
        call print_hex_word
        say `  SS `
        mov eax, ss
        call print_hex_word
        say `  TR `
        str eax
        call print_hex_word
        sub esp, 8
        say `  GDT `
        sgdt [esp]
        mov eax, [esp + 2]
        call print_hex
        say `  IDT `
        sidt [esp]
        mov eax, [esp + 2]
        call print_hex
        add esp, 8
        say `\n`
        ret

command_peek:
        call read_hex
        jc .usage
        mov edi, eax
        mov ebx, 4                      ; lines
.line:
        try .fault
        mov eax, [edi]
        mov eax, [edi + 15]
        end_try
        say `  `
        mov eax, edi
        call print_hex
        say ` `
        mov ecx, 16
        mov esi, edi
.byte:
        say ` `
        lodsb
        call print_hex_byte
        loop .byte
        say `  `
        mov ecx, 16
        mov esi, edi
.character:
        lodsb
        cmp al, ' '
        jb .dot
        cmp al, '~'
        jbe .put
.dot:
        mov al, '.'
.put:
        call put_char
        loop .character
        say `\n`
        add edi, 16
        dec ebx
        jnz .line
.fault:
        ret
.usage:
        say `peek ADDRESS, in hexadecimal\n`
        ret

command_poke:
        call read_hex
        jc .usage
        mov edi, eax
        call read_hex
        jc .usage
        try .fault
        mov [edi], eax
        end_try
.fault:
        ret
.usage:
        say `poke ADDRESS WORD, both in hexadecimal\n`
        ret

command_uptime:
        call now_micros
        mov ecx, eax
        say `  `
        mov eax, [ticks]
        call print_dec
        say ` ticks at 100 Hz, `
        mov eax, ecx
        call print_dec
        say ` microseconds by the counter`
        test dword [features], FEATURE_TSC
        jz .done
        say `, time stamp counter `
        rdtsc
        xchg eax, edx
        call print_hex
        mov eax, edx
        call print_hex
.done:
        say `\n`
        ret

command_fault:
        mov edi, fault_kinds
.kind:
        mov ebx, [edi + 4]
        test ebx, ebx
        jz .all
        push edi
        mov edi, [edi]
        call match_word
        pop edi
        jnc .one
        add edi, 8
        jmp .kind
.one:
        jmp ebx
.all:
        call fault_de
        call fault_ud
        call fault_gp
        call fault_pf
        call fault_ro
        jmp fault_user

fault_de:
        say `  dividing by zero\n`
        try fault_caught
        xor ecx, ecx
        div ecx
fault_ud:
        say `  executing UD2\n`
        try fault_caught
        ud2
fault_gp:
        say `  loading selector FFF8h\n`
        try fault_caught
        mov eax, 0xFFF8
        mov fs, ax
fault_pf:
        say `  reading from address 0\n`
        try fault_caught
        mov eax, [0]
fault_ro:
        say `  writing to the kernel's own text\n`
        try fault_caught
        mov [entry], eax
fault_caught:
        say `    caught; the monitor goes on\n`
        ret
fault_user:
        say `  letting ring 3 execute CLI\n`
        mov ecx, user_cli
        call user_attempt
        ret

command_show:
        call show_interrupts
        call show_paging
        call show_tasks
        jmp show_user_mode

command_bench:
        jmp bench

section .rodata
align 4
commands:                               ; name, routine, description
        dd .help, command_help, .help_text
        dd .ps, command_ps, .ps_text
        dd .mem, command_mem, .mem_text
        dd .regs, command_regs, .regs_text
        dd .peek, command_peek, .peek_text
        dd .poke, command_poke, .poke_text
        dd .uptime, command_uptime, .uptime_text
        dd .fault, command_fault, .fault_text
        dd .bench, command_bench, .bench_text
        dd .show, command_show, .show_text
        dd .test, selftest, .test_text
        dd .halt, power_off, .halt_text
        dd .reboot, reboot, .reboot_text
        dd 0
.help:          db 'help', 0
.help_text:     db 'this list', 0
.ps:            db 'ps', 0
.ps_text:       db 'tasks', 0
.mem:           db 'mem', 0
.mem_text:      db 'memory map, frames, page faults', 0
.regs:          db 'regs', 0
.regs_text:     db 'registers', 0
.peek:          db 'peek', 0
.peek_text:     db 'peek ADDRESS: 64 bytes of memory (try 100000, 40000000, 0)', 0
.poke:          db 'poke', 0
.poke_text:     db 'poke ADDRESS WORD: write memory (try 80001000 1234, 100000 0)', 0
.uptime:        db 'uptime', 0
.uptime_text:   db 'time since start', 0
.fault:         db 'fault', 0
.fault_text:    db 'fault [de|ud|gp|pf|ro|user]: provoke exceptions and catch them', 0
.bench:         db 'bench', 0
.bench_text:    db 'five loops, timed', 0
.show:          db 'show', 0
.show_text:     db 'paging, tasks and user mode once more', 0
.test:          db 'test', 0
.test_text:     db 'the self-test', 0
.halt:          db 'halt', 0
.halt_text:     db 'power off', 0
.reboot:        db 'reboot', 0
.reboot_text:   db 'reset the machine', 0
align 4
fault_kinds:
        dd .de, fault_de, .ud, fault_ud, .gp, fault_gp, .pf, fault_pf, .ro, fault_ro, .user, fault_user, 0, 0
.de:            db 'de', 0
.ud:            db 'ud', 0
.gp:            db 'gp', 0
.pf:            db 'pf', 0
.ro:            db 'ro', 0
.user:          db 'user', 0
align 4
state_names:    dd .free, .ready, .sleeping, .waiting, .done
.free:          db 'free', 0
.ready:         db 'ready', 0
.sleeping:      db 'sleeping', 0
.waiting:       db 'waiting', 0
.done:          db 'done', 0
register_names: db 'EAX', 0, 'ECX', 0, 'EDX', 0, 'EBX', 0, 'ESP', 0, 'EBP', 0, 'ESI', 0, 'EDI', 0, 0

section .bss
line:           resb LINE_BYTES
section .text
