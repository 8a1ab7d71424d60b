import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openOutbox } from '../../../agent/outbox.ts';
import { sha256Hex } from '../../../evidence/digest.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'assay-outbox-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const envelope = { payloadType: 't', payload: 'cGF5', signatures: [{ keyid: 'a'.repeat(64), sig: 'c2ln' }] };
const parcel = (assignment: string, sequence: number, blobs: string[] = [], run = 'r1') => ({
  assignment,
  attempt: 1,
  envelope,
  blobs,
  chain: { run, sequence, previous: 'b'.repeat(64) },
});

describe('the outbox', () => {
  it('starts with an empty chain', () => {
    expect(openOutbox(directory).chain('r1')).toEqual({ run: 'r1', sequence: 0, previous: '' });
  });

  it('has what was put into it after the agent was killed and started again', () => {
    openOutbox(directory).put(parcel('a', 1));
    openOutbox(directory).put(parcel('b', 2));
    const again = openOutbox(directory);
    expect(again.waiting().map((p) => p.assignment)).toEqual(['a', 'b']);
    expect(again.chain('r1').sequence).toBe(2);
  });

  it('has a chain for each run, and mixes up no parcels of two', () => {
    const outbox = openOutbox(directory);
    outbox.put(parcel('a', 1));
    expect(outbox.chain('r2')).toEqual({ run: 'r2', sequence: 0, previous: '' });
    outbox.put(parcel('b', 1, [], 'r2'));
    expect(outbox.waiting().map((p) => p.chain.run)).toEqual(['r1', 'r2']);
    expect(outbox.chain('r2').sequence).toBe(1);
  });

  it('knows what it has signed after a crash between the parcel and the chain', () => {
    const outbox = openOutbox(directory);
    outbox.put(parcel('a', 1));
    const before = readFileSync(join(directory, 'chain.json'));
    outbox.put(parcel('b', 2));
    writeFileSync(join(directory, 'chain.json'), before);
    expect(openOutbox(directory).chain('r1').sequence).toBe(2);
  });

  it('signs nothing when it does not know what it has signed', () => {
    const outbox = openOutbox(directory);
    outbox.put(parcel('a', 1));
    writeFileSync(join(directory, 'chain.json'), '{"run": "r1", "seq');
    expect(() => openOutbox(directory).chain('r1')).toThrow();
  });

  it('moves its chain on with a receipt of either kind, and never back', () => {
    const outbox = openOutbox(directory);
    outbox.put(parcel('a', 1));
    outbox.confirm('a', 1);
    expect(outbox.chain('r1').sequence).toBe(1);
  });

  it('gives parcels back in the order they were measured, past ten', () => {
    const outbox = openOutbox(directory);
    for (let i = 1; i <= 12; i++) outbox.put(parcel(`m${i}`, i));
    expect(outbox.waiting().map((p) => p.assignment)).toEqual(Array.from({ length: 12 }, (_, i) => `m${i + 1}`));
  });

  it('forgets a parcel with its receipt, and only the blobs that no other one needs', () => {
    const outbox = openOutbox(directory);
    const [shared, own] = ['shared', 'own'].map((text) => {
      const sha256 = sha256Hex(text);
      writeFileSync(join(outbox.blobDirectory, sha256), text);
      return sha256;
    }) as [string, string];
    outbox.put(parcel('a', 1, [shared, own]));
    outbox.put(parcel('b', 2, [shared]));
    outbox.confirm('a', 1);
    expect(outbox.waiting().map((p) => p.assignment)).toEqual(['b']);
    expect([outbox.readBlob(shared)?.toString(), outbox.readBlob(own)]).toEqual(['shared', undefined]);
  });

  it('keeps a parcel until the receipt for that very attempt', () => {
    const outbox = openOutbox(directory);
    outbox.put(parcel('a', 1));
    outbox.confirm('a', 2);
    outbox.confirm('b', 1);
    expect(outbox.waiting()).toHaveLength(1);
  });

  it('sets a damaged parcel aside, and neither sends nor loses it', () => {
    const outbox = openOutbox(directory);
    outbox.put(parcel('a', 1));
    writeFileSync(join(directory, 'parcels', '1.json'), '{"assignment": "a"');
    expect(outbox.waiting()).toEqual([]);
    expect(readdirSync(join(directory, 'parcels'))).toEqual(['1.json.damaged']);
  });
});
