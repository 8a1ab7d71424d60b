import type { Check } from '../../../model/measurement.ts';
import type { Surroundings } from '../../benchmark.ts';
import { FORMS, type Precision, RESIDUAL_BOUND, residualClass } from '../precision.ts';
import { openingFault, openingName } from './opening.ts';
import type { GemmRaw, GemmResult } from './samples.ts';

/** The small product before, and the large one that was timed. */
export function correctness(result: GemmResult, precision: Precision, what: string): Check[] {
  const { gate, verification } = result;
  const bound = RESIDUAL_BOUND[precision];
  const fits = verification.rms <= bound && verification.worst <= 10 * bound;
  const seen =
    FORMS[precision].kind === 'integer'
      ? `integer product, largest deviation ${verification.worst}`
      : `residual ${verification.rms.toExponential(2)} (class ${residualClass(verification.rms)}), ` +
        `worst row ${verification.worst.toExponential(2)}, bound ${bound}`;
  return [
    {
      id: 'gemm.gate',
      passed: gate.wrong === 0,
      detail: `${what}: small product, ${gate.wrong} of ${gate.elements} elements wrong`,
    },
    {
      id: 'gemm.freivalds',
      passed: fits,
      detail: `${what}: ${seen}, ${verification.rounds} random vectors on the timed output`,
    },
  ];
}

/** Rows that whoever checks recomputes for himself, in places: nothing that the node says about them is believed. */
export function openedRows(
  result: GemmResult,
  precision: Precision,
  raw: GemmRaw,
  { settings, evidence }: Surroundings,
  what: string,
): Check {
  const count = typeof settings.openedRows === 'number' ? settings.openedRows : 4;
  const bytes = evidence(openingName(precision, result.device));
  const { root, beacon } = result.verification;
  const fault = bytes
    ? openingFault(
        { ...result.opening, precision, size: result.size, challenge: raw.challenge, root, beacon },
        count,
        bytes,
      )
    : 'the opened rows are not among the evidence';
  const detail = `${what}: ${fault ?? `${result.opening.paths.length} rows picked afterwards, recomputed and right`}`;
  return { id: 'gemm.rows', passed: fault === undefined, detail };
}

/** What is wrong with the commitment to the output, by the controller's own record; undefined if nothing is. */
export function commitment(result: GemmResult, label: string, { transcript }: Surroundings): string | undefined {
  if (!transcript) return undefined;
  const exchange = transcript.exchanges.find((entry) => entry.label === label);
  if (!exchange) return 'the output was never committed to';
  if (Buffer.from(exchange.commit, 'base64').toString('hex') !== result.verification.root) {
    return 'the output that was checked is not the one committed to';
  }
  return exchange.beacon === result.verification.beacon
    ? undefined
    : 'the random vectors do not come from the beacon that followed the commitment';
}

/** More time measured than the controller saw pass: a clock that runs fast makes rates small, one that lies makes them large. */
export function overClock(
  result: GemmResult,
  raw: GemmRaw,
  label: string,
  { transcript }: Surroundings,
): string | undefined {
  const exchange = transcript?.exchanges.find((entry) => entry.label === label);
  const opening = transcript?.exchanges[0];
  if (!exchange || !opening || raw.challenge !== opening.beacon) return undefined;
  const seenS = Number(BigInt(exchange.receivedNs) - BigInt(opening.answeredNs)) / 1e9;
  const saidS = (result.windows.at(-1)!.endNs - result.windows[0]!.startNs) / 1e9;
  return saidS > seenS * 1.01 + 0.05
    ? `${saidS.toFixed(2)} s were measured in ${seenS.toFixed(2)} s of the controller's time`
    : undefined;
}
