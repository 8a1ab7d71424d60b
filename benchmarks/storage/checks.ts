import { createHash } from 'node:crypto';
import type { Check } from '../../model/measurement.ts';
import { content, UNIT_BYTES, volumeKey } from './block.ts';
import { slope } from './books.ts';
import type { challengedUnits } from './positions.ts';
import { epochOf, type StorageSamples } from './samples.ts';

/** What the challenge picks to be read. */
type Chosen = ReturnType<typeof challengedUnits>;

/** Whether what was read is what was written, all that was asked, and no more than there is. */
export function dataChecks(raw: StorageSamples, asked: Readonly<Record<string, unknown>>, chosen: Chosen): Check[] {
  const bad = badUnits(raw);
  const kinds = Object.entries(raw.bad).filter(([, count]) => count > 0);
  const visited = [...chosen.sample, ...chosen.ruler].slice(0, raw.sample.stratified + raw.sample.ruler);
  const places = raw.sample.stratified + raw.sample.ruler;
  const { fill, read } = raw;
  const written = fill.epoch * fill.bytes + fill.epochChunks * raw.chunkBytes;
  // Only time may have kept it from the marks of the ruler, which come last.
  const ruled = raw.sample.ruler === chosen.ruler.length || raw.sample.seconds >= Number(asked.sampleMaxSeconds);
  return [
    {
      id: 'bytes.consistent',
      passed: read.bytes <= fill.bytes && fill.bytes <= fill.plannedBytes && fill.writtenBytes === written,
      detail: `${fill.bytes} of ${fill.plannedBytes} bytes filled, ${fill.writtenBytes} written in passes that give ${written}, ${read.bytes} read back`,
    },
    {
      id: 'blocks.right',
      passed: bad === 0 && raw.fill.bytes > 0 && raw.read.bytes > 0,
      detail:
        bad === 0
          ? `${places} challenged units and ${raw.read.bytes} bytes came back as written`
          : `${bad} bad units (${kinds.map(([kind, count]) => `${kind} ${count}`).join(', ')}); ${firstDefect(raw)}`,
    },
    {
      id: 'sample.complete',
      passed:
        raw.sample.stratified > 0 &&
        raw.sample.stratified === chosen.sample.length &&
        visited.length === places &&
        ruled,
      detail: `${raw.sample.stratified} of ${chosen.sample.length} stratified units, ${raw.sample.ruler} of ${chosen.ruler.length} marks of the ruler`,
    },
    {
      id: 'sample.digest',
      passed: bad === 0 && visited.length > 0 && digestOf(raw, visited) === raw.sample.digest,
      detail: 'digest over the challenged units against the data that the challenge gives',
    },
    {
      id: 'sample.timed',
      passed: raw.sample.latenciesNs.length === raw.sample.stratified,
      detail: `${raw.sample.latenciesNs.length} times for ${raw.sample.stratified} reads`,
    },
  ];
}

/** The first bad unit, in words. */
export function firstDefect(raw: StorageSamples): string {
  const first = raw.defects[0];
  if (!first) return 'not described';
  const distance = first.kind === 'alias' ? `, ${first.distance} units away` : '';
  return `the first: unit ${first.unit} ${first.kind}${distance}: ${first.detail}`;
}

function digestOf(raw: StorageSamples, units: readonly number[]): string {
  const key = volumeKey(raw.challenge);
  const unitsPerChunk = raw.chunkBytes / UNIT_BYTES;
  const digest = createHash('sha256');
  const place = Buffer.alloc(8);
  for (const unit of units) {
    place.writeBigUInt64BE(BigInt(unit));
    const epoch = epochOf(raw.fill, Math.floor(unit / unitsPerChunk));
    digest.update(place).update(content(key, { epoch, unit }, UNIT_BYTES));
  }
  return digest.digest('hex');
}

/** Whether the file system's books follow the data. */
export function bookChecks(raw: StorageSamples): Check[] {
  const books = slope(raw.before, raw.after, raw.fill.bytes);
  return [
    {
      id: 'books.slope',
      passed: books.sound,
      detail: `the file system lost ${books.value.toFixed(3)} bytes of free space for each byte written`,
    },
  ];
}

/** Bad units of all kinds. */
export function badUnits(raw: StorageSamples): number {
  return Object.values(raw.bad).reduce((total, count) => total + count, 0);
}
