import type { Estimate } from '../../model/estimate.ts';
import type { Check, Finding, Metric } from '../../model/measurement.ts';
import type { Surroundings } from '../benchmark.ts';
import { type FioResult, readFio } from './fio-output.ts';
import type { FioRun, StorageSamples } from './samples.ts';

type FioMetric = Omit<Metric, 'labels'>;

/**
 * Numbers of fio, read again from the output that was kept. fio checks no data, so they are not verified and stand
 * beside ours; a missing fio takes nothing away from them.
 */
export function examineFio(
  fio: StorageSamples['fio'],
  around: Pick<Surroundings, 'evidence'> & { direct: boolean; wanted: boolean },
): { metrics: FioMetric[]; checks: Check[]; findings: Finding[] } {
  const metrics: FioMetric[] = [];
  const checks: Check[] = [];
  const findings: Finding[] = [];
  const informs = (code: Finding['code'], detail: string) => findings.push({ code, detail, weight: 'informs' });
  if (!around.wanted) return { metrics, checks, findings };
  if (fio.path === '') informs('tool_missing', 'fio is not installed: apt-get install fio');
  else if (!around.direct) informs('unsupported', 'fio was not run: no O_DIRECT on this file system');
  for (const run of fio.runs) {
    const read = readRun(run, around.evidence);
    checks.push({ id: `fio.${run.point}`, passed: read.ok, detail: read.ok ? run.argv.join(' ') : read.problem });
    if (read.ok) metrics.push(...metricsOf(run.point, read.value));
    else informs('parse_error', `fio ${run.point}: ${read.problem}`);
  }
  return { metrics, checks, findings };
}

function readRun(run: FioRun, evidence: Surroundings['evidence']): ReturnType<typeof readFio> {
  if (run.exitCode !== 0) return { ok: false, problem: `ended with ${run.exitCode ?? run.signal ?? 'no status'}` };
  const bytes = evidence(run.stdout);
  if (!bytes) return { ok: false, problem: `${run.stdout} is not there` };
  return readFio(Buffer.from(bytes).toString('utf8'), run.point === 'write' ? 'write' : 'read');
}

function metricsOf(point: string, result: FioResult): FioMetric[] {
  const one = (metric: string, value: number, unit: string): FioMetric => {
    const estimate: Estimate = {
      value,
      unit,
      U: 2 * result.relativeError * value,
      k: 2,
      n: result.operations,
      method: 'batch_means',
    };
    return { metric, estimate, durationS: result.seconds, samples: result.operations, verified: false, level: 'E1' };
  };
  const rate = result.bytes / result.seconds;
  const operations = result.operations / result.seconds;
  switch (point) {
    case 'write':
      return [one('storage.fio.write', rate, 'B/s')];
    case 'read':
      return [one('storage.fio.read', rate, 'B/s')];
    case 'qd32':
      return [one('storage.fio.iops.qd32', operations, '1/s')];
    case 'qd1': {
      const both = [one('storage.fio.iops.qd1', operations, '1/s')];
      if (result.p99Ns > 0) both.push(one('storage.fio.latency.qd1.p99', result.p99Ns / 1e9, 's'));
      return both;
    }
    default:
      return [];
  }
}
