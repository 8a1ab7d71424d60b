import { type Static, Type } from 'typebox';
import type { Surroundings } from '../benchmark.ts';
import { rootFromPath } from '../commitment.ts';
import { picks } from './audit.ts';

const strict = { additionalProperties: false } as const;
const Hex32 = Type.String({ pattern: '^[0-9a-f]{64}$' });

/** What the agent opens of the tree of its answers; `beacon` was issued after the root was committed. */
export const Opening = Type.Object(
  {
    root: Hex32,
    leaves: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    beacon: Hex32,
    opened: Type.Array(
      Type.Object({ leaf: Hex32, failed: Type.Boolean(), path: Type.Array(Hex32, { maxItems: 48 }) }, strict),
      { maxItems: 4_096 },
    ),
  },
  strict,
);
export type Opening = Static<typeof Opening>;

/** What opening the picked answers showed. */
export interface AuditResult {
  readonly right: boolean;
  readonly detail: string;
  /**
   * Why the transcript does not show challenge, root and beacon as the raw samples have them; undefined without one.
   */
  readonly unbound: string | undefined;
}

/** What the answers are to be, and what the agent says became of them. */
export interface Claims {
  /** How many answers each user has; they are numbered from 0. */
  readonly counts: readonly number[];
  /** Leaf of a user's answer with this number, or of its failure. */
  expected(user: number, number: number, failed: boolean): Uint8Array;
  /** How many of all answers failed, by the agent's own counts. */
  readonly failures: number;
  /** Answers that must be refusals, which are no failures; none where it is absent. */
  turnedAway?(user: number, number: number): boolean;
}

/** Share of honest audits that may be taken for forged ones, because more failures than usual were opened. */
const FALSE_ALARM = 1e-6;

/**
 * Opens what the beacon picks. Leaf i belongs to a user and a number that follow from `counts`: nobody can put one
 * answer in two places. Each leaf must lie under the committed root and be `expected` for its user and number, or the
 * one that stands for a failure where the agent says so.
 *
 * A failure needs no work, so the agent may not mark more of them than it owns to. Where all leaves are opened their
 * number is known; else more are opened than the share of `failures` gives in one audit of `1 / FALSE_ALARM`. Where
 * more than half are failures, what is opened says too little of the rest.
 */
export function auditAnswers(
  raw: { readonly challenge: string; readonly audit: Opening },
  claims: Claims,
  surroundings: Surroundings,
): AuditResult {
  const { audit } = raw;
  const { counts, failures } = claims;
  const asked = Number(surroundings.settings.audits ?? 0);
  const unbound = unboundBecause(raw, surroundings);
  const wrong = (detail: string): AuditResult => ({ right: false, detail, unbound });
  if (!(asked >= 16) || audit.leaves === 0) return wrong('nothing was opened');
  if (counts.reduce((total, count) => total + count, 0) !== audit.leaves)
    return wrong('the tree has not one leaf for each');
  if (failures > audit.leaves / 2) {
    return wrong(`${failures} of ${audit.leaves} had failed: what is opened shows too little of the others`);
  }
  const chosen = picks(audit.beacon, audit.leaves, asked);
  if (chosen.length !== audit.opened.length) return wrong(`${audit.opened.length} opened, ${chosen.length} picked`);
  const starts: number[] = [];
  counts.reduce((total, count, user) => {
    starts[user] = total;
    return total + count;
  }, 0);
  const root = Buffer.from(audit.root, 'hex');
  let marked = 0;
  for (const [i, index] of chosen.entries()) {
    const opened = audit.opened[i]!;
    const user = lastAtOrBelow(starts, index);
    const number = index - starts[user]!;
    const leaf = Buffer.from(opened.leaf, 'hex');
    const path = opened.path.map((hash) => Buffer.from(hash, 'hex'));
    const reached = rootFromPath(leaf, index, audit.leaves, path);
    if (!reached || Buffer.compare(reached, root) !== 0) return wrong(`leaf ${index} is not under the committed root`);
    if (Buffer.compare(leaf, claims.expected(user, number, opened.failed)) !== 0) {
      return wrong(
        opened.failed
          ? `leaf ${index} is not what was committed`
          : `user ${user} got a wrong answer to number ${number}`,
      );
    }
    if (opened.failed && !claims.turnedAway?.(user, number)) marked++;
  }
  const whole = chosen.length === audit.leaves;
  const owned = whole ? marked === failures : atLeast(marked, chosen.length, failures / audit.leaves) >= FALSE_ALARM;
  if (!owned) {
    return wrong(
      `${marked} of ${chosen.length} opened had failed, of all ${audit.leaves} only ${failures} are said to have`,
    );
  }
  const detail = `${chosen.length} of ${audit.leaves} opened, ${marked} of them failed, the others right or turned away rightly`;
  return { right: true, detail, unbound };
}

/** P[Bin(n, p) ≥ k]. In logarithms, because single terms leave the range of doubles. */
export function atLeast(k: number, n: number, p: number): number {
  if (k <= 0) return 1;
  if (k > n || p <= 0) return 0;
  if (p >= 1) return 1;
  let term = 0;
  for (let i = 1; i <= k; i++) term += Math.log((n - k + i) / i);
  term += k * Math.log(p) + (n - k) * Math.log1p(-p);
  let sum = 0;
  for (let i = k; i <= n; i++) {
    sum += Math.exp(term);
    term += Math.log(((n - i) / (i + 1)) * (p / (1 - p)));
  }
  return Math.min(1, sum);
}

/** Why the transcript has not the same challenge, root and beacon, in the right order; undefined where it has. */
function unboundBecause(
  raw: { readonly challenge: string; readonly audit: Opening },
  { transcript }: Surroundings,
): string | undefined {
  if (!transcript) return undefined;
  const { exchanges } = transcript;
  const answers = exchanges.find((exchange) => exchange.label === 'answers');
  if (exchanges[0]?.beacon !== raw.challenge) return 'the inputs are not those of this challenge';
  if (!answers || answers.index === 0) return 'the answers were never committed';
  if (answers.beacon !== raw.audit.beacon) return 'the audit is not the one that was drawn';
  if (Buffer.from(answers.commit, 'base64').toString('hex') !== raw.audit.root) {
    return 'the answers are not those that were committed';
  }
  return undefined;
}

/** Place of the last start that is not beyond `index`; users without any share the start of the next one. */
function lastAtOrBelow(starts: readonly number[], index: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= index) low = middle;
    else high = middle - 1;
  }
  return low;
}
