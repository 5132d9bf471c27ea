// The heap's buffer. Translated code is asm.js, which works on a plain ArrayBuffer, or WebAssembly, which works on a memory
// of its own kind; V8 links neither with the buffer of the other.

// Declared here so that no library of browser types is needed.
declare const WebAssembly: {
  Memory: new (limits: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
};

export const CODE_KINDS = ['webassembly', 'asm.js'] as const;
/** What translated code is. */
export type CodeKind = (typeof CODE_KINDS)[number];

/** Unless told otherwise: docs/decisions/0012-regions-are-webassembly.md. */
export const DEFAULT_CODE: CodeKind = 'webassembly';

const WASM_PAGE_BYTES = 65536;
const memories = new WeakMap<ArrayBuffer, object>();

/** A buffer of `bytes` (a multiple of 64 KiB) that is never resized. */
export function makeHeap(bytes: number, code: CodeKind): ArrayBuffer {
  if (code === 'asm.js') return new ArrayBuffer(bytes);
  const pages = bytes / WASM_PAGE_BYTES;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  memories.set(memory.buffer, memory);
  return memory.buffer;
}

/** What translated code on this heap is. */
export function codeOf(heap: ArrayBuffer): CodeKind {
  return memories.has(heap) ? 'webassembly' : 'asm.js';
}

/** The memory that a buffer belongs to, for modules to import; undefined for a plain buffer. */
export function memoryOf(heap: ArrayBuffer): object | undefined {
  return memories.get(heap);
}
