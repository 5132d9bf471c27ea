; Tasks: a round robin over eight slots, switched by the timer; one kernel stack each.

MAX_TASKS       equ 8
TICKS_PER_SHOW  equ 4                   ; time slices that each task of the show is given

; A task.
TASK_STATE      equ 0
TASK_ESP        equ 4                   ; kernel stack pointer while it is not running
TASK_STACK      equ 8                   ; top of its kernel stack
TASK_NAME       equ 12
TASK_WAKE       equ 16                  ; tick that it sleeps until
TASK_RUNS       equ 20                  ; times that it was given the processor
TASK_PREEMPTED  equ 24                  ; times that the timer took it away
TASK_USED       equ 28                  ; ticks that found it running
TASK_RING       equ 32
TASK_RESULT     equ 36
TASK_BYTES      equ 40

STATE_FREE      equ 0
STATE_READY     equ 1
STATE_SLEEPING  equ 2
STATE_WAITING   equ 3                   ; for console input
STATE_DONE      equ 4

FAULT_RESULT    equ 0x80000000          ; result of a task that was ended by exception n: this plus n

EFLAGS_IF       equ 1 << 9

; Makes the caller task 1, the monitor, and task 0 the idle task.
tasks_init:
        pusha
        mov edi, tasks
        mov ecx, idle
        text `idle`
        call new_task
        add edi, TASK_BYTES
        mov dword [edi + TASK_STATE], STATE_READY
        mov dword [edi + TASK_STACK], boot_stack_top
        text `monitor`
        mov [edi + TASK_NAME], esi
        mov [current], edi
        mov dword [tss + 4], boot_stack_top
        popa
        ret

; The idle task: runs where no other can.
idle:
        sti
        hlt
        jmp idle

; Starts a kernel task at ECX with name ESI; returns it in EDI. There is always room: the show needs three.
spawn:
        push eax
        mov edi, tasks + 2 * TASK_BYTES
.slot:
        mov eax, [edi + TASK_STATE]
        cmp eax, STATE_FREE
        je new_task.counted
        cmp eax, STATE_DONE
        je new_task.counted
        add edi, TASK_BYTES
        jmp .slot

; Makes task EDI one that begins at ECX in ring 0, with name ESI.
new_task:
        push eax
.counted:
        pushf
        cli
        push edx
        mov eax, edi
        sub eax, tasks
        xor edx, edx
        push ecx
        mov ecx, TASK_BYTES
        div ecx
        shl eax, 12
        add eax, stacks + PAGE
        push edi                        ; forget the slot's former task
        mov ecx, TASK_BYTES / 4
        push eax
        xor eax, eax
        rep stosd
        pop eax
        pop edi
        pop ecx
        mov [edi + TASK_STACK], eax
        mov [edi + TASK_NAME], esi
        ; Stack, from the top: where the task returns to; a frame as of a trap; what switch_to takes off.
        mov dword [eax - 4], task_return
        lea edx, [eax - 4 - FRAME_ESP]
        mov dword [edx + FRAME_ES], KERNEL_DATA
        mov dword [edx + FRAME_DS], KERNEL_DATA
        mov [edx + FRAME_EIP], ecx
        mov dword [edx + FRAME_CS], KERNEL_CODE
        mov dword [edx + FRAME_EFLAGS], EFLAGS_IF | 2
        mov dword [edx - 4], trap_return
        lea edx, [edx - 4 - 32]
        mov [edi + TASK_ESP], edx
        mov dword [edi + TASK_STATE], STATE_READY
        pop edx
        popf
        pop eax
        ret

; Starts a task at ECX in ring 3 with name ESI; returns it in EDI, or 0 where there is no memory for its stack.
spawn_user:
        push eax
        push edx
        pushf
        cli
        mov eax, [user_stack]
        test eax, eax
        jnz .have_stack
        call frame_alloc
        test eax, eax
        jz .none
        or al, PTE_PRESENT | PTE_WRITE | PTE_USER
        mov [user_stack], eax
        mov [user_table + ((USER_STACK - USER_BASE) >> 10)], eax
.have_stack:
        call spawn
        mov dword [edi + TASK_RING], 3
        mov eax, [edi + TASK_STACK]
        lea edx, [eax - FRAME_SS - 4]   ; a frame with a stack of its own
        mov dword [edx + FRAME_ES], USER_DATA
        mov dword [edx + FRAME_DS], USER_DATA
        mov [edx + FRAME_EIP], ecx
        mov dword [edx + FRAME_CS], USER_CODE
        mov dword [edx + FRAME_EFLAGS], EFLAGS_IF | 2
        mov dword [edx + FRAME_ESP], USER_STACK + PAGE
        mov dword [edx + FRAME_SS], USER_DATA
        mov dword [edx - 4], trap_return
        lea edx, [edx - 4 - 32]
        mov [edi + TASK_ESP], edx
        popf
        pop edx
        pop eax
        ret
.none:
        xor edi, edi
        popf
        pop edx
        pop eax
        ret

; A kernel task's function returned.
task_return:
        xor eax, eax

; Ends the current task with result EAX. Does not return.
task_end:
        cli
        mov edi, [current]
        mov [edi + TASK_RESULT], eax
        mov dword [edi + TASK_STATE], STATE_DONE
        mov dword [preempt_off], 0
        call schedule

; Gives the processor to the next task that is ready, if there is another. Interrupts are off.
schedule:
        push edi
        call next_task
        cmp edi, [current]
        je .same
        call switch_to
.same:
        pop edi
        ret

; The same, because the timer says so.
preempt:
        push edi
        push eax
        call next_task
        mov eax, [current]
        cmp edi, eax
        je .same
        inc dword [eax + TASK_PREEMPTED]
        call switch_to
.same:
        pop eax
        pop edi
        ret

; Returns in EDI the first ready task after the current one, itself last; the idle task where there is none.
next_task:
        push ecx
        mov dword [resched], 0
        mov edi, [current]
        mov ecx, MAX_TASKS
.next:
        add edi, TASK_BYTES
        cmp edi, tasks + MAX_TASKS * TASK_BYTES
        jb .candidate
        mov edi, tasks
.candidate:
        cmp edi, tasks                  ; the idle task is always ready, and never chosen among others
        je .skip
        cmp dword [edi + TASK_STATE], STATE_READY
        je .found
.skip:
        loop .next
        mov edi, tasks
.found:
        pop ecx
        ret

; Continues task EDI where it gave the processor away; returns when the current one is continued.
switch_to:
        pusha
        mov eax, [current]
        mov [eax + TASK_ESP], esp
        mov [current], edi
        inc dword [edi + TASK_RUNS]
        mov eax, [edi + TASK_STACK]
        mov [tss + 4], eax              ; ESP0: where a trap out of ring 3 finds its stack
        mov esp, [edi + TASK_ESP]
        popa
        ret

; End of lock_console: makes up for a switch that was put off.
preempt_on:
        pushf
        cli
        dec dword [preempt_off]
        jnz .out
        cmp dword [resched], 0
        je .out
        cmp dword [current], 0          ; before there are tasks
        je .out
        call preempt
.out:
        popf
        ret

; Lets the current task sleep for EAX ticks.
sleep:
        push edi
        push eax
        pushf
        cli
        mov edi, [current]
        add eax, [ticks]
        mov [edi + TASK_WAKE], eax
        mov dword [edi + TASK_STATE], STATE_SLEEPING
        call schedule
        popf
        pop eax
        pop edi
        ret

; Waits until task EDI has ended.
join:
        push eax
.wait:
        cmp dword [edi + TASK_STATE], STATE_DONE
        je .done
        mov eax, 1
        call sleep
        jmp .wait
.done:
        pop eax
        ret

; Makes sleeping tasks ready whose time has come. Loses EAX, EDI.
wake_sleepers:
        mov edi, tasks
        mov eax, [ticks]
.task:
        cmp dword [edi + TASK_STATE], STATE_SLEEPING
        jne .next
        cmp eax, [edi + TASK_WAKE]
        js .next                        ; the difference has a sign: ticks may wrap
        mov dword [edi + TASK_STATE], STATE_READY
.next:
        add edi, TASK_BYTES
        cmp edi, tasks + MAX_TASKS * TASK_BYTES
        jb .task
        ret

; Lets the current task wait for wake_waiting. Interrupts are off.
wait_for_wake:
        push edi
        mov edi, [current]
        mov dword [edi + TASK_STATE], STATE_WAITING
        call schedule
        pop edi
        ret

; Makes tasks ready that wait for input. Loses EDI.
wake_waiting:
        mov edi, tasks
.task:
        cmp dword [edi + TASK_STATE], STATE_WAITING
        jne .next
        mov dword [edi + TASK_STATE], STATE_READY
        mov dword [resched], 1
.next:
        add edi, TASK_BYTES
        cmp edi, tasks + MAX_TASKS * TASK_BYTES
        jb .task
        ret

section .bss
alignb 4
current:        resd 1                  ; the running task
resched:        resd 1                  ; a switch is due
preempt_off:    resd 1                  ; ... but not while this is not zero
user_stack:     resd 1                  ; page table entry of ring 3's stack
tasks:          resb MAX_TASKS * TASK_BYTES
alignb PAGE
stacks:         resb MAX_TASKS * PAGE
section .text
