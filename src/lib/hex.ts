// Numbers as messages and logs have them.

/** An int32 or uint32 in hexadecimal, as `0000c000h`; `digits`: at least. */
export function hex(value: number, digits = 1): string {
  return `${(value >>> 0).toString(16).padStart(digits, '0')}h`;
}
