import { AssayError } from '../../../model/errors.ts';
import { openBundle } from '../../../reports/verify/disk.ts';
import { requireBundle } from '../../../reports/verify/place.ts';
import { verifyWhole } from '../../../reports/verify/whole.ts';
import { type Asked, countingDisk } from './counting.ts';

/** How verifying one folder ended, and what it took. */
export interface Ended extends Asked {
  /** Code of the refusal, or of the first defect; empty where nothing was found. */
  readonly code: string;
  /** Of what: the file, or all that was said. */
  readonly what: string;
  readonly exit: number;
  readonly seconds: number;
  readonly rssMiB: number;
}

/** Verifies the folder that is named, counting what is read, and prints how it ended as JSON. */
async function main(folder: string): Promise<Ended> {
  const { disk, asked } = countingDisk();
  const began = performance.now();
  const ended = (code: string, what: string, exit: number): Ended => ({
    ...asked,
    code,
    what: what.slice(0, 300),
    exit,
    seconds: (performance.now() - began) / 1000,
    rssMiB: Math.round(process.resourceUsage().maxRSS / 1024),
  });
  try {
    requireBundle(folder);
    const result = await verifyWhole(openBundle(folder, disk), undefined);
    const [defect] = result.steps.flatMap(({ defects }) => defects);
    if (!defect) return ended('', result.outcome ?? '', 0);
    return ended(defect.code, `${defect.path}: ${defect.problem}`, result.authentic ? 3 : 2);
  } catch (error) {
    if (error instanceof AssayError) return ended(error.code, error.message, error.exit);
    throw error;
  }
}

process.stdout.write(`${JSON.stringify(await main(process.argv[2]!))}\n`);
