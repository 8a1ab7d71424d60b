import { Draw } from './draw.ts';
import { Layers } from './layers.ts';
import type { InferenceModel, SampleTensor } from './model.ts';
import { attend, splitHeads, type TransformerShape } from './transformer.ts';

const SHAPE: TransformerShape = { width: 768, heads: 12, inner: 3_072 };
const LAYERS = 12;
const WORDS = 50_257;
const POSITIONS = 1_024;
/** Tokens that lie in the cache already. */
const PAST = 128;
const HEAD = SHAPE.width / SHAPE.heads;

/**
 * One step of a decoder with a key-value cache, the sizes of GPT-2 small (Radford et al. 2019): one new token is
 * attended to 128 earlier ones, gives the scores of the next token and the grown cache. FP32, tied embeddings.
 */
export const decoderStep: InferenceModel = {
  id: 'decoder-step',
  source: 'GPT-2 small, 124 million parameters',
  parameters: 124_439_808,
  operations: 2 * (LAYERS * (4 * 768 * 768 + 2 * 768 * 3_072 + 2 * (PAST + 1) * 768) + WORDS * 768),
  build() {
    const net = new Layers('6465636f6465722d737465706465636f');
    const { width, inner } = SHAPE;
    const table = net.weights([WORDS, width], 0.05);
    const tokens = net.node('Gather', [table, 'token']);
    let x = net.node('Add', [tokens, net.node('Gather', [net.weights([POSITIONS, width], 0.05), 'position'])]);
    const grown: { key: string; value: string }[] = [];
    for (let layer = 0; layer < LAYERS; layer++) {
      const normal = net.layerNorm(x, width, 1e-5);
      const q = splitHeads(net, net.dense(normal, width, width), SHAPE);
      const k = splitHeads(net, net.dense(normal, width, width), SHAPE);
      const v = splitHeads(net, net.dense(normal, width, width), SHAPE);
      const key = net.node('Concat', [`past_key_${layer}`, k], { axis: { int: 2 } });
      const value = net.node('Concat', [`past_value_${layer}`, v], { axis: { int: 2 } });
      grown.push({ key, value });
      const attended = attend(net, { q, k: key, v: value, mask: undefined }, SHAPE);
      x = net.node('Add', [x, net.dense(attended, width, width)]);
      const fed = net.dense(net.gelu(net.dense(net.layerNorm(x, width, 1e-5), width, inner)), inner, width);
      x = net.node('Add', [x, fed]);
    }
    const last = net.node('Reshape', [net.layerNorm(x, width, 1e-5), net.integers([-1, width])]);
    const logits = net.node('Gemm', [last, table], { transB: { int: 1 } });
    const cache = (name: string, tokens: string) =>
      ({ name, type: 'float32', shape: ['batch', SHAPE.heads, tokens, HEAD] }) as const;
    return net.build(
      'decoder-step',
      [
        { name: 'token', type: 'int64', shape: ['batch', 1] },
        { name: 'position', type: 'int64', shape: ['batch', 1] },
        ...grown.flatMap((_, layer) => [cache(`past_key_${layer}`, 'past'), cache(`past_value_${layer}`, 'past')]),
      ],
      [
        { name: 'logits', type: 'float32', shape: ['batch', WORDS], from: logits },
        ...grown.flatMap(({ key, value }, layer) => [
          { ...cache(`key_${layer}`, 'present'), from: key },
          { ...cache(`value_${layer}`, 'present'), from: value },
        ]),
      ],
    );
  },
  sample(digest) {
    const draw = new Draw(digest);
    const one = (name: string, value: number): SampleTensor => ({
      name,
      type: 'int64',
      shape: [1, 1],
      data: BigInt64Array.of(BigInt(value)),
    });
    const cache = (name: string): SampleTensor => ({
      name,
      type: 'float32',
      shape: [1, SHAPE.heads, PAST, HEAD],
      data: draw.spread(SHAPE.heads * PAST * HEAD, 1),
    });
    return [
      one('token', draw.bits() % WORDS),
      one('position', PAST),
      ...Array.from({ length: LAYERS }, (_, layer) => [
        cache(`past_key_${layer}`),
        cache(`past_value_${layer}`),
      ]).flat(),
    ];
  },
};
