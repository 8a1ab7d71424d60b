import { isAbsent } from './quantity.ts';

/**
 * One thing that a tool was asked about a device's health. `fault` says what is wrong where the answer is no good one.
 * An answer that says that there is no answer (`N/A`) counts for nothing.
 */
export interface Question {
  readonly answer: string | undefined;
  /** Answers by which the device is well. */
  readonly well: RegExp;
  readonly fault: string | ((answer: string) => string);
  /** A good answer says too little to call the device well: only a bad one counts. */
  readonly onlyFault?: boolean;
}

export const NO = /^(?:no|false|0)$/i;

/**
 * Health from evidence: every fault that was said, else `OK` where at least one question was answered well, else
 * nothing. Nothing is taken for health that the tool did not say. `uncorrected`: a device that counts errors of its
 * memory is not well, and says so itself where no named fault explains them.
 */
export function healthOf(questions: readonly Question[], uncorrected = 0): string | undefined {
  const faults = new Set<string>();
  let evidence = false;
  for (const { answer, well, fault, onlyFault } of questions) {
    if (answer === undefined || isAbsent(answer)) continue;
    if (!well.test(answer.trim())) faults.add(typeof fault === 'string' ? fault : fault(answer.trim()));
    else if (!onlyFault) evidence = true;
  }
  if (faults.size === 0 && uncorrected > 0) faults.add(`uncorrected memory errors: ${uncorrected}`);
  if (faults.size > 0) return [...faults].join(', ');
  return evidence ? 'OK' : undefined;
}

/** What a tool prints in the place of every value of a device that no longer answers. Undefined where it answers. */
export function lostIn(texts: Iterable<string>): string | undefined {
  for (const text of texts) {
    const said = /^\[?(GPU is lost|GPU requires reset)\b/i.exec(text.trim())?.[1];
    if (said !== undefined) return /lost/i.test(said) ? 'lost' : 'reset required';
  }
  return undefined;
}

/** What the driver wants done with the device (`gpu_recovery_action`): every answer but `None` is a fault. */
export function recoveryFault(action: string): string {
  if (/^(?:gpu )?reset$/i.test(action)) return 'reset required';
  if (/^(?:node |system )?reboot$/i.test(action)) return 'reboot required';
  return `recovery action required: ${action}`;
}
