import { createPublicKey } from 'node:crypto';
import { sha256Hex } from '../../evidence/digest.ts';
import { Envelope } from '../../evidence/envelope.ts';
import { keyIdOf } from '../../evidence/keys.ts';
import { openStatement, Statement } from '../../evidence/statement.ts';
import { check } from '../../model/schema.ts';
import type { Text } from '../../model/text.ts';
import { RELEASE_ROLES, Release, type ReleaseRole, releasePath } from '../release/release.ts';
import type { DefectCode } from '../text/defects.ts';
import { joined, NOTES } from '../text/notes.ts';
import type { Defect } from './defect.ts';
import { readCanonical, readJson } from './files.ts';
import { type Bundle, PATHS } from './layout.ts';
import { Evaluation } from './manifest.ts';
import { keysOf, type Trust } from './trust.ts';

/** What the controller signed, and the digests it signed it for. */
export type OpenedEvaluation = Evaluation & { readonly subjects: ReadonlyMap<string, string> };

/** One signature of a release. */
export interface Released {
  readonly role: ReleaseRole;
  /** As the person who signed stated it. */
  readonly name: string;
  readonly keyId: string;
  /** RFC 3339, by the clock of whoever signed. */
  readonly signedAt: string;
  /** The key is one of the verifier's trust file, in this role; false where there is no such file. */
  readonly trusted: boolean;
}

export interface Signatures {
  readonly evaluation: OpenedEvaluation | undefined;
  readonly controllerKey: string;
  /** Where a trust file does not have the controller's key: a defect, unless the plan says that it is a self-test. */
  readonly untrusted: Defect | undefined;
  /** Who released the bundle, by role. */
  readonly releases: readonly Released[];
  readonly defects: readonly Defect[];
  readonly note: Text;
}

/**
 * Checks who signed: the controller's evaluation, and the releases of reviewer and approver where they are there.
 * With a trust file only its keys count, each in its own role; a bundle that brings its own key is then refused, but
 * for a self-test, which claims to be nobody's word but its maker's. Without one, signatures show that nothing was
 * changed since, and nothing about by whom.
 */
export function checkSignatures(bundle: Bundle, trust: Trust | undefined): Signatures {
  const defects: Defect[] = [];
  const key = Buffer.from(bundle.read(PATHS.controllerKey) ?? []).toString('utf8');
  const keys = controllerKeys(key, defects);
  const untrusted = keys && untrustedKey(keys, trust);
  const evaluation = keys && openEvaluation(bundle, keys, defects);
  const releases = RELEASE_ROLES.flatMap((role) => checkRelease(bundle, role, evaluation, trust, defects) ?? []);
  // Who reviews, who approves and what evaluates must be three: that is what the roles are for.
  const seen = new Map([[keys ? [...keys.keys()][0] : undefined, 'controller']]);
  for (const { role, keyId } of releases) {
    const other = seen.get(keyId);
    if (other)
      defects.push({ path: releasePath(role), code: 'key_shared', problem: `was signed with the key of the ${other}` });
    seen.set(keyId, role);
  }
  const who = releases.length > 0 ? releases.map((r) => NOTES.released(r.role, r.name)) : [NOTES.notReleased];
  const note = joined(trust ? who : [...who, NOTES.noTrust]);
  return { evaluation: evaluation || undefined, controllerKey: key, untrusted, releases, defects, note };
}

function controllerKeys(key: string, defects: Defect[]): ReadonlyMap<string, string> | undefined {
  let id: string;
  try {
    id = keyIdOf(key);
  } catch {
    defects.push({ path: PATHS.controllerKey, code: 'key_invalid', problem: 'is missing or not an ECDSA P-256 key' });
    return undefined;
  }
  if (createPublicKey(key).export({ type: 'spki', format: 'pem' }) !== key) {
    defects.push({ path: PATHS.controllerKey, code: 'key_surplus', problem: 'holds more than a key' });
  }
  return new Map([[id, key]]);
}

function untrustedKey(keys: ReadonlyMap<string, string>, trust: Trust | undefined): Defect | undefined {
  if (!trust) return undefined;
  const trusted = keysOf(trust.controllers);
  if ([...keys.keys()].every((id) => trusted.has(id))) return undefined;
  const problem = 'is not the key of a controller that you trust';
  return { path: PATHS.controllerKey, code: 'key_untrusted', problem };
}

function openEvaluation(
  bundle: Bundle,
  keys: ReadonlyMap<string, string>,
  defects: Defect[],
): OpenedEvaluation | undefined {
  const problem = (code: DefectCode, text: string): undefined => {
    defects.push({ path: PATHS.evaluation, code, problem: text });
    return undefined;
  };
  const bytes = bundle.read(PATHS.evaluation);
  if (!bytes) return problem('missing', 'is missing');
  const envelope = readCanonical(bytes, Envelope);
  if (typeof envelope === 'string') return problem('malformed', envelope);
  if (envelope.signatures.length > 1) return problem('signature_surplus', 'has more than one signature');
  const opened = openStatement(envelope, keys, 'evaluation');
  if (!opened.ok) return problem('signature_invalid', opened.problem);
  const evaluation = check(Evaluation, opened.statement.predicate);
  if (!evaluation.ok) return problem('malformed', evaluation.problems.join('; '));
  return { ...evaluation.value, subjects: new Map(opened.statement.subject.map((s) => [s.name, s.digest.sha256])) };
}

function checkRelease(
  bundle: Bundle,
  role: ReleaseRole,
  evaluation: OpenedEvaluation | undefined,
  trust: Trust | undefined,
  defects: Defect[],
): Released | undefined {
  const path = releasePath(role);
  const bytes = bundle.read(path);
  if (!bytes) return undefined;
  const problem = (code: DefectCode, text: string): undefined => {
    defects.push({ path, code, problem: text });
    return undefined;
  };
  const envelope = readCanonical(bytes, Envelope);
  if (typeof envelope === 'string') return problem('malformed', envelope);
  if (envelope.signatures.length > 1) return problem('signature_surplus', 'has more than one signature');
  const stated = statedKey(envelope.payload);
  if (stated === undefined) return problem('malformed', 'does not hold a release');
  let keyId: string;
  try {
    keyId = keyIdOf(stated);
  } catch {
    return problem('signature_invalid', 'names a key that is none');
  }
  const trusted = trust && keysOf(role === 'reviewer' ? trust.reviewers : trust.approvers);
  const own = trusted ?? new Map([[keyId, stated]]);
  const opened = openStatement(envelope, own, 'release');
  if (!opened.ok && !trust) return problem('signature_invalid', opened.problem);
  if (!opened.ok) return problem('signer_untrusted', `${opened.problem}: no trusted key in the role of ${role}`);
  if (opened.opened.signedBy[0] !== keyId)
    return problem('signer_other', 'names another key than the one it was signed with');
  const release = check(Release, opened.statement.predicate);
  if (!release.ok) return problem('malformed', release.problems.join('; '));
  if (release.value.role !== role) return problem('role_other', `was signed as ${release.value.role}`);
  if (evaluation && release.value.run !== evaluation.run) return problem('run_other', 'releases another run');
  const must: [string, string][] = [[PATHS.manifest, PATHS.manifest]];
  const reviewer = releasePath('reviewer');
  if (role === 'approver' && bundle.read(reviewer)) must.push([reviewer, reviewer]);
  for (const [name, file] of must) {
    const digest = opened.statement.subject.find((s) => s.name === name)?.digest.sha256;
    if (digest !== sha256Hex(bundle.read(file) ?? new Uint8Array()))
      return problem('subject_other', `was signed for another ${name}`);
  }
  if (opened.statement.subject.length !== must.length)
    return problem('subject_other', 'was signed for something that is not here');
  const { name, signedAt } = release.value;
  return { role, name, keyId, signedAt, trusted: trust !== undefined };
}

/** The key that a release itself names: enough to read it, not to believe it. */
function statedKey(payload: string): string | undefined {
  const statement = readJson(Buffer.from(payload, 'base64'), Statement);
  if (typeof statement === 'string') return undefined;
  const { publicKey } = statement.predicate;
  return typeof publicKey === 'string' ? publicKey : undefined;
}
