import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dial, type Link } from '../../../agent/link.ts';
import { type Authority, CONTROLLER_NAME, type Credential, createAuthority } from '../../../controller/certificates.ts';
import { conduct, inputOf } from '../../../controller/conductor.ts';
import { handOver } from '../../../controller/handover.ts';
import { makePlan } from '../../../controller/planner.ts';
import type { RunEvent } from '../../../controller/run.ts';
import { createRunDirectory, type RunDirectory } from '../../../controller/store/run-directory.ts';
import { canonicalBytes } from '../../../evidence/canonical.ts';
import { sha256Hex } from '../../../evidence/digest.ts';
import { seal } from '../../../evidence/envelope.ts';
import { generateKeyPair, pemSigner } from '../../../evidence/keys.ts';
import { PAYLOAD_TYPE, statement } from '../../../evidence/statement.ts';
import type { Plan } from '../../../model/assignment.ts';
import type { Inventory } from '../../../model/inventory.ts';
import { evidenceOf, type Measurement } from '../../../model/measurement.ts';
import type { Report } from '../../../model/report.ts';
import type { ControllerMessage } from '../../../proto/fleet.ts';
import { envelopeToWire, type Order, orderFromWire } from '../../../proto/wire.ts';
import { builtinGuides } from '../../../reports/guides/builtin.ts';
import { PATHS } from '../../../reports/verify/layout.ts';
import { environmentBytes, environmentRef } from '../../plain-environment.ts';

export const NODE = 'node-a';

/** A real controller that conducts a plan of one benchmark, waiting for agents that a test scripts. */
export interface Stage {
  readonly directory: RunDirectory;
  readonly events: RunEvent[];
  readonly authority: Authority;
  readonly credential: Credential;
  readonly address: string;
  readonly abort: AbortController;
  /** Says that the agents of the run have ended. */
  readonly gone: AbortController;
  /** Where the run's directory is; to be removed by the test. */
  readonly scratch: string;
  /** Links that scripted agents opened, so that a test can end them. */
  readonly links: Link[];
  /** Resolves when the run is over. */
  readonly done: Promise<unknown>;
  report(): Promise<Report>;
}

export async function openStage(
  nodes: readonly string[] = [NODE],
  change: (plan: Plan) => Plan = (p) => p,
): Promise<Stage> {
  const scratch = mkdtempSync(join(tmpdir(), 'assay-stage-'));
  const directory = createRunDirectory(join(scratch, 'run'), () => new Date());
  const guide = builtinGuides()[0]!;
  directory.writeFile(PATHS.guide, guide.bytes);
  const signer = pemSigner(generateKeyPair().privatePem);
  directory.writeFile(PATHS.controllerKey, signer.publicKeyPem);
  const authority = await createAuthority(new Date(), 1);
  const events: RunEvent[] = [];
  const abort = new AbortController();
  const gone = new AbortController();
  const port = Promise.withResolvers<number>();
  const done = conduct({
    address: '127.0.0.1:0',
    credential: await authority.issue(CONTROLLER_NAME, 'controller'),
    authorityPem: authority.certificatePem,
    signer,
    directory,
    inputs: [inputOf(PATHS.guide, guide.bytes)],
    nodes,
    joinTimeoutS: 20,
    run: 'at-test',
    plan: () => {
      const plan = makePlan({
        run: 'at-test',
        createdAt: new Date().toISOString(),
        guide: guide.guide,
        guideSha256: guide.sha256,
        profile: 'quick',
        controller: { relation: 'independent', holder: 'Example Laboratory' },
        nodes,
        settings: {},
        edge: [],
        beside: [],
        only: ['compute.precisions'],
        repeats: 1,
        synthetic: false,
      });
      return change({ ...plan, assignments: plan.assignments.filter((a) => a.benchmark === 'compute.gemm') });
    },
    listening: port.resolve,
    event: (event) => events.push(event),
    signal: abort.signal,
    gone: gone.signal,
  });
  done.catch(() => {});
  return {
    directory,
    events,
    authority,
    credential: await authority.issue(NODE, 'agent'),
    address: `127.0.0.1:${await port.promise}`,
    abort,
    gone,
    scratch,
    links: [],
    done,
    report: () =>
      handOver(directory, signer, {
        number: 'AT-TEST',
        judgedAt: new Date().toISOString(),
        software: { name: 'assay', version: '0' },
      }),
  };
}

export const inventoryOf = (node: string): Inventory => ({
  schema: 'assay/inventory/v1',
  node,
  takenAt: '2026-01-01T00:00:00.000Z',
  host: {},
  cpu: {},
  memory: {},
  disks: [],
  mounts: [],
  links: [],
  accelerators: [],
  tools: [],
  software: [],
  findings: [],
  unread: [],
});

/** An agent whose every word the test chooses. */
export interface ScriptedAgent {
  readonly link: Link;
  /** The next message that the test picks out; messages before it are dropped. */
  next<K extends keyof ControllerMessage>(kind: K): Promise<NonNullable<ControllerMessage[K]>>;
  order(): Promise<Order>;
  commit(order: Order, index: number, label: string, payload: Buffer): Promise<string>;
  /**
   * Sends a result; what is not given is as an honest agent would have it, whose chain goes on with all it has signed.
   */
  answer(
    order: Order,
    changes?: Partial<Measurement>,
    options?: { privateKeyPem?: string; order?: Order },
  ): Promise<void>;
  readonly ended: Promise<string | undefined>;
}

export async function joinStage(
  stage: Stage,
  options: { credential?: Credential; node?: string; authorityPem?: string } = {},
): Promise<ScriptedAgent> {
  const { credential = stage.credential, node = NODE } = options;
  const queue: ControllerMessage[] = [];
  const waiters: (() => void)[] = [];
  const over = Promise.withResolvers<string | undefined>();
  const identity = { node, ...credential, authorityPem: options.authorityPem ?? stage.authority.certificatePem };
  const link = await dial(stage.address, identity, 'test', {
    message: (message) => {
      queue.push(message);
      for (const wake of waiters.splice(0)) wake();
    },
    ended: (problem) => over.resolve(problem),
  });
  stage.links.push(link);
  await link.send({ inventory: { document: Buffer.from(canonicalBytes(inventoryOf(node))) } });
  const next = async <K extends keyof ControllerMessage>(kind: K): Promise<NonNullable<ControllerMessage[K]>> => {
    for (;;) {
      for (let message = queue.shift(); message; message = queue.shift()) {
        const body = message[kind];
        if (body) return body as NonNullable<ControllerMessage[K]>;
      }
      await new Promise<void>((wake) => waiters.push(wake));
    }
  };
  let challenge = '';
  let chain = { sequence: 0, previous: '' };
  return {
    link,
    next,
    ended: over.promise,
    order: async () => {
      const order = orderFromWire(await next('assignment'));
      if (!order.ok) throw new Error(order.problems.join());
      return order.value;
    },
    commit: async (order, index, label, payload) => {
      await link.send({ commit: { assignment: order.assignment, attempt: order.attempt, index, label, payload } });
      const beacon = (await next('beacon')).random!.toString('hex');
      if (index === 0) challenge = beacon;
      return beacon;
    },
    answer: async (order, changes = {}, { privateKeyPem = credential.privateKeyPem, order: signed = order } = {}) => {
      const now = new Date().toISOString();
      const measurement: Measurement = {
        schema: 'assay/measurement/v1',
        run: order.run,
        assignment: order.assignment,
        attempt: order.attempt,
        node,
        benchmark: order.benchmark,
        version: order.version,
        sequence: chain.sequence + 1,
        previous: chain.previous,
        challenge,
        settings: order.settings,
        state: 'failed',
        failure: { code: 'crashed', phase: 'measure', detail: 'as scripted' },
        startedAt: now,
        endedAt: now,
        elapsedS: 0,
        phases: [],
        evidence: [],
        examination: { metrics: [], checks: [], findings: [] },
        telemetry: [],
        software: [],
        ...(changes.state === 'completed' ? { environment: environmentRef() } : {}),
        ...changes,
      };
      if (measurement.failure === undefined) delete measurement.failure;
      const { environment } = measurement;
      if (environment) {
        const data = Buffer.from(environmentBytes());
        await link.send({ blob: { sha256: environment.sha256, total: String(data.length), offset: '0', data } });
      }
      const refs = evidenceOf(measurement);
      const subjects = [
        { name: `order/${signed.assignment}/${signed.attempt}`, digest: { sha256: sha256Hex(canonicalBytes(signed)) } },
        ...refs.map((ref) => ({ name: ref.name, digest: { sha256: ref.sha256 } })),
      ];
      const payload = canonicalBytes(statement(subjects, 'measurement', measurement));
      const { sequence, previous } = measurement;
      const own = measurement.run === order.run && measurement.node === node;
      if (own && sequence === chain.sequence + 1 && previous === chain.previous) {
        if (privateKeyPem === credential.privateKeyPem) chain = { sequence, previous: sha256Hex(payload) };
      }
      const envelope = envelopeToWire(await seal(PAYLOAD_TYPE, payload, [pemSigner(privateKeyPem)]));
      await link.send({ result: { assignment: order.assignment, attempt: order.attempt, envelope } });
    },
  };
}

/** The plan has one spare attempt for a suspect; this answers it honestly as failed so that the run ends. */
export async function finishHonestly(agent: ScriptedAgent): Promise<void> {
  const order = await agent.order();
  await agent.answer(order, { challenge: '' });
  await agent.next('resultReceipt');
}
