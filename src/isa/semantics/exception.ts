// What the engines need of the system half, by name.

export {
  dataBreakpoints,
  hasBreakpoints,
  instructionBreakpoint,
  ioBreakpoints,
} from './debug-registers.ts';
export { deliverFault, deliverInterrupt, deliverTrap } from './interrupt.ts';
export { resetCpu, resetFloatingPoint } from './reset.ts';
