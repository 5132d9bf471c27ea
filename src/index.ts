// The public API. The same in Node, in a worker and in the browser.
//
//   await using machine = await Machine.create({ kernel: { name: 'vmlinuz', bytes }, commandLine: 'console=ttyS0' });
//   machine.run();
//   await machine.waitFor('login: ');

/** A file by name and contents: kernels, initrds, modules. */
export type { NamedFile } from './firmware/plan.ts';
/** An error of the user's making: what is wrong, and how to mend it. */
export { UserError } from './lib/errors.ts';
/** Bytes by which the machine talks to the outside, collected in chunks. */
export type { ByteOutput } from './machine/byte-output.ts';
/** The CD-ROM drive: discs in and out. */
export type { CdromDrive, TrayOptions } from './machine/cdrom-drive.ts';
/** The hands at keyboard and mouse. */
export type { KeyboardInput, MouseButton, MouseInput } from './machine/input.ts';
/** A PC: processor, memory, devices, and the loop that runs them. */
export { Machine } from './machine/machine.ts';
/** What a machine is made of, what it tells, and how it ends. */
export type { EngineChoice, Exit, MachineEvents, MachineOptions } from './machine/options.ts';
/** The monitor: text and pictures. */
export type { Frame, Screen } from './machine/screen.ts';
/** The far end of the cable at COM1. */
export type { SerialPort } from './machine/serial-port.ts';
/** Counters of a run. */
export type { MachineStatistics, MonitorExits } from './machine/statistics.ts';
/** What `Machine.waitFor` takes, and throws. */
export { WaitError, type WaitOptions } from './machine/wait-for.ts';
