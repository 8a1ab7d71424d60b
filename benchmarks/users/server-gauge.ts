import { request } from 'undici';
import { operatorToken } from './identity.ts';

/** What a service's own gauge showed since it was marked. */
export interface GaugeReading {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly seconds: number;
}

/** Starts minimum, maximum and mean of the built-in service's gauges anew. False if it did not, or does not answer. */
export async function markGauges(url: string, identityKey: string): Promise<boolean> {
  const headers = { authorization: `Bearer ${operatorToken(identityKey)}` };
  return (await ask(`${url}/metrics/mark`, { method: 'POST', headers })) !== undefined;
}

/** Reads one of the service's gauges; null where it has none, says it in another way, or does not answer. */
export async function readGauge(url: string, gauge: 'requests' | 'records'): Promise<GaugeReading | null> {
  const text = await ask(`${url}/metrics`, {});
  return text === undefined ? null : parseGauge(text, gauge);
}

/** What the service answers; undefined for any status but 200. A service that died is a result, not a crash of ours. */
async function ask(url: string, options: NonNullable<Parameters<typeof request>[1]>): Promise<string | undefined> {
  try {
    const { statusCode, body } = await request(url, options);
    const text = await body.text();
    return statusCode === 200 ? text : undefined;
  } catch {
    return undefined;
  }
}

/** Reads a gauge out of Prometheus text. */
export function parseGauge(text: string, gauge: 'requests' | 'records'): GaugeReading | null {
  const value = (line: string): number => {
    const found = text.split('\n').find((candidate) => candidate.startsWith(`${line} `));
    return found === undefined ? Number.NaN : Number(found.slice(line.length + 1));
  };
  const of = (key: string) => value(`assay_serve_inflight_${gauge}{since_mark="${key}"}`);
  const reading = { min: of('min'), max: of('max'), mean: of('mean'), seconds: value('assay_serve_mark_seconds') };
  return Object.values(reading).every((number) => Number.isFinite(number) && number >= 0) ? reading : null;
}
