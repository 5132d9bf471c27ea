; What the boot loader and the processor say about the machine (Multiboot section 3.3; SDM volume 2, CPUID).

; Offsets in the boot information, and the flags that say that they are there.
MBI_FLAGS       equ 0
MBI_MEM_UPPER   equ 8                   ; KiB above 1 MiB
MBI_CMDLINE     equ 16
MBI_MMAP_LENGTH equ 44
MBI_MMAP_ADDR   equ 48
HAS_MEMORY      equ 1 << 0
HAS_CMDLINE     equ 1 << 2
HAS_MMAP        equ 1 << 6

COMMAND_BYTES   equ 256
MAX_RANGES      equ 16
RANGE_BYTES     equ 20                  ; base, length (64 bits each), type

EFLAGS_ID       equ 1 << 21
FEATURE_TSC     equ 1 << 4

; Copies what we need of the boot information, which lies wherever the loader put it.
boot_information:
        pusha
        mov dword [memory_top], 0x200000
        cmp eax, LOADER_MAGIC
        jne .out
        mov edx, [ebx + MBI_FLAGS]
        test edx, HAS_MEMORY
        jz .command_line
        mov eax, [ebx + MBI_MEM_UPPER]
        shl eax, 10
        add eax, 0x100000
        mov [memory_top], eax
.command_line:
        test edx, HAS_CMDLINE
        jz .ranges
        mov esi, [ebx + MBI_CMDLINE]
        mov edi, command_line
        mov ecx, COMMAND_BYTES - 1
.copy:
        lodsb
        stosb
        test al, al
        loopnz .copy
        call find_batch
.ranges:
        test edx, HAS_MMAP
        jz .out
        mov esi, [ebx + MBI_MMAP_ADDR]
        mov ebp, [ebx + MBI_MMAP_LENGTH]
        add ebp, esi                    ; end
        mov edi, ranges
.range:
        cmp esi, ebp
        jae .out
        cmp dword [range_count], MAX_RANGES
        jae .out
        inc dword [range_count]
        mov eax, [esi]                  ; size of the entry, without this field
        push eax
        push esi
        add esi, 4
        mov ecx, RANGE_BYTES / 4
        rep movsd
        pop esi
        pop eax
        lea esi, [esi + eax + 4]
        jmp .range
.out:
        popa
        ret

; Sets `batch` if that word is on the command line.
find_batch:
        pusha
        mov esi, command_line
.word:
        cmp dword [esi], 'batc'
        jne .next
        cmp byte [esi + 4], 'h'
        jne .next
        cmp byte [esi + 5], ' '
        ja .next
        mov byte [batch], 1
.next:
        lodsb
        test al, al
        jz .out
        cmp al, ' '
        jne .next
        jmp .word
.out:
        popa
        ret

show_command_line:
        say `command line: `
        push esi
        mov esi, command_line
        call print
        pop esi
        say `\n`
        ret

; Prints the memory map, as the loader got it from the firmware.
show_memory:
        pusha
        say `\n[memory]\n`
        mov esi, ranges
        mov ebp, [range_count]
        test ebp, ebp
        jnz .range
        say `  no map; memory ends at `
        mov eax, [memory_top]
        call print_hex
        say `\n`
        jmp .out
.range:
        say `  `
        mov eax, [esi + 4]
        mov edx, [esi]
        call print_address
        say ` .. `
        add edx, [esi + 8]
        adc eax, [esi + 12]
        sub edx, 1
        sbb eax, 0
        call print_address
        mov eax, [esi + 8]
        mov edx, [esi + 12]
        shrd eax, edx, 10
        mov ecx, 10
        call print_dec_right
        say ` KiB  `
        mov eax, [esi + 16]
        push esi
        text `usable`
        cmp eax, 1
        je .named
        text `ACPI tables`
        cmp eax, 3
        je .named
        text `ACPI non-volatile`
        cmp eax, 4
        je .named
        text `reserved`
.named:
        call print
        pop esi
        say `\n`
        add esi, RANGE_BYTES
        dec ebp
        jnz .range
.out:
        popa
        ret

; Prints the 64-bit number EAX:EDX, its upper half only where there is one.
print_address:
        push eax
        test eax, eax
        jz .low
        call print_hex
.low:
        mov eax, edx
        call print_hex
        pop eax
        ret

; Prints who the processor says it is.
show_processor:
        pusha
        say `\n[processor]\n  `
        pushf
        pop eax
        mov ecx, eax
        xor eax, EFLAGS_ID
        push eax
        popf
        pushf
        pop eax
        xor eax, ecx
        test eax, EFLAGS_ID
        jnz .cpuid
        say `a 386 or 486 without CPUID\n`
        jmp .out
.cpuid:
        xor eax, eax
        cpuid
        mov eax, ebx
        call print_four
        mov eax, edx
        call print_four
        mov eax, ecx
        call print_four
        mov eax, 1
        cpuid
        mov [features], edx
        push ecx
        push eax
        say `, family `
        shr eax, 8
        and eax, 15
        mov ebx, eax                    ; the extended family counts only from family 15 on
        cmp eax, 15
        jne .family
        mov eax, [esp]
        shr eax, 20
        and eax, 255
        add eax, ebx
.family:
        call print_dec
        say `, model `
        mov ecx, [esp]
        mov eax, ecx
        shr eax, 4
        and eax, 15
        shr ecx, 12
        and ecx, 0xF0
        cmp ebx, 6
        jb .model
        add eax, ecx
.model:
        call print_dec
        say `, stepping `
        pop eax
        and eax, 15
        call print_dec
        say `\n`
        mov eax, 0x80000000
        cpuid
        cmp eax, 0x80000004
        jb .no_brand
        cmp eax, 0x800000FF             ; a processor without extended leaves answers something else
        ja .no_brand
        say `  `
        mov esi, 0x80000002
.brand:
        mov eax, esi
        cpuid
        call print_four
        mov eax, ebx
        call print_four
        mov eax, ecx
        call print_four
        mov eax, edx
        call print_four
        inc esi
        cmp esi, 0x80000004
        jbe .brand
        say `\n`
.no_brand:
        say `  features:`
        mov edx, [features]
        mov ecx, [esp]                  ; ECX of leaf 1
        mov ebx, feature_names
.feature:
        movzx eax, byte [ebx]
        cmp al, 255
        je .features_done
        lea esi, [ebx + 1]
        bt edx, eax
        jnc .skip
        say ` `
        call print
.skip:
        lodsb
        test al, al
        jnz .skip
        mov ebx, esi
        jmp .feature
.features_done:
        test cl, 1
        jz .no_sse3
        say ` sse3`
.no_sse3:
        say `\n`
        pop ecx
        test ecx, ecx                   ; bit 31: a hypervisor is present
        jns .out
        mov eax, 0x40000000
        cpuid
        say `  hypervisor: `
        mov eax, ebx
        call print_four
        mov eax, ecx
        call print_four
        mov eax, edx
        call print_four
        say `\n`
.out:
        popa
        ret

; Prints the four characters in EAX, lowest first, leaving out those that cannot be printed.
print_four:
        pusha
        mov ecx, 4
.next:
        cmp al, ' '
        jb .skip
        cmp al, '~'
        ja .skip
        call put_char
.skip:
        shr eax, 8
        loop .next
        popa
        ret

section .rodata
; Bit of CPUID leaf 1, EDX; name.
feature_names:
        db 0, 'fpu', 0, 1, 'vme', 0, 2, 'de', 0, 3, 'pse', 0, 4, 'tsc', 0, 5, 'msr', 0, 6, 'pae', 0, 8, 'cx8', 0
        db 9, 'apic', 0, 11, 'sep', 0, 12, 'mtrr', 0, 13, 'pge', 0, 15, 'cmov', 0, 16, 'pat', 0, 19, 'clflush', 0
        db 23, 'mmx', 0, 24, 'fxsr', 0, 25, 'sse', 0, 26, 'sse2', 0, 255

section .bss
alignb 4
memory_top:     resd 1                  ; first address above the memory that begins at 1 MiB
features:       resd 1                  ; CPUID leaf 1, EDX
range_count:    resd 1
ranges:         resb MAX_RANGES * RANGE_BYTES
command_line:   resb COMMAND_BYTES
batch:          resb 1
section .text
