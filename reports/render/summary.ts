import { OUTCOMES, type Outcome } from '../../model/outcome.ts';
import type { Reason, Report, RequirementResult, Verdict } from '../../model/report.ts';
import type { Text } from '../../model/text.ts';
import { binaryBytes, plusMinus, quantity } from '../text/quantity.ts';
import { SENTENCES } from '../text/sentence.ts';

/** Worst first: which of several requirements, or targets, a reader should see first. */
const GRAVITY: readonly Outcome[] = [
  'fail',
  'error',
  'not_tested',
  'indeterminate',
  'manual',
  'not_applicable',
  'pass',
];

/** Sign before every outcome, so that no meaning hangs on colour alone. */
export const OUTCOME_SIGN: Record<Outcome, string> = {
  pass: '✓',
  fail: '✗',
  indeterminate: '?',
  error: '!',
  not_tested: '○',
  not_applicable: '–',
  manual: '☞',
};

export function gravity(outcome: Outcome): number {
  return GRAVITY.indexOf(outcome);
}

/** Whether the outcome of the whole hangs on a target: mandatory ones, and all that a partial run was asked for. */
export const decides = (report: Report, verdict: Verdict): boolean =>
  verdict.mandatory || report.overall.partial !== undefined;

/** How many targets the whole hangs on, and their outcomes: passes always, others where there are any. */
export function countsText(report: Report): Text {
  const { mandatory, partial } = report.overall;
  const deciding = report.verdicts.filter((verdict) => decides(report, verdict));
  const counts = OUTCOMES.map(
    (outcome) => [outcome, deciding.filter((v) => v.outcome === outcome).length] as const,
  ).filter(([outcome, n]) => outcome === 'pass' || n > 0);
  return partial ? SENTENCES.askedCounts(mandatory, counts) : SENTENCES.mandatoryCounts(mandatory, counts);
}

/** The requirement that a target hangs on: the first of those with the gravest outcome, in the guide's order. */
export function deciding(verdict: Verdict): RequirementResult | undefined {
  return [...verdict.requirements].sort((a, b) => gravity(a.outcome) - gravity(b.outcome))[0];
}

/** How far a value is from its limit, as a share of the limit: positive is better than required. */
export function margin(result: RequirementResult): number | undefined {
  if (!result.estimate || result.limit === 0) return undefined;
  const share = (result.estimate.value - result.limit) / Math.abs(result.limit);
  return result.comparison === '>=' ? share : -share;
}

/** Measured value with its uncertainty on the limit's scale, for example `0.0002071 ± 0.0000012 Peta-ops`. */
export function measuredText(result: RequirementResult): string {
  return result.estimate ? plusMinus(result.estimate, result.limit, result.limit) : '—';
}

/** The same value on its own scale where the limit's is far off, and bytes in binary units too. */
export function besideText(result: RequirementResult): string {
  const estimate = result.estimate;
  if (!estimate) return '';
  const share = Math.abs(estimate.value / result.limit);
  const parts = share < 0.05 || share > 10_000 ? [plusMinus(estimate)] : [];
  if (estimate.unit === 'B') parts.push(binaryBytes(estimate.value));
  return parts.filter((part) => part !== measuredText(result)).join(' = ');
}

/** `≥ 10 Peta-ops` */
export function limitText(result: RequirementResult): string {
  return `${result.comparison === '>=' ? '≥' : '≤'} ${quantity(result.limit, result.unit)}`;
}

/** `12 Peta-ops (FP16)`, or nothing where nothing was claimed. */
export function claimedText(verdict: Verdict): string {
  const claimed = verdict.claimed;
  if (!claimed) return '';
  return quantity(claimed.value, claimed.unit) + (claimed.choice ? ` (${claimed.choice})` : '');
}

/** What is missing in one line: `0.0002 Peta-ops of 10 Peta-ops, at FP32`. */
export function gap(result: RequirementResult): Text {
  const at = result.choice?.value;
  const limit = quantity(result.limit, result.unit);
  if (!result.estimate) return { zh: `要求 ${limit}，无测量值`, en: `no value, ${limit} required` };
  const value = quantity(result.estimate.value, result.estimate.unit, result.limit, result.limit);
  const most = result.comparison === '<=';
  return {
    zh: `${at ? `${at}：` : ''}${value}，要求${most ? '不超过' : '不少于'} ${limit}`,
    en: `${value} ${most ? 'where at most' : 'of'} ${limit}${most ? ' is allowed' : ''}${at ? `, at ${at}` : ''}`,
  };
}

/** Reasons of the target and of its requirements, each once. */
export function allReasons(verdict: Verdict): Reason[] {
  const seen = new Set<string>();
  return [...verdict.reasons, ...verdict.requirements.flatMap((result) => result.reasons)].filter((reason) => {
    const key = `${reason.code} ${reason.detail}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** How many measurements went on beside other work, of how many; undefined where none did. */
export function disturbed(report: Report): { readonly busy: number; readonly all: number } | undefined {
  const busy = report.attempts.filter(({ findings }) => findings.some(({ code }) => code === 'background_load')).length;
  return busy === 0 ? undefined : { busy, all: report.attempts.length };
}

/** Names of all nodes that anything is known of, in order. */
export function nodeNames(report: Report): string[] {
  const names = new Set(report.inventories.map((inventory) => inventory.node));
  for (const attempt of report.attempts) names.add(attempt.node);
  for (const verdict of report.verdicts) {
    for (const result of verdict.requirements) for (const { node } of result.nodes) names.add(node);
  }
  return [...names].sort(byName);
}

/** Order of names in which `node-10` comes after `node-9`; independent of any locale. */
export function byName(a: string, b: string): number {
  const pa = a.match(/\d+|\D+/g) ?? [];
  const pb = b.match(/\d+|\D+/g) ?? [];
  for (let i = 0; i < Math.min(pa.length, pb.length); i++) {
    const [x, y] = [pa[i]!, pb[i]!];
    if (x === y) continue;
    const numbers = /^\d/.test(x) && /^\d/.test(y) ? Number(x) - Number(y) : 0;
    if (numbers !== 0) return numbers;
    return x < y ? -1 : 1;
  }
  return pa.length - pb.length || (a < b ? -1 : a > b ? 1 : 0);
}

/** Nothing measured sorts first; measured without a ratio (nothing lost where nothing may be) is as good as can be. */
function _ratioOf(result: RequirementResult): number {
  return result.ratio ?? (result.estimate ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY);
}
