import { describe, expect, it } from 'vitest';
import { libraryOf } from '../../../../benchmarks/compute/libraries.ts';
import type { Finding } from '../../../../model/measurement.ts';
import { LibraryAdvice, type Report } from '../../../../model/report.ts';
import { check } from '../../../../model/schema.ts';
import { librariesOf } from '../../../../reports/build/libraries.ts';
import { compute } from '../../../../reports/render/html/compute.ts';
import { front } from '../../../../reports/render/html/front.ts';
import { libraryLines, renderVerdictTable } from '../../../../reports/render/terminal.ts';
import { displayWidth } from '../../../../reports/text/width.ts';
import { smallReport } from '../render/fixture.ts';

const missed = (labels: Record<string, string>, changes: Partial<Finding> = {}): Finding => ({
  code: 'library_missing',
  detail: 'said by the node',
  metric: 'compute.gemm.rate',
  labels,
  weight: 'informs',
  ...changes,
});
const int8 = { precision: 'INT8', device: 'cpu', library: 'onednn', used: 'onnxruntime', instructions: 'avx512_vnni' };
const bf16 = { precision: 'BF16', device: 'cpu', library: 'onednn', instructions: 'avx512_bf16' };
const rates = { precisions: [{ precision: 'INT8', peak: { share: 0.4 } }] } as never;

describe('libraries that a run had to do without', () => {
  it('are one entry for each precision and kind of node, what is not measured at all first', () => {
    const said = ['b', 'a'].map((node) => ({ node, findings: [missed(int8, { gain: 1.5 }), missed(bf16)] }));
    const found = librariesOf([...said, ...said], rates);
    expect(found.map(({ precision, nodes }) => [precision, nodes])).toEqual([
      ['BF16', ['a', 'b']],
      ['INT8', ['a', 'b']],
    ]);
    expect(found[1]).toMatchObject({
      code: 'library_missing',
      library: 'oneDNN',
      used: 'onnxruntime',
      gain: 1.5,
      reached: 0.4,
      usual: { with: 0.84, without: 0.54 },
      install: libraryOf('onednn')!.install,
    });
    for (const one of found) expect(check(LibraryAdvice, one).ok).toBe(true);
  });

  it('are none where nothing was said, and none of what the table does not have', () => {
    const findings: Finding[] = [
      missed({ ...int8, library: 'constructor' }),
      missed({ library: '' }),
      { ...missed(int8), code: 'no_meter' },
    ];
    expect(librariesOf([{ node: 'a', findings }], undefined)).toEqual([]);
  });
});

describe('what a person reads of them', () => {
  const report: Report = {
    ...smallReport(),
    libraries: librariesOf([{ node: 'a', findings: [missed(int8, { gain: 1.5 }), missed(bf16)] }], rates),
  };

  it('stands at the end of the terminal, within its width, with the command that installs it', () => {
    const text = renderVerdictTable(report, { colour: false, width: 80 });
    for (const word of ['library_missing', 'oneDNN', 'ONNX Runtime', '84', '54', '40', 'libdnnl2'])
      expect(text).toContain(word);
    expect(text).toContain('缺少 oneDNN');
    expect(Math.max(...text.split('\n').map(displayWidth))).toBeLessThanOrEqual(80);
    expect(libraryLines([], 80)).toEqual([]);
  });

  it('stands on page 1 and in the chapter on compute, with source and date there', () => {
    const [first, chapter] = [front(report).text, compute(report).text];
    for (const page of [first, chapter]) expect(page).toContain('缺少 oneDNN');
    expect(chapter).toContain('2026-11-30');
    expect(chapter).toContain('libdnnl2');
    const { libraries: _, ...without } = report;
    expect(front(without).text).not.toContain('oneDNN');
  });

  it('names accelerators that nothing reached', () => {
    const blind = missed({ vendor: 'nvidia', library: 'cublaslt' }, { code: 'library_refused' });
    const text = libraryLines(librariesOf([{ node: 'a', findings: [blind] }], undefined), 100).join('\n');
    expect(text).toContain('accelerators of nvidia: cuBLASLt is installed but failed its trial');
  });
});
