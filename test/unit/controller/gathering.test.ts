import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Gathering } from '../../../controller/gathering.ts';

const point = (attempt = 1, label = 'ready', benchmark = 'compute.challenge') => ({ benchmark, attempt, label });

/** Nodes that are expected at a benchmark, and the names of those that went on, in order. */
function gathered(...nodes: string[]) {
  const gathering = new Gathering();
  for (const node of nodes) gathering.expect(node, 'compute.challenge', 0);
  const on: string[] = [];
  const meet = (node: string, at = point(), limitMs?: number) =>
    void gathering.meet(node, at, limitMs).then(() => on.push(node));
  return { gathering, on, meet };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

afterEach(() => {
  vi.useRealTimers();
});

describe('a gathering', () => {
  it('lets a node that is alone go on at once', async () => {
    const { meet, on } = gathered('a');
    meet('a');
    await settled();
    expect(on).toEqual(['a']);
  });

  it('holds everybody until the last has come', async () => {
    const { meet, on } = gathered('a', 'b', 'c');
    meet('a');
    meet('b');
    await settled();
    expect(on).toEqual([]);
    meet('c');
    await settled();
    expect(on).toEqual(['a', 'b', 'c']);
  });

  it('keeps points apart by label, attempt and benchmark', async () => {
    const { gathering, meet, on } = gathered('a', 'b');
    gathering.expect('a', 'compute.gemm', 0);
    gathering.expect('b', 'compute.gemm', 0);
    meet('a', point(1, 'INT8'));
    meet('b', point(1, 'FP32'));
    meet('b', point(1, 'INT8', 'compute.gemm'));
    await settled();
    expect(on).toEqual([]);
    meet('b', point(1, 'INT8'));
    await settled();
    expect(on).toEqual(['a', 'b']);
  });

  it('waits for nobody whose attempt has ended, nor for one that has left', async () => {
    const { gathering, meet, on } = gathered('a', 'b', 'c');
    meet('a');
    gathering.ended('b', 'compute.challenge', 1);
    await settled();
    expect(on).toEqual([]);
    gathering.leave('c', 'compute.challenge');
    await settled();
    expect(on).toEqual(['a']);
  });

  it('lets a node that is an attempt ahead wait for those behind it, and these not for it', async () => {
    const { gathering, meet, on } = gathered('a', 'b');
    gathering.ended('a', 'compute.challenge', 1);
    meet('a', point(2, ''));
    meet('b', point(1));
    await settled();
    expect(on).toEqual(['b']);
    gathering.ended('b', 'compute.challenge', 1);
    gathering.leave('b', 'compute.challenge');
    await settled();
    expect(on).toEqual(['b', 'a']);
  });

  it('goes on without those that stay away longer than the limit', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { meet, on } = gathered('a', 'b');
    meet('a', point(), 1_000);
    vi.advanceTimersByTime(999);
    await settled();
    expect(on).toEqual([]);
    vi.advanceTimersByTime(1);
    await settled();
    expect(on).toEqual(['a']);
  });

  describe('where somebody stayed away', () => {
    beforeEach(() => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    });

    /** All of these come to a point, and nobody else within the limit. */
    const waitedInVain = async (meet: ReturnType<typeof gathered>['meet'], nodes: string[], label = 'FP64') => {
      for (const node of nodes) meet(node, point(1, label), 1_000);
      vi.advanceTimersByTime(1_000);
      await settled();
    };

    it('does not wait for it again in that attempt, but for all others', async () => {
      const { meet, on } = gathered('a', 'b', 'c');
      await waitedInVain(meet, ['a', 'b']);
      expect(on.splice(0)).toEqual(['a', 'b']);
      meet('a', point(1, 'FP32'), 1_000);
      await settled();
      expect(on).toEqual([]);
      meet('b', point(1, 'FP32'), 1_000);
      await settled();
      expect(on).toEqual(['a', 'b']);
      expect(vi.getTimerCount()).toBe(0);
    });

    it('waits for it again in the next attempt', async () => {
      const { gathering, meet, on } = gathered('a', 'b');
      await waitedInVain(meet, ['a']);
      gathering.ended('a', 'compute.challenge', 1);
      gathering.ended('b', 'compute.challenge', 1);
      on.splice(0);
      meet('a', point(2, 'FP64'), 1_000);
      await settled();
      expect(on).toEqual([]);
      meet('b', point(2, 'FP64'), 1_000);
      await settled();
      expect(on).toEqual(['a', 'b']);
    });

    it('lets nobody keep others from waiting for each other by waiting where they do not come', async () => {
      const { meet, on } = gathered('a', 'b', 'c');
      await waitedInVain(meet, ['c'], 'nowhere');
      on.splice(0);
      meet('a', point(1, 'FP64'), 1_000);
      meet('c', point(1, 'FP64'), 1_000);
      await settled();
      expect(on).toEqual(['c']);
      meet('b', point(1, 'FP64'), 1_000);
      await settled();
      expect(on).toEqual(['c', 'a', 'b']);
    });
  });

  it('lets everybody go and leaves no timer behind once it is closed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { gathering, meet, on } = gathered('a', 'b', 'c');
    meet('a', point(), 1_000);
    gathering.close();
    meet('b', point(), 1_000);
    await settled();
    expect(on).toEqual(['a', 'b']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves no timer behind when all have come', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { meet, on } = gathered('a', 'b');
    meet('a', point(), 1_000);
    meet('b', point(), 1_000);
    await settled();
    expect(on).toEqual(['a', 'b']);
    expect(vi.getTimerCount()).toBe(0);
  });
});
