import type { Context } from '../benchmark.ts';
import { merklePaths, merkleRoot } from '../commitment.ts';
import { picks } from './audit.ts';
import type { Opening } from './opening.ts';
import type { CrowdReport } from './shard.ts';
import { KeptTasks } from './work.ts';

type Committing = Pick<Context<{ readonly audits: number }>, 'commit' | 'settings'>;

/**
 * Puts all tasks into the tree in the order of users and numbers, commits its root, and opens what the beacon picks.
 * `wrong` are the places of answers, shard by shard, that turned out wrong afterwards: no user is credited with them.
 */
export async function commitAnswers(
  context: Committing,
  reports: readonly CrowdReport[],
  wrong: readonly (readonly number[])[],
) {
  const held = reports.map((report) => [...report.result.held]);
  const missed = reports.map((report) => report.tasks.map(() => 0));
  const leaves: Buffer[] = [];
  const failed: boolean[] = [];
  let firstUser = 0;
  let wrongLater = 0;
  reports.forEach((report, shard) => {
    const kept = new KeptTasks(report.kept);
    const starts: number[] = [];
    report.tasks.reduce((total, count, user) => {
      starts[user] = total;
      return total + count;
    }, leaves.length);
    const size = leaves.length + kept.count;
    while (leaves.length < size) {
      leaves.push(Buffer.alloc(0));
      failed.push(false);
    }
    for (let i = 0; i < kept.count; i++) {
      const place = starts[kept.user(i) - firstUser]! + kept.sequence(i);
      leaves[place] = Buffer.from(kept.leaf(i));
      failed[place] = kept.failed(i);
      if (kept.failed(i)) missed[shard]![kept.user(i) - firstUser]!++;
    }
    for (const place of wrong[shard]!) {
      wrongLater++;
      const user = kept.user(place) - firstUser;
      held[shard]![user] = Math.max(0, held[shard]![user]! - 1);
    }
    firstUser += report.tasks.length;
  });
  return {
    held: held.flat(),
    missed: missed.flat(),
    wrongLater,
    audit: await commitLeaves(context, leaves, (index) => failed[index]!),
  };
}

/** Commits the root of the tree over all leaves and opens those that the beacon picks. */
export async function commitLeaves(
  context: Committing,
  leaves: readonly Uint8Array[],
  failed: (index: number) => boolean,
): Promise<Opening> {
  const root = merkleRoot(leaves);
  const beacon = await context.commit('answers', root);
  const chosen = picks(beacon, leaves.length, context.settings.audits);
  const paths = merklePaths(leaves, chosen);
  return {
    root: hex(root),
    leaves: leaves.length,
    beacon,
    opened: chosen.map((index, i) => ({ leaf: hex(leaves[index]!), failed: failed(index), path: paths[i]!.map(hex) })),
  };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
