import type { Surroundings } from '../benchmark.ts';
import { picks } from './audit.ts';
import { rootFromPath } from './merkle.ts';

/** What the agent opens of the tree of its answers. */
export interface Opening {
  readonly root: string;
  readonly leaves: number;
  readonly beacon: string;
  readonly opened: readonly { readonly leaf: string; readonly failed: boolean; readonly path: readonly string[] }[];
}

/** What opening the picked answers showed. */
export interface AuditResult {
  readonly right: boolean;
  readonly detail: string;
  /** The transcript shows challenge, root and beacon as the raw samples have them. */
  readonly bound: boolean;
  /** Why it does not, where there is a transcript. */
  readonly unbound: string | undefined;
}

/**
 * Opens what the beacon picks. Leaf i belongs to a user and a number that follow from `counts`, how many each user
 * has: nobody can put one answer in two places. Each leaf must lie under the committed root and be `expected` for its
 * user and number, or the one that stands for a failure where the agent says so.
 *
 * A failure needs no work, so the agent may not mark more of them than it owns to: `failures` is how many of all leaves
 * its own counts say have failed. `turnedAway` names answers that must be refusals; these are no failures.
 */
export function auditAnswers(
  raw: { readonly challenge: string; readonly audit: Opening },
  counts: readonly number[],
  expected: (user: number, number: number, failed: boolean) => Uint8Array,
  surroundings: Surroundings,
  failures: number,
  turnedAway: (user: number, number: number) => boolean = () => false,
): AuditResult {
  const { audit } = raw;
  const asked = Number(surroundings.settings.audits ?? 0);
  const binding = bind(raw, surroundings);
  const wrong = (detail: string): AuditResult => ({ right: false, detail, ...binding });
  if (!(asked >= 16) || audit.leaves === 0) return wrong('nothing was opened');
  if (counts.reduce((total, count) => total + count, 0) !== audit.leaves)
    return wrong('the tree has not one leaf for each');
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
    if (Buffer.compare(leaf, expected(user, number, opened.failed)) !== 0) {
      return wrong(
        opened.failed
          ? `leaf ${index} is not what was committed`
          : `user ${user} got a wrong answer to number ${number}`,
      );
    }
    if (opened.failed && !turnedAway(user, number)) marked++;
  }
  if (marked > mostFailures(failures / audit.leaves, chosen.length)) {
    return wrong(
      `${marked} of ${chosen.length} opened had failed, of all ${audit.leaves} only ${failures} are said to have`,
    );
  }
  if (marked === chosen.length) return wrong('everything that was opened had failed');
  const detail = `${chosen.length} of ${audit.leaves} opened, ${marked} of them failed, the others right or turned away rightly`;
  return { right: true, detail, ...binding };
}

/** Most failures among `opened` draws at this share: none for none, else three standard deviations and one above the mean. */
function mostFailures(share: number, opened: number): number {
  if (!(share > 0)) return 0;
  const p = Math.min(1, share);
  return opened * p + 3 * Math.sqrt(opened * p * (1 - p)) + 1;
}

/** Whether the transcript has the same challenge, root and beacon, in the right order. */
function bind(
  raw: { readonly challenge: string; readonly audit: Opening },
  { transcript }: Surroundings,
): { bound: boolean; unbound: string | undefined } {
  if (!transcript) return { bound: false, unbound: undefined };
  const { exchanges } = transcript;
  const answers = exchanges.find((exchange) => exchange.label === 'answers');
  if (exchanges[0]?.beacon !== raw.challenge) {
    return { bound: false, unbound: 'the inputs are not those of this challenge' };
  }
  if (!answers || answers.index === 0) return { bound: false, unbound: 'the answers were never committed' };
  if (answers.beacon !== raw.audit.beacon) return { bound: false, unbound: 'the audit is not the one that was drawn' };
  if (Buffer.from(answers.commit, 'base64').toString('hex') !== raw.audit.root) {
    return { bound: false, unbound: 'the answers are not those that were committed' };
  }
  return { bound: true, unbound: undefined };
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
