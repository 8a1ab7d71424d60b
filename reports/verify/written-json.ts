import { CanonicalError, describeForPerson, parseStrict } from '../../evidence/canonical.ts';
import { AssayError, type ErrorCode } from '../../model/errors.ts';

/** The value of a JSON file that a person wrote. Rejects with `code`, naming file, line and column. */
export function parseWritten(bytes: Uint8Array, name: string, code: ErrorCode = 'json_invalid'): unknown {
  try {
    return parseStrict(bytes);
  } catch (error) {
    if (!(error instanceof CanonicalError)) throw error;
    throw new AssayError(code, `${name}: ${describeForPerson(error, bytes)}`, { cause: error });
  }
}
