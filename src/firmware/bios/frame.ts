// One call of a BIOS service: the caller's registers by their 8086 names, and the flags that IRET will give back.

import type { BiosHost, BiosRegisters } from './host.ts';

const CARRY = 1 << 0;
const ZERO = 1 << 6;

export class Frame {
  readonly host: BiosHost;
  readonly registers: BiosRegisters;

  constructor(host: BiosHost) {
    this.host = host;
    this.registers = host.registers;
  }

  get ax(): number {
    return this.registers.eax & 0xffff;
  }
  set ax(value: number) {
    this.registers.eax = low16(this.registers.eax, value);
  }
  get al(): number {
    return this.registers.eax & 0xff;
  }
  set al(value: number) {
    this.registers.eax = low8(this.registers.eax, value);
  }
  get ah(): number {
    return (this.registers.eax >>> 8) & 0xff;
  }
  set ah(value: number) {
    this.registers.eax = high8(this.registers.eax, value);
  }
  get bx(): number {
    return this.registers.ebx & 0xffff;
  }
  set bx(value: number) {
    this.registers.ebx = low16(this.registers.ebx, value);
  }
  get bl(): number {
    return this.registers.ebx & 0xff;
  }
  set bl(value: number) {
    this.registers.ebx = low8(this.registers.ebx, value);
  }
  get bh(): number {
    return (this.registers.ebx >>> 8) & 0xff;
  }
  set bh(value: number) {
    this.registers.ebx = high8(this.registers.ebx, value);
  }
  get cx(): number {
    return this.registers.ecx & 0xffff;
  }
  set cx(value: number) {
    this.registers.ecx = low16(this.registers.ecx, value);
  }
  get cl(): number {
    return this.registers.ecx & 0xff;
  }
  set cl(value: number) {
    this.registers.ecx = low8(this.registers.ecx, value);
  }
  get ch(): number {
    return (this.registers.ecx >>> 8) & 0xff;
  }
  set ch(value: number) {
    this.registers.ecx = high8(this.registers.ecx, value);
  }
  get dx(): number {
    return this.registers.edx & 0xffff;
  }
  set dx(value: number) {
    this.registers.edx = low16(this.registers.edx, value);
  }
  get dl(): number {
    return this.registers.edx & 0xff;
  }
  set dl(value: number) {
    this.registers.edx = low8(this.registers.edx, value);
  }
  get dh(): number {
    return (this.registers.edx >>> 8) & 0xff;
  }
  set dh(value: number) {
    this.registers.edx = high8(this.registers.edx, value);
  }
  get si(): number {
    return this.registers.esi & 0xffff;
  }
  set si(value: number) {
    this.registers.esi = low16(this.registers.esi, value);
  }
  get di(): number {
    return this.registers.edi & 0xffff;
  }
  set di(value: number) {
    this.registers.edi = low16(this.registers.edi, value);
  }
  get bp(): number {
    return this.registers.ebp & 0xffff;
  }
  set bp(value: number) {
    this.registers.ebp = low16(this.registers.ebp, value);
  }

  /** Guest-physical address of ES:offset. */
  atEs(offset: number): number {
    return this.registers.es * 16 + (offset & 0xffff);
  }

  /** Guest-physical address of DS:offset. */
  atDs(offset: number): number {
    return this.registers.ds * 16 + (offset & 0xffff);
  }

  /** CF: the service failed. */
  carry(set: boolean): void {
    this.#setFlag(CARRY, set);
  }

  /** ZF. */
  zero(set: boolean): void {
    this.#setFlag(ZERO, set);
  }

  u8(address: number): number {
    const bytes = new Uint8Array(1);
    this.host.readMemory(address, bytes);
    return bytes[0] as number;
  }

  u16(address: number): number {
    return this.u8(address) | (this.u8(address + 1) << 8);
  }

  u32(address: number): number {
    return (this.u16(address) | (this.u16(address + 2) << 16)) >>> 0;
  }

  bytes(address: number, count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    this.host.readMemory(address, bytes);
    return bytes;
  }

  put8(address: number, ...values: readonly number[]): void {
    this.host.writeMemory(address, Uint8Array.from(values));
  }

  put16(address: number, ...values: readonly number[]): void {
    for (const [k, value] of values.entries()) this.put8(address + 2 * k, value & 0xff, (value >> 8) & 0xff);
  }

  put32(address: number, value: number): void {
    this.put16(address, value & 0xffff, value >>> 16);
  }

  /** The flags lie above IP and CS on the caller's stack. */
  #setFlag(flag: number, set: boolean): void {
    const at = this.registers.ss * 16 + (((this.registers.esp & 0xffff) + 4) & 0xffff);
    const flags = this.u16(at);
    this.put16(at, set ? flags | flag : flags & ~flag);
  }
}

function low16(register: number, value: number): number {
  return ((register & 0xffff0000) | (value & 0xffff)) >>> 0;
}

function low8(register: number, value: number): number {
  return ((register & 0xffffff00) | (value & 0xff)) >>> 0;
}

function high8(register: number, value: number): number {
  return ((register & 0xffff00ff) | ((value & 0xff) << 8)) >>> 0;
}
