import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RowProducts } from '../benchmarks/benchmark.ts';
import { requestStamp } from '../evidence/authority.ts';
import type { Signer } from '../evidence/keys.ts';
import type { Profile } from '../model/assignment.ts';
import { AssayError } from '../model/errors.ts';
import type { Report } from '../model/report.ts';
import { requireWritableFolder } from '../reports/build/folder.ts';
import { isBuiltin } from '../reports/guides/builtin.ts';
import { stampBundle } from '../reports/release/desk.ts';
import { CONTROLLER_NAME, createAuthority } from './certificates.ts';
import { conduct, inputOf } from './conductor.ts';
import { handOver } from './handover.ts';
import { ownController } from './holder.ts';
import type { Inputs } from './inputs.ts';
import { type LocalAgent, launchLocalAgent } from './launch/local.ts';
import { GUIDE_UNKNOWN } from './plan-table.ts';
import { makePlan } from './planner.ts';
import { requireClock, requireLoopback, timeOfNewFile } from './preconditions.ts';
import type { ProgressReporter } from './progress.ts';
import type { ConductOptions } from './run.ts';
import { requireRoom } from './storage-room.ts';
import { createRunDirectory, type RunDirectory } from './store/run-directory.ts';
import {
  AGENT_FOLDER,
  markRunning,
  STORAGE_FOLDER,
  stateOfRun,
  sweepDeadRun,
  sweepDeadRuns,
  unmarkRunning,
} from './store/running.ts';

export interface AcceptOptions {
  readonly inputs: Inputs;
  readonly profile: Profile;
  readonly node: string;
  readonly run: string;
  /** Where the bundle goes. Must be empty or not there yet. */
  readonly out: string;
  /** Key of the controller: signs the plan, the log and the evaluation. */
  readonly signer: Signer;
  /** Address of the RFC 3161 authority that stamps the signed evaluation, if there is one. */
  readonly authority?: string | undefined;
  /**
   * Directory on the storage under test; if not given, the settings name one inside `out`, which is made and removed.
   */
  readonly storage: string | undefined;
  /** Settings that the operator changed, per benchmark. */
  readonly settings: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly only: readonly string[];
  /** How many times longer than usual a measurement may take. */
  readonly patience: number;
  /** This machine stands at the edge. */
  readonly edge: boolean;
  /** File with the policy of this machine, if it has one. */
  readonly policy: string | undefined;
  /** Benchmarks to run beside those that the guide asks for. */
  readonly beside: readonly string[];
  readonly software: { readonly name: string; readonly version: string };
  /** How this program is started: command and first arguments. */
  readonly program: readonly string[];
  readonly reporter: ProgressReporter;
  /** Says that other work keeps this machine busy, if it does; asked before anything is measured. */
  readonly otherWork: () => Promise<string | undefined>;
  /** A native library's products, where there is one. */
  readonly products: RowProducts | undefined;
  readonly signal: AbortSignal;
  readonly now: () => Date;
}

const JOIN_TIMEOUT_S = 90;
const CERTIFICATE_DAYS = 30;
const STAMP_TIMEOUT_MS = 30_000;
/** Repeats on different seeds: an acceptance asks for three; a quick look makes one. */
export const REPEATS: Record<Profile, number> = { quick: 1, standard: 3, full: 3 };

/**
 * The main job on one machine: a controller here, an agent in a process of its own, a whole run over mutually
 * authenticated gRPC on loopback, and the bundle. Whatever happens, the agent is ended and nothing is left behind
 * outside the output folder; a folder that holds no evidence yet is removed again.
 */
export async function accept(options: AcceptOptions): Promise<Report> {
  const existed = existsSync(options.out);
  requireEmpty(options.out);
  sweepDeadRuns(dirname(options.out));
  requireRoom(options.out);
  requireWritableFolder(options.out);
  requireClock(options.now(), timeOfNewFile());
  requireLoopback();
  const directory = createRunDirectory(options.out, options.now);
  const agentDirectory = join(options.out, AGENT_FOLDER);
  const storage = options.storage ?? join(options.out, STORAGE_FOLDER);
  let agent: LocalAgent | undefined;
  const gone = new AbortController();
  let planned = false;
  const warn = (detail: string): void => options.reporter.event({ type: 'warning', detail });
  try {
    markRunning(options.out, options.now());
    const busy = await options.otherWork();
    if (busy !== undefined) options.reporter.event({ type: 'warning', detail: busy });
    for (const [path, bytes] of options.inputs.files) directory.writeFile(path, bytes);
    const { guide, sha256 } = options.inputs.guide;
    if (!isBuiltin(sha256)) {
      const detail = `${GUIDE_UNKNOWN}: ${guide.id} ${guide.version}: 整体无法判定 the whole cannot be told`;
      options.reporter.event({ type: 'warning', detail });
    }
    const authority = await createAuthority(options.now(), CERTIFICATE_DAYS);
    const { signer } = options;
    directory.writeFile('keys/controller.pem', signer.publicKeyPem);
    const agentCredential = await authority.issue(options.node, 'agent');
    if (options.storage === undefined) mkdirSync(storage, { recursive: true });
    const known = await conduct({
      address: '127.0.0.1:0',
      credential: await authority.issue(CONTROLLER_NAME, 'controller'),
      authorityPem: authority.certificatePem,
      signer,
      directory,
      inputs: [...options.inputs.files].map(([path, bytes]) => inputOf(path, bytes)),
      nodes: [options.node],
      joinTimeoutS: JOIN_TIMEOUT_S,
      run: options.run,
      ...(options.authority === undefined ? {} : { stamp: stampInto(directory, options.authority, options.now, warn) }),
      plan: () => {
        planned = true;
        return makePlan({
          run: options.run,
          createdAt: options.now().toISOString(),
          guide: options.inputs.guide.guide,
          guideSha256: options.inputs.guide.sha256,
          profile: options.profile,
          controller: ownController(options.inputs.claims),
          nodes: [options.node],
          settings: options.settings,
          edge: options.edge ? [options.node] : [],
          beside: options.beside,
          only: options.only,
          repeats: REPEATS[options.profile],
          patience: options.patience,
          synthetic: false,
        });
      },
      listening: (port) => {
        agent = launchLocalAgent(
          options.program,
          `127.0.0.1:${port}`,
          options.node,
          agentDirectory,
          agentCredential,
          authority.certificatePem,
          options.policy === undefined ? [] : ['--policy', options.policy],
        );
        const { ended, output } = agent;
        void ended.then(() => gone.abort(output().trim().split('\n')[0]));
      },
      event: (event) => options.reporter.event(event),
      ...(options.products ? { products: options.products } : {}),
      signal: options.signal,
      gone: gone.signal,
    });
    await agent?.stop();
    agent = undefined;
    if (options.storage === undefined) rmSync(storage, { recursive: true, force: true });
    const judgedAt = options.now().toISOString();
    const facts = { number: options.run.toUpperCase(), judgedAt, software: options.software };
    const report = await handOver(directory, signer, facts, warn, known);
    // Where it is not handed over, the mark stays and says so.
    unmarkRunning(options.out);
    if (options.authority !== undefined) await stamp(options.out, options.authority, warn);
    return report;
  } catch (error) {
    const said = agent?.output().trim();
    await agent?.stop();
    if (options.storage === undefined) rmSync(storage, { recursive: true, force: true });
    rmSync(agentDirectory, { recursive: true, force: true });
    if (!planned) removeEmptyRun(options.out, existed);
    if (error instanceof AssayError && said)
      throw new AssayError(error.code, `${error.message}\n${said}`, { cause: error });
    throw error;
  } finally {
    options.reporter.close();
    directory.close();
  }
}

/** Stamps a digest now and appends the response to the log. Without an answer the run goes on, and that is said. */
function stampInto(
  directory: RunDirectory,
  authority: string,
  now: () => Date,
  warn: (detail: string) => void,
): NonNullable<ConductOptions['stamp']> {
  return async (of, sha256) => {
    const askedAt = now().toISOString();
    const signal = AbortSignal.timeout(STAMP_TIMEOUT_MS);
    const answer = await requestStamp(authority, sha256, { fetch: globalThis.fetch, nonce: randomBytes(16), signal });
    if (!answer.ok) return warn(`${STAMPED[of]}: stamp_failed: ${authority}: ${answer.problem}`);
    const response = Buffer.from(answer.response).toString('base64');
    directory.append({ kind: 'stamp', of, sha256, askedAt, response });
  };
}

const STAMPED = {
  plan: '测试计划未加盖时间戳 the plan was not stamped',
  log: '测试日志未加盖时间戳 the log was not stamped',
} as const;

/** A bundle without a stamp is whole, and can be stamped later: an authority that does not answer is said, no more. */
async function stamp(bundle: string, authority: string, warn: (detail: string) => void): Promise<void> {
  try {
    await stampBundle(bundle, authority, AbortSignal.timeout(STAMP_TIMEOUT_MS));
  } catch (error) {
    if (!(error instanceof AssayError)) throw error;
    warn(`未加盖时间戳 not stamped; ./assay stamp can do it later: ${error.code}: ${error.message}`);
  }
}

function requireEmpty(path: string): void {
  if (!existsSync(path)) return;
  let names: string[];
  try {
    names = readdirSync(path);
  } catch (error) {
    throw new AssayError('output_unwritable', `${path}: ${(error as NodeJS.ErrnoException).code}`, { cause: error });
  }
  if (names.length === 0) return;
  const state = stateOfRun(path);
  const swept = sweepDeadRun(path);
  const why =
    state === 'alive' ? ': a run is under way in it' : swept ? ': a run that was killed left it unfinished' : '';
  throw new AssayError('output_exists', `${path}${why}`);
}

/** Takes away what a run that never began has written. */
function removeEmptyRun(path: string, existed: boolean): void {
  for (const name of readdirSync(path)) rmSync(join(path, name), { recursive: true, force: true });
  if (!existed) rmdirSync(path);
}
