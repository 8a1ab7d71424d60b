import type { Bundle } from './layout.ts';
import { checkSm2 } from './sm2.ts';
import type { Trust } from './trust.ts';
import { type Verification, verifyBundle } from './verify.ts';

/** `verifyBundle`, and the additional SM2 signatures through openssl where it is installed. */
export async function verifyWhole(bundle: Bundle, trust: Trust | undefined): Promise<Verification> {
  const result = verifyBundle(bundle, trust);
  const { defects, notes } = await checkSm2(bundle);
  if (defects.length === 0 && notes.length === 0) return result;
  const steps = result.steps.map((step) => {
    if (step.id !== 'stamps') return step;
    const note = [step.note, ...notes].filter((n) => n !== undefined).join('; ');
    return {
      ...step,
      defects: [...step.defects, ...defects],
      note,
      ...(defects.length > 0 ? { state: 'bad' as const } : {}),
    };
  });
  const { outcome, ...rest } = result;
  return defects.length > 0 ? { ...rest, authentic: false, outcome: undefined, steps } : { ...rest, outcome, steps };
}
