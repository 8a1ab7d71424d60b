import type { Finding } from '../../model/measurement.ts';
import type { LibraryReason } from '../../model/reason.ts';
import {
  backendsForCards,
  backendsServing,
  instructionsFor,
  isOutdated,
  libraryOf,
  type UsualShare,
  usualShares,
} from './libraries.ts';
import { type Precision, precisionLabel } from './precision.ts';
import type { LibraryFault, Tried } from './tried.ts';

/** What was tried on a node, and what it has to compute with. */
export interface Equipped {
  readonly engines: readonly Tried[];
  readonly arithmetic?: readonly string[] | undefined;
  readonly cards?: readonly string[] | undefined;
}

/** What computes on one device at one precision. */
export interface Computing {
  readonly precision: Precision;
  readonly device: string;
  /** With or without its variant. */
  readonly backend: string;
  /** Why others were dropped in trials, by backend and variant. */
  readonly dropped?: readonly { readonly backend: string; readonly why: string }[];
}

/** Less than this is no news: trials of one library differ by as much. */
const WORTH = 1.1;

const CODES: Readonly<Record<LibraryFault, LibraryReason>> = {
  missing: 'library_missing',
  old: 'library_old',
  refused: 'library_refused',
};
const SAID: Readonly<Record<LibraryFault, string>> = {
  missing: 'is not installed',
  old: 'is too old for this processor',
  refused: 'is there and was refused',
};

/**
 * Libraries that are missing, too old or refused on a node although more could be measured with them: for each
 * precision that the processor was measured in, or could not be, the one library that would change most; for
 * accelerators that nothing was measured on, those that reach them. Informs and holds nothing. `gain` is how many times
 * the rate is usual with the library; it is absent where that is not known or nothing was measured. Empty for samples
 * that do not say what the node has. Pure.
 */
export function libraryFindings(
  equipped: Equipped,
  asked: readonly Precision[],
  computing: readonly Computing[],
  metric: string,
): Finding[] {
  const { arithmetic, cards = [] } = equipped;
  if (!arithmetic) return [];
  const processor = asked.flatMap((precision) => {
    const own = computing.filter((one) => one.precision === precision);
    const onCpu = own.find(({ device }) => device === 'cpu');
    // Where accelerators did the work, the processor's libraries are of no use.
    if (own.length > 0 && !onCpu) return [];
    const found = forProcessor(equipped.engines, arithmetic, precision, onCpu);
    return found ? [{ ...found, metric }] : [];
  });
  const reached = computing.some(({ device }) => device !== 'cpu');
  const others = reached ? [] : cards.flatMap((vendor) => forCards(equipped.engines, vendor));
  return [...processor, ...others.map((finding) => ({ ...finding, metric }))];
}

function forProcessor(
  engines: readonly Tried[],
  arithmetic: readonly string[],
  precision: Precision,
  own: Computing | undefined,
): Finding | undefined {
  const instructions = instructionsFor(precision, arithmetic);
  if (instructions === undefined) return undefined;
  const used = own && familyOf(own.backend);
  const shares = usualShares(precision, instructions);
  const usedShare = shares.find(({ backend }) => backend === used);
  // Nothing was measured with these instructions: a library that is made for the precision may still be worth a lot.
  const candidates = shares.length > 0 ? shares.map(({ backend }) => backend) : backendsServing(precision);
  for (const backend of candidates) {
    const library = libraryOf(backend);
    if (!library?.serves.includes(precision)) continue;
    const share = shares.find((one) => one.backend === backend);
    const gain = share && usedShare && backend !== used ? share.share / usedShare.share : undefined;
    if (gain !== undefined && gain < WORTH) continue;
    const fault = faultOf(engines, backend, precision, instructions, own);
    if (!fault || (backend === used && fault.fault !== 'old')) continue;
    const labels = {
      precision: precisionLabel(precision),
      device: 'cpu',
      library: backend,
      instructions,
      ...(used === undefined ? {} : { used }),
    };
    const cost = costOf(own ? nameOf(used!) : undefined, library.name, share, usedShare);
    const detail = `${precision} on cpu (${instructions}): ${library.name} ${SAID[fault.fault]}${fault.why}; ${cost}; ${library.install.en}`;
    return { code: CODES[fault.fault], detail, labels, weight: 'informs', ...(gain === undefined ? {} : { gain }) };
  }
  return undefined;
}

function costOf(
  used: string | undefined,
  name: string,
  share: UsualShare | undefined,
  usedShare: UsualShare | undefined,
): string {
  const percent = (one: UsualShare): string => `${Math.round(one.share * 100)} %`;
  const from = share ? ` (${share.source}, ${share.measuredAt})` : '';
  if (used === undefined) return 'without it nothing here multiplies in this precision';
  if (!share) return `${used} was taken; what that costs on this processor is not known`;
  if (!usedShare || used === name) return `${percent(share)} of the peak is usual with ${name}${from}`;
  return `${used} was taken, with which ${percent(usedShare)} of the peak is usual where ${name} reaches ${percent(share)}${from}`;
}

/** Why a library is not used at a precision of the processor; undefined where it was tried and lost to a faster one. */
function faultOf(
  engines: readonly Tried[],
  backend: string,
  precision: Precision,
  instructions: string,
  own: Computing | undefined,
): { fault: LibraryFault; why: string } | undefined {
  const tried = engines.filter((one) => one.backend === backend);
  // What the settings do not allow is not the node's fault.
  if (tried.length === 0) return undefined;
  const ready = tried.filter((one) => one.fault === undefined);
  if (ready.length === 0) {
    const worst = (['refused', 'old', 'missing'] as const).find((fault) => tried.some((one) => one.fault === fault))!;
    const said = tried.find((one) => one.fault === worst)?.failed;
    // What a missing library says is where it was looked for, which helps nobody here.
    return { fault: worst, why: worst === 'missing' || said === undefined ? '' : ` (${said.slice(0, 200)})` };
  }
  const current = ready.filter(({ name, software }) => {
    const [, variant] = name.split('/');
    return !isOutdated(backend, instructions, { version: software?.[0]?.version, variant });
  });
  if (current.length === 0) {
    const versions = ready.flatMap(({ software }) => software?.map((one) => `${one.name} ${one.version}`) ?? []);
    return { fault: 'old', why: ` (${[...new Set(versions)].join(', ')})` };
  }
  const able = ready.filter(({ lacks }) => !lacks?.some((one) => one.precision === precision));
  if (able.length === 0) {
    const why = ready.flatMap(({ lacks }) => lacks?.filter((one) => one.precision === precision) ?? [])[0]?.why;
    return { fault: 'refused', why: why === undefined ? '' : ` (${why.slice(0, 200)})` };
  }
  const dropped = own?.dropped?.filter((one) => familyOf(one.backend) === backend) ?? [];
  if (able.every(({ name }) => dropped.some((one) => one.backend === name))) {
    return { fault: 'refused', why: ` (${dropped[0]?.why.slice(0, 200) ?? ''})` };
  }
  return undefined;
}

function forCards(engines: readonly Tried[], vendor: string): Finding[] {
  return backendsForCards(vendor).flatMap((backend) => {
    const library = libraryOf(backend);
    const tried = engines.filter((one) => one.backend === backend);
    if (!library || tried.length === 0) return [];
    const ready = tried.filter((one) => one.fault === undefined);
    const faults = tried.flatMap(({ fault }) => (fault === undefined ? [] : [fault]));
    const fault =
      ready.length > 0 ? 'refused' : (['refused', 'old', 'missing'] as const).find((f) => faults.includes(f))!;
    const sees = [...new Set(ready.flatMap(({ devices }) => devices))].join(', ') || 'no device';
    const said = tried.find((one) => one.fault === fault)?.failed?.slice(0, 200);
    const why = ready.length > 0 ? ` (it sees ${sees})` : fault === 'refused' && said ? ` (${said})` : '';
    const detail = `accelerators of ${vendor}: ${library.name} ${SAID[fault]}${why}; without it none of them is measured; ${library.install.en}`;
    return [{ code: CODES[fault], detail, labels: { vendor, library: backend }, weight: 'informs' as const }];
  });
}

/** A backend without its variant. */
function familyOf(backend: string): string {
  return backend.split(/[/ ]/)[0]!;
}

/** What a person calls a backend. */
function nameOf(backend: string): string {
  return libraryOf(backend)?.name ?? (backend === 'onnxruntime' ? 'ONNX Runtime' : backend);
}
