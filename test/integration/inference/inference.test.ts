import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { benchmark } from '../../../benchmarks/inference/benchmark.ts';
import { descriptor } from '../../../benchmarks/inference/descriptor.ts';
import { networkModel } from '../../../benchmarks/inference/models/network.ts';
import { benchmark as realtimeBenchmark } from '../../../benchmarks/inference/realtime/benchmark.ts';
import { descriptor as realtimeDescriptor } from '../../../benchmarks/inference/realtime/descriptor.ts';
import { RECORD_NETWORK } from '../../../benchmarks/users/network.ts';
import { buildModel } from '../../../proto/onnx.ts';
import { runAndExamine } from '../users/harness.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-inference-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const short = { ...descriptor.profiles.quick, samples: 2, warmUpS: 0.1, scenarioS: 1.5, nullS: 1 };

describe('inference.onnx', () => {
  it('plays all four scenarios with a real network, on the provider that was asked, with right answers', async () => {
    const settings = {
      ...short,
      scenarios: ['Server', 'Offline', 'MultiStream', 'SingleStream'] as const,
      serverTrials: 2,
    };
    const { raw, examination } = await runAndExamine(
      benchmark,
      { ...settings, scenarios: [...settings.scenarios] },
      undefined,
    );
    const [model] = raw.models;
    expect(model!.unsupported).toBeNull();
    expect(new Set(model!.played.map((played) => played.scenario)).size).toBe(4);
    expect(Object.keys(model!.providers)).toEqual(['CPUExecutionProvider']);
    expect(examination.checks.find((check) => check.id === 'answers_right/mobilenetv2')?.passed).toBe(true);
    expect(examination.metrics.find((metric) => metric.metric === 'inference.latency.p90')).toMatchObject({
      verified: true,
    });
    expect(
      examination.metrics.find((metric) => metric.metric === 'inference.offline.rate')!.estimate.value,
    ).toBeGreaterThan(1);
    const server = model!.played.filter((played) => played.scenario === 'Server');
    expect(server.every((trial) => trial.latenciesUs.length === trial.due)).toBe(true);
  });

  it("takes an ONNX file of the operator's, and says of one that is none why it cannot run", async () => {
    const file = join(folder, 'own.onnx');
    writeFileSync(file, networkModel(RECORD_NETWORK, { ids: true }));
    const broken = join(folder, 'broken.onnx');
    writeFileSync(broken, 'this is no model');
    const settings = {
      ...short,
      models: [],
      files: [file, broken, join(folder, 'absent.onnx')],
      scenarioS: 0.5,
      scenarios: ['SingleStream' as const],
    };
    const { raw, examination } = await runAndExamine(benchmark, settings, undefined);
    expect(raw.models.map((model) => model.unsupported === null)).toEqual([true, false, false]);
    expect(examination.metrics.find((metric) => metric.labels.model === 'own.onnx')).toMatchObject({ verified: true });
    expect(examination.findings.filter((finding) => finding.code === 'unsupported').length).toBe(2);
  });

  it('plays files with half weights, of a fixed batch, and with outputs that are no floats first', async () => {
    const halves = (size: number) => new Uint16Array(size).map((_, i) => (i % 7 < 3 ? 0x3400 : 0xb400) + (i % 5));
    const half = buildModel({
      name: 'half',
      inputs: [{ name: 'x', type: 'float32', shape: [4, 32] }],
      outputs: [{ name: 'y', type: 'float32', shape: [4, 16] }],
      initializers: [{ name: 'w', type: 'float16', shape: [32, 16], data: halves(512) }],
      nodes: [
        { op: 'Cast', inputs: ['x'], outputs: ['x16'], attributes: { to: { int: 10 } } },
        { op: 'MatMul', inputs: ['x16', 'w'], outputs: ['y16'] },
        { op: 'Cast', inputs: ['y16'], outputs: ['y'], attributes: { to: { int: 1 } } },
      ],
    });
    const labelled = buildModel({
      name: 'labelled',
      inputs: [{ name: 'x', type: 'float32', shape: ['batch', 32] }],
      outputs: [
        { name: 'label', type: 'int64', shape: ['batch'] },
        { name: 'y', type: 'float32', shape: ['batch', 32] },
      ],
      nodes: [
        { op: 'Softmax', inputs: ['x'], outputs: ['y'], attributes: { axis: { int: 1 } } },
        {
          op: 'ArgMax',
          inputs: ['y'],
          outputs: ['label'],
          attributes: { axis: { int: 1 }, keepdims: { int: 0 } },
        },
      ],
    });
    const files = [join(folder, 'half.onnx'), join(folder, 'labelled.onnx')];
    writeFileSync(files[0]!, half);
    writeFileSync(files[1]!, labelled);
    const scenarios = ['SingleStream' as const, 'MultiStream' as const, 'Offline' as const];
    const { raw, examination } = await runAndExamine(
      benchmark,
      { ...short, models: [], files, scenarioS: 0.5, scenarios },
      undefined,
    );
    expect(raw.models.map((model) => [model.unsupported, model.precision])).toEqual([
      [null, 'FP16'],
      [null, 'FP32'],
    ]);
    const own = examination.metrics.filter((metric) => metric.labels.model !== undefined);
    expect(own.length).toBe(6);
    expect(own.every((metric) => metric.verified)).toBe(true);
    expect(examination.checks.find((check) => check.id === 'as_assigned')?.passed).toBe(true);
  });

  it('says of a network whose answers are not finite that they are not right, and takes nothing from the others', async () => {
    const endless = buildModel({
      name: 'endless',
      inputs: [{ name: 'x', type: 'float32', shape: [1, 8] }],
      outputs: [{ name: 'y', type: 'float32', shape: [1, 8] }],
      initializers: [{ name: 'zero', type: 'float32', shape: [1], data: Float32Array.of(0) }],
      nodes: [{ op: 'Div', inputs: ['x', 'zero'], outputs: ['y'] }],
    });
    const files = [join(folder, 'endless.onnx'), join(folder, 'fine.onnx')];
    writeFileSync(files[0]!, endless);
    writeFileSync(files[1]!, networkModel(RECORD_NETWORK, { ids: true }));
    const settings = { ...short, models: [], files, scenarioS: 0.5, scenarios: ['SingleStream' as const] };
    const { examination } = await runAndExamine(benchmark, settings, undefined);
    const verified = (name: string) =>
      examination.metrics.filter((metric) => metric.labels.model === name).map((metric) => metric.verified);
    expect(verified('endless.onnx')).toEqual([false]);
    expect(verified('fine.onnx')).toEqual([true]);
    expect(examination.findings.filter((finding) => finding.code === 'incorrect_result')).toMatchObject([
      { labels: { model: 'endless.onnx' }, weight: 'holds' },
    ]);
  });

  it('says that a provider that is not there is not supported, and shows no number', async () => {
    const settings = { ...short, provider: 'cuda' as const, scenarioS: 0.5 };
    const { raw, examination } = await runAndExamine(benchmark, settings, undefined);
    if (raw.models[0]!.unsupported === null) {
      // On a machine that has it, it must really have run.
      expect(Object.keys(raw.models[0]!.providers)).toContain('CUDAExecutionProvider');
    } else {
      expect(examination.metrics.map((metric) => metric.metric)).toEqual(['inference.overhead.p50']);
      expect(examination.findings.map((finding) => finding.code)).toContain('zero_work');
    }
  });

  it('ends at once when it is cancelled', async () => {
    const cancel = new AbortController();
    setTimeout(() => cancel.abort(new Error('cancelled by the test')), 1_800);
    const from = performance.now();
    await expect(runAndExamine(benchmark, { ...short, scenarioS: 120 }, undefined, cancel.signal)).rejects.toThrow(
      'cancelled by the test',
    );
    expect(performance.now() - from).toBeLessThan(20_000);
  });
});

describe('edge.realtime', () => {
  it('shows how long one image takes, and how often the deadline was missed', async () => {
    const settings = {
      ...realtimeDescriptor.profiles.quick,
      samples: 2,
      warmUpS: 0.1,
      measureS: 1.5,
      deadlineMs: 0.001,
    };
    const { examination } = await runAndExamine(realtimeBenchmark, settings, undefined);
    const value = (id: string) => examination.metrics.find((metric) => metric.metric === id)!.estimate.value;
    expect(value('edge.latency.p50')).toBeGreaterThan(0.0005);
    expect(value('edge.latency.p99')).toBeGreaterThanOrEqual(value('edge.latency.p50'));
    expect(value('edge.deadline.misses')).toBe(1);
    expect(examination.checks.find((check) => check.id === 'answers_right')?.passed).toBe(true);
    expect(readdirSync('.').filter((name) => name.startsWith('profile_'))).toEqual([]);
  });
});
