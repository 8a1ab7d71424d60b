import { joined } from '../text/notes.ts';
import type { Bundle } from './layout.ts';
import { checkSm2 } from './sm2.ts';
import type { Trust } from './trust.ts';
import { type Verification, verifyBundle } from './verify.ts';

/** `verifyBundle`, and the additional SM2 signatures through openssl where it is installed. */
export async function verifyWhole(bundle: Bundle, trust: Trust | undefined, running?: string): Promise<Verification> {
  const result = verifyBundle(bundle, trust, running);
  const { defects, notes } = await checkSm2(bundle);
  if (defects.length === 0 && notes.length === 0) return result;
  const steps = result.steps.map((step) => {
    if (step.id !== 'stamps') return step;
    const note = joined([...(step.note ? [step.note] : []), ...notes]);
    return {
      ...step,
      defects: [...step.defects, ...defects],
      note,
      ...(defects.length > 0 ? { state: 'bad' as const } : {}),
    };
  });
  if (defects.length === 0) return { ...result, steps };
  const { undecided: _, controller: _by, passes: _levels, ...rest } = result;
  return { ...rest, authentic: false, outcome: undefined, steps };
}
