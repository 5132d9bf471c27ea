import { bootV86 } from './peers/v86.ts';
import { guest } from '../guests/debian/guests.ts';
const g = await guest('linux-686', { modules: ['ata_piix', 'sd_mod'] });
await bootV86({ kernel: g.kernel, initrd: g.initrd, append: `${g.append} tv_run="dmesg | grep -i ata; cat /proc/partitions /proc/interrupts; echo mark 3"`, memory: g.memory, disk: '/tmp/ide.img', until: /mark 3\r?\n/, timeout: 300, output: (t) => process.stdout.write(t) }, { jit: true });
process.exit(0);
