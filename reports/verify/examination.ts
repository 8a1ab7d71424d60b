import type { Proof } from '../../benchmarks/benchmark.ts';
import { CanonicalError, parseStrict } from '../../evidence/canonical.ts';
import type { Transcript } from '../../model/assignment.ts';
import { Examination, type Finding, type Measurement } from '../../model/measurement.ts';
import { check } from '../../model/schema.ts';
import { flaw } from './defect.ts';
import type { Refusal } from './evidence.ts';

/** What samples are examined with. */
export interface Examiner {
  readonly proof: (id: string, version: string) => Proof | undefined;
  readonly transcript: Transcript;
}

/**
 * What a measurement is judged by, if its samples give the numbers that its agent reported: with what the conditions of
 * the attempt add to it.
 */
export function examine(
  m: Measurement,
  examiner: Examiner,
  blobs: ReadonlyMap<string, Uint8Array>,
  conditions: readonly Finding[],
): Examination | Refusal {
  if (m.state !== 'completed' || !m.raw) {
    if (m.examination.metrics.length > 0)
      return flaw('state_contradictory', `an attempt that ${m.state} reports metrics`);
    // Nothing was examined: what the agent says it checked or found is its own word.
    return { metrics: [], checks: [], findings: [...conditions] };
  }
  const found = fromSamples(m, examiner, blobs);
  if (!('judged' in found)) return found;
  const { judged, without } = found;
  try {
    // The agent has no transcript. Where that makes no difference, what it reported is what is judged, and looking a
    // second time, which may mean to recompute rows of large products, would show nothing more.
    if (!same(judged, m.examination) && !same(without(), m.examination)) {
      return flaw('summary_unfounded', 'the samples do not give the numbers that were reported (evidence_mismatch)');
    }
  } catch (error) {
    return notExaminable(error);
  }
  const examination = { ...judged, findings: [...judged.findings, ...conditions] };
  const shaped = check(Examination, examination);
  return shaped.ok
    ? examination
    : flaw('samples_invalid', `the samples give no examination: ${shaped.problems.join('; ')}`);
}

/**
 * What the samples of a completed measurement give: with the transcript, and on demand without, as its agent saw it.
 */
function fromSamples(
  m: Measurement,
  { proof: find, transcript }: Examiner,
  blobs: ReadonlyMap<string, Uint8Array>,
): { readonly judged: Examination; readonly without: () => Examination } | Refusal {
  const proof = find(m.benchmark, m.version)!;
  let raw: unknown;
  try {
    raw = parseStrict(blobs.get(m.raw?.sha256 ?? '') ?? new Uint8Array());
  } catch (error) {
    if (error instanceof CanonicalError)
      return flaw('samples_invalid', `the samples are not strict JSON: ${error.message}`);
    throw error;
  }
  const samples = check(proof.raw, raw);
  if (!samples.ok) return flaw('samples_invalid', `the samples do not fit: ${samples.problems.join('; ')}`);
  const evidence = (name: string): Uint8Array | undefined => {
    const ref = m.evidence.find((e) => e.name === name);
    return ref && blobs.get(ref.sha256);
  };
  const { settings } = m;
  try {
    return {
      judged: proof.examine(samples.value, { settings, transcript, evidence }),
      without: () => proof.examine(samples.value, { settings, transcript: undefined, evidence }),
    };
  } catch (error) {
    return notExaminable(error);
  }
}

/** A proof that throws on hostile samples must not take the controller or the verifier down with it. */
const notExaminable = (error: unknown): Refusal =>
  flaw('samples_invalid', `the samples cannot be examined: ${error instanceof Error ? error.message : String(error)}`);

/**
 * What a measurement shows that is not accepted: what its samples give where all its evidence is here, else the numbers
 * that its node signed.
 */
export function shownBy(
  m: Measurement,
  examiner: Examiner,
  blobs: ReadonlyMap<string, Uint8Array> | undefined,
): Examination {
  const found = blobs && examiner.proof(m.benchmark, m.version) && fromSamples(m, examiner, blobs);
  return found && 'judged' in found && check(Examination, found.judged).ok ? found.judged : m.examination;
}

/** Whether two JSON values are the same; a number that is not finite is like nothing, not even itself. */
export function same(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return a === b && (typeof a !== 'number' || Number.isFinite(a));
  }
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, at) => same(item, b[at]));
  }
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && same(a[key as keyof typeof a], b[key as keyof typeof b]));
}
