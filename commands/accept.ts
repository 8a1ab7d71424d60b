import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { otherWork } from '../agent/occupation.ts';
import type { RowProducts } from '../benchmarks/benchmark.ts';
import { accept } from '../controller/accept.ts';
import { readInputs } from '../controller/inputs.ts';
import { reporterFor } from '../controller/progress.ts';
import { tellRegisters } from '../controller/register-report.ts';
import { runId } from '../controller/run.ts';
import { profileOf, type RunOptions, requireTargets, settingsOf } from '../controller/run-options.ts';
import { generateKeyPair, pemSigner } from '../evidence/keys.ts';
import { EXIT } from '../model/errors.ts';
import type { Overall } from '../model/outcome.ts';
import { readSigner } from '../reports/release/desk.ts';
import { renderVerdictTable } from '../reports/render/terminal.ts';
import { holdsFor } from '../reports/text/standing.ts';
import { authorityUrl, place } from './arguments.ts';
import { interruptible } from './interrupt.ts';
import { nodeName } from './node-name.ts';
import { out } from './output.ts';
import { policyAt } from './policy-file.ts';
import { withRunOptions } from './run-flags.ts';
import { PROGRAM, SOFTWARE } from './software.ts';

/** The main job: measure this machine, judge it, write a bundle. */
export function registerAccept(program: Command): void {
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
      tellRegisters(inputs.registers, options.json === true, out);
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
}

const OUTCOME_EXIT: Record<Overall, number> = {
  passed: EXIT.passed,
  passed_with_deviations: EXIT.passed,
  not_passed: EXIT.notPassed,
  cannot_tell: EXIT.cannotTell,
};

/** OpenBLAS for recomputing what nodes answer; without it that takes longer. Loaded only where it is needed. */
async function nativeProducts(): Promise<RowProducts | undefined> {
  try {
    const { openBlasProducts } = await import('../benchmarks/compute/backends/openblas.ts');
    const { coreCount, cpuFlags } = await import('../benchmarks/compute/host.ts');
    return openBlasProducts(coreCount(), cpuFlags());
  } catch {
    return undefined;
  }
}
