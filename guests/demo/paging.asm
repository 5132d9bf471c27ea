; Paging (SDM volume 3, chapter 4): one address space of 4 KiB pages.
;
;   00000000  not present, so that null pointers are found
;   00001000  identity map to 8 MiB; our own text is read-only, for the kernel too (CR0.WP)
;   40000000  ring 3: code, read-only, an alias of part of the image; 40100000 its stack
;   80000000  4 MiB that get a zeroed frame when they are touched

PTE_PRESENT     equ 1 << 0
PTE_WRITE       equ 1 << 1
PTE_USER        equ 1 << 2
PTE_ACCESSED    equ 1 << 5
PTE_DIRTY       equ 1 << 6
CR0_PG          equ 1 << 31
CR0_WP          equ 1 << 16

paging_init:
        pusha
        ; Frames to give away: from the end of the image to the end of the memory or of the identity map.
        mov dword [frame_next], bss_end
        mov eax, [memory_top]
        cmp eax, IDENTITY_END
        jbe .top
        mov eax, IDENTITY_END
.top:
        mov [frame_end], eax
        ; Page tables lie side by side, the identity map's two first.
        mov edi, page_tables
        mov eax, PTE_PRESENT | PTE_WRITE
        mov ecx, IDENTITY_END / PAGE
        mov edx, section..data.start    ; end of what is read-only
.identity:
        push eax
        cmp eax, LOAD_ADDRESS
        jb .store
        cmp eax, edx
        jae .store
        and al, ~PTE_WRITE & 0xFF
.store:
        stosd
        pop eax
        add eax, PAGE
        loop .identity
        mov dword [page_tables], 0
        mov dword [page_directory], page_tables + (PTE_PRESENT | PTE_WRITE)
        mov dword [page_directory + 4], page_tables + PAGE + (PTE_PRESENT | PTE_WRITE)
        mov dword [page_directory + (USER_BASE >> 20)], user_table + (PTE_PRESENT | PTE_WRITE | PTE_USER)
        mov dword [page_directory + (DEMAND >> 20)], demand_table + (PTE_PRESENT | PTE_WRITE)
        mov eax, section..user.start + (PTE_PRESENT | PTE_USER)
        mov edi, user_table
        mov ecx, USER_PAGES
.user:
        stosd
        add eax, PAGE
        loop .user
        mov eax, page_directory
        mov cr3, eax
        mov eax, cr0
        or eax, CR0_PG | CR0_WP
        mov cr0, eax
        jmp .on
.on:
        popa
        ret

; A frame, its physical address in EAX; 0 where there is none left.
frame_alloc:
        pushf
        cli
        mov eax, [frame_free]
        test eax, eax
        jz .fresh
        push dword [eax]                ; a free frame holds the address of the next one
        pop dword [frame_free]
        inc dword [frames_used]
        popf
        ret
.fresh:
        mov eax, [frame_next]
        cmp eax, [frame_end]
        jae .none
        add dword [frame_next], PAGE
        inc dword [frames_used]
        popf
        ret
.none:
        xor eax, eax
        popf
        ret

; Gives frame EAX back.
frame_release:
        pushf
        cli
        push dword [frame_free]
        pop dword [eax]
        mov [frame_free], eax
        dec dword [frames_used]
        popf
        ret

; A page fault at fault_address: carry clear if it was one of the demand region and is mended. Loses EAX, ECX, EDI.
demand_fault:
        test byte [fault_error], PTE_PRESENT
        jnz .true
        mov edi, [fault_address]
        sub edi, DEMAND
        jb .true
        cmp edi, DEMAND_END - DEMAND
        jae .true
        call frame_alloc
        test eax, eax
        jz .true
        or al, PTE_PRESENT | PTE_WRITE
        shr edi, 12
        mov [demand_table + edi * 4], eax
        shl edi, 12
        add edi, DEMAND
        mov ecx, PAGE / 4
        xor eax, eax
        rep stosd
        inc dword [demand_faults]
        clc
        ret
.true:
        stc
        ret

; Takes every frame of the demand region back.
demand_release:
        pusha
        mov edi, demand_table
        mov edx, DEMAND
        mov ecx, 1024
.page:
        mov eax, [edi]
        test al, PTE_PRESENT
        jz .next
        mov dword [edi], 0
        invlpg [edx]
        and eax, -PAGE
        call frame_release
.next:
        add edi, 4
        add edx, PAGE
        loop .page
        popa
        ret

; Touches 16 pages of the demand region; returns in EAX how many faults that took.
touch_pages:
        push ecx
        push edi
        call demand_release
        mov edi, DEMAND
        mov eax, [demand_faults]
        neg eax
        mov ecx, 16
.page:
        inc dword [edi]
        add edi, PAGE
        loop .page
        mov ecx, 16                     ; again: no faults now
.again:
        sub edi, PAGE
        inc dword [edi]
        loop .again
        add eax, [demand_faults]
        pop edi
        pop ecx
        ret

show_paging:
        push eax
        say `\n[paging]\n  identity map below 800000h in 4 KiB pages; page 0 absent, kernel text read-only\n`
        call touch_pages
        say `  touched 16 pages at 80000000h twice: `
        call print_dec
        say ` page faults, each given a zeroed frame on demand; `
        mov eax, [frames_used]
        call print_dec
        say ` frames in use\n`
        pop eax
        ret

section .bss
alignb PAGE
page_directory: resb PAGE
page_tables:    resb IDENTITY_END / PAGE * 4
user_table:     resb PAGE
demand_table:   resb PAGE
frame_next:     resd 1                  ; frames from here on were never given away
frame_end:      resd 1
frame_free:     resd 1                  ; list of frames that came back
frames_used:    resd 1
demand_faults:  resd 1
section .text
