import { canonicalBytes } from '../../evidence/canonical.ts';
import { AssayError } from '../../model/errors.ts';
import { outcomeWord } from '../../model/outcome.ts';
import { Report } from '../../model/report.ts';
import { check } from '../../model/schema.ts';
import { digestOf } from '../verify/files.ts';
import { type Bundle, PATHS } from '../verify/layout.ts';
import { checkSignatures, type OpenedEvaluation } from '../verify/signatures.ts';
import { type Verification, verifyBundle } from '../verify/verify.ts';

/** A report, and whether this software judged it again from its evidence or takes it as its controller signed it. */
export interface FoundReport {
  readonly report: Report;
  readonly judgedAgain: boolean;
}

/**
 * The report of a bundle that verifies. `running` is the version of this software: a report of another version that
 * cannot be made again is given as it was signed, as long as nothing in the bundle contradicts it. Rejects with
 * `bundle_not_authentic`, or `bundle_unreadable` if there is none or it has another form.
 */
export function reportOf(bundle: Bundle, name: string, running: string): FoundReport {
  const result = verifyBundle(bundle, undefined, running);
  const signed = result.authentic ? undefined : asSigned(bundle, result);
  if (!result.authentic && !signed) throw new AssayError('bundle_not_authentic', name);
  const report = readReport(bundle.read(PATHS.report));
  if (typeof report === 'string') throw new AssayError('bundle_unreadable', `${name}: ${PATHS.report}: ${report}`);
  if (signed && !(signed.outcome === outcomeWord(report.overall) && signed.run === report.run)) {
    throw new AssayError('bundle_not_authentic', name);
  }
  return { report, judgedAgain: result.authentic };
}

/**
 * The signed evaluation where nothing is wrong but that this version cannot judge again what another one's controller
 * did.
 */
function asSigned(bundle: Bundle, { outcome, undecided }: Verification): OpenedEvaluation | undefined {
  if (outcome !== 'cannot_tell' || !undecided?.steps.includes('report')) return undefined;
  const { evaluation } = checkSignatures(bundle, undefined);
  const signed = evaluation?.subjects.get(PATHS.report);
  return signed !== undefined && signed === digestOf(bundle, PATHS.report)?.sha256 ? evaluation : undefined;
}

/**
 * A report from its bytes, or what is wrong with them. The report of a fleet is larger than any other document: it is
 * held against its own canonical text, of which there is one only, in place of the bounds for texts from outside.
 */
export function readReport(bytes: Uint8Array | undefined): Report | string {
  if (!bytes) return 'is missing';
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch (error) {
    return (error as Error).message;
  }
  const report = check(Report, value);
  if (!report.ok) return report.problems.join('; ');
  return Buffer.compare(canonicalBytes(report.value), bytes) === 0 ? report.value : 'is not canonical';
}
