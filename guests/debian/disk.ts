// A Debian 12 disk: an MBR with GRUB, one ext4 partition with Debian on it, consoles on VGA and on COM1. Made without
// root: packages are unpacked by this host's tools, and configured by a guest that has the disk.
//
// Documents: GRUB manual, section "Images" (boot.img, core.img in the MBR gap), grub-core/boot/i386/pc/boot.S for the
// fields of boot.img; mke2fs(8) -d; debugfs(8).

import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, open, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { NODE_ARGUMENTS } from '../../src/cli/host.ts';
import { aptDownloadAll, GuestUnavailable } from './apt.ts';
import { cacheDirectory, exists, locked } from './cache.ts';
import { guest } from './guests.ts';
import { debianPackage } from './package.ts';
import { type Ownership, unpackAll } from './rootfs.ts';

/** What is on the disk, besides what these need. */
const PACKAGES = [
  '?essential',
  'apt',
  'e2fsprogs',
  'kmod',
  'libc6-dev',
  'linux-image-686',
  'procps',
  'systemd-sysv',
  'tcc',
  'udev',
] as const;

const MEBIBYTE = 1 << 20;
const DISK_BYTES = 1536 * MEBIBYTE;
const SECTOR = 512;
const PARTITION_SECTOR = 2048;
/** MBR: code up to the disk's signature, then the partition table. */
const MBR_CODE = 440;
const MBR_TABLE = 446;
const LINUX_PARTITION = 0x83;
/** boot.img: a jump that guards against a wrong drive number from old BIOSes; two NOPs for hard disks. */
const DRIVE_CHECK = 0x66;
/** Changes when a disk must be made anew. */
const EDITION = 2;

/** Features that GRUB 2.06, and any e2fsprogs of the host, knows. */
const FEATURES =
  'none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,flex_bg,sparse_super,large_file,huge_file,dir_nlink,extra_isize';

const GRUB_CONFIGURATION = `serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial
set timeout=1
menuentry 'Debian' {
  linux /vmlinuz root=/dev/sda1 ro nomodeset console=tty0 console=ttyS0,115200
  initrd /initrd.img
}
`;

/** Runs in the guest with the disk as its root, once. */
const SECOND_STAGE = `#!/bin/sh
export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
set -e
# Scripts of packages expect what base-passwd and base-files make, and each other.
/var/lib/dpkg/info/base-passwd.preinst install
dpkg --configure -a --force-depends
dpkg --audit
echo root:transvisor | chpasswd
ln -sf /usr/share/zoneinfo/UTC /etc/localtime
systemctl disable apt-daily.timer apt-daily-upgrade.timer || true
rm -f /second-stage
sync
echo second stage done
`;

const FILES: Readonly<Record<string, string>> = {
  'etc/fstab': '/dev/sda1 / ext4 errors=remount-ro 0 1\n',
  'etc/hostname': 'transvisor\n',
  'etc/hosts': '127.0.0.1 localhost transvisor\n',
  // Little enough to be unpacked in a moment, and what any IDE disk needs.
  'etc/initramfs-tools/conf.d/modules': 'MODULES=list\n',
  'etc/initramfs-tools/modules': 'ata_piix\nsd_mod\next4\n',
  'etc/dpkg/dpkg.cfg.d/image': 'force-unsafe-io\n',
  'etc/apt/sources.list': 'deb http://deb.debian.org/debian bookworm main\n',
  'usr/sbin/policy-rc.d': '#!/bin/sh\nexit 101\n',
  'boot/grub/grub.cfg': GRUB_CONFIGURATION,
  'second-stage': SECOND_STAGE,
};

export interface Disk {
  /** Raw image. */
  readonly path: string;
  readonly user: string;
  readonly password: string;
}

/** Runs a kernel with a disk until it powers off; returns what it wrote to COM1. */
export type Runner = (run: {
  readonly kernel: string;
  readonly initrd: string;
  readonly append: string;
  readonly disk: string;
}) => Promise<string>;

/**
 * The disk, made on first use: a download of 110 MB, and some minutes. Give a copy, or a snapshot, to a guest.
 * @throws {GuestUnavailable} no apt or mirror, or a tool (mke2fs, debugfs, tar) is not installed
 */
export async function debianDisk(runner: Runner = qemuOrTransvisor): Promise<Disk> {
  const directory = join(cacheDirectory(), 'disks');
  const path = join(directory, `debian-12-i386-${EDITION}.img`);
  if (!(await exists(path))) {
    // The guest that configures it takes the lock itself when it is fetched.
    const stage = await guest('linux-686', { modules: ['ata_piix', 'sd_mod', 'ext4', 'crc32c_generic'] });
    const grub = await grubFiles();
    const debs = await locked(() => aptDownloadAll(PACKAGES, 'i386'));
    await mkdir(directory, { recursive: true });
    const temporary = `${path}.${process.pid}`;
    try {
      await assemble(temporary, debs, grub);
      const output = await runner({
        kernel: stage.kernel,
        initrd: stage.initrd,
        append: `${stage.append} tv_run="${CONFIGURE}"`,
        disk: temporary,
      });
      await writeFile(`${path}.log`, output);
      if (!output.includes('second stage done')) {
        throw new GuestUnavailable(`the disk could not be configured: see ${path}.log`);
      }
      await rename(temporary, path);
    } finally {
      await rm(temporary, { force: true });
    }
  }
  return { path, user: 'root', password: 'transvisor' };
}

const CONFIGURE = [
  'mount -t ext4 /dev/sda1 /mnt',
  'for d in proc sys dev; do mount -o bind /$d /mnt/$d; done',
  'chroot /mnt /bin/sh /second-stage',
  'umount /mnt/proc /mnt/sys /mnt/dev /mnt',
].join('; ');

interface GrubFiles {
  /** Folder of modules and images. */
  readonly images: string;
  readonly mkimage: string;
}

async function grubFiles(): Promise<GrubFiles> {
  const images = join(await debianPackage('grub-pc-bin', 'i386'), 'usr/lib/grub/i386-pc');
  if (process.arch !== 'x64') throw new GuestUnavailable('grub-mkimage of amd64 does not run on this host');
  return { images, mkimage: join(await debianPackage('grub-common', 'amd64'), 'usr/bin/grub-mkimage') };
}

/** The image with everything on it, packages not configured. */
async function assemble(image: string, debs: readonly string[], grub: GrubFiles): Promise<void> {
  const root = `${image}.root`;
  await rm(root, { recursive: true, force: true });
  await mkdir(root, { recursive: true });
  try {
    const owned = await unpackAll(debs, root);
    for (const [path, text] of Object.entries(FILES)) {
      await mkdir(join(root, path, '..'), { recursive: true });
      await writeFile(join(root, path), text);
    }
    await chmod(join(root, 'usr/sbin/policy-rc.d'), 0o755);
    const modules = join(root, 'boot/grub/i386-pc');
    await mkdir(modules, { recursive: true });
    for (const file of await readdir(grub.images)) {
      if (/\.(mod|lst)$/.test(file)) await copyFile(join(grub.images, file), join(modules, file));
    }
    await writeFile(image, '');
    await truncate(image, DISK_BYTES);
    await makeFileSystem(image, root, owned);
    await installGrub(image, grub);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function makeFileSystem(image: string, root: string, owned: readonly Ownership[]): Promise<void> {
  const kibibytes = DISK_BYTES / 1024 - (PARTITION_SECTOR * SECTOR) / 1024;
  const offset = PARTITION_SECTOR * SECTOR;
  const options = ['-q', '-F', '-t', 'ext4', '-O', FEATURES, '-L', 'debian', '-d', root];
  await tool('mke2fs', [...options, '-E', `offset=${offset},root_owner=0:0`, image, `${kibibytes}k`]);
  const script: string[] = [];
  // Files have this user's identity unless it is root who runs us.
  if (process.getuid?.() !== 0) {
    for (const path of await readdir(root, { recursive: true })) {
      script.push(`sif "/${path}" uid 0`, `sif "/${path}" gid 0`);
    }
    for (const { path, uid, gid } of owned) script.push(`sif "${path}" uid ${uid}`, `sif "${path}" gid ${gid}`);
  }
  if (script.length === 0) return;
  const file = `${root}.debugfs`;
  await writeFile(file, `${script.join('\n')}\n`);
  await tool('debugfs', ['-w', '-f', file, `${image}?offset=${offset}`]);
  await rm(file);
}

/** GRUB's boot.img in the MBR, its core.img behind it, as grub-bios-setup places them, and the partition table. */
async function installGrub(image: string, grub: GrubFiles): Promise<void> {
  const core = `${image}.core`;
  const names = ['biosdisk', 'part_msdos', 'ext2'];
  await tool(grub.mkimage, ['-d', grub.images, '-O', 'i386-pc', '-p', '(hd0,msdos1)/boot/grub', '-o', core, ...names]);
  const boot = await readFile(join(grub.images, 'boot.img'));
  const coreBytes = await readFile(core);
  await rm(core);
  if (coreBytes.length > (PARTITION_SECTOR - 1) * SECTOR) throw new Error('core.img does not fit before the partition');
  const mbr = new Uint8Array(SECTOR);
  mbr.set(boot.subarray(0, MBR_CODE));
  mbr.set([0x90, 0x90], DRIVE_CHECK);
  const view = new DataView(mbr.buffer);
  view.setUint32(MBR_CODE, 0x54524156, true); // the disk's signature
  mbr.set([0x80, 0xfe, 0xff, 0xff, LINUX_PARTITION, 0xfe, 0xff, 0xff], MBR_TABLE);
  view.setUint32(MBR_TABLE + 8, PARTITION_SECTOR, true);
  view.setUint32(MBR_TABLE + 12, DISK_BYTES / SECTOR - PARTITION_SECTOR, true);
  view.setUint16(SECTOR - 2, 0xaa55, true);
  const file = await open(image, 'r+');
  try {
    await file.write(mbr, 0, SECTOR, 0);
    await file.write(coreBytes, 0, coreBytes.length, SECTOR);
  } finally {
    await file.close();
  }
}

/** QEMU, where it is installed; else Transvisor runs the second stage itself. */
const qemuOrTransvisor: Runner = async (run) => {
  try {
    return await qemu(run);
  } catch (error) {
    if (error instanceof GuestUnavailable && /is not installed/.test(error.message)) return transvisor(run);
    throw error;
  }
};

const qemu: Runner = async ({ kernel, initrd, append, disk }) => {
  const drive = `file=${disk},format=raw,if=ide,cache=unsafe`;
  const options = [
    '-m',
    '512',
    '-display',
    'none',
    '-serial',
    'stdio',
    '-monitor',
    'none',
    '-no-reboot',
    '-net',
    'none',
  ];
  return tool('qemu-system-i386', [
    ...options,
    '-drive',
    drive,
    '-kernel',
    kernel,
    '-initrd',
    initrd,
    '-append',
    append,
  ]);
};

/** This program, by the Node that runs us. */
export const transvisor: Runner = ({ kernel, initrd, append, disk }) => {
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
  const node = [...NODE_ARGUMENTS, '--disable-warning=ExperimentalWarning', main, 'run'];
  const guest = ['-m', '512M', '--kernel', kernel, '--initrd', initrd, '--append', append, '--hda', disk];
  return tool(process.execPath, [...node, ...guest]);
};

async function tool(command: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(command, args, {
      maxBuffer: 1 << 26,
      env: { ...process.env, LC_ALL: 'C', PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` },
    });
    return stdout;
  } catch (error) {
    const { code, stderr } = error as { code?: string | number; stderr?: string };
    if (code === 'ENOENT') throw new GuestUnavailable(`${command} is not installed: the disk is made with it`);
    throw new GuestUnavailable(`${command}: ${stderr?.trim().split('\n')[0] ?? String(error)}`);
  }
}
