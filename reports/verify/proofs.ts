import type { Proof } from '../../benchmarks/benchmark.ts';
import { proof as challenge } from '../../benchmarks/compute/challenge/proof.ts';
import { proof as gemm } from '../../benchmarks/compute/gemm/proof.ts';
import { proof as frameworks } from '../../benchmarks/frameworks/proof.ts';
import { inferenceProof as inference } from '../../benchmarks/inference/proof.ts';
import { realtimeProof as realtime } from '../../benchmarks/inference/realtime/proof.ts';
import { recordsProof as records } from '../../benchmarks/records/proof.ts';
import { proof as storage } from '../../benchmarks/storage/proof.ts';
import { usersProof as users } from '../../benchmarks/users/proof.ts';

/** Every proof that raw samples can be examined with, by benchmark id and version. */
const PROOFS = [
  frameworks,
  gemm,
  challenge,
  inference,
  realtime,
  storage,
  users,
  records,
] as unknown as readonly Proof[];

/** The proof of a benchmark in this very version, or undefined: samples of an unknown kind cannot be examined. */
export function findProof(id: string, version: string): Proof | undefined {
  return PROOFS.find((p) => p.id === id && p.version === version);
}
