import { resolve } from 'node:path';
import type { Command } from 'commander';
import { missedLibraries } from '../agent/doctor/libraries.ts';
import { realMachine } from '../agent/inventory/machine.ts';
import { REPEATS } from '../controller/accept.ts';
import { ownController } from '../controller/holder.ts';
import { readInputs } from '../controller/inputs.ts';
import { planJson, planTable } from '../controller/plan-table.ts';
import { makePlan } from '../controller/planner.ts';
import { runId } from '../controller/run.ts';
import { profileOf, type RunOptions, requireTargets, settingsOf } from '../controller/run-options.ts';
import { adviceLines, adviceOn } from './library-advice.ts';
import { nodeName } from './node-name.ts';
import { out } from './output.ts';
import { withRunOptions } from './run-flags.ts';

/** What a run would do; nothing is started. */
export function registerPlan(program: Command): void {
  withRunOptions(program.command('plan'))
    .description('print what accept would run, where, for how long and how much it would write; start nothing')
    .option('--json', 'the plan as JSON')
    .action(async (options: RunOptions) => {
      const { guide, claims, registers } = readInputs(options);
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
      const libraries = adviceOn(nodeName(), await missedLibraries(realMachine()));
      out(
        options.json
          ? `${planJson(plan, libraries, registers)}\n`
          : `${planTable(plan, registers)}${adviceLines(libraries)}`,
      );
    });
}
