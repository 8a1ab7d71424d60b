import { rmSync } from 'node:fs';
import { joinStage, NODE, openStage } from './scripted.ts';

/**
 * A program whose run breaks while two nodes are at work: what one delivers cannot be written, the other waits
 * where nobody comes. Prints the error; what keeps it from ending then is what the run has left behind.
 */
const OTHER = 'node-b';
const stage = await openStage([NODE, OTHER], (plan) => {
  const first = plan.assignments.find((a) => a.node === NODE)!;
  return { ...plan, assignments: [first, { ...first, node: OTHER, id: `${first.id}.2` }] };
});
const agent = await joinStage(stage);
const other = await joinStage(stage, { node: OTHER, credential: await stage.authority.issue(OTHER, 'agent') });
const [order, { assignment }] = await Promise.all([agent.order(), other.order()]);
const commit = { assignment, attempt: 1, index: 0, label: 'here', payload: Buffer.alloc(0), together: true };
await other.link.send({ commit });
await other.link.send({ inventory: {} });
// Its receipt comes after the commit was taken in.
await other.next('inventoryReceipt');
stage.directory.close();
await agent.answer(order);
await stage.done.catch((error: unknown) => process.stdout.write(`${(error as NodeJS.ErrnoException).code}\n`));
for (const link of stage.links) link.close();
rmSync(stage.scratch, { recursive: true, force: true });
