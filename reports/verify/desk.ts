import { realpathSync } from 'node:fs';
import { sep } from 'node:path';
import { AssayError, EXIT } from '../../model/errors.ts';
import type { Overall } from '../../model/outcome.ts';
import { verificationJson, verificationText } from '../text/verification.ts';
import { openBundle } from './disk.ts';
import { proveInclusion } from './inclusion.ts';
import { requireBundle } from './place.ts';
import { readPlainFile } from './plain-file.ts';
import { readTrust, type Trust } from './trust.ts';
import { verifyWhole } from './whole.ts';

/** What a person at a command line asks of the verifier. */
export interface VerifyRequest {
  readonly folder: string;
  /** The verifier's own file of trusted keys. */
  readonly trust?: string | undefined;
  readonly json?: boolean | undefined;
  /** Beside the verdict: proof that the record with this sha256 is in the log. */
  readonly proof?: string | undefined;
  /** Version of this software: what another one made cannot all be made again, and that must be said. */
  readonly version: string;
}

const OUTCOME_EXIT: Record<Overall, number> = {
  passed: EXIT.passed,
  passed_with_deviations: EXIT.passed,
  not_passed: EXIT.notPassed,
  cannot_tell: EXIT.cannotTell,
};

/**
 * Verifies a bundle in a folder and says what to print and how to exit: 0 passed, 1 not passed, 2 not authentic,
 * 3 cannot tell. Rejects with what `requireBundle` does, with `bundle_unreadable`, `file_unreadable`, `trust_invalid`,
 * `digest_invalid` or `record_unknown`.
 */
export async function verifyFolder(request: VerifyRequest): Promise<{ text: string; exit: number }> {
  const { folder, json, proof, version } = request;
  if (proof !== undefined && !/^[0-9a-f]{64}$/.test(proof)) throw new AssayError('digest_invalid', proof);
  requireBundle(folder);
  const trust = request.trust === undefined ? undefined : readTrustFile(request.trust, folder);
  const bundle = openBundle(folder);
  const result = await verifyWhole(bundle, trust, version);
  const inclusion = proof === undefined || !result.authentic ? undefined : proveInclusion(bundle, proof);
  if (proof !== undefined && result.authentic && !inclusion) {
    throw new AssayError('record_unknown', proof);
  }
  return {
    text: json ? `${verificationJson(result, version, inclusion)}\n` : verificationText(result, version, inclusion),
    exit: result.outcome === undefined ? EXIT.notAuthentic : OUTCOME_EXIT[result.outcome],
  };
}

/** The verifier's own trust file. One that lies in the bundle was brought by whoever is to be checked. */
function readTrustFile(path: string, folder: string): Trust {
  try {
    if (`${realpathSync(path)}${sep}`.startsWith(`${realpathSync(folder)}${sep}`)) {
      throw new AssayError('trust_invalid', `${path} lies in the bundle that it is to judge`);
    }
  } catch (error) {
    if (error instanceof AssayError) throw error;
    throw new AssayError('file_unreadable', `${path}: ${(error as NodeJS.ErrnoException).code}`, { cause: error });
  }
  return readTrust(readPlainFile(path), path);
}
