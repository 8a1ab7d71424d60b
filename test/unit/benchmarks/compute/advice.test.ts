import { describe, expect, it } from 'vitest';
import { type Computing, type Equipped, libraryFindings } from '../../../../benchmarks/compute/advice.ts';
import { proof as challenge } from '../../../../benchmarks/compute/challenge/proof.ts';
import { proof as gemm } from '../../../../benchmarks/compute/gemm/proof.ts';
import { equipment } from '../../../../benchmarks/compute/host.ts';
import { isOutdated, libraryOf, usualShares } from '../../../../benchmarks/compute/libraries.ts';
import type { Precision } from '../../../../benchmarks/compute/precision.ts';
import type { Tried } from '../../../../benchmarks/compute/tried.ts';
import { REASONS } from '../../../../model/reason.ts';
import { rawOf, result, SETTINGS } from './gemm-fixture.ts';

const ready = (name: string, version: string, lacks: Tried['lacks'] = []): Tried => {
  const backend = name.split('/')[0]!;
  return { name, devices: ['cpu'], backend, software: [{ name: backend, version }], lacks };
};
const failed = (backend: string, fault: NonNullable<Tried['fault']>, said = 'no such thing'): Tried => ({
  name: backend,
  devices: [],
  failed: said,
  backend,
  fault,
});
const ort = ready('onnxruntime', '1.30.0');
const by = (precision: Precision, backend: string, device = 'cpu'): Computing => ({ precision, device, backend });
const findings = (equipped: Equipped, asked: readonly Precision[], ...computing: Computing[]) =>
  libraryFindings(equipped, asked, computing, 'compute.gemm.rate');

describe('a library that a node had to do without', () => {
  const vnni = ['avx512f', 'avx512_vnni', 'avx2'];

  it('is named with what it usually changes, by the table', () => {
    const [found, ...others] = findings(
      { engines: [failed('onednn', 'missing'), ort], arithmetic: vnni },
      ['INT8'],
      by('INT8', 'onnxruntime'),
    );
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      code: 'library_missing',
      weight: 'informs',
      metric: 'compute.gemm.rate',
      labels: { precision: 'INT8', device: 'cpu', library: 'onednn', used: 'onnxruntime', instructions: 'avx512_vnni' },
    });
    const [best, other] = usualShares('INT8', 'avx512_vnni');
    expect(best!.backend).toBe('onednn');
    expect(found!.gain).toBeCloseTo(best!.share / other!.share, 12);
    expect(found!.detail).toContain(libraryOf('onednn')!.install.en);
    expect(found!.detail).toContain(best!.measuredAt);
  });

  it.each([
    ['is nowhere', [failed('onednn', 'missing'), failed('onednn', 'missing')], 'library_missing'],
    ['is there only in a version of another interface', [failed('onednn', 'old')], 'library_old'],
    ['crashes in its trial', [failed('onednn', 'refused', 'was ended by SIGILL')], 'library_refused'],
    [
      'is there and refused, or missing in another form',
      [failed('onednn', 'missing'), failed('onednn', 'refused')],
      'library_refused',
    ],
    [
      'has sums that are not exact',
      [ready('onednn/gemm', '2.6.3 (x)', [{ precision: 'INT8', why: 'sums are not exact' }])],
      'library_refused',
    ],
  ] as const)('%s: the code says so', (_, engines, code) => {
    const [found] = findings({ engines: [...engines, ort], arithmetic: vnni }, ['INT8'], by('INT8', 'onnxruntime'));
    expect(found?.code).toBe(code);
    if (code === 'library_refused') expect(found!.detail).toContain(engines.at(-1)!.failed ?? 'sums are not exact');
  });

  it('is refused, too, where every way of it was dropped for wrong results', () => {
    const engines = [ready('onednn/gemm', '2.6.3'), ready('onednn/matmul', '2.6.3'), ort];
    const own = by('INT8', 'onnxruntime');
    const dropped = [
      { backend: 'onednn/gemm', why: '3 of 9409 elements wrong' },
      { backend: 'onednn/matmul', why: 'the same' },
    ];
    expect(findings({ engines, arithmetic: vnni }, ['INT8'], { ...own, dropped })).toMatchObject([
      { code: 'library_refused', detail: expect.stringContaining('elements wrong') },
    ]);
    expect(findings({ engines, arithmetic: vnni }, ['INT8'], { ...own, dropped: dropped.slice(1) })).toEqual([]);
  });

  it('is named without a gain where nothing multiplied in the precision, and once for each precision', () => {
    const equipped = { engines: [failed('onednn', 'missing'), ort], arithmetic: [...vnni, 'avx512_bf16'] };
    const found = findings(equipped, ['BF16', 'INT8', 'FP8_E4M3'], by('INT8', 'onnxruntime'));
    expect(found.map(({ labels, gain }) => [labels?.precision, labels?.used, gain === undefined])).toEqual([
      ['BF16', undefined, true],
      ['INT8', 'onnxruntime', false],
    ]);
  });

  it('is OpenBLAS for FP64, unless PyTorch stands in with as much', () => {
    const engines = [failed('openblas', 'missing'), ort, ready('torch', '1.13')];
    const avx2 = { engines, arithmetic: ['avx2'] };
    expect(findings(avx2, ['FP64'], by('FP64', 'onnxruntime'))).toMatchObject([
      { code: 'library_missing', labels: { library: 'openblas' } },
    ]);
    expect(findings(avx2, ['FP64'], by('FP64', 'torch'))).toEqual([]);
  });

  it('is no news where it would not help: sums of bytes are not exact without dot products', () => {
    const equipped = { engines: [failed('onednn', 'missing'), ort], arithmetic: ['avx2'] };
    expect(findings(equipped, ['INT8'], by('INT8', 'onnxruntime'))).toEqual([]);
  });

  it('is named where nothing was measured with the processor’s instructions, and the cost is said not to be known', () => {
    const equipped = { engines: [failed('onednn', 'missing'), ort], arithmetic: ['asimd', 'asimddp'] };
    const [found] = findings(equipped, ['INT8'], by('INT8', 'onnxruntime'));
    expect(found).toMatchObject({ code: 'library_missing', detail: expect.stringContaining('not known') });
    expect(found).not.toHaveProperty('gain');
  });

  it('is no news where it was tried and lost, where the settings leave it out, and where cards did the work', () => {
    const own = by('INT8', 'onnxruntime');
    expect(findings({ engines: [ready('onednn/gemm', '2.6.3'), ort], arithmetic: vnni }, ['INT8'], own)).toEqual([]);
    expect(findings({ engines: [ort], arithmetic: vnni }, ['INT8'], own)).toEqual([]);
    const engines = [failed('onednn', 'missing'), ort];
    expect(findings({ engines, arithmetic: vnni }, ['INT8'], by('INT8', 'torch', 'cuda:0'))).toEqual([]);
  });

  it('is not made up for samples of earlier versions', () => {
    expect(
      findings({ engines: [{ name: 'onednn', devices: [], failed: 'x' }] }, ['INT8'], by('INT8', 'onnxruntime')),
    ).toEqual([]);
  });
});

describe('a library that is too old', () => {
  it('is so by its version, or by the kernels that it took', () => {
    expect(isOutdated('onednn', 'amx_int8', { version: '2.4.4 (avx512_core_bf16)', variant: 'gemm' })).toBe(true);
    expect(isOutdated('onednn', 'amx_int8', { version: '2.10.0', variant: 'gemm' })).toBe(false);
    expect(isOutdated('onednn', 'avx512_vnni', { version: '2.4.4', variant: 'gemm' })).toBe(false);
    expect(isOutdated('onednn', 'amx_int8', { version: 'unknown', variant: 'gemm' })).toBe(false);
    expect(isOutdated('openblas', 'avx512f', { version: '0.2.20', variant: 'Haswell' })).toBe(true);
    expect(isOutdated('openblas', 'avx512f', { version: '0.3.21', variant: 'SkylakeX' })).toBe(false);
    expect(isOutdated('nothing', 'avx512f', { version: '1', variant: 'x' })).toBe(false);
  });

  it('is named even where it was the one that was used', () => {
    const equipped = { engines: [ready('onednn/gemm', '2.4.4'), ort], arithmetic: ['amx_int8', 'avx512_vnni'] };
    expect(findings(equipped, ['INT8'], by('INT8', 'onednn/gemm'))).toMatchObject([
      { code: 'library_old', labels: { library: 'onednn', used: 'onednn' }, detail: expect.stringContaining('2.4.4') },
    ]);
  });

  it('is not named where one of its forms took the right kernels', () => {
    const engines = [ready('openblas/Haswell', '0.3.21'), ready('openblas/SkylakeX', '0.3.21')];
    expect(findings({ engines, arithmetic: ['avx512f'] }, ['FP64'], by('FP64', 'openblas/SkylakeX'))).toEqual([]);
  });
});

describe('accelerators that nothing was measured on', () => {
  const engines = [failed('torch', 'missing'), failed('cublaslt', 'missing'), ort];

  it('name the libraries that reach them, missing or blind', () => {
    const equipped = { engines, arithmetic: ['avx2'], cards: ['nvidia'] };
    expect(findings(equipped, ['FP32'], by('FP32', 'onnxruntime')).slice(-2)).toMatchObject([
      { code: 'library_missing', labels: { vendor: 'nvidia', library: 'torch' } },
      { code: 'library_missing', labels: { vendor: 'nvidia', library: 'cublaslt' } },
    ]);
    const blind = {
      ...equipped,
      engines: [ready('torch', '1.13+cpu'), failed('cublaslt', 'refused', 'cuInit gave 999')],
    };
    expect(findings(blind, ['FP32'], by('FP32', 'torch'))).toMatchObject([
      { code: 'library_refused', detail: expect.stringContaining('it sees cpu') },
      { code: 'library_refused', detail: expect.stringContaining('cuInit gave 999') },
    ]);
  });

  it('say nothing where one was measured, or where there are none', () => {
    const equipped = { engines, arithmetic: [], cards: ['nvidia'] };
    expect(findings(equipped, ['FP16'], by('FP16', 'torch', 'cuda:0'))).toEqual([]);
    expect(findings({ ...equipped, cards: [] }, ['FP16'])).toEqual([]);
  });

  it('are seen by their device files', () => {
    expect(equipment(new Set(['avx2', 'sse2']), (path) => path === '/dev/nvidia0')).toEqual({
      arithmetic: ['avx2'],
      cards: ['nvidia'],
    });
    expect(equipment(new Set(), () => false)).toEqual({ arithmetic: [], cards: [] });
  });
});

describe('the proofs', () => {
  const engines = [failed('openblas', 'missing'), ort];
  const surroundings = { settings: SETTINGS, transcript: undefined, evidence: () => undefined };

  it('say it of plain products from the samples alone, and hold nothing by it', () => {
    const raw = { ...rawOf([result({ backend: 'onnxruntime' })]), engines, arithmetic: ['avx2'], cards: [] };
    const { findings: found } = gemm.examine(raw, surroundings);
    const own = found.filter(({ code }) => code.startsWith('library_'));
    expect(own).toMatchObject([{ code: 'library_missing', weight: 'informs', labels: { library: 'openblas' } }]);
    const { arithmetic: _, ...earlier } = raw;
    expect(gemm.examine(earlier, surroundings).findings).toEqual(found.filter((one) => !own.includes(one)));
  });

  it('say it of challenges, of what could not be challenged too', () => {
    const raw = {
      challenge: 'c'.repeat(64),
      threads: 2,
      engines: [failed('onednn', 'missing'), ort],
      arithmetic: ['avx512_bf16'],
      cards: [],
      unsupported: [{ precision: 'BF16' as const, detail: 'no backend on this node has it' }],
      results: [],
    };
    const sizes = { size: 64, deviceSize: 64, rows: 16, deviceRows: 16, matrices: 1, audits: 4 };
    const settings = { ...sizes, precisions: ['BF16'], seconds: 5 };
    const { findings: found } = challenge.examine(raw, { ...surroundings, settings });
    expect(found.map(({ code, labels }) => [code, labels?.precision])).toContainEqual(['library_missing', 'BF16']);
  });

  it('have a text and a remedy for each code, in both languages', () => {
    for (const code of ['library_missing', 'library_old', 'library_refused'] as const) {
      expect(REASONS[code].todo.zh).toMatch(/\p{Script=Han}/u);
    }
  });
});
