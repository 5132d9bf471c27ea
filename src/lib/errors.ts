// Errors of the host side. A fault of the guest is not an error: see `GuestFault` in isa/fault.ts.

/** A host error that the user can mend: one line that says what is wrong and how to put it right. Exit status 1. */
export class UserError extends Error {
  override readonly name = 'UserError';
}
