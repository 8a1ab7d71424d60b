import type { Finding, Telemetry } from '../../model/measurement.ts';

/** Limits on what else went on while it was measured (steal and foreign load on generator hosts). */
const MOST_STEAL = 0.01;
const MOST_FOREIGN = 0.1;
/** Share of samples in which a device may be slowed without a word: a step of load makes every card brake for a moment. */
const MOST_THROTTLED = 0.05;
/** More than any library names; what a node makes up must not fill the report. */
const MOST_REASONS = 16;

/**
 * What the node's own telemetry says about the measurement: load that was not ours, and devices that were slowed. Both
 * can only lower a rate: they inform.
 */
export function environmentFindings(telemetry: readonly Telemetry[]): Finding[] {
  const findings: Finding[] = [];
  const steal = mean(telemetry.map((t) => t.cpuSteal));
  const foreign = mean(telemetry.map((t) => t.cpuOther));
  if (steal > MOST_STEAL) {
    findings.push({
      code: 'background_load',
      detail: `${percent(steal)} of the processor was stolen by the host`,
      weight: 'informs',
    });
  }
  if (foreign > MOST_FOREIGN) {
    findings.push({
      code: 'background_load',
      detail: `other processes took ${percent(foreign)} of the processor`,
      weight: 'informs',
    });
  }
  return [...findings, ...throttled(telemetry)];
}

/** One finding a device that was slowed in more than a small share of the samples that tell, with each reason's share. */
function throttled(telemetry: readonly Telemetry[]): Finding[] {
  const samples = telemetry.flatMap((t) => t.devices ?? []).filter((device) => device.throttleReasons !== undefined);
  return [...Map.groupBy(samples, ({ id }) => id)].flatMap(([id, own]): Finding[] => {
    const slowed = own.filter((sample) => sample.throttleReasons!.length > 0).length / own.length;
    if (slowed <= MOST_THROTTLED) return [];
    const reasons = [...new Set(own.flatMap((sample) => sample.throttleReasons!))].sort().slice(0, MOST_REASONS);
    const shares = reasons.map((reason) => {
      const share = own.filter((sample) => sample.throttleReasons!.includes(reason)).length / own.length;
      return `${reason} ${percent(share)}`;
    });
    const detail = `${id} was slowed in ${percent(slowed)} of ${own.length} samples: ${shares.join(', ')}`;
    return [{ code: 'throttled', detail, weight: 'informs' }];
  });
}

function mean(values: readonly (number | undefined)[]): number {
  const there = values.filter((v) => v !== undefined);
  return there.length === 0 ? 0 : there.reduce((a, b) => a + b, 0) / there.length;
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
