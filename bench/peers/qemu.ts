// QEMU's own translator (TCG) as a peer: boots a Linux kernel with qemu-system-i386, without KVM.

import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { UserError } from '../../src/lib/errors.ts';
import { type Boot, type Cost, Marker, peerMain, rounded } from './peer.ts';

/** proc(5): the kernel counts processor time in these. */
const CLOCK_TICKS_PER_SECOND = 100;

/** Fields of /proc/PID/stat, counted behind the command's name. */
const STAT_UTIME = 11;
const STAT_STIME = 12;

/**
 * Boots in a process of QEMU's.
 * @throws {UserError} qemu-system-i386 is not installed
 */
export async function bootQemu(boot: Boot): Promise<Cost> {
  const started = performance.now();
  const arguments_ = ['-M', 'pc', '-accel', 'tcg', '-cpu', 'qemu32', '-m', `${boot.memory / 2 ** 20}`, '-no-reboot'];
  arguments_.push('-display', 'none', '-serial', 'stdio', '-monitor', 'none', '-nic', 'none');
  arguments_.push('-kernel', boot.kernel, '-append', boot.append, ...(boot.initrd ? ['-initrd', boot.initrd] : []));
  if (boot.disk) arguments_.push('-drive', `file=${boot.disk},format=raw,if=ide,snapshot=on`);
  const qemu = spawn('qemu-system-i386', arguments_, { stdio: ['pipe', 'pipe', 'inherit'] });
  const marker = new Marker(boot.until);
  const reached = await new Promise<boolean>((resolve, reject) => {
    const deadline = setTimeout(() => resolve(false), boot.timeout * 1000);
    qemu.once('error', () => reject(new UserError('qemu-system-i386 is not installed')));
    qemu.once('exit', () => resolve(false));
    qemu.stdout.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1');
      boot.output(text, () => ({ ...usage(qemu.pid!), cpuSeconds: processUsage(qemu.pid!) }));
      if (!marker.seen(text)) return;
      clearTimeout(deadline);
      resolve(true);
    });
  });
  const cost = { ...usage(qemu.pid!), wallSeconds: rounded((performance.now() - started) / 1000) };
  qemu.kill();
  return { peer: 'qemu', reached, ...cost };
}

/** Processor time of all threads of a process, in seconds: to the nanosecond where the kernel counts so. */
function processUsage(pid: number): number {
  try {
    const tasks = `/proc/${pid}/task`;
    const nanos = readdirSync(tasks).map((task) =>
      Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]),
    );
    return nanos.reduce((sum, one) => sum + one, 0) / 1e9;
  } catch {
    return usage(pid).cpuSeconds;
  }
}

/** What a process that still runs has used so far; nothing where there is no /proc. */
function usage(pid: number): Pick<Cost, 'cpuSeconds' | 'residentMebibytes' | 'peakMebibytes'> {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return {
      cpuSeconds: rounded((Number(fields[STAT_UTIME]) + Number(fields[STAT_STIME])) / CLOCK_TICKS_PER_SECOND),
      residentMebibytes: Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024),
      peakMebibytes: Math.round(Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) / 1024),
    };
  } catch {
    return { cpuSeconds: Number.NaN, residentMebibytes: Number.NaN, peakMebibytes: Number.NaN };
  }
}

if (import.meta.main) await peerMain([], (boot) => bootQemu(boot));
