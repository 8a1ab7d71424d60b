import { proof } from '../../../benchmarks/compute/gemm/proof.ts';
import { PRECISIONS } from '../../../benchmarks/compute/precision.ts';
import { inputOf } from '../../../controller/conductor.ts';
import { makePlan } from '../../../controller/planner.ts';
import { createRunDirectory, type RunDirectory } from '../../../controller/store/run-directory.ts';
import { canonicalBytes } from '../../../evidence/canonical.ts';
import { sha256Hex } from '../../../evidence/digest.ts';
import { seal } from '../../../evidence/envelope.ts';
import { generateKeyPair, pemSigner, type Signer } from '../../../evidence/keys.ts';
import { PAYLOAD_TYPE, statement } from '../../../evidence/statement.ts';
import type { Assignment, Plan, Transcript } from '../../../model/assignment.ts';
import type { BootReading } from '../../../model/clock.ts';
import type { Controller } from '../../../model/controller.ts';
import type { EvidenceRef, Measurement, Telemetry } from '../../../model/measurement.ts';
import { builtinGuides, type LoadedGuide } from '../../../reports/guides/builtin.ts';
import { PATHS } from '../../../reports/verify/layout.ts';
import { syntheticInventory } from './machine.ts';
import { numbersFrom, type Shape, SIZE, syntheticGemm } from './samples.ts';

/** How large the invented fleet is and how much each of its attempts leaves behind. */
export interface FleetSize {
  readonly nodes: number;
  readonly accelerators: number;
  readonly windows: number;
  readonly precisions: Shape['precisions'];
  /** Telemetry readings an attempt. */
  readonly readings: number;
  readonly repeats: number;
  /** Rows of each output that are opened. */
  readonly openedRows: number;
}

export interface SyntheticOptions extends Partial<FleetSize> {
  readonly run?: string;
  readonly guide?: LoadedGuide;
  readonly claims?: object;
  /** Registers of the operator by their file names, which no generator made. */
  readonly registers?: ReadonlyMap<string, string>;
  /** Whether the plan owns to its evidence being invented, as it must where there is any. */
  readonly synthetic?: boolean;
  /** What the plan declares; a laboratory if it is not given. */
  readonly controller?: Controller;
  /** Targets that the run is about; the whole guide if not given. */
  readonly only?: readonly string[];
  /** Keys to use in place of fresh ones: the controller's, and each node's. */
  readonly signer?: Signer;
  readonly nodeSigner?: (node: string) => Signer;
  readonly seed?: number;
}

/** What happens to a node's first attempt, by its place in the fleet; all others complete. */
const FATES: Readonly<Record<number, 'crashes' | 'lies' | 'vanishes' | 'errs' | 'lags'>> = {
  1: 'crashes',
  2: 'lies',
  3: 'vanishes',
  4: 'errs',
  5: 'lags',
};

/** A finished run of invented nodes, ready to be handed over, and the keys behind it. */
export interface SyntheticRun {
  readonly directory: RunDirectory;
  readonly signer: Signer;
  readonly nodeSigners: ReadonlyMap<string, Signer>;
  readonly plan: Plan;
}

const START = Date.UTC(2026, 10, 21, 1);
/** So that small fleets have one of every fate. */
const SMALL: FleetSize = {
  nodes: 7,
  accelerators: 2,
  windows: 6,
  precisions: ['FP32', 'BF16'],
  readings: 3,
  repeats: 1,
  openedRows: 1,
};

/**
 * Writes the directory of a run that no machine ever made, through the real store, with real signatures, real log
 * entries and samples that the real proof examines. The plan says that it is synthetic, so no target of it can pass.
 */
export async function makeSyntheticRun(path: string, options: SyntheticOptions = {}): Promise<SyntheticRun> {
  const size: FleetSize = { ...SMALL, ...options };
  const guide = options.guide ?? builtinGuides()[0]!;
  let ticks = 0;
  const directory = createRunDirectory(path, () => new Date(START + ticks++));
  const signer = options.signer ?? pemSigner(generateKeyPair().privatePem);
  const nodes = Array.from({ length: size.nodes }, (_, at) => `node-${String(at + 1).padStart(4, '0')}`);
  const nodeSigners = new Map(
    nodes.map((node) => [node, options.nodeSigner?.(node) ?? pemSigner(generateKeyPair().privatePem)]),
  );
  const files = new Map<string, Uint8Array>([[PATHS.guide, guide.bytes]]);
  if (options.claims) files.set(PATHS.claims, canonicalBytes(options.claims));
  for (const [name, text] of options.registers ?? []) files.set(PATHS.registers + name, Buffer.from(text));
  for (const [name, bytes] of files) directory.writeFile(name, bytes);
  directory.append({ kind: 'inputs', files: [...files].map(([name, bytes]) => inputOf(name, bytes)) });
  for (const [index, node] of nodes.entries()) {
    const inventory = syntheticInventory(node, index + 1, size.accelerators, new Date(START).toISOString());
    const { publicKeyPem: publicKey } = nodeSigners.get(node)!;
    directory.append({ kind: 'node', node, publicKey, inventory: directory.putBlob(canonicalBytes(inventory)) });
  }
  const planned = makePlan({
    run: options.run ?? 'at-20261121-010000-5ca1',
    createdAt: new Date(START).toISOString(),
    guide: guide.guide,
    guideSha256: guide.sha256,
    profile: 'standard',
    controller: options.controller ?? { relation: 'independent', holder: 'Example Laboratory' },
    nodes,
    settings: {
      'compute.gemm': {
        // Asked for all, it has some: then too few of them are a fail, and not something that nobody tried.
        precisions: [...PRECISIONS],
        deviceSizes: [SIZE],
        seconds: size.windows * 0.8,
        openedRows: size.openedRows,
      },
    },
    edge: [],
    beside: [],
    only: options.only ?? [],
    repeats: size.repeats,
    synthetic: options.synthetic ?? true,
  });
  const plan = { ...planned, assignments: planned.assignments.filter((one) => one.benchmark === 'compute.gemm') };
  const payload = canonicalBytes(statement([{ name: PATHS.guide, digest: { sha256: guide.sha256 } }], 'plan', plan));
  directory.append({
    kind: 'plan',
    envelope: await seal(PAYLOAD_TYPE, payload, [signer]),
    clock: readingAt(ticks / 1e3),
  });
  for (const [index, assignment] of plan.assignments.entries()) {
    const own = nodeSigners.get(assignment.node)!;
    await carryOut({ directory, run: plan.run, assignment, index, size, signer: own, seed: options.seed ?? 1 });
  }
  directory.append({ kind: 'end', cancelled: false, clock: readingAt(ticks / 1e3) });
  return { directory, signer, nodeSigners, plan };
}

interface Work {
  readonly directory: RunDirectory;
  readonly run: string;
  readonly assignment: Assignment;
  readonly index: number;
  readonly size: FleetSize;
  readonly signer: Signer;
  readonly seed: number;
}

/** All attempts of one node, the way the conductor would have asked for them. */
async function carryOut(work: Work): Promise<void> {
  const { directory, assignment, index, size } = work;
  const { id, node } = assignment;
  const chain = { sequence: 0, previous: '' };
  const random = numbersFrom(work.seed * 100_003 + index);
  for (let attempt = 1, completed = 0; completed < size.repeats; attempt++) {
    const fate = attempt === 1 ? FATES[index] : undefined;
    directory.append({ kind: 'issue', node, assignment: id, attempt });
    if (fate === 'vanishes') {
      directory.append({
        kind: 'lost',
        node,
        assignment: id,
        attempt,
        detail: 'the node went away and did not come back',
      });
      return;
    }
    const { measurement, transcript } = invent(work, attempt, chain, fate, random);
    const sealed = await sealMeasurement(work, measurement);
    Object.assign(chain, { sequence: measurement.sequence, previous: sealed.sha256 });
    if (fate === 'lies') {
      const delivery = { envelope: sealed.envelope, transcript };
      const detail = 'the samples do not give the numbers that were reported (evidence_mismatch)';
      directory.append({
        kind: 'rejection',
        node,
        assignment: id,
        code: 'summary_unfounded',
        detail,
        sha256: directory.putBlob(canonicalBytes(delivery)),
      });
      continue;
    }
    directory.append({ kind: 'measurement', node, envelope: sealed.envelope, transcript });
    if (measurement.state === 'completed') completed++;
  }
}

function invent(
  { directory, run, assignment, index, size }: Work,
  attempt: number,
  chain: { sequence: number; previous: string },
  fate: (typeof FATES)[number] | undefined,
  random: () => number,
): { measurement: Measurement; transcript: Transcript } {
  const { id, node, benchmark, version, settings } = assignment;
  const name = `${run}/${id}/${attempt}`;
  const { raw, exchanges, kept, elapsedS } = syntheticGemm(
    {
      devices: size.accelerators,
      precisions: size.precisions,
      windows: size.windows,
      windowS: 1,
      openedRows: size.openedRows,
      opsPerSecond: 6e13 * (fate === 'lags' ? 0.5 : 1) * (1 + (random() - 0.5) * 0.04),
      wrong: fate === 'errs',
    },
    name,
    random,
  );
  const issued = START + 60_000 + index;
  const startedAt = new Date(issued + 5).toISOString();
  const crashed = fate === 'crashes';
  const keep = (name: string, mediaType: string, bytes: Uint8Array): EvidenceRef => ({
    name,
    mediaType,
    sha256: directory.putBlob(bytes),
    bytes: bytes.byteLength,
  });
  const evidence = crashed ? [] : [...kept].map(([name, bytes]) => keep(name, 'application/octet-stream', bytes));
  const examination = crashed
    ? { metrics: [], checks: [], findings: [] }
    : proof.examine(raw, { settings, transcript: undefined, evidence: (name) => kept.get(name) });
  if (fate === 'lies') for (const metric of examination.metrics) metric.estimate.value *= 3;
  return {
    measurement: {
      schema: 'assay/measurement/v1',
      run,
      assignment: id,
      attempt,
      node,
      benchmark,
      version,
      sequence: chain.sequence + 1,
      previous: chain.previous,
      challenge: raw.challenge,
      settings,
      state: crashed ? 'failed' : 'completed',
      ...(crashed ? { failure: { code: 'crashed' as const, phase: 'measure', detail: 'invented crash' } } : {}),
      startedAt,
      endedAt: new Date(issued + 5 + elapsedS * 1000).toISOString(),
      elapsedS,
      phases: [
        { name: 'warm_up', startedAt, durationS: 10 },
        { name: 'measure', startedAt: new Date(issued + 10_005).toISOString(), durationS: elapsedS - 11 },
      ],
      ...(crashed ? {} : { raw: keep('samples.json', 'application/json', canonicalBytes(raw)) }),
      evidence,
      examination,
      telemetry: Array.from({ length: size.readings }, (_, at) => reading(at, random)),
      software: [{ name: 'invented-runtime', version: '1.0' }],
    },
    transcript: {
      schema: 'assay/transcript/v1',
      run,
      assignment: id,
      attempt,
      node,
      issuedAt: new Date(issued).toISOString(),
      endedAt: new Date(issued + 500 + elapsedS * 1000).toISOString(),
      exchanges,
      clock: [readingAt(0), readingAt(Number(exchanges.at(-1)?.answeredNs ?? 0) / 1e9)],
    },
  };
}

/** A controller's clock that runs with the kernel's, so many seconds after the invented start. */
function readingAt(seconds: number): BootReading {
  const ns = String(Math.round(seconds * 1e9));
  return { askedNs: ns, answeredNs: ns, bootS: 1000 + Math.round(seconds * 100) / 100 };
}

function reading(atS: number, random: () => number): Telemetry {
  return {
    atS: atS + 1,
    cpuBusy: 0.4 + random() / 10,
    cpuOther: random() / 100,
    cpuSteal: 0,
    cpuClockMHz: 3000 + Math.round(random() * 100),
    memoryUsedBytes: 1e11 + Math.round(random() * 1e9),
  };
}

/** The measurement as its agent signs it: order and evidence are its subjects. */
async function sealMeasurement({ run, assignment, signer }: Work, measurement: Measurement) {
  const { id, benchmark, version, settings, timeoutS } = assignment;
  const order = { run, assignment: id, attempt: measurement.attempt, benchmark, version, settings, timeoutS };
  const refs = [...(measurement.raw ? [measurement.raw] : []), ...measurement.evidence];
  const subjects = [
    { name: `order/${id}/${measurement.attempt}`, digest: { sha256: sha256Hex(canonicalBytes(order)) } },
    ...refs.map((ref) => ({ name: ref.name, digest: { sha256: ref.sha256 } })),
  ];
  const payload = canonicalBytes(statement(subjects, 'measurement', measurement));
  return { envelope: await seal(PAYLOAD_TYPE, payload, [signer]), sha256: sha256Hex(payload) };
}
