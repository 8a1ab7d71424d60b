import type { Proof, RowProducts } from '../../benchmarks/benchmark.ts';
import { proof as challenge } from '../../benchmarks/compute/challenge/proof.ts';
import { firstProof as firstGemm, proof as gemm } from '../../benchmarks/compute/gemm/proof.ts';
import { proof as frameworks } from '../../benchmarks/frameworks/proof.ts';
import { proof as inference } from '../../benchmarks/inference/proof.ts';
import { proof as realtime } from '../../benchmarks/inference/realtime/proof.ts';
import { proof as bandwidth } from '../../benchmarks/memory/bandwidth/proof.ts';
import { proof as records } from '../../benchmarks/records/proof.ts';
import { proof as storage } from '../../benchmarks/storage/proof.ts';
import { proof as users } from '../../benchmarks/users/proof.ts';

/** Every proof that raw samples can be examined with, by benchmark id and version. */
const PROOFS = [
  frameworks,
  gemm,
  firstGemm,
  challenge,
  bandwidth,
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

/** The same, with a native library's products for those proofs that recompute much; what they find is the same. */
export function proofFinder(products: RowProducts | undefined): typeof findProof {
  if (!products) return findProof;
  return (id, version) => {
    const proof = findProof(id, version);
    return proof && { ...proof, examine: (raw, around) => proof.examine(raw, { ...around, products }) };
  };
}
