import './benchmarks/closed-site.ts';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { runAgent } from './agent/agent.ts';
import { missedLibraries } from './agent/doctor/libraries.ts';
import { doctorText } from './agent/doctor/text.ts';
import { examineMachine } from './agent/doctor.ts';
import { identityFrom } from './agent/identity.ts';
import { takeInventory } from './agent/inventory/inventory.ts';
import { type Machine, realMachine, recordingMachine, replayMachine } from './agent/inventory/machine.ts';
import { maskRecording } from './agent/inventory/mask.ts';
import { inventoryTable } from './agent/inventory/table.ts';
import { otherWork } from './agent/occupation.ts';
import { NO_POLICY, type Policy, policyFrom } from './agent/policy.ts';
import { platformFor } from './agent/serve/platform.ts';
import type { RowProducts } from './benchmarks/benchmark.ts';
import { CATALOG } from './benchmarks/catalog.ts';
import { accept, REPEATS } from './controller/accept.ts';
import { authorityUrl, place } from './controller/arguments.ts';
import { ownController } from './controller/holder.ts';
import { readBytes, readInputs } from './controller/inputs.ts';
import { interruptible } from './controller/interrupt.ts';
import { patience } from './controller/patience.ts';
import { planJson, planTable } from './controller/plan-table.ts';
import { makePlan } from './controller/planner.ts';
import { reporterFor } from './controller/progress.ts';
import { runId } from './controller/run.ts';
import { profileOf, type RunOptions, requireTargets, settingsOf } from './controller/run-options.ts';
import { generateKeyPair, keyIdOf, pemSigner } from './evidence/keys.ts';
import { PROFILES } from './model/assignment.ts';
import { AssayError, EXIT, explain, PROGRAM_HELP } from './model/errors.ts';
import type { Finding } from './model/measurement.ts';
import type { Overall } from './model/outcome.ts';
import type { LibraryAdvice } from './model/report.ts';
import { requireNewFile } from './reports/build/folder.ts';
import { librariesOf } from './reports/build/libraries.ts';
import { writeReport } from './reports/build/rendering.ts';
import { builtinGuides, DEFAULT_GUIDE } from './reports/guides/builtin.ts';
import { readSigner, signBundle, signBundleSm2, stampBundle } from './reports/release/desk.ts';
import { RELEASE_ROLES, type ReleaseRole } from './reports/release/release.ts';
import { requirePlaceOfPage, writeSignaturePage } from './reports/release/signature-page.ts';
import { startPrinter } from './reports/render/printer.ts';
import { libraryLines, renderVerdictTable } from './reports/render/terminal.ts';
import { holdsFor } from './reports/text/standing.ts';
import { verifyFolder } from './reports/verify/desk.ts';
import { readTrust } from './reports/verify/trust.ts';
import { parseWritten } from './reports/verify/written-json.ts';

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, 'package.json'), 'utf8')) as { version: string };
const SOFTWARE = { name: 'assay', version };
const PROGRAM = [process.execPath, ...process.execArgv, join(import.meta.dirname, 'assay.ts')];

const OUTCOME_EXIT: Record<Overall, number> = {
  passed: EXIT.passed,
  passed_with_deviations: EXIT.passed,
  not_passed: EXIT.notPassed,
  cannot_tell: EXIT.cannotTell,
};

const out = (text: string): void => void process.stdout.write(text);
/** What is known of libraries that this machine lacks, and how it is said below a table. */
const librariesOn = (node: string, findings: readonly Finding[]): LibraryAdvice[] =>
  librariesOf([{ node, findings }], undefined);
const linesOf = (libraries: readonly LibraryAdvice[]): string =>
  libraryLines(libraries, process.stdout.columns ?? 100)
    .map((line) => `${line}\n`)
    .join('');
// Whoever read our output may go away at any time (`| head`, a closed terminal): what was begun is still brought to its end.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (stream === process.stdout && error.code !== 'EPIPE') fail(new AssayError('output_lost', `${error.code}`));
  });
}
const guides = builtinGuides()
  .map((g) => g.guide.id)
  .join(', ');
/** A node is called what its host is called, in the letters that names may have. */
const nodeName = (): string => hostname().replace(/[^A-Za-z0-9._-]/g, '-') || 'node';

interface SignOptions {
  role: ReleaseRole;
  name: string;
  key: string;
  sm2Key?: string;
  trust?: string;
}

const program = new Command('assay')
  .description('Measures an AI computing platform, proves the measurement and judges it by a guide. 算力平台验收测试')
  .version(version)
  .exitOverride()
  .configureOutput({ writeErr: () => {} });

const withRunOptions = (command: Command): Command =>
  command
    .option('--guide <id|file>', `guide to judge by; built in: ${guides}; by default ${DEFAULT_GUIDE}`)
    .addOption(
      new Option(
        '--profile <profile>',
        'how long to measure; quick unless a guide or claims are given, then standard',
      ).choices([...PROFILES]),
    )
    .option('--claims <file>', 'what the platform is said to have (JSON)')
    .option('--waivers <file>', 'approved waivers (JSON)')
    .option('--registers <folder>', 'folder of CSV registers: clients, ip, domains, investment, period', place)
    .option('--storage <directory>', 'directory on the storage under test; by default inside the output folder', place)
    .option('--python <command...>', 'Python interpreters that have AI frameworks; by default python3')
    .option('--target <id...>', 'only these targets')
    .option('--edge', 'this machine is an edge node')
    .option(
      '--patience <factor>',
      'raise every time limit, for a busy or slow machine: 3 allows three times the time',
      patience,
    )
    .addOption(
      new Option('--benchmark <id...>', 'run these beside what the guide asks for').choices(CATALOG.map((d) => d.id)),
    );

withRunOptions(program.command('accept'))
  .description('measure this machine, judge it and write a bundle')
  .option('--out <folder>', 'output folder; by default assay-runs/<run>', place)
  .option('--key <file>', "the controller's private key (PEM); by default a fresh one for this run")
  .option(
    '--authority <url>',
    'RFC 3161 authority that stamps the evaluation; without one, stamp it later',
    authorityUrl,
  )
  .option('--policy <file>', "this node's policy: libraries that lie elsewhere (JSON)")
  .option('--json', 'events as JSON lines on standard output')
  .action(async (options: RunOptions) => {
    // The agent reads it again; a fault in it is said before anything is begun.
    policyAt(options.policy);
    const inputs = readInputs(options);
    requireTargets(
      options,
      inputs.guide.guide.targets.map((t) => t.id),
    );
    const run = runId(new Date());
    const folder = resolve(options.out ?? join('assay-runs', run));
    const settings = settingsOf(options, folder);
    const abort = interruptible();
    const report = await accept({
      inputs,
      profile: profileOf(options),
      node: nodeName(),
      run,
      out: folder,
      signer: options.key === undefined ? pemSigner(generateKeyPair().privatePem) : readSigner(options.key),
      authority: options.authority,
      storage: options.storage === undefined ? undefined : resolve(options.storage),
      settings,
      edge: options.edge === true,
      policy: options.policy === undefined ? undefined : resolve(options.policy),
      beside: options.benchmark ?? [],
      only: options.target ?? [],
      patience: options.patience ?? 1,
      software: SOFTWARE,
      program: PROGRAM,
      reporter: reporterFor(options.json === true, out),
      otherWork,
      products: await nativeProducts(),
      signal: abort,
      now: () => new Date(),
    });
    const { overall, controller } = report;
    const judged = { type: 'judged', outcome: overall, controller, holdsFor: holdsFor(controller), bundle: folder };
    if (options.json) out(`${JSON.stringify(judged)}\n`);
    else {
      const { columns = 100, isTTY = false } = process.stdout;
      out(
        `${renderVerdictTable(report, { colour: isTTY, width: columns })}\nbundle: ${folder}\nverify: ./assay verify ${folder}\n`,
      );
    }
    process.exitCode = abort.aborted ? EXIT.cannotTell : OUTCOME_EXIT[report.overall.outcome];
  });

withRunOptions(program.command('plan'))
  .description('print what accept would run, where, for how long and how much it would write; start nothing')
  .option('--json', 'the plan as JSON')
  .action(async (options: RunOptions) => {
    const { guide, claims } = readInputs(options);
    requireTargets(
      options,
      guide.guide.targets.map((t) => t.id),
    );
    const profile = profileOf(options);
    const now = new Date();
    const plan = makePlan({
      run: runId(now),
      createdAt: now.toISOString(),
      guide: guide.guide,
      guideSha256: guide.sha256,
      profile,
      controller: ownController(claims),
      nodes: [nodeName()],
      settings: settingsOf(options, resolve('assay-runs')),
      edge: options.edge ? [nodeName()] : [],
      beside: options.benchmark ?? [],
      only: options.target ?? [],
      repeats: REPEATS[profile],
      patience: options.patience ?? 1,
      synthetic: false,
    });
    const libraries = librariesOn(nodeName(), await missedLibraries(realMachine()));
    out(options.json ? `${planJson(plan, libraries)}\n` : `${planTable(plan)}${linesOf(libraries)}`);
  });

program
  .command('verify')
  .description('check a bundle: every digest and signature, and judge it again from its evidence')
  .argument('<folder>', 'the bundle')
  .option('--trust <file>', 'keys, authorities and guides that you trust (JSON)')
  .option('--json', 'the result as JSON')
  .option('--proof <sha256>', 'also prove that the record with this digest is in the signed log')
  .action(async (folder: string, options: { trust?: string; json?: boolean; proof?: string }) => {
    const result = await verifyFolder({ folder: resolve(folder), ...options, version });
    out(result.text);
    process.exitCode = result.exit;
  });

program
  .command('keygen')
  .description('make a key pair (ECDSA P-256): <name>.key stays secret, <name>.pem goes into trust files')
  .argument('<name>', 'path of the files without their endings')
  .action((name: string) => {
    for (const path of [`${name}.key`, `${name}.pem`]) requireNewFile(path);
    const pair = generateKeyPair();
    writeNew(`${name}.key`, pair.privatePem, 0o600);
    try {
      writeNew(`${name}.pem`, pair.publicPem, 0o644);
    } catch (error) {
      rmSync(`${name}.key`);
      throw error;
    }
    out(`${name}.key ${name}.pem\nkey id ${keyIdOf(pair.publicPem)}\n`);
  });

program
  .command('sign')
  .description('release a bundle: add the signature of its reviewer or approver')
  .argument('<folder>', 'the bundle')
  .addOption(new Option('--role <role>', 'who signs').choices([...RELEASE_ROLES]).makeOptionMandatory())
  .requiredOption('--name <name>', 'name of the person')
  .requiredOption('--key <file>', 'private key (PEM, ECDSA P-256)')
  .option('--sm2-key <file>', 'SM2 private key (PEM) for an additional signature, with its public key in <file>.pem')
  .option('--trust <file>', 'keys that you trust (JSON): the signature page says which of those that signed are in it')
  .action(async (folder: string, options: SignOptions) => {
    const { role, name, key, sm2Key } = options;
    const bundle = resolve(folder);
    const trust = options.trust === undefined ? undefined : readTrust(readBytes(options.trust), options.trust);
    const signer = readSigner(key);
    requirePlaceOfPage(bundle);
    out(`${await signBundle(bundle, { role, name, signer, signedAt: new Date().toISOString() })}\n`);
    if (sm2Key !== undefined) {
      const publicKey = Buffer.from(readBytes(`${sm2Key}.pem`)).toString('utf8');
      out(`${await signBundleSm2(bundle, sm2Key, publicKey)}\n`);
    }
    const printer = startPrinter({ root: process.getuid?.() === 0 });
    const { paths, missing } = await writeSignaturePage(bundle, trust, printer).finally(printer.close);
    for (const path of paths) out(`${path}\n`);
    for (const problem of missing) process.stderr.write(`not made: ${problem}\n`);
  });

program
  .command('stamp')
  .description('have the newest signature of a bundle stamped by an RFC 3161 authority')
  .argument('<folder>', 'the bundle')
  .requiredOption('--authority <url>', 'where the authority answers', authorityUrl)
  .action(async (folder: string, options: { authority: string }) => {
    out(`${await stampBundle(resolve(folder), options.authority, AbortSignal.timeout(30_000))}\n`);
  });

program
  .command('report')
  .description('render the pages of a bundle again, or compare it with an earlier one')
  .argument('<folder>', 'the bundle')
  .option('--compare <folder>', 'an earlier bundle: what changed since; exit code 0 not worse, 1 worse, 3 cannot tell')
  .option('--out <folder>', 'where the pages go; needed unless two bundles are compared')
  .option('--json', 'the comparison as JSON')
  .action(async (folder: string, options: { compare?: string; out?: string; json?: boolean }) => {
    const say = (text: string): void => void process.stderr.write(text);
    process.exitCode = await writeReport({ folder, ...options, version, write: out, say });
  });

program
  .command('inventory')
  .description('print what this node is: host, processor, memory, disks, network, accelerators')
  .option('--json', 'as JSON')
  .option('--record <file>', 'save every command output and file that was read')
  .option('--mask', 'with --record: replace serial numbers, addresses and names')
  .option('--replay <file>', 'read a recorded machine in place of this one')
  .action(async (options: { json?: boolean; record?: string; mask?: boolean; replay?: string }) => {
    if (options.record !== undefined) requireNewFile(options.record);
    const machine = options.replay === undefined ? realMachine() : replayOf(options.replay);
    const recorder = recordingMachine(machine);
    const inventory = await takeInventory(nodeName(), recorder);
    if (options.record !== undefined) {
      const recording = recorder.recording();
      writeNew(
        options.record,
        `${JSON.stringify(options.mask ? maskRecording(recording, inventory, randomBytes(32)) : recording, null, 2)}\n`,
        0o600,
      );
    }
    out(options.json ? `${JSON.stringify(inventory, null, 2)}\n` : `${inventoryTable(inventory)}\n`);
  });

program
  .command('doctor')
  .description('check this machine and say what to install for which target')
  .option('--json', 'as JSON')
  .action(async (options: { json?: boolean }) => {
    const result = await examineMachine(nodeName(), realMachine());
    const libraries = librariesOn(result.node, result.libraries);
    out(options.json ? `${JSON.stringify(result, null, 2)}\n` : `${doctorText(result)}${linesOf(libraries)}`);
  });

program
  .command('agent')
  .description('run an agent that dials a controller and measures when it is asked to')
  .requiredOption('--controller <host:port>', 'where the controller listens')
  .requiredOption('--identity <file>', 'name, certificate, key and authority of this node (JSON)')
  .requiredOption('--directory <directory>', 'where the agent keeps what is not yet delivered')
  .option('--policy <file>', "the node's policy: libraries that lie elsewhere (JSON)")
  .option('--once', 'end with the run, and when standard input ends')
  .action(async (options: AgentCommand) => {
    const policy = policyAt(options.policy);
    const identity = identityFrom(readBytes(options.identity), options.identity);
    const scratch = join(resolve(options.directory), 'scratch');
    mkdirSync(scratch, { recursive: true });
    // Libraries under test write caches and logs of their own; they belong to the agent's directory and go with it.
    Object.assign(process.env, { TMPDIR: scratch, XDG_CACHE_HOME: scratch });
    const abort = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort());
    if (options.once)
      process.stdin
        .resume()
        .once('end', () => abort.abort())
        .once('close', () => abort.abort());
    try {
      await runAgent({
        controller: options.controller,
        identity,
        directory: resolve(options.directory),
        software: `${SOFTWARE.name} ${SOFTWARE.version}`,
        inventory: () => takeInventory(identity.node, realMachine()),
        platform: platformFor,
        libraries: policy.libraries,
        signal: abort.signal,
        persistent: options.once !== true,
        log: (line) => void process.stderr.write(`${line}\n`),
      });
    } finally {
      // An open standard input would keep a process alive that has nothing more to do.
      process.stdin.pause();
    }
  });

interface AgentCommand {
  controller: string;
  identity: string;
  directory: string;
  policy?: string;
  once?: boolean;
}

const policyAt = (file: string | undefined): Policy =>
  file === undefined ? NO_POLICY : policyFrom(readBytes(file), resolve(file));

function replayOf(path: string): Machine {
  const recording = parseWritten(readBytes(path), path);
  try {
    return replayMachine(recording);
  } catch (error) {
    if (!(error instanceof AssayError)) throw error;
    throw new AssayError(error.code, `${path}: ${error.message}`, { cause: error });
  }
}

function writeNew(path: string, text: string | Uint8Array, mode: number): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new AssayError(code === 'EEXIST' ? 'file_exists' : 'output_unwritable', `${path} (${code})`, {
      cause: error,
    });
  }
}

/** OpenBLAS for recomputing what nodes answer; without it that takes longer. Loaded only where it is needed. */
async function nativeProducts(): Promise<RowProducts | undefined> {
  try {
    const { openBlasProducts } = await import('./benchmarks/compute/backends/openblas.ts');
    const { coreCount, cpuFlags } = await import('./benchmarks/compute/host.ts');
    return openBlasProducts(coreCount(), cpuFlags());
  } catch {
    return undefined;
  }
}

/** What there is in place of commands that people look for. */
const INSTEAD: Readonly<Record<string, string>> = {
  controller: '; this version measures the machine that it is started on: ./assay accept',
  resume: '; a run that broke off is started again from its beginning: ./assay accept',
  run: '; ./assay accept measures this machine',
  test: '; the launcher ./assay runs the tests',
};

/** How to get at the options of the command that was called. */
function helpCommand(): string {
  const called = process.argv[2];
  const known = program.commands.find((command) => command.name() === called);
  return known ? `./assay ${known.name()} --help` : PROGRAM_HELP;
}

function fail(error: unknown): void {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return;
    const said = error.code === 'commander.help' ? 'a command is needed' : error.message.replace(/^error: /, '');
    const instead = error.code === 'commander.unknownCommand' ? (INSTEAD[process.argv[2] ?? ''] ?? '') : '';
    process.stderr.write(`${explain(new AssayError('usage', `${said}${instead}`), helpCommand())}\n`);
    process.exitCode = EXIT.usage;
    return;
  }
  const known = error instanceof AssayError ? error : new AssayError('internal', describe(error), { cause: error });
  process.stderr.write(`${explain(known, helpCommand())}\n`);
  process.exitCode = known.exit;
}

const describe = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

await program.parseAsync().catch(fail);
