import type { DefectCode } from '../text/defects.ts';

/** What is wrong: its kind, and the particulars of this case in English. */
export interface Flaw<C extends DefectCode = DefectCode> {
  readonly code: C;
  readonly problem: string;
}

/** What is wrong with the bundle, and where: never a verdict on the platform. */
export interface Defect extends Flaw {
  readonly path: string;
  /**
   * What it concerns, where that is a measurement: its record, the numbers in it, or that no proof here can examine it.
   */
  readonly kind?: 'measurement' | 'summary' | 'proof';
}

export const flaw = <C extends DefectCode>(code: C, problem: string): Flaw<C> => ({ code, problem });
