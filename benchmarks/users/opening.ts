import type { Surroundings } from '../benchmark.ts';
import { answerLeaf, failureLeaf, picks } from './audit.ts';
import { rootFromPath } from './merkle.ts';
import { TASK_NETWORK } from './network.ts';
import type { UsersRaw } from './raw.ts';
import { Reference } from './task.ts';

/** What opening the picked tasks showed. */
export interface AuditResult {
  readonly right: boolean;
  readonly detail: string;
  /** The transcript shows challenge, root and beacon as the raw samples have them. */
  readonly bound: boolean;
  /** Why it does not, where there is a transcript. */
  readonly unbound: string | undefined;
}

/**
 * Opens the tasks that the beacon picks: each leaf must lie under the committed root at the place of its user and
 * number, and be the digest of the right answer, which is worked out here from the challenge alone.
 */
export function auditAnswers(raw: UsersRaw, surroundings: Surroundings): AuditResult {
  const { audit, tasks } = raw;
  const asked = Number(surroundings.settings.audits ?? 0);
  const chosen = picks(audit.beacon, audit.leaves, asked);
  const binding = bind(raw, surroundings);
  const wrong = (detail: string): AuditResult => ({ right: false, detail, ...binding });
  if (asked < 16 || chosen.length === 0) return wrong('no tasks were opened');
  if (chosen.length !== audit.opened.length)
    return wrong(`${audit.opened.length} tasks opened, ${chosen.length} picked`);
  const reference = new Reference(TASK_NETWORK, raw.challenge);
  const starts: number[] = [];
  tasks.reduce((total, count, user) => {
    starts[user] = total;
    return total + count;
  }, 0);
  const root = Buffer.from(audit.root, 'hex');
  let failures = 0;
  for (const [i, index] of chosen.entries()) {
    const opened = audit.opened[i]!;
    const user = lastAtOrBelow(starts, index);
    const sequence = index - starts[user]!;
    const leaf = Buffer.from(opened.leaf, 'hex');
    const path = opened.path.map((hash) => Buffer.from(hash, 'hex'));
    const reached = rootFromPath(leaf, index, audit.leaves, path);
    if (!reached || Buffer.compare(reached, root) !== 0) return wrong(`task ${index} is not under the committed root`);
    if (opened.failed) {
      failures++;
      if (Buffer.compare(leaf, failureLeaf(user, sequence)) !== 0)
        return wrong(`task ${index} is not what was committed`);
      continue;
    }
    const right = answerLeaf(user, sequence, reference.answer('hold', user, sequence, raw.rows));
    if (Buffer.compare(leaf, right) !== 0) return wrong(`user ${user} got a wrong answer to task ${sequence}`);
  }
  if (failures === chosen.length) return wrong('every task that was opened had failed');
  return {
    right: true,
    detail: `${chosen.length} of ${audit.leaves} tasks opened, ${failures} of them failed, the others right`,
    ...binding,
  };
}

/** Whether the transcript has the same challenge, root and beacon, in the right order. */
function bind(raw: UsersRaw, { transcript }: Surroundings): { bound: boolean; unbound: string | undefined } {
  if (!transcript) return { bound: false, unbound: undefined };
  const { exchanges } = transcript;
  const [open] = exchanges;
  const answers = exchanges.find((exchange) => exchange.label === 'answers');
  if (open?.beacon !== raw.challenge) return { bound: false, unbound: 'the inputs are not those of this challenge' };
  if (!answers || answers.index === 0) return { bound: false, unbound: 'the answers were never committed' };
  if (answers.beacon !== raw.audit.beacon) return { bound: false, unbound: 'the audit is not the one that was drawn' };
  if (Buffer.from(answers.commit, 'base64').toString('hex') !== raw.audit.root) {
    return { bound: false, unbound: 'the answers are not those that were committed' };
  }
  return { bound: true, unbound: undefined };
}

/** Place of the last start that is not beyond `index`, among users that made tasks. */
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
