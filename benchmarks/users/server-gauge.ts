import { request } from 'undici';
import { operatorToken } from './identity.ts';

/** What a service's own gauge showed since it was marked. */
export interface GaugeReading {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly seconds: number;
}

/** Starts minimum, maximum and mean of the built-in service's gauges anew. False if it did not. */
export async function markGauges(url: string, identityKey: string): Promise<boolean> {
  const { statusCode, body } = await request(`${url}/metrics/mark`, {
    method: 'POST',
    headers: { authorization: `Bearer ${operatorToken(identityKey)}` },
  });
  await body.dump();
  return statusCode === 200;
}

/** Reads one of the service's gauges; null where it has none or says it in another way. */
export async function readGauge(url: string, gauge: 'requests' | 'records'): Promise<GaugeReading | null> {
  const { statusCode, body } = await request(`${url}/metrics`);
  const text = await body.text();
  return statusCode === 200 ? parseGauge(text, gauge) : null;
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
