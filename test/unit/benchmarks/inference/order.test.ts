import { describe, expect, it } from 'vitest';
import { networksOf, scenariosOf } from '../../../../benchmarks/inference/order.ts';

describe('what a run is asked to play', () => {
  it('names networks of ours and files of the operator in their order', () => {
    const settings = { models: ['resnet50', 'bert-base'], files: ['/srv/models/own.onnx', 'here.onnx'] };
    expect(networksOf(settings)).toEqual([
      { model: 'resnet50', file: undefined },
      { model: 'bert-base', file: undefined },
      { model: 'own.onnx', file: '/srv/models/own.onnx' },
      { model: 'here.onnx', file: 'here.onnx' },
    ]);
    expect(networksOf({})).toEqual([]);
  });

  it('plays every scenario once, and SingleStream first', () => {
    expect(scenariosOf({ scenarios: ['Offline', 'Server', 'Offline', 'SingleStream'] })).toEqual([
      'SingleStream',
      'Server',
      'Offline',
    ]);
    expect(scenariosOf({ scenarios: ['Offline'] })).toEqual(['Offline']);
  });

  it('plays SingleStream with Server, which takes its first rate from it', () => {
    expect(scenariosOf({ scenarios: ['Server'] })).toEqual(['SingleStream', 'Server']);
  });

  it('is nothing where the settings name none', () => {
    expect(scenariosOf({})).toBeUndefined();
    expect(scenariosOf({ scenarios: [] })).toBeUndefined();
  });
});
