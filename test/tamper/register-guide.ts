import { canonicalBytes } from '../../evidence/canonical.ts';
import type { Controller } from '../../model/controller.ts';
import type { Guide } from '../../model/guide.ts';
import { builtinGuides, type LoadedGuide, readGuide } from '../../reports/guides/builtin.ts';
import type { SyntheticOptions } from '../bench/report/synthetic.ts';

/** A guide of one register, which real rows pass: whoever reads must know its digest, for it comes with no software. */
export function registerGuide(change: Partial<Guide> = {}): LoadedGuide {
  const { guide } = builtinGuides()[0]!;
  const targets = guide.targets.filter(({ id }) => id === 'service.domains');
  return readGuide(canonicalBytes({ ...guide, id: 'own-guide', targets, ...change }), 'own guide');
}

export const DOMAINS = '服务领域\n医疗\n教育\n交通\n';

/** A run that passes by that guide, with nothing in it that a generator made up. */
export const passingRun = (controller: Controller, change: Partial<Guide> = {}): SyntheticOptions => ({
  nodes: 1,
  accelerators: 1,
  windows: 4,
  precisions: ['FP32'],
  readings: 1,
  guide: registerGuide(change),
  registers: new Map([['domains.csv', DOMAINS]]),
  synthetic: false,
  controller,
});
