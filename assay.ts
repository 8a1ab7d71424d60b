import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { runAgent } from './agent/agent.ts';
import { doctorText } from './agent/doctor/text.ts';
import { examineMachine } from './agent/doctor.ts';
import { identityFrom } from './agent/identity.ts';
import { takeInventory } from './agent/inventory/inventory.ts';
import { type Machine, realMachine, recordingMachine, replayMachine } from './agent/inventory/machine.ts';
import { maskRecording } from './agent/inventory/mask.ts';
import { inventoryTable } from './agent/inventory/table.ts';
import { platformFor } from './agent/serve/platform.ts';
import type { RowProducts } from './benchmarks/benchmark.ts';
import { CATALOG } from './benchmarks/catalog.ts';
import { accept, REPEATS } from './controller/accept.ts';
import { authorityUrl, place } from './controller/arguments.ts';
import { readBytes, readInputs } from './controller/inputs.ts';
import { interruptible } from './controller/interrupt.ts';
import { planJson, planTable } from './controller/plan-table.ts';
import { makePlan } from './controller/planner.ts';
import { reporterFor } from './controller/progress.ts';
import { registersJson, registersText, tellRegisters } from './controller/register-report.ts';
import { runId } from './controller/run.ts';
import { profileOf, type RunOptions, requireTargets, settingsOf } from './controller/run-options.ts';
import { generateKeyPair, keyIdOf, pemSigner } from './evidence/keys.ts';
import { PROFILES } from './model/assignment.ts';
import { AssayError, EXIT, explain } from './model/errors.ts';
import type { Overall } from './model/outcome.ts';
import { renderDocuments } from './reports/build/documents.ts';
import { renderPages } from './reports/build/pages.ts';
import { type FoundReport, reportOf } from './reports/build/reading.ts';
import { builtinGuides, DEFAULT_GUIDE } from './reports/guides/builtin.ts';
import { readSigner, signBundle, signBundleSm2, stampBundle } from './reports/release/desk.ts';
import { RELEASE_ROLES, type ReleaseRole } from './reports/release/release.ts';
import { renderComparison } from './reports/render/comparison.ts';
import { startPrinter } from './reports/render/printer.ts';
import { renderVerdictTable } from './reports/render/terminal.ts';
import { AS_SIGNED } from './reports/text/verification.ts';
import { verifyFolder } from './reports/verify/desk.ts';
import { openBundle } from './reports/verify/disk.ts';
import { PATHS } from './reports/verify/layout.ts';

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
  .option('--json', 'events as JSON lines on standard output')
  .action(async (options: RunOptions) => {
    const inputs = readInputs(options);
    requireTargets(
      options,
      inputs.guide.guide.targets.map((t) => t.id),
    );
    tellRegisters(inputs.registers, options.json === true, out);
    const run = runId(new Date());
    const folder = resolve(options.out ?? join('assay-runs', run));
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
      settings: settingsOf(options, folder),
      edge: options.edge === true,
      beside: options.benchmark ?? [],
      only: options.target ?? [],
      software: SOFTWARE,
      program: PROGRAM,
      reporter: reporterFor(options.json === true, out),
      products: await nativeProducts(),
      signal: abort,
      now: () => new Date(),
    });
    if (options.json) out(`${JSON.stringify({ type: 'judged', outcome: report.overall, bundle: folder })}\n`);
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
  .action((options: RunOptions) => {
    const { guide, registers } = readInputs(options);
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
      nodes: [nodeName()],
      settings: settingsOf(options, resolve('assay-runs')),
      edge: options.edge ? [nodeName()] : [],
      beside: options.benchmark ?? [],
      only: options.target ?? [],
      repeats: REPEATS[profile],
      synthetic: false,
    });
    out(options.json ? `${planJson(plan, registers)}\n` : planTable(plan, registers));
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
  .action(async (folder: string, options: { role: ReleaseRole; name: string; key: string; sm2Key?: string }) => {
    const { role, name } = options;
    const signer = readSigner(options.key);
    out(`${await signBundle(resolve(folder), { role, name, signer, signedAt: new Date().toISOString() })}\n`);
    if (options.sm2Key === undefined) return;
    const publicKey = Buffer.from(readBytes(`${options.sm2Key}.pem`)).toString('utf8');
    out(`${await signBundleSm2(resolve(folder), options.sm2Key, publicKey)}\n`);
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
  .option('--compare <folder>', 'an earlier bundle: what changed since, target by target and node by node')
  .requiredOption('--out <folder>', 'where the pages go')
  .action(async (folder: string, options: { compare?: string; out: string }) => {
    const found = (place: string): FoundReport => {
      const one = reportOf(openBundle(resolve(place)), place, version);
      if (!one.judgedAgain) process.stderr.write(`${place}: ${AS_SIGNED.en}\n${place}：${AS_SIGNED.zh}\n`);
      return one;
    };
    const { report, judgedAgain: after } = found(folder);
    const files = new Map<string, string | Uint8Array>(renderPages(report, { notice: after ? undefined : AS_SIGNED }));
    const printer = startPrinter({ root: process.getuid?.() === 0 });
    const documents = await renderDocuments(report, files.get(PATHS.html) as string, printer).finally(printer.close);
    for (const [path, bytes] of documents.files) files.set(path, bytes);
    for (const { path, problem } of documents.missing) process.stderr.write(`${path} was not made: ${problem}\n`);
    if (options.compare !== undefined) {
      const { report: earlier, judgedAgain: before } = found(options.compare);
      files.set('comparison.html', renderComparison(earlier, report, { before, after }));
    }
    const taken = [...files.keys()].map((path) => join(options.out, path)).find((path) => existsSync(path));
    if (taken !== undefined) throw new AssayError('output_exists', taken);
    for (const [path, bytes] of files) {
      mkdirSync(dirname(join(options.out, path)), { recursive: true });
      writeNew(join(options.out, path), bytes, 0o644);
      out(`${join(options.out, path)}\n`);
    }
  });

program
  .command('inventory')
  .description('print what this node is: host, processor, memory, disks, network, accelerators')
  .option('--json', 'as JSON')
  .option('--record <file>', 'save every command output and file that was read')
  .option('--mask', 'with --record: replace serial numbers, addresses and names')
  .option('--replay <file>', 'read a recorded machine in place of this one')
  .action(async (options: { json?: boolean; record?: string; mask?: boolean; replay?: string }) => {
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
  .option('--registers <folder>', 'folder of CSV registers: also check every row of them', place)
  .option('--guide <id|file>', 'guide whose dates the registers are held against')
  .option('--json', 'as JSON')
  .action(async (options: { json?: boolean; registers?: string; guide?: string }) => {
    const { registers } = readInputs(options);
    const result = await examineMachine(nodeName(), realMachine());
    const found = registers && { registers: registersJson(registers) };
    if (options.json) out(`${JSON.stringify({ ...result, ...found }, null, 2)}\n`);
    else out(`${doctorText(result)}${registers ? `\n${registersText(registers)}` : ''}`);
  });

program
  .command('agent')
  .description('run an agent that dials a controller and measures when it is asked to')
  .requiredOption('--controller <host:port>', 'where the controller listens')
  .requiredOption('--identity <file>', 'name, certificate, key and authority of this node (JSON)')
  .requiredOption('--directory <directory>', 'where the agent keeps what is not yet delivered')
  .option('--once', 'end with the run, and when standard input ends')
  .action(async (options: { controller: string; identity: string; directory: string; once?: boolean }) => {
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
        signal: abort.signal,
        persistent: options.once !== true,
        log: (line) => void process.stderr.write(`${line}\n`),
      });
    } finally {
      // An open standard input would keep a process alive that has nothing more to do.
      process.stdin.pause();
    }
  });

function replayOf(path: string): Machine {
  try {
    return replayMachine(JSON.parse(Buffer.from(readBytes(path)).toString('utf8')));
  } catch (error) {
    if (error instanceof AssayError) throw error;
    throw new AssayError('recording_invalid', `${path}: ${describe(error)}`, { cause: error });
  }
}

function writeNew(path: string, text: string | Uint8Array, mode: number): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new AssayError(code === 'EEXIST' ? 'output_exists' : 'output_unwritable', path, { cause: error });
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

function fail(error: unknown): void {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return;
    const said = error.code === 'commander.help' ? 'a command is needed' : error.message.replace(/^error: /, '');
    process.stderr.write(`${explain(new AssayError('usage', said))}\n`);
    process.exitCode = EXIT.usage;
    return;
  }
  const known = error instanceof AssayError ? error : new AssayError('internal', describe(error), { cause: error });
  process.stderr.write(`${explain(known)}\n`);
  process.exitCode = known.exit;
}

const describe = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

await program.parseAsync().catch(fail);
