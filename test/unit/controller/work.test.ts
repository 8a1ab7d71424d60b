import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startBootClock } from '../../../controller/boot-clock.ts';
import { Gathering } from '../../../controller/gathering.ts';
import type { ConductOptions, RunEvent } from '../../../controller/run.ts';
import { NodeSession } from '../../../controller/session.ts';
import { createRunDirectory } from '../../../controller/store/run-directory.ts';
import { type Ending, type NodeState, Worker } from '../../../controller/work.ts';
import type { Assignment } from '../../../model/assignment.ts';
import type { LogEntry } from '../../../model/log.ts';
import { PATHS } from '../../../reports/verify/layout.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-work-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

const assignment = (id: string, node = 'n1', repeats = 2): Assignment => ({
  id,
  node,
  benchmark: 'compute.gemm',
  version: '1.0.0',
  metrics: [],
  settings: {},
  expectedS: 1,
  timeoutS: 60,
  writesBytes: 0,
  repeats,
});

const completed: Ending = { kind: 'accepted', state: 'completed', detail: '' };
const failed: Ending = { kind: 'accepted', state: 'failed', detail: 'crashed' };
const rejected: Ending = { kind: 'rejected', code: 'samples_invalid', detail: 'no' };
const lost: Ending = { kind: 'lost', detail: 'away' };

const bootClock = startBootClock();
afterAll(() => bootClock.close());

/** A worker whose node answers every order with the next of these endings, or never. */
function workerWith(endings: Ending[], silent = false) {
  const session = new NodeSession('n1', 'key', 'r1', bootClock, {
    inventory: () => {},
    progress: () => {},
    together: async () => {},
    blob: () => {},
    result: () => ({ accepted: false, logIndex: 0, problem: '' }),
    violation: () => {},
  });
  const state: NodeState = {
    session,
    inventory: undefined,
    chain: { sequence: 0, previous: '' },
    settle: undefined,
    open: undefined,
    absence: undefined,
  };
  const stream = {
    write: (message: { assignment?: unknown }) => {
      if (message.assignment && !silent) queueMicrotask(() => state.settle?.(endings.shift() ?? completed));
      return true;
    },
    end: () => {},
  };
  session.attach(stream as unknown as Parameters<NodeSession['attach']>[0]);
  const directory = createRunDirectory(join(folder, 'run'), () => new Date());
  const events: RunEvent[] = [];
  const abort = new AbortController();
  const gathering = new Gathering();
  const options = { directory, event: (e: RunEvent) => events.push(e), signal: abort.signal };
  const worker = new Worker('n1', state, { step: 0, steps: 4 }, gathering, options as unknown as ConductOptions);
  const issued = (): string[] => {
    const lines = readFileSync(join(folder, 'run', PATHS.log), 'utf8')
      .split('\n')
      .slice(0, -1);
    return lines.map((line) => {
      const entry = JSON.parse(line) as LogEntry;
      return 'attempt' in entry ? `${entry.kind} ${entry.assignment}/${entry.attempt}` : entry.kind;
    });
  };
  return { worker, events, abort, issued, session, stream, gathering, directory };
}

describe('a worker', () => {
  it('carries out its own assignments as often as the plan says, one after the other', async () => {
    const { worker, issued } = workerWith([]);
    await worker.carryOut([assignment('a'), assignment('x', 'n2'), assignment('b', 'n1', 1)]);
    expect(issued()).toEqual(['issue a/1', 'issue a/2', 'issue b/1']);
  });

  it.each<[string, Ending]>([
    ['failed', failed],
    ['was rejected', rejected],
  ])('gives an attempt that %s one second pass, and not two', async (_, ending) => {
    const once = workerWith([ending]);
    await once.worker.carryOut([assignment('a', 'n1', 1)]);
    expect(once.issued()).toEqual(['issue a/1', 'issue a/2']);
    rmSync(join(folder, 'run'), { recursive: true });
    const twice = workerWith([ending, ending, completed]);
    await twice.worker.carryOut([assignment('a', 'n1', 1)]);
    expect(twice.issued()).toEqual(['issue a/1', 'issue a/2']);
  });

  it('looks at a suspect once more, under the next number of its attempts', async () => {
    const { worker, issued, events } = workerWith([]);
    await worker.carryOut([assignment('a'), assignment('b')]);
    await worker.lookAgain([assignment('b'), assignment('x', 'n2')]);
    expect(issued().slice(-1)).toEqual(['issue b/3']);
    expect(events.findLast((e) => e.type === 'attempt_ended')).toMatchObject({ assignment: 'b', attempt: 3 });
  });

  it('asks nothing more of a node that was lost, not even in the second pass', async () => {
    const { worker, issued } = workerWith([completed, lost]);
    await worker.carryOut([assignment('a'), assignment('b')]);
    await worker.lookAgain([assignment('a')]);
    expect(issued()).toEqual(['issue a/1', 'issue a/2', 'lost a/2']);
  });

  it('asks nothing of a node that is not there or of a run that was cancelled', async () => {
    const away = workerWith([]);
    away.session.detach(away.stream as unknown as Parameters<NodeSession['detach']>[0]);
    await away.worker.carryOut([assignment('a')]);
    expect([away.issued(), away.events.map((e) => e.type)]).toEqual([[], ['node_lost']]);
    rmSync(join(folder, 'run'), { recursive: true });
    const cancelled = workerWith([]);
    cancelled.abort.abort();
    await cancelled.worker.carryOut([assignment('a')]);
    await cancelled.worker.lookAgain([assignment('a')]);
    expect(cancelled.issued()).toEqual([]);
  });

  it('gives up what is under way when the run breaks off, and records nothing more', async () => {
    const { worker, issued, events, directory } = workerWith([], true);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const done = worker.carryOut([assignment('a'), assignment('b')]);
    await new Promise((resolve) => setImmediate(resolve));
    // The reading of the clock that the attempt begins with has a limit of its own.
    await bootClock.read();
    expect([issued(), vi.getTimerCount()]).toEqual([['issue a/1'], 1]);
    worker.stop();
    directory.close();
    await done;
    expect(issued()).toEqual(['issue a/1']);
    expect(events.map((e) => e.type)).toEqual(['attempt_started']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('begins nothing after the run has broken off while it waited for others', async () => {
    const { worker, issued, gathering } = workerWith([]);
    gathering.expect('n2', 'compute.gemm', 0);
    worker.announce([assignment('a')]);
    const done = worker.carryOut([assignment('a')]);
    worker.stop();
    gathering.close();
    await done;
    expect(issued()).toEqual([]);
  });

  it('records why a node was lost in a text that every reader takes, however long and broken it came', async () => {
    const { worker } = workerWith([{ kind: 'lost', detail: `\ud800${'x'.repeat(5_000_000)}` }]);
    await worker.carryOut([assignment('a')]);
    const last = readFileSync(join(folder, 'run', PATHS.log), 'utf8')
      .trimEnd()
      .split('\n')
      .at(-1)!;
    expect((JSON.parse(last) as { detail: string }).detail).toBe(`\ufffd${'x'.repeat(3999)}`);
  });

  it('begins only when the others that have the same to do are as far, and not at all once the run is cancelled', async () => {
    const { worker, issued, gathering } = workerWith([]);
    gathering.expect('n2', 'compute.gemm', 0);
    worker.announce([assignment('a', 'n1', 1)]);
    const done = worker.carryOut([assignment('a', 'n1', 1)]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(issued()).toEqual([]);
    gathering.leave('n2', 'compute.gemm');
    await done;
    expect(issued()).toEqual(['issue a/1']);
  });
});
