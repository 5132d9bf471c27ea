// Writes archives in cpio's "new ASCII" format (newc), what the kernel unpacks as an initramfs.
//
// Document: the kernel's Documentation/driver-api/early-userspace/buffer-format.rst. Files, directories, symbolic links
// and device nodes; no hard links, no checksums. Every time is 0 and every owner root: equal input, equal bytes.

/** One member. `path` is relative to the root, without a leading slash. `mode` holds permission bits only. */
export type CpioEntry =
  | { readonly kind: 'file'; readonly path: string; readonly data: Uint8Array; readonly mode?: number }
  | { readonly kind: 'directory'; readonly path: string; readonly mode?: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | {
      readonly kind: 'character device';
      readonly path: string;
      readonly major: number;
      readonly minor: number;
      readonly mode?: number;
    };

const MAGIC = '070701';
const TRAILER = 'TRAILER!!!';
const HEADER_BYTES = 110;

/** File types in the upper bits of the mode (stat(2)). */
const S_IFLNK = 0o120000;
const S_IFREG = 0o100000;
const S_IFDIR = 0o040000;
const S_IFCHR = 0o020000;

const text = new TextEncoder();

/** The archive of `entries`, in their order: a directory comes before what is in it. */
export function cpio(entries: readonly CpioEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let inode = 0;
  for (const entry of entries) {
    inode++;
    switch (entry.kind) {
      case 'file':
        parts.push(...member(inode, entry.path, S_IFREG | (entry.mode ?? 0o644), entry.data));
        break;
      case 'directory':
        parts.push(...member(inode, entry.path, S_IFDIR | (entry.mode ?? 0o755)));
        break;
      case 'link':
        parts.push(...member(inode, entry.path, S_IFLNK | 0o777, text.encode(entry.target)));
        break;
      case 'character device':
        parts.push(
          ...member(inode, entry.path, S_IFCHR | (entry.mode ?? 0o600), undefined, [entry.major, entry.minor]),
        );
        break;
    }
  }
  parts.push(...member(0, TRAILER, 0));
  return concatenated(parts);
}

function member(
  inode: number,
  path: string,
  mode: number,
  data: Uint8Array = new Uint8Array(),
  [major, minor]: readonly [number, number] = [0, 0],
): Uint8Array[] {
  const name = text.encode(path + '\0');
  const links = (mode & S_IFDIR) === S_IFDIR ? 2 : 1;
  // c_ino c_mode c_uid c_gid c_nlink c_mtime c_filesize c_maj c_min c_rmaj c_rmin c_namesize c_chksum
  const fields = [inode, mode, 0, 0, links, 0, data.length, 0, 0, major, minor, name.length, 0];
  const header = text.encode(MAGIC + fields.map((field) => field.toString(16).padStart(8, '0')).join(''));
  return [header, name, padding(HEADER_BYTES + name.length), data, padding(data.length)];
}

/** What brings `length` to a multiple of four. */
function padding(length: number): Uint8Array {
  return new Uint8Array(-length & 3);
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
