import { describe, expect, it } from 'vitest';
import type { EnvironmentSummary } from '../../../../model/environment.ts';
import { environmentOf } from '../../../../reports/build/environment.ts';
import { loaded } from '../../../../reports/render/html/loaded.ts';

const library = (digit: string) => ({
  path: '/usr/lib/libdnnl.so.3',
  sha256: digit.repeat(64),
  buildId: 'ab'.repeat(20),
});
const summary = (change: Partial<EnvironmentSummary> = {}): EnvironmentSummary => ({
  objects: [library('1')],
  tools: [{ path: '/usr/bin/fio', sha256: '7'.repeat(64) }],
  variables: { OMP_NUM_THREADS: '4' },
  policy: [],
  ...change,
});
const admitted = (node: string, environment?: EnvironmentSummary) =>
  ({ measurement: { node }, ...(environment ? { environment } : {}) }) as Parameters<typeof environmentOf>[0][number];

describe('the environment in a report', () => {
  it('has each file once with the number of its nodes, and two builds of a library as two', () => {
    const other = summary({ objects: [library('2')], policy: [{ name: 'onednn', path: '/usr/lib/libdnnl.so.3' }] });
    const runs = [admitted('a', summary()), admitted('a', summary()), admitted('b', summary()), admitted('c', other)];
    const environment = environmentOf([...runs, admitted('d')])!;
    expect(environment.files.map(({ path, sha256, nodes }) => [path, sha256?.[0], nodes])).toEqual(
      expect.arrayContaining([
        ['/usr/lib/libdnnl.so.3', '1', 2],
        ['/usr/lib/libdnnl.so.3', '2', 1],
        ['/usr/bin/fio', '7', 3],
      ]),
    );
    expect(environment.files).toHaveLength(3);
    expect(environment.variables).toEqual([{ name: 'OMP_NUM_THREADS', value: '4', nodes: 3 }]);
    expect(environment.policy).toEqual([{ name: 'onednn', path: '/usr/lib/libdnnl.so.3', nodes: 1 }]);
  });

  it('is absent where no measurement says it', () => {
    expect(environmentOf([])).toBeUndefined();
    expect(environmentOf([admitted('a')])).toBeUndefined();
    expect(loaded(undefined).text).toBe('');
  });

  it('is bounded, however much nodes make up', () => {
    const objects = Array.from({ length: 500 }, (_, i) => ({
      path: `/usr/lib/libtorch-${i}.so`,
      problem: 'changed' as const,
    }));
    expect(environmentOf([admitted('a', summary({ objects }))])!.files).toHaveLength(200);
  });

  it('stands on the page in both languages with the beginning of the digest and the build id, harmless whatever it holds', () => {
    const hostile = summary({
      objects: [library('1'), { path: '/tmp/<script>x</script>', problem: 'deleted' }],
      variables: { LD_PRELOAD: `/tmp/"x".so ${'y'.repeat(400)}` },
    });
    const { text } = loaded(environmentOf([admitted('a', hostile)]));
    for (const part of [
      '1'.repeat(16),
      'ab'.repeat(8),
      '测量所用的库',
      'Libraries, tools and variables',
      '文件已删除',
      'LD_PRELOAD',
    ]) {
      expect(text).toContain(part);
    }
    expect(text).not.toContain('1'.repeat(17));
    expect(text).not.toContain('<script>');
    expect(text).not.toContain('y'.repeat(300));
  });
});
