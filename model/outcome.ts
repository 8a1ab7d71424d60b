import { type Static, Type } from 'typebox';
import type { Text } from './text.ts';

/** How one target ended. Only `pass` counts as passed; every other value keeps the whole from passing. */
export const OUTCOMES = ['pass', 'fail', 'indeterminate', 'error', 'not_tested', 'not_applicable', 'manual'] as const;
export const Outcome = Type.Enum(OUTCOMES);
export type Outcome = (typeof OUTCOMES)[number];

/** The whole: `passed` needs every mandatory target to pass; `not_passed` has a fail; `cannot_tell` has neither. */
export const OVERALL = ['passed', 'passed_with_deviations', 'not_passed', 'cannot_tell'] as const;
export const Overall = Type.Enum(OVERALL);
export type Overall = (typeof OVERALL)[number];

/** An outcome in one word for whoever signs it: that of a partial run is never the word of a whole one. */
export const outcomeWord = ({ outcome, partial }: { outcome: Overall; partial?: unknown }): string =>
  partial === undefined ? outcome : `partial_${outcome}`;

export const OUTCOME_TEXT: Record<Outcome, Text> = {
  pass: { zh: '通过', en: 'Pass' },
  fail: { zh: '未通过', en: 'Fail' },
  indeterminate: { zh: '无法判定', en: 'Indeterminate' },
  error: { zh: '异常', en: 'Error' },
  not_tested: { zh: '未测', en: 'Not tested' },
  not_applicable: { zh: '不适用', en: 'Not applicable' },
  manual: { zh: '人工确认', en: 'Manual' },
};

/**
 * How far a number is proven. E0: declared. E1: measured by the agent, or challenged by a controller of the same party.
 * E2: challenged and checked by a controller of another party. E3: measured from a witness, or repeated by a second
 * party.
 */
export const EVIDENCE_LEVELS = ['E0', 'E1', 'E2', 'E3'] as const;
export const EvidenceLevel = Type.Enum(EVIDENCE_LEVELS);
export type EvidenceLevel = Static<typeof EvidenceLevel>;
