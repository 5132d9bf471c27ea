// The F000 segment of the built-in BIOS: for each interrupt a stub that calls the monitor by a write to a port of its
// own, and the tables that programs find by address. IBM PS/2 and PC BIOS Interface Technical Reference, sections 2, 3.

import { Builder } from '../bytes.ts';

/** A write to this port by a stub is a call of the monitor. */
export const CALL_PORT = 0xec;

export const BIOS_SEGMENT = 0xf000;
/** Stubs of 16 bytes for the vectors 0 to FFh, then those without a vector. */
const STUBS = 0xc000;
const STUB_BYTES = 16;
/** Calls that are no interrupts. */
export const CALL_BOOT = 0x100;
const CALLS = 0x110;
/** Offset in a stub where it waits for an interrupt and calls again. */
const AGAIN = 8;
const OUT_CALL = [0xe6, CALL_PORT] as const;
const IRET = 0xcf;
const NOP = 0x90;

/** Offsets that IBM's BIOS has, and programs know. */
const DISKETTE_TABLE = 0xefc7;
const CONFIGURATION = 0xe6f5;
const RESET_VECTOR = 0xfff0;
const DATE = 0xfff5;
const MODEL = 0xfffe;
const MODEL_AT = 0xfc;

export const configurationTable = CONFIGURATION;
export const disketteTable = DISKETTE_TABLE;

/** Offset of the stub of a vector, or of a call. */
export function stubOf(call: number): number {
  return STUBS + call * STUB_BYTES;
}

/** The call that the stub with this IP, behind its OUT, makes; undefined if there is none. */
export function callAt(ip: number): number | undefined {
  const at = ip - STUBS - 2;
  return at >= 0 && at % STUB_BYTES === 0 && at / STUB_BYTES < CALLS ? at / STUB_BYTES : undefined;
}

/** Where a call goes on that waits for an interrupt. */
export function waitOf(call: number): number {
  return stubOf(call) + AGAIN;
}

/** Bytes for F000:C000 to F000:FFFF. */
export function biosImage(): { readonly address: number; readonly bytes: Uint8Array } {
  const bytes = new Uint8Array(0x10000 - STUBS);
  for (let call = 0; call < CALLS; call++) bytes.set(stub(call), call * STUB_BYTES);
  const put = (offset: number, data: Uint8Array): void => bytes.set(data, offset - STUBS);
  // Step rate, motor-off time, sector size, sectors, gaps, fill byte, settle and start times of a 1.44M drive.
  put(DISKETTE_TABLE, Uint8Array.of(0xaf, 0x02, 0x25, 0x02, 18, 0x1b, 0xff, 0x6c, 0xf6, 0x0f, 0x08));
  // Length, model, submodel, revision; features: second PIC, RTC, INT 15h AH=4Fh not, EBDA; keyboard functions.
  put(CONFIGURATION, Uint8Array.of(8, 0, MODEL_AT, 1, 0, 0x64, 0x40, 0, 0, 0));
  put(RESET_VECTOR, new Builder().u8(0xea).u16(stubOf(CALL_BOOT), BIOS_SEGMENT).finish());
  put(DATE, new Builder().text('01/01/26').u8(0).finish());
  bytes[MODEL - STUBS] = MODEL_AT;
  return { address: BIOS_SEGMENT * 16 + STUBS, bytes };
}

function stub(call: number): readonly number[] {
  const body = bodyOf(call);
  // sti; hlt; cli; jmp to the beginning
  return body.length > AGAIN
    ? body
    : [...body, ...new Array<number>(AGAIN - body.length).fill(NOP), 0xfb, 0xf4, 0xfa, 0xeb, 0xf3];
}

function bodyOf(call: number): readonly number[] {
  switch (call) {
    case 0x08: // the timer: int 1Ch; push ax; mov al, 20h; out 20h, al; pop ax
      return [...OUT_CALL, 0xcd, 0x1c, 0x50, 0xb0, 0x20, 0xe6, 0x20, 0x58, IRET];
    case 0x16: // programs poll for keys with interrupts off, too: sti; nop
      return [...OUT_CALL, 0xfb, NOP, IRET];
    default:
      return [...OUT_CALL, IRET];
  }
}
