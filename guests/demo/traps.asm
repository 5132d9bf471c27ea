; Descriptors, interrupt gates, the interrupt controllers and the timer; and what happens on an exception.
; Documents: SDM volume 3, chapters 5 to 7; data sheets of the 8259A and the 8254.

PIC_MASTER      equ 0x20                ; command; data one above
PIC_SLAVE       equ 0xA0
PIC_EOI         equ 0x20                ; OCW2: non-specific end of interrupt
PIC_READ_IRR    equ 0x0A                ; OCW3: the next read gives the request register
PIC_READ_ISR    equ 0x0B                ; OCW3: ... the in-service register
VECTOR_MASTER   equ 0x20
VECTOR_SLAVE    equ 0x28
VECTOR_SYSCALL  equ 0x80

PIT_COUNTER0    equ 0x40
PIT_CONTROL     equ 0x43
PIT_HERTZ       equ 1193182
TICK_HERTZ      equ 100
TICK_COUNTS     equ (PIT_HERTZ + TICK_HERTZ / 2) / TICK_HERTZ

VECTOR_GP       equ 13
VECTOR_PF       equ 14

; What a trap leaves on the stack, lowest first. EBP points to it in every handler.
FRAME_ES        equ 0
FRAME_DS        equ 4
FRAME_EDI       equ 8
FRAME_ESI       equ 12
FRAME_EBP       equ 16
FRAME_EBX       equ 24
FRAME_EDX       equ 28
FRAME_ECX       equ 32
FRAME_EAX       equ 36
FRAME_VECTOR    equ 40
FRAME_ERROR     equ 44
FRAME_EIP       equ 48
FRAME_CS        equ 52
FRAME_EFLAGS    equ 56
FRAME_ESP       equ 60                  ; from here on only where it came from ring 3
FRAME_SS        equ 64

; Loads our own GDT, a TSS and the IDT, moves the PICs' vectors away from the exceptions', starts the timer.
traps_init:
        pusha
        mov eax, tss
        mov [gdt.tss + 2], ax
        shr eax, 16
        mov [gdt.tss + 4], al
        mov [gdt.tss + 7], ah
        lgdt [gdt_pointer]
        jmp KERNEL_CODE:.reload
.reload:
        mov eax, KERNEL_DATA
        mov ds, ax
        mov es, ax
        mov ss, ax
        xor ecx, ecx
        mov fs, cx
        mov gs, cx
        mov dword [tss + 8], KERNEL_DATA        ; SS0
        mov word [tss + 102], 104               ; no I/O permission bitmap: its base is the limit
        mov eax, TSS_SELECTOR
        ltr ax
        ; Interrupt gates of ring 0 for the first 48 vectors; one of ring 3 for the system call.
        xor ecx, ecx
.gate:
        mov eax, [trap_entries + ecx * 4]
        mov edx, 0x8E00
        call set_gate
        inc ecx
        cmp ecx, 48
        jb .gate
        mov ecx, VECTOR_SYSCALL
        mov eax, trap_128
        mov edx, 0xEE00
        call set_gate
        lidt [idt_pointer]
        ; ICW1: edge-triggered, cascaded, ICW4 follows. ICW2: vectors. ICW3: slave on line 2. ICW4: 8086 mode.
        mov al, 0x11
        out PIC_MASTER, al
        out PIC_SLAVE, al
        mov al, VECTOR_MASTER
        out PIC_MASTER + 1, al
        mov al, VECTOR_SLAVE
        out PIC_SLAVE + 1, al
        mov al, 1 << 2
        out PIC_MASTER + 1, al
        mov al, 2
        out PIC_SLAVE + 1, al
        mov al, 1
        out PIC_MASTER + 1, al
        out PIC_SLAVE + 1, al
        mov al, ~(1 << 0 | 1 << 4) & 0xFF       ; the timer and COM1
        out PIC_MASTER + 1, al
        mov al, 0xFF
        out PIC_SLAVE + 1, al
        ; Counter 0, both bytes, mode 2 (rate generator), binary.
        mov al, 0x34
        out PIT_CONTROL, al
        mov al, TICK_COUNTS & 0xFF
        out PIT_COUNTER0, al
        mov al, TICK_COUNTS >> 8
        out PIT_COUNTER0, al
        popa
        ret

; Gate ECX leads to EAX with type and privilege DX.
set_gate:
        push eax
        mov [idt + ecx * 8], ax
        mov word [idt + ecx * 8 + 2], KERNEL_CODE
        mov [idt + ecx * 8 + 4], dx
        shr eax, 16
        mov [idt + ecx * 8 + 6], ax
        pop eax
        ret

show_interrupts:
        say `\n[interrupts]\n  gates for 48 vectors and int 80h; PICs at vectors 20h and 28h; PIT at 100 Hz, divisor `
        push eax
        mov eax, TICK_COUNTS
        call print_dec
        say `\n  waiting for five ticks: `
        call now_micros
        push ebx
        mov ebx, eax
        mov eax, 5
        call sleep
        call now_micros
        sub eax, ebx
        pop ebx
        call print_dec
        say ` microseconds by the counter\n`
        pop eax
        ret

; Entry points: every trap leaves the same frame, with a zero where the processor pushes no error code.
%assign vector 0
%rep 48
trap_ %+ vector:
%if vector != 8 && (vector < 10 || vector > 14) && vector != 17
        push dword 0
%endif
        push dword vector
        jmp trap_common
%assign vector vector + 1
%endrep
trap_128:
        push dword 0
        push dword VECTOR_SYSCALL

trap_common:
        pusha
        push ds
        push es
        mov ax, KERNEL_DATA
        mov ds, ax
        mov es, ax
        cld
        mov ebp, esp
        mov ebx, [ebp + FRAME_VECTOR]
        mov eax, syscall
        cmp ebx, VECTOR_SYSCALL
        je .call
        mov eax, [trap_handlers + ebx * 4]
.call:
        call eax
        cmp dword [resched], 0
        je trap_return
        cmp dword [preempt_off], 0
        jne trap_return
        call preempt
trap_return:
        pop es
        pop ds
        popa
        add esp, 8                      ; vector, error code
        iret

; IRQ 0.
irq_timer:
        inc dword [ticks]
        mov edi, [current]
        inc dword [edi + TASK_USED]
        call wake_sleepers
        mov dword [resched], 1
        ; fall through

; End of interrupt. EBX = vector.
irq_done:
        mov al, PIC_EOI
        cmp dword [ebp + FRAME_VECTOR], VECTOR_SLAVE
        jb .master
        out PIC_SLAVE, al
.master:
        out PIC_MASTER, al
        ret

; An interrupt that nobody asked for. Lines 7 are given to requests that went away before they were served: those are
; not in service and must not be ended.
irq_other:
        inc dword [spurious]
        mov al, PIC_READ_ISR
        cmp ebx, VECTOR_MASTER + 7
        jne .slave
        out PIC_MASTER, al
        in al, PIC_MASTER
        test al, 1 << 7
        jnz irq_done
        ret
.slave:
        cmp ebx, VECTOR_SLAVE + 7
        jne irq_done
        out PIC_SLAVE, al
        in al, PIC_SLAVE
        test al, 1 << 7
        jnz irq_done
        mov al, PIC_EOI                 ; the master did serve its line 2
        out PIC_MASTER, al
        ret

; Vectors 0 to 31. EBX = vector.
exception:
        mov eax, cr2
        mov ecx, [ebp + FRAME_ERROR]
        mov [fault_vector], ebx
        mov [fault_error], ecx
        mov [fault_address], eax
        cmp ebx, VECTOR_PF
        jne .true_fault
        call demand_fault
        jnc .out
.true_fault:
        test byte [ebp + FRAME_CS], 3
        jnz .ring3
        cmp dword [recover_eip], 0
        je panic
        cmp byte [recover_quietly], 0
        jne .recover
        call report_fault
.recover:
        xor eax, eax
        xchg eax, [recover_eip]
        mov esp, [recover_esp]
        sti
        jmp eax
.ring3:
        call report_fault
        say `    the task is ended, the machine goes on\n`
        lea eax, [ebx + FAULT_RESULT]
        jmp task_end
.out:
        ret

; Prints the fault in frame EBP.
report_fault:
        pusha
        lock_console
        say `    `
        mov ebx, [ebp + FRAME_VECTOR]
        lea esi, [exception_names + ebx * 4]
        call print
        say ` at `
        mov eax, [ebp + FRAME_CS]
        call print_hex_word
        say `:`
        mov eax, [ebp + FRAME_EIP]
        call print_hex
        say ` in task `
        mov edi, [current]
        mov esi, [edi + TASK_NAME]
        call print
        say `, error code `
        mov eax, [ebp + FRAME_ERROR]
        call print_hex_word
        cmp ebx, VECTOR_PF
        jne .line
        say `, CR2 `
        mov eax, [fault_address]
        call print_hex
        say `: `
        mov eax, [ebp + FRAME_ERROR]
        text `read of `
        test al, 2
        jz .access
        text `write to `
.access:
        call print
        text `a page that is not present`
        test al, 1
        jz .why
        text `a page without the right to`
.why:
        call print
.line:
        say `\n`
        unlock_console
        popa
        ret

; A fault of the kernel that nobody expected: says so and stops for good.
panic:
        mov dword [preempt_off], 1
        say `\npanic: the kernel cannot go on\n`
        call report_fault
        cli
.stop:
        hlt
        jmp .stop

; Microseconds since the timer was started, in EAX: whole ticks and what the counter says of the current one.
now_micros:
        push edx
        push ecx
        pushf
        cli
        mov ecx, [ticks]
        xor eax, eax                    ; latch counter 0
        out PIT_CONTROL, al
        in al, PIT_COUNTER0
        mov dl, al
        in al, PIT_COUNTER0
        mov dh, al
        movzx edx, dx
        ; A counter that was reloaded but whose interrupt is not served yet belongs to the next tick.
        mov al, PIC_READ_IRR
        out PIC_MASTER, al
        in al, PIC_MASTER
        test al, 1
        jz .counted
        cmp edx, TICK_COUNTS / 2
        jb .counted
        inc ecx
.counted:
        popf
        mov eax, TICK_COUNTS
        sub eax, edx
        imul ecx, ecx, TICK_COUNTS
        add eax, ecx
        mov edx, 1000000
        mul edx
        mov ecx, PIT_HERTZ
        div ecx
        pop ecx
        pop edx
        ret

section .rodata
align 4
trap_entries:
%assign vector 0
%rep 48
        dd trap_ %+ vector
%assign vector vector + 1
%endrep
trap_handlers:
        times 32 dd exception
        dd irq_timer, irq_other, irq_other, irq_other, irq_com1
        times 11 dd irq_other
exception_names:                        ; three characters and a zero each
        db '#DE', 0, '#DB', 0, 'NMI', 0, '#BP', 0, '#OF', 0, '#BR', 0, '#UD', 0, '#NM', 0
        db '#DF', 0, '#09', 0, '#TS', 0, '#NP', 0, '#SS', 0, '#GP', 0, '#PF', 0, '#15', 0
        db '#MF', 0, '#AC', 0, '#MC', 0, '#XM', 0
        times 12 db '#??', 0

section .data
align 8
gdt:
        dq 0
        dq 0x00CF9A000000FFFF           ; code, ring 0, flat
        dq 0x00CF92000000FFFF           ; data, ring 0
        dq 0x00CFFA000000FFFF           ; code, ring 3
        dq 0x00CFF2000000FFFF           ; data, ring 3
.tss:   dq 0x0000890000000067           ; available 32-bit TSS of 104 bytes; its base is filled in
gdt_end:
gdt_pointer:
        dw gdt_end - gdt - 1
        dd gdt
idt_pointer:
        dw 256 * 8 - 1
        dd idt

section .bss
alignb 8
idt:            resq 256
tss:            resb 104
ticks:          resd 1
spurious:       resd 1
recover_eip:    resd 1
recover_esp:    resd 1
fault_vector:   resd 1                  ; the last exception
fault_error:    resd 1
fault_address:  resd 1                  ; CR2 then
recover_quietly: resb 1
section .text
