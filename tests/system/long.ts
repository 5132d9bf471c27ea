// Tests that take minutes each run where the environment says TRANSVISOR_LONG=1.

export const LONG = process.env.TRANSVISOR_LONG === '1';

/** For the name of a test. */
export const LONG_TITLE = LONG ? '' : ' (skipped: minutes; TRANSVISOR_LONG=1 runs it)';

/** Milliseconds for one of them, on a slow host that does other things. */
export const LONG_MILLIS = 1_800_000;
