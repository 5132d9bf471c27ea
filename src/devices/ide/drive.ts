// What an IDE channel hosts besides disks: a packet device (ATA/ATAPI-6, T13/1410D, section 9.8). The channel does the
// protocol of the PACKET command; the device executes command packets and knows nothing of registers.

/** What a channel hosts: a disk or a packet device. */
export interface PacketDevice {
  /** 512 bytes of IDENTIFY PACKET DEVICE. */
  identify(): Uint8Array;
  /** Executes a command packet of 12 bytes. */
  packet(packet: Uint8Array): Promise<PacketResult>;
  /** Takes the data that it wanted for a packet. */
  accept(packet: Uint8Array, data: Uint8Array): Promise<PacketResult>;
  reset(): void;
  /** Everything but the medium; a plain object. */
  save(): unknown;
  load(state: unknown): void;
}

export interface PacketResult {
  /** Data for the host (device to host), at most; empty for none. */
  readonly data: Uint8Array;
  /** Bytes that the device wants from the host (MODE SELECT): `accept` gets them. There are no data then. */
  readonly wants?: number;
  /** 0: good; else the sense key for the error register (bits 7..4) with CHK set in status. */
  readonly senseKey: number;
  /** Bits of the error register besides the key: ABRT (4), EOM, ILI. */
  readonly error?: number;
}
