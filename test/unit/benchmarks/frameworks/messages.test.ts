import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { engineOf, enginesLoaded, FRAMEWORKS } from '../../../../benchmarks/frameworks/engines.ts';
import { readMessage } from '../../../../benchmarks/frameworks/messages.ts';

describe('a line of a probe', () => {
  it('is a message when it fits one of the protocol', () => {
    expect(readMessage('{"type":"ready"}')).toEqual({ ok: true, value: { type: 'ready' } });
    expect(readMessage('  {"type":"done","libraries":["a.so"]}\r')?.ok).toBe(true);
  });

  it('is noise when it does not begin like one', () => {
    for (const line of ['', 'Downloading …', 'W0000 00:00 cpu', '[1, 2]']) expect(readMessage(line)).toBeUndefined();
  });

  it('breaks the protocol when it begins like one and is none', () => {
    for (const line of [
      '{',
      '{}',
      '{"type":"trained"}',
      '{"type":"inferred","precision":"float32","seconds":-1,"labels":"0"}',
      '{"type":"trained","precision":"float32","steps":1,"seconds":1,"firstLoss":NaN,"lastLoss":1,"weights":""}',
      '{"type":"verdict","passed":true}',
    ]) {
      expect(readMessage(line)?.ok).toBe(false);
    }
  });

  it('is never an exception', () => {
    fc.assert(fc.property(fc.string(), (line) => void readMessage(line)));
    fc.assert(fc.property(fc.json(), (json) => void readMessage(`{"type":${json}}`)));
  });
});

describe('the engine that a framework counts for', () => {
  it('is seen by the libraries that were really loaded', () => {
    expect(enginesLoaded(['libc.so.6', 'libtorch_cpu.so.1.13', 'libonnxruntime.so.1', 'libtorchvision.so'])).toEqual([
      'onnxruntime',
      'torch',
    ]);
    expect(
      enginesLoaded(['libjax_common.so', 'libpaddle.so', 'libmindspore_core.so', '_pywrap_tensorflow_common.so']),
    ).toEqual(['jax', 'mindspore', 'paddle', 'tensorflow']);
  });

  it('is that of the back end for a front end', () => {
    expect(engineOf('keras', 'tensorflow', ['libtensorflow_cc.so.2'])).toEqual({ engine: 'tensorflow', problem: '' });
    expect(engineOf('keras', 'torch', ['libtensorflow_cc.so.2']).problem).toContain('no library of torch');
    expect(engineOf('keras', '', []).problem).toContain('does not say');
    expect(engineOf('keras', 'numpy', []).problem).toContain('no engine we know');
  });

  it('is its own for a framework that has one, whatever it says', () => {
    expect(engineOf('pytorch', 'tensorflow', ['libtorch_cpu.so'])).toEqual({ engine: 'torch', problem: '' });
  });

  it('is not believed when a module by that name computes with something else', () => {
    expect(engineOf('paddlepaddle', '', ['libtorch_cpu.so']).problem).toContain('no library of paddle');
  });
});

describe('the table of frameworks', () => {
  it('names each framework once and says how it is installed', () => {
    expect(new Set(FRAMEWORKS.map((one) => one.id)).size).toBe(FRAMEWORKS.length);
    expect(FRAMEWORKS.every((one) => one.install !== '')).toBe(true);
  });
});
