// Numbers as messages and logs have them.

/** An int32 as eight hexadecimal digits and `h`. */
export function hex(v: number): string {
  return `${(v >>> 0).toString(16).padStart(8, '0')}h`;
}
