import { type Computing, libraryFindings } from '../../benchmarks/compute/advice.ts';
import { instructionsFor, libraryOf, usualShares } from '../../benchmarks/compute/libraries.ts';
import { PRECISIONS } from '../../benchmarks/compute/precision.ts';
import type { Finding } from '../../model/measurement.ts';
import type { Text } from '../../model/text.ts';
import type { Machine, Read } from '../inventory/machine.ts';
import { type Trial, trialIn } from './trial.ts';

/** Libraries that a measurement on this machine would lack, found by trying every backend. Measures nothing. */
export async function missedLibraries(machine: Machine): Promise<Finding[]> {
  return missedIn(await machine.document('backends'));
}

/** The same from a trial that was made; nothing without one. */
export function missedIn(document: Read<unknown>): Finding[] {
  const trial = trialIn(document);
  if (typeof trial === 'string' || !trial.tried) return [];
  const { tried, arithmetic, cards } = trial;
  const computing = PRECISIONS.flatMap((precision) => likely(trial, precision));
  return libraryFindings({ engines: tried, arithmetic, cards }, PRECISIONS, computing, 'compute.gemm.rate');
}

/** What would compute at a precision: of several backends on the processor the one that is usually the fastest. */
function likely({ ready, arithmetic = [] }: Trial, precision: Computing['precision']): Computing[] {
  const offers = ready.flatMap(({ name, backend, devices }) =>
    devices.filter(({ precisions }) => precisions.includes(precision)).map(({ id }) => ({ device: id, name, backend })),
  );
  const instructions = instructionsFor(precision, arithmetic);
  const shares = instructions === undefined ? [] : usualShares(precision, instructions);
  const usual = (backend: string): number => shares.find((one) => one.backend === backend)?.share ?? 0;
  const own = offers.filter(({ device }) => device === 'cpu').sort((a, b) => usual(b.backend) - usual(a.backend));
  return [...own.slice(0, 1), ...offers.filter(({ device }) => device !== 'cpu')].map(({ device, name }) => ({
    precision,
    device,
    backend: name,
  }));
}

/** What to install for the processor, each library once; undefined where nothing is missed. */
export function librariesTodo(findings: readonly Finding[]): Text | undefined {
  const own = findings.filter(({ labels }) => labels?.device === 'cpu');
  const lines = [...Map.groupBy(own, ({ labels }) => labels?.library ?? '')].flatMap(([backend, all]) => {
    const library = libraryOf(backend);
    if (!library) return [];
    const at = all.map(({ labels }) => labels?.precision ?? '').join(', ');
    return [
      { zh: `${library.name}（${at}）${library.install.zh}`, en: `${library.name} (${at}): ${library.install.en}` },
    ];
  });
  if (lines.length === 0) return undefined;
  return { zh: lines.map(({ zh }) => zh).join('；'), en: lines.map(({ en }) => en).join('; ') };
}
