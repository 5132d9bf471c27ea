// The command block registers of an ATA device: ATA/ATAPI-6 (T13/1410D), sections 7.1 to 7.15. The registers of 48-bit
// commands hold two bytes each; the older one is behind HOB of the device control register.

// The command block: registers by their offset.
export const DATA = 0;
export const ERROR_FEATURE = 1;
export const COUNT = 2;
export const LOW = 3;
export const MID = 4;
export const HIGH = 5;
export const DEVICE = 6;
export const STATUS_COMMAND = 7;

// Status.
export const BSY = 0x80;
export const DRDY = 0x40;
export const DF = 0x20;
export const DSC = 0x10;
export const DRQ = 0x08;
export const ERR = 0x01;
/** What status says, at least, of a drive that is not busy. */
export const READY = DRDY | DSC;

// Error.
export const UNC = 0x40;
export const IDNF = 0x10;
export const ABRT = 0x04;
/** After reset and diagnostics, the error register holds this code instead: the device passed. */
export const DIAGNOSTIC_PASSED = 0x01;

// Device.
export const DEVICE_LBA = 0x40;
export const DEVICE_DEV = 0x10;
export const DEVICE_HEAD = 0x0f;
/** Bits that read as ones: obsolete. */
export const DEVICE_OBSOLETE = 0xa0;

/** One device's registers. */
export class TaskFile {
  feature = 0;
  count = 0;
  low = 0;
  mid = 0;
  high = 0;
  device = 0;
  error = 0;
  status = 0;
  /** What was written before: bits 15 to 8 of 48-bit commands. */
  oldFeature = 0;
  oldCount = 0;
  oldLow = 0;
  oldMid = 0;
  oldHigh = 0;

  /** The register at `offset`, from ERROR_FEATURE to HIGH. `old`: of two bytes the older one. */
  read(offset: number, old: boolean): number {
    switch (offset) {
      case ERROR_FEATURE:
        return old ? this.oldFeature : this.error;
      case COUNT:
        return old ? this.oldCount : this.count;
      case LOW:
        return old ? this.oldLow : this.low;
      case MID:
        return old ? this.oldMid : this.mid;
      default:
        return old ? this.oldHigh : this.high;
    }
  }

  /** Writes a byte to the register at `offset`, from ERROR_FEATURE to DEVICE; others are not of the task file. */
  write(offset: number, value: number): void {
    switch (offset) {
      case ERROR_FEATURE:
        this.oldFeature = this.feature;
        this.feature = value;
        break;
      case COUNT:
        this.oldCount = this.count;
        this.count = value;
        break;
      case LOW:
        this.oldLow = this.low;
        this.low = value;
        break;
      case MID:
        this.oldMid = this.mid;
        this.mid = value;
        break;
      case HIGH:
        this.oldHigh = this.high;
        this.high = value;
        break;
      case DEVICE:
        this.device = value & ~DEVICE_DEV;
    }
  }

  /** The signature that tells a disk from a packet device (section 9.12), and the code of a device that passed. */
  setSignature(packet: boolean): void {
    this.count = 1;
    this.low = 1;
    this.mid = packet ? 0x14 : 0;
    this.high = packet ? 0xeb : 0;
    this.oldCount = 0;
    this.oldLow = 0;
    this.oldMid = 0;
    this.oldHigh = 0;
    this.device = 0;
    this.error = DIAGNOSTIC_PASSED;
    this.status = packet ? 0 : READY;
  }
}
