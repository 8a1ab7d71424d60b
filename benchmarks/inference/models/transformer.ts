import type { Layers } from './layers.ts';

/** Sizes of a transformer. */
export interface TransformerShape {
  readonly width: number;
  readonly heads: number;
  readonly inner: number;
}

/** [batch, tokens, width] to [batch, heads, tokens, width / heads]. */
export function splitHeads(net: Layers, x: string, { width, heads }: TransformerShape): string {
  const shaped = net.node('Reshape', [x, net.integers([0, 0, heads, width / heads])]);
  return net.node('Transpose', [shaped], { perm: { ints: [0, 2, 1, 3] } });
}

/** Scaled dot-product attention (Vaswani et al. 2017) over heads that are split; `mask` is added to the scores. */
export function attend(
  net: Layers,
  parts: { q: string; k: string; v: string; mask: string | undefined },
  { width, heads }: TransformerShape,
): string {
  const scale = net.floats([], [1 / Math.sqrt(width / heads)]);
  const turned = net.node('Transpose', [parts.k], { perm: { ints: [0, 1, 3, 2] } });
  let scores = net.node('Mul', [net.node('MatMul', [parts.q, turned]), scale]);
  if (parts.mask) scores = net.node('Add', [scores, parts.mask]);
  const mixed = net.node('MatMul', [net.node('Softmax', [scores], { axis: { int: -1 } }), parts.v]);
  const joined = net.node('Transpose', [mixed], { perm: { ints: [0, 2, 1, 3] } });
  return net.node('Reshape', [joined, net.integers([0, 0, width])]);
}
