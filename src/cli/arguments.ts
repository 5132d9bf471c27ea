// Values of command-line options: from text to what they mean, or a line on what would be right.

import { InvalidArgumentError } from 'commander';
import type { BootDevice } from '../devices/rtc146818.ts';
import { MAX_RAM_BYTES, MIN_RAM_BYTES } from '../memory/layout.ts';
import type { ImageFormat } from '../storage/node/index.ts';
import type { MediumOption } from './drives.ts';

const UNITS: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** `256M` to bytes: a decimal number with K, M or G, which count in powers of 1024; M without. */
export function parseMemory(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)([KMG]?)(?:i?B)?$/i.exec(text) ?? [];
  if (digits === '') throw new InvalidArgumentError('Give a size such as 256M or 1G.');
  const bytes = Number(digits) * (UNITS[unit.toUpperCase() || 'M'] as number);
  if (bytes < MIN_RAM_BYTES || bytes > MAX_RAM_BYTES) throw new InvalidArgumentError('Give a size from 1M to 1G.');
  if (bytes % 4096 !== 0) throw new InvalidArgumentError('Give a multiple of 4K.');
  return bytes;
}

/** Seconds, with a fraction or without: above 0, and at most what a host timer takes (24 days). */
export function parseSeconds(text: string): number {
  const seconds = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds > 0 && seconds <= 2_147_483)) throw new InvalidArgumentError('Give seconds, such as 60 or 0.5.');
  return seconds;
}

/** Bytes of the translation cache: from 1 MiB. */
export function parseCacheSize(text: string): number {
  const [, digits, unit] = /^(\d{1,4})([MG])$/i.exec(text) ?? [];
  const bytes = Number(digits) * (unit?.toUpperCase() === 'G' ? 2 ** 30 : 2 ** 20);
  if (!(bytes >= 2 ** 20)) throw new InvalidArgumentError('Give a size from 1M, such as 64M.');
  return bytes;
}

/** A whole number above 0. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('Give a whole number above 0.');
  return Number(text);
}

/** A JavaScript regular expression; lines count as lines for ^ and $. */
export function parsePattern(text: string): RegExp {
  if (text === '') throw new InvalidArgumentError('Give a regular expression that is not empty.');
  try {
    return new RegExp(text, 'mu');
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}

export type SerialTarget = { readonly kind: 'stdio' | 'none' } | { readonly kind: 'file'; readonly path: string };

export function parseSerial(text: string): SerialTarget {
  if (text === 'stdio' || text === 'none') return { kind: text };
  if (text.startsWith('file:') && text.length > 5) return { kind: 'file', path: text.slice(5) };
  throw new InvalidArgumentError('Give stdio, file:NAME or none.');
}

/** A file with a medium in it: `FILE`, or `raw:FILE` or `qcow2:FILE` where the format shall not be found by looking. */
export function parseMedium(text: string): MediumOption {
  const [, format, path = ''] = /^(?:(raw|qcow2):)?(.*)$/s.exec(text) ?? [];
  if (path === '') throw new InvalidArgumentError('Give a file, such as disk.img or qcow2:disk.qcow2.');
  return format === undefined ? { path } : { path, format: format as ImageFormat };
}

const BOOT_LETTERS: Readonly<Record<string, BootDevice>> = { a: 'floppy', c: 'disk', d: 'cdrom', n: 'network' };

/** `cda`: what to start from, in that order. */
export function parseBootOrder(text: string): readonly BootDevice[] {
  const order = [...text].flatMap((letter) => BOOT_LETTERS[letter] ?? []);
  const valid = order.length === text.length && order.length > 0 && order.length <= 3;
  if (!valid || new Set(order).size < order.length)
    throw new InvalidArgumentError('Give up to three of c (disk), d (CD-ROM), a (floppy), n (network).');
  return order;
}

/** The value as one of those. */
export function oneOf<T extends string>(choices: readonly T[]): (text: string) => T {
  return (text) => {
    if ((choices as readonly string[]).includes(text)) return text as T;
    throw new InvalidArgumentError(`Give ${choices.join(' or ')}.`);
  };
}
