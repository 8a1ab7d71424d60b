import { canonicalBytes } from '../evidence/canonical.ts';
import { sha256Hex } from '../evidence/digest.ts';
import type { Environment } from '../model/environment.ts';
import type { EvidenceRef } from '../model/measurement.ts';

/** An environment in which nothing was put before what is measured, or in its place. */
export const PLAIN_ENVIRONMENT: Environment = {
  schema: 'assay/environment/v1',
  objects: [
    { path: '/srv/assay/node', sha256: '11'.repeat(32), bytes: 1000, buildId: 'ab'.repeat(20) },
    { path: '/usr/lib/x86_64-linux-gnu/libc.so.6', sha256: '22'.repeat(32), bytes: 2000, buildId: 'cd'.repeat(20) },
    { path: '/usr/lib/x86_64-linux-gnu/libdnnl.so.3.6', sha256: '33'.repeat(32), bytes: 3000 },
  ],
  processes: [
    {
      role: 'runner',
      argv: ['/srv/assay/node', 'runner.ts'],
      count: 1,
      objects: [0, 1],
      variables: { PATH: '/usr/bin' },
    },
    {
      role: 'child',
      argv: ['/srv/assay/node', 'engine.ts', 'onednn'],
      count: 2,
      objects: [0, 1, 2],
      variables: { PATH: '/usr/bin', ASSAY_ONEDNN_FORM: 'gemm' },
    },
  ],
  tools: [{ path: '/usr/bin/stat', sha256: '44'.repeat(32), argv: ['stat', '-f', '/data'] }],
  preload: [],
  policy: [],
};

export const environmentBytes = (environment: Environment = PLAIN_ENVIRONMENT): Uint8Array =>
  canonicalBytes(environment);

/** The reference to an environment that a measurement has. */
export function environmentRef(bytes: Uint8Array = environmentBytes()): EvidenceRef {
  return {
    name: 'environment.json',
    mediaType: 'application/json',
    sha256: sha256Hex(bytes),
    bytes: bytes.byteLength,
  };
}
