import type { Template } from '../gen/specialise.ts';

/** Residuals of the semantics by shape (see src/cpu/shape.ts), with holes for what an instruction fills in. */
export const TEMPLATES: Readonly<Record<string, Template>>;
