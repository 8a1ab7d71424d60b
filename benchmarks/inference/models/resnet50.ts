import { Draw } from './draw.ts';
import { Layers } from './layers.ts';
import type { InferenceModel } from './model.ts';

/** Blocks and width of each stage. */
const STAGES = [
  [3, 64],
  [4, 128],
  [6, 256],
  [3, 512],
] as const;

/**
 * ResNet-50 v1.5 (He et al. 2016; v1.5 puts the stride of a downsampling block into its 3×3 convolution), batch
 * normalisation folded: FP32, images of 224 × 224, 1,000 classes.
 */
export const resnet50: InferenceModel = {
  id: 'resnet50',
  source: 'arXiv:1512.03385, v1.5',
  parameters: 25_530_472,
  operations: 2 * 4_089_184_256,
  build() {
    const net = new Layers('7265736e657435307265736e65743530');
    const relu = (x: string) => net.node('Relu', [x]);
    let x = relu(net.conv('input', 3, 64, 7, { stride: 2 }));
    x = net.node('MaxPool', [x], {
      kernel_shape: { ints: [3, 3] },
      strides: { ints: [2, 2] },
      pads: { ints: [1, 1, 1, 1] },
    });
    let from = 64;
    STAGES.forEach(([blocks, width], stage) => {
      for (let block = 0; block < blocks; block++) {
        const stride = block === 0 && stage > 0 ? 2 : 1;
        const short = block === 0 ? net.conv(x, from, 4 * width, 1, { stride, gain: Math.SQRT1_2 }) : x;
        let y = relu(net.conv(x, from, width, 1));
        y = relu(net.conv(y, width, width, 3, { stride }));
        // A small gain on the branch keeps sixteen additions from blowing the activations up.
        y = net.conv(y, width, 4 * width, 1, { gain: 0.25 });
        x = relu(net.node('Add', [y, short]));
        from = 4 * width;
      }
    });
    x = net.node('Flatten', [net.node('GlobalAveragePool', [x])]);
    x = net.dense(x, 2_048, 1_000);
    return net.build(
      'resnet50',
      [{ name: 'input', type: 'float32', shape: ['batch', 3, 224, 224] }],
      [{ name: 'logits', type: 'float32', shape: ['batch', 1_000], from: x }],
    );
  },
  sample: (digest) => [imageOf(digest)],
};

/** A random image, normalised as images are: mean 0, deviation 1. */
export function imageOf(digest: string) {
  return {
    name: 'input',
    type: 'float32',
    shape: [1, 3, 224, 224],
    data: new Draw(digest).spread(3 * 224 * 224, 1),
  } as const;
}
