import type { LibraryFault } from '../tried.ts';

/** Thrown where a library cannot be used: which way is a code, what it said is the message. */
export class LibraryError extends Error {
  readonly fault: LibraryFault;

  constructor(fault: LibraryFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LibraryError';
    this.fault = fault;
  }
}
