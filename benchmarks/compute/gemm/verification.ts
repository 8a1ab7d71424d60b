import type { Check } from '../../../model/measurement.ts';
import type { Surroundings } from '../../benchmark.ts';
import { keyOf } from '../philox.ts';
import { FORMS, type Precision, RESIDUAL_BOUND, residualClass } from '../precision.ts';
import { fits } from './fit.ts';
import { looksFault, looksName } from './looks.ts';
import { openingFault, openingName, operandStream } from './opening.ts';
import { type Cut, cutOf } from './operand-cuts.ts';
import { type Draw, pairsOf, placeStep, TURN } from './places.ts';
import type { FirstGemmResult, GemmResult } from './samples.ts';

/** The small product before, and the large one that was timed. */
export function correctness(result: FirstGemmResult, precision: Precision, what: string): Check[] {
  const { gate, verification } = result;
  const bound = RESIDUAL_BOUND[precision];
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
      passed: fits(verification, precision),
      detail: `${what}: ${seen}, ${verification.rounds} random vectors on the timed output`,
    },
  ];
}

/** Rows that whoever checks recomputes for himself, in places: nothing that the node says about them is believed. */
export function openedRows(
  result: GemmResult,
  precision: Precision,
  challenge: string,
  around: Surroundings,
  what: string,
): Check {
  const last = result.windows.length - 1;
  const { looks } = result.windows[last] ?? { looks: [] };
  const pair = pairsOf(drawOf(result, precision, challenge), Math.max(0, last), (looks.at(-1) ?? 1) - 1, 1)[0]!;
  const cut = cutOf(pair, placeStep(result.device), result.products.order);
  const leaves = result.size + result.windows.reduce((sum, window) => sum + window.looks.length, 0);
  return rowsCheck(result, precision, challenge, { cut, leaves }, around, what);
}

/** The same of version 1.0.0, where all products had the same operands and only rows lay under the root. */
export function firstRows(
  result: FirstGemmResult,
  precision: Precision,
  challenge: string,
  around: Surroundings,
  what: string,
): Check {
  const cut: Cut = { a: 0, b: 0, order: 'rows' };
  return rowsCheck(result, precision, challenge, { cut, leaves: result.size }, around, what);
}

function rowsCheck(
  { device, size, opening, verification: { root, beacon } }: FirstGemmResult,
  precision: Precision,
  challenge: string,
  place: { cut: Cut; leaves: number },
  { settings, evidence }: Surroundings,
  what: string,
): Check {
  const count = typeof settings.openedRows === 'number' ? settings.openedRows : 4;
  const bytes = evidence(openingName(precision, device));
  const fault = bytes
    ? openingFault({ ...opening, ...place, precision, size, challenge, root, beacon }, count, bytes)
    : 'the opened rows are not among the evidence';
  const detail = `${what}: ${fault ?? `${opening.paths.length} rows picked afterwards, recomputed and right`}`;
  return { id: 'gemm.rows', passed: fault === undefined, detail };
}

/**
 * Products inside the windows, among them the last one of each: all that the node looked at were right by its own
 * checks, and those that the beacon picks are recomputed from the seeds here.
 */
export function lookedAt(
  result: GemmResult,
  precision: Precision,
  challenge: string,
  { evidence }: Surroundings,
  what: string,
): Check {
  const { device, size, windows, products, verification, opening } = result;
  const looks = windows.map((window) => window.looks);
  const count = looks.reduce((sum, { length }) => sum + length, 0);
  const bytes = evidence(looksName(precision, device));
  const unseen = windows.findIndex(({ looks, iterations }) => !ordered(looks) || looks.at(-1) !== iterations);
  let fault: string | undefined;
  if (unseen >= 0) fault = `the last product of window ${unseen} was not looked at`;
  else if (products.wrong > 0) {
    fault = `${products.wrong} of ${count} products wrong that were looked at inside the windows`;
  } else if (!bytes) fault = 'the opened products are not among the evidence';
  else {
    const draw = drawOf(result, precision, challenge);
    const { root, beacon } = verification;
    const { order, paths } = products;
    const place = { precision, size, draw, step: placeStep(device), order, looks, root, beacon, paths };
    fault = looksFault({ ...place, form: opening.form }, bytes);
  }
  const said = `${count} products in ${windows.length} windows looked at and right, ${products.paths.length} of them recomputed`;
  return { id: 'gemm.products', passed: fault === undefined, detail: `${what}: ${fault ?? said}` };
}

const ordered = (numbers: readonly number[]): boolean =>
  numbers.every((number, i) => i === 0 || number > numbers[i - 1]!);

function drawOf({ products }: GemmResult, precision: Precision, challenge: string): Draw {
  const bothChange = products.changes === 'both';
  return { key: keyOf(challenge), stream: operandStream(precision), turn: TURN.measured, bothChange };
}

/** What is wrong with the commitment to the output, by the controller's own record; undefined if nothing is. */
export function commitment(result: FirstGemmResult, label: string, { transcript }: Surroundings): string | undefined {
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

/**
 * More time measured than the controller saw pass: a clock that runs fast makes rates small, one that lies makes them
 * large.
 */
export function overClock(
  result: FirstGemmResult,
  challenge: string,
  label: string,
  { transcript }: Surroundings,
): string | undefined {
  const exchange = transcript?.exchanges.find((entry) => entry.label === label);
  const opening = transcript?.exchanges[0];
  if (!exchange || !opening || challenge !== opening.beacon) return undefined;
  const seenS = Number(BigInt(exchange.receivedNs) - BigInt(opening.answeredNs)) / 1e9;
  const saidS = (result.windows.at(-1)!.endNs - result.windows[0]!.startNs) / 1e9;
  return saidS > seenS * 1.01 + 0.05
    ? `${saidS.toFixed(2)} s were measured in ${seenS.toFixed(2)} s of the controller's time`
    : undefined;
}
