// What software sets once and commands work by: the data rate, and what SPECIFY, CONFIGURE, PERPENDICULAR MODE and LOCK
// say. DUMPREG reads it back.
//
// Intel 82077AA data sheet (290166), chapters 2 (rate select bits) and 5 (commands).

/** Thousand bits a second, by the rate select bits. */
const RATES = [500, 300, 250, 1000] as const;
const RATE_RESET = 2;

const SPECIFY_NON_DMA = 0x01;
const CONFIGURE_IMPLIED_SEEK = 0x40;
const CONFIGURE_NO_FIFO = 0x20;
const CONFIGURE_NO_POLL = 0x10;
// PERPENDICULAR MODE.
const OVERWRITE = 0x80;
const DRIVE_BITS = 0x3c;
const GAP_AND_WRITE_GATE = 0x03;
const DUMPREG_LOCK = 0x80;

export interface SettingsState {
  /** Rate select bits of DSR and CCR, 0 to 3. */
  rate: number;
  /** The two parameters of SPECIFY. */
  specify: number[];
  /** The last two parameters of CONFIGURE. */
  configure: number[];
  perpendicular: number;
  locked: boolean;
  /** EOT of the last command, for DUMPREG. */
  eot: number;
}

export class Settings {
  #state = powerOn();

  /** Hardware reset. */
  reset(): void {
    this.#state = powerOn();
  }

  /** Reset by DOR or DSR: the data rate stays, and what LOCK keeps. */
  softReset(): void {
    const s = this.#state;
    this.#state = {
      ...powerOn(),
      rate: s.rate,
      specify: s.specify,
      configure: s.locked ? s.configure : [CONFIGURE_NO_FIFO, 0],
      // LOCK keeps it; and without, only the drives' own bits stay.
      perpendicular: s.locked ? s.perpendicular : s.perpendicular & DRIVE_BITS,
      locked: s.locked,
    };
  }

  save(): SettingsState {
    return structuredClone(this.#state);
  }

  load({ rate, specify, configure, perpendicular, locked, eot }: SettingsState): void {
    this.#state = structuredClone({ rate, specify, configure, perpendicular, locked, eot });
  }

  /** The rate select bits: those of DSR or CCR, whichever was written last. 0 to 3. */
  selectRate(bits: number): void {
    this.#state.rate = bits;
  }

  /** Both parameters of SPECIFY. */
  specify(parameters: number[]): void {
    this.#state.specify = parameters;
  }

  /** The last two parameters of CONFIGURE. */
  configure(parameters: number[]): void {
    this.#state.configure = parameters;
  }

  /** The parameter of PERPENDICULAR MODE. */
  setPerpendicular(value: number): void {
    const s = this.#state;
    // Bits of drives change only with OW.
    if (value & OVERWRITE) s.perpendicular = value & (DRIVE_BITS | GAP_AND_WRITE_GATE);
    else s.perpendicular = (s.perpendicular & DRIVE_BITS) | (value & GAP_AND_WRITE_GATE);
  }

  lock(locked: boolean): void {
    this.#state.locked = locked;
  }

  /** A command named the last sector of its track. */
  noteEndOfTrack(sector: number): void {
    this.#state.eot = sector;
  }

  /** Data rate, thousand bits a second. */
  get dataRate(): number {
    return RATES[this.#state.rate] as number;
  }

  /** The processor moves data through the FIFO instead of DMA. */
  get nonDma(): boolean {
    return ((this.#state.specify[1] as number) & SPECIFY_NON_DMA) !== 0;
  }

  /** Commands that name a cylinder go there first. */
  get impliedSeek(): boolean {
    return ((this.#state.configure[0] as number) & CONFIGURE_IMPLIED_SEEK) !== 0;
  }

  /** The controller looks at the ready lines of the drives. */
  get polling(): boolean {
    return ((this.#state.configure[0] as number) & CONFIGURE_NO_POLL) === 0;
  }

  /** What DUMPREG tells, after the cylinders. */
  dump(): number[] {
    const { specify, configure, perpendicular, locked, eot } = this.#state;
    return [...specify, eot, (locked ? DUMPREG_LOCK : 0) | perpendicular, ...configure];
  }
}

function powerOn(): SettingsState {
  return {
    rate: RATE_RESET,
    specify: [0, 0],
    configure: [CONFIGURE_NO_FIFO, 0],
    perpendicular: 0,
    locked: false,
    eot: 0,
  };
}
