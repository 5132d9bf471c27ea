/** The function `interpret` of interpreter.js as WebAssembly, in base64. It imports its environment, and `memory`. */
export const BINARY: string;
/** Where the binary has numbers (LEB128 of five bytes) that what is named is to be added to: steps from one to the next. */
export const STEPS: Readonly<Record<'R' | 'CODE' | 'TAGS' | 'LINKS' | 'overshoot', readonly number[]>>;
