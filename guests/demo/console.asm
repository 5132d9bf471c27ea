; The console: COM1 (16550A data sheet), polled output and interrupt-driven input, mirrored to VGA text memory where
; there is any.

COM1            equ 0x3F8
UART_IER        equ 1                   ; interrupt enable
UART_FCR        equ 2                   ; FIFO control
UART_LCR        equ 3                   ; line control
UART_MCR        equ 4                   ; modem control
UART_LSR        equ 5                   ; line status
LSR_DR          equ 1 << 0              ; data ready
LSR_THRE        equ 1 << 5              ; transmitter holding register empty

VGA_TEXT        equ 0xB8000
VGA_COLUMNS     equ 80
VGA_ROWS        equ 25
VGA_BLANK       equ 0x0720              ; a space, grey on black
CRTC            equ 0x3D4               ; index; data one above
CRTC_CURSOR     equ 0x0E                ; high byte; low byte one above

INPUT_BYTES     equ 256                 ; a power of two

; 115200 bits per second, 8N1, FIFOs on, interrupts of the receiver only. Looks for a VGA.
console_init:
        pusha
        mov dx, COM1 + UART_LCR
        mov al, 0x80                    ; divisor latch access
        out dx, al
        mov dx, COM1
        mov al, 1                       ; 115200 / 1
        out dx, al
        inc edx
        xor eax, eax
        out dx, al
        mov dx, COM1 + UART_LCR
        mov al, 3                       ; 8 bits, no parity, 1 stop bit
        out dx, al
        mov dx, COM1 + UART_FCR
        mov al, 7                       ; enable, clear both
        out dx, al
        mov dx, COM1 + UART_MCR
        mov al, 0x0B                    ; DTR, RTS, OUT2: the gate of the interrupt
        out dx, al
        mov dx, COM1 + UART_IER
        mov al, 1                       ; received data available
        out dx, al
        ; Memory that keeps what is written is a VGA; a hole reads as ones.
        mov word [VGA_TEXT], VGA_BLANK
        cmp word [VGA_TEXT], VGA_BLANK
        jne .no_vga
        mov byte [vga_present], 1
        mov edi, VGA_TEXT
        mov eax, VGA_BLANK << 16 | VGA_BLANK
        mov ecx, VGA_COLUMNS * VGA_ROWS / 2
        rep stosd
.no_vga:
        popa
        ret

; Prints the zero-terminated text at ESI.
print:
        pusha
        lock_console
.next:
        lodsb
        test al, al
        jz .done
        call put_char
        jmp .next
.done:
        unlock_console
        popa
        ret

; Prints ECX characters at ESI.
print_counted:
        pusha
        lock_console
        jecxz .done
.next:
        lodsb
        call put_char
        loop .next
.done:
        unlock_console
        popa
        ret

; Prints character AL; a line feed brings its carriage return along.
put_char:
        pusha
        cmp al, `\n`
        jne .one
        push eax
        mov al, `\r`
        call uart_put
        pop eax
.one:
        call uart_put
        cmp byte [vga_present], 0
        je .done
        call vga_put
.done:
        popa
        ret

uart_put:
        push edx
        push eax
        mov dx, COM1 + UART_LSR
.busy:
        in al, dx
        test al, LSR_THRE
        jz .busy
        pop eax
        mov dx, COM1
        out dx, al
        pop edx
        ret

; Puts AL at the cursor of the VGA. Loses EAX, ECX, EDX, ESI, EDI.
vga_put:
        mov edi, [vga_at]
        cmp al, `\n`
        je .line
        cmp al, `\r`
        je .return
        cmp al, `\b`
        je .back
        mov ah, VGA_BLANK >> 8
        mov [VGA_TEXT + edi * 2], ax
        inc edi
        jmp .scroll
.line:
        add edi, VGA_COLUMNS
.return:
        mov eax, edi
        xor edx, edx
        mov ecx, VGA_COLUMNS
        div ecx
        sub edi, edx
        jmp .scroll
.back:
        dec edi
.scroll:
        cmp edi, VGA_COLUMNS * VGA_ROWS
        jb .cursor
        push edi
        mov edi, VGA_TEXT
        mov esi, VGA_TEXT + VGA_COLUMNS * 2
        mov ecx, VGA_COLUMNS * (VGA_ROWS - 1) / 2
        rep movsd
        mov eax, VGA_BLANK << 16 | VGA_BLANK
        mov ecx, VGA_COLUMNS / 2
        rep stosd
        pop edi
        sub edi, VGA_COLUMNS
.cursor:
        mov [vga_at], edi
        mov dx, CRTC
        mov eax, edi
        mov al, CRTC_CURSOR             ; index below, data above: one 16-bit write
        out dx, ax
        mov eax, edi
        shl eax, 8
        mov al, CRTC_CURSOR + 1
        out dx, ax
        ret

; Prints EAX as eight hexadecimal digits.
print_hex:
        push ecx
        mov ecx, 8
        call print_digits
        pop ecx
        ret

; Prints AL as two hexadecimal digits.
print_hex_byte:
        push eax
        push ecx
        shl eax, 24
        mov ecx, 2
        call print_digits
        pop ecx
        pop eax
        ret

; Prints AX as four hexadecimal digits.
print_hex_word:
        push eax
        push ecx
        shl eax, 16
        mov ecx, 4
        call print_digits
        pop ecx
        pop eax
        ret

; Prints the upper ECX hexadecimal digits of EAX.
print_digits:
        pusha
        mov edx, eax
.next:
        rol edx, 4
        mov al, dl
        and al, 15
        add al, '0'
        cmp al, '9'
        jbe .digit
        add al, 'A' - '9' - 1
.digit:
        call put_char
        loop .next
        popa
        ret

; Prints EAX as an unsigned decimal number.
print_dec:
        push ecx
        xor ecx, ecx
        call print_dec_right
        pop ecx
        ret

; Prints EAX as an unsigned decimal number, right-justified in ECX columns.
print_dec_right:
        pusha
        mov edi, 10
        xor ebx, ebx                    ; digits
.divide:
        xor edx, edx
        div edi
        push edx
        inc ebx
        test eax, eax
        jnz .divide
        mov al, ' '
.pad:
        cmp ecx, ebx
        jle .digits
        call put_char
        dec ecx
        jmp .pad
.digits:
        pop eax
        add al, '0'
        call put_char
        dec ebx
        jnz .digits
        popa
        ret

; Prints the text at ESI, left-justified in ECX columns.
print_left:
        pusha
.next:
        lodsb
        test al, al
        jz .pad
        call put_char
        dec ecx
        jmp .next
.pad:
        mov al, ' '
.space:
        dec ecx
        js .done
        call put_char
        jmp .space
.done:
        popa
        ret

; IRQ 4: moves what the receiver has into the input buffer and wakes whoever waits for it.
irq_com1:
        mov ecx, INPUT_BYTES            ; an absent UART reads as ones: do not believe it for ever
.next:
        mov dx, COM1 + UART_LSR
        in al, dx
        test al, LSR_DR
        jz .done
        mov dx, COM1
        in al, dx
        mov ebx, [input_head]
        mov [input + ebx], al
        inc ebx
        and ebx, INPUT_BYTES - 1
        cmp ebx, [input_tail]
        je .full                        ; the newest character is lost
        mov [input_head], ebx
.full:
        loop .next
.done:
        call wake_waiting
        jmp irq_done

; Waits for a character on the console; returns it in AL.
get_char:
        push ebx
        pushf
.again:
        cli
        mov ebx, [input_tail]
        cmp ebx, [input_head]
        jne .there
        call wait_for_wake
        jmp .again
.there:
        mov al, [input + ebx]
        inc ebx
        and ebx, INPUT_BYTES - 1
        mov [input_tail], ebx
        popf
        pop ebx
        ret

section .bss
vga_at:         resd 1                  ; cursor, in cells
input_head:     resd 1
input_tail:     resd 1
input:          resb INPUT_BYTES
vga_present:    resb 1
section .text
