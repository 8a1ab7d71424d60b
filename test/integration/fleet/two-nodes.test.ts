import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { effectiveSettings } from '../../../benchmarks/catalog.ts';
import { descriptor } from '../../../benchmarks/compute/challenge/descriptor.ts';
import { type LocalAgent, launchLocalAgent } from '../../../controller/launch/local.ts';
import type { Assignment } from '../../../model/assignment.ts';
import type { Report } from '../../../model/report.ts';
import { openBundle } from '../../../reports/verify/disk.ts';
import { verifyBundle } from '../../../reports/verify/verify.ts';
import { openStage, type Stage } from './scripted.ts';

const NODES = ['node-a', 'node-b'];
const ASSAY = join(import.meta.dirname, '../../../assay.ts');

/** What a machine calls itself by, and the one processor that it may use. */
const MACHINE = `mount --bind "$1/machine-id" /etc/machine-id &&
mount --bind "$1/boot_id" /proc/sys/kernel/random/boot_id && shift && exec taskset -c "$@"`;

const able = spawnSync('unshare', [
  '-m',
  'sh',
  '-c',
  'mount --bind /etc/hostname /etc/machine-id && taskset -c 1 true',
]);
const allowed = able.status === 0;

/** A precision that every processor has exact products of. */
const settings = effectiveSettings(descriptor, 'quick', {
  precisions: ['FP32'],
  backends: ['onnxruntime', 'openblas'],
  size: 512,
  rows: 256,
  seconds: 4,
});
const assignments = NODES.map(
  (node, i): Assignment => ({
    id: `${descriptor.id}.${i + 1}`,
    node,
    benchmark: descriptor.id,
    version: descriptor.version,
    metrics: descriptor.metrics.map(({ id }) => id),
    settings,
    expectedS: 10,
    timeoutS: 120,
    writesBytes: 0,
    repeats: 1,
  }),
);

let stage: Stage;
let agents: LocalAgent[] = [];
afterEach(async () => {
  stage.abort.abort();
  for (const agent of agents) await agent.stop();
  agents = [];
  await stage.done.catch(() => {});
  rmSync(stage.scratch, { recursive: true, force: true });
});

/** A run of the challenge on two agents of this machine, each started by the given command. */
async function ranOn(command: (folder: string, processor: number) => readonly string[]): Promise<Report> {
  stage = await openStage(NODES, (plan) => ({ ...plan, assignments }));
  for (const [i, node] of NODES.entries()) {
    const folder = join(stage.scratch, node);
    mkdirSync(folder);
    writeFileSync(join(folder, 'machine-id'), `${'0123456789abcdef'.repeat(2).slice(0, 31)}${i}\n`);
    writeFileSync(join(folder, 'boot_id'), `6d8c1e5a-3c57-4b61-9a53-0f2f6e3a1c0${i}\n`);
    const credential = await stage.authority.issue(node, 'agent');
    const program = [...command(folder, i), process.execPath, ASSAY];
    const { certificatePem } = stage.authority;
    agents.push(launchLocalAgent(program, stage.address, node, join(folder, 'agent'), credential, certificatePem));
  }
  await stage.done;
  const report = await stage.report();
  const said = agents.map((agent) => agent.output()).join('\n');
  expect(report.attempts.map(({ node, state }) => `${node} ${state}`).sort(), said).toEqual([
    'node-a completed',
    'node-b completed',
  ]);
  expect(verifyBundle(openBundle(stage.directory.path)).steps.flatMap((s) => s.defects)).toEqual([]);
  return report;
}

describe.skipIf(!allowed)(
  `two agents that work at once${allowed ? '' : ' (skipped: mount namespaces or a second processor are not available here)'}`,
  () => {
    it('on machines of their own are added up, in one window by the clock of the controller', async () => {
      const machine = (folder: string, processor: number) => [
        ...['unshare', '-m', '--propagation', 'private', 'sh', '-c', MACHINE, 'sh', folder],
        String(processor),
      ];
      const report = await ranOn(machine);
      expect(new Set(report.inventories.map(({ host }) => host.bootId?.value)).size).toBe(2);
      const rates = report.attempts.flatMap(({ metrics }) =>
        metrics.filter(
          ({ metric, verified, level }) => metric === 'compute.challenge.rate' && verified && level === 'E2',
        ),
      );
      expect(rates.length).toBe(2);
      const { challenged, together } = report.compute!.precisions.find(({ precision }) => precision === 'FP32')!;
      expect(challenged).toMatchObject({ devices: 2, counts: true, held: 0, level: 'E2' });
      const sum = rates.reduce((total, { estimate }) => total + estimate.value, 0);
      expect(challenged!.estimate!.value / sum).toBeCloseTo(1, 9);
      expect(together?.nodes).toBe(2);
      expect(together?.share).toBeGreaterThan(0.9);
    }, 120_000);

    it('on one machine are not, as they may share what they measure', async () => {
      const report = await ranOn((_, processor) => ['taskset', '-c', String(processor)]);
      const { challenged } = report.compute!.precisions.find(({ precision }) => precision === 'FP32')!;
      expect(challenged).toMatchObject({ counts: false, held: 2, reasons: ['shared_host'] });
      expect(report.findings.map(({ code }) => code)).toContain('shared_host');
    }, 120_000);
  },
);
