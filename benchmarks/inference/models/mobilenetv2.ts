import { Layers } from './layers.ts';
import type { InferenceModel } from './model.ts';
import { imageOf } from './resnet50.ts';

/** Expansion, channels, repeats and first stride of each stage: table 2 of the paper. */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/** MobileNetV2 at width 1.0 (Sandler et al. 2018), batch normalisation folded: FP32, images of 224 × 224. */
export const mobilenetv2: InferenceModel = {
  id: 'mobilenetv2',
  source: 'arXiv:1801.04381',
  parameters: 3_487_816,
  operations: 2 * 300_774_272,
  build() {
    const net = new Layers('6d6f62696c656e657476326d6f62696c');
    const low = net.floats([], [0]);
    const six = net.floats([], [6]);
    const relu6 = (x: string) => net.node('Clip', [x, low, six]);
    let x = relu6(net.conv('input', 3, 32, 3, { stride: 2 }));
    let from = 32;
    for (const [expansion, channels, repeats, first] of STAGES) {
      for (let block = 0; block < repeats; block++) {
        const stride = block === 0 ? first : 1;
        const wide = from * expansion;
        let y = expansion === 1 ? x : relu6(net.conv(x, from, wide, 1));
        y = relu6(net.conv(y, wide, wide, 3, { stride, group: wide }));
        y = net.conv(y, wide, channels, 1);
        x = stride === 1 && from === channels ? net.node('Add', [x, y]) : y;
        from = channels;
      }
    }
    x = relu6(net.conv(x, from, 1_280, 1));
    x = net.node('Flatten', [net.node('GlobalAveragePool', [x])]);
    x = net.dense(x, 1_280, 1_000);
    return net.build(
      'mobilenetv2',
      [{ name: 'input', type: 'float32', shape: ['batch', 3, 224, 224] }],
      [{ name: 'logits', type: 'float32', shape: ['batch', 1_000], from: x }],
    );
  },
  sample: (digest) => [imageOf(digest)],
};
