import { AssayError } from '../../model/errors.ts';
import { Report } from '../../model/report.ts';
import { readJson } from '../verify/files.ts';
import { type Bundle, PATHS } from '../verify/layout.ts';
import { verifyBundle } from '../verify/verify.ts';

/** The report of a bundle that verifies. Rejects with `bundle_not_authentic`, or `bundle_unreadable` if there is none. */
export function reportOf(bundle: Bundle, name: string): Report {
  if (!verifyBundle(bundle).authentic) throw new AssayError('bundle_not_authentic', name);
  const bytes = bundle.read(PATHS.report);
  const report = bytes && readJson(bytes, Report);
  if (!report || typeof report === 'string')
    throw new AssayError('bundle_unreadable', `${name}: ${report ?? PATHS.report}`);
  return report;
}
