import { Draw } from './draw.ts';
import { Layers } from './layers.ts';
import type { InferenceModel } from './model.ts';
import { attend, splitHeads, type TransformerShape } from './transformer.ts';

const SHAPE: TransformerShape = { width: 768, heads: 12, inner: 3_072 };
const LAYERS = 12;
const WORDS = 30_522;
const POSITIONS = 512;
/** Tokens of a sample. */
const TOKENS = 128;

/** BERT-base (Devlin et al. 2019) with the two outputs of question answering: FP32, 128 tokens. */
export const bertBase: InferenceModel = {
  id: 'bert-base',
  source: 'arXiv:1810.04805',
  parameters: 108_893_186,
  operations: 2 * TOKENS * (LAYERS * (4 * 768 * 768 + 2 * 768 * 3_072 + 2 * TOKENS * 768) + 2 * 768),
  build() {
    const net = new Layers('626572742d62617365626572742d6261');
    const { width, inner } = SHAPE;
    const words = net.node('Gather', [net.weights([WORDS, width], 0.5), 'input_ids']);
    const kinds = net.node('Gather', [net.weights([2, width], 0.5), 'token_type_ids']);
    const positions = net.node('Slice', [
      net.weights([POSITIONS, width], 0.5),
      net.integers([0]),
      net.node('Slice', [net.node('Shape', ['input_ids']), net.integers([1]), net.integers([2])]),
    ]);
    let x = net.layerNorm(net.node('Add', [net.node('Add', [words, kinds]), positions]), width, 1e-12);
    // 0 for tokens that count, −10,000 for padding, over [batch, 1, 1, tokens].
    const counted = net.node('Cast', [net.node('Unsqueeze', ['attention_mask', net.integers([1, 2])])], {
      to: { int: 1 },
    });
    const mask = net.node('Mul', [net.node('Sub', [counted, net.floats([], [1])]), net.floats([], [10_000])]);
    for (let layer = 0; layer < LAYERS; layer++) {
      const [q, k, v] = [0, 1, 2].map(() => splitHeads(net, net.dense(x, width, width), SHAPE));
      const attended = net.dense(attend(net, { q: q!, k: k!, v: v!, mask }, SHAPE), width, width);
      x = net.layerNorm(net.node('Add', [x, attended]), width, 1e-12);
      const fed = net.dense(net.gelu(net.dense(x, width, inner)), inner, width);
      x = net.layerNorm(net.node('Add', [x, fed]), width, 1e-12);
    }
    return net.build(
      'bert-base',
      ['input_ids', 'token_type_ids', 'attention_mask'].map((name) => ({
        name,
        type: 'int64',
        shape: ['batch', 'tokens'],
      })),
      [{ name: 'logits', type: 'float32', shape: ['batch', 'tokens', 2], from: net.dense(x, width, 2) }],
    );
  },
  sample(digest) {
    const draw = new Draw(digest);
    const padding = draw.bits() % 32;
    const tokens = (name: string, value: (i: number) => number) =>
      ({
        name,
        type: 'int64',
        shape: [1, TOKENS],
        data: BigInt64Array.from({ length: TOKENS }, (_, i) => BigInt(value(i))),
      }) as const;
    return [
      tokens('input_ids', () => draw.bits() % WORDS),
      tokens('token_type_ids', (i) => (i < TOKENS / 2 ? 0 : 1)),
      tokens('attention_mask', (i) => (i < TOKENS - padding ? 1 : 0)),
    ];
  },
};
