; Power off and reset.

PCI_ADDRESS     equ 0xCF8
PCI_DATA        equ 0xCFC
PIIX4_PM        equ 0x71138086          ; device and vendor of the PIIX4's power management function
PIIX4_PMBA      equ 0x40                ; its register with the base of the ACPI ports
PM_BASE         equ 0x600               ; where firmware commonly puts them
PM1A_CNT        equ 4
SLP_EN          equ 1 << 13             ; with SLP_TYP 0, which is S5 on a PIIX4

KEYBOARD_PORT   equ 0x64
KEYBOARD_RESET  equ 0xFE                ; pulse the reset line
RESET_CONTROL   equ 0xCF9

; Puts the machine into ACPI state S5. Does not return.
power_off:
        cli
        mov ebx, 0x80000000             ; bus 0; devices and functions in turn
.function:
        mov eax, ebx
        call pci_read
        cmp eax, PIIX4_PM
        je .found
        add ebx, 1 << 8
        cmp ebx, 0x80010000
        jb .function
        mov edx, PM_BASE
        jmp .off
.found:
        lea eax, [ebx + PIIX4_PMBA]
        call pci_read
        mov edx, eax
        and edx, 0xFFC0
        jnz .off
        mov edx, PM_BASE
.off:
        add edx, PM1A_CNT
        mov eax, SLP_EN
        out dx, ax
        sti                             ; the power may take its time to go
        mov eax, TICK_HERTZ
        call sleep
        say `this machine cannot be powered off; it stops here\n`
        cli
.stop:
        hlt
        jmp .stop

; Reads the PCI register at EAX.
pci_read:
        push edx
        mov dx, PCI_ADDRESS
        out dx, eax
        mov dx, PCI_DATA
        in eax, dx
        pop edx
        ret

; Resets the machine: by the keyboard controller, by the chip set, by a triple fault. Does not return.
reboot:
        cli
        mov al, KEYBOARD_RESET
        out KEYBOARD_PORT, al
        mov ecx, 100000
.wait:
        loop .wait
        mov dx, RESET_CONTROL
        mov al, 6
        out dx, al
        lidt [no_idt]
        int3

section .rodata
align 4
no_idt:         dw 0
                dd 0
section .text
