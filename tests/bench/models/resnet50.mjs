// ResNet-50 (He et al. 2016, stride in the 3x3 convolution), batch normalisation folded: bottlenecks of 1x1, 3x3, 1x1.
import { GraphBuilder } from './graph.mjs';

/* Per stage: channels within a bottleneck, blocks, stride of the first block. */
const kStages = [[64, 3, 1], [128, 4, 2], [256, 6, 2], [512, 3, 2]];

function bottleneck(g, x, channels, stride) {
  let y = g.relu(g.conv(x, channels));
  y = g.relu(g.conv(y, channels, { kernel: 3, stride }));
  y = g.conv(y, 4 * channels);
  const straight = x.dims[1] === 4 * channels && stride === 1 ? x : g.conv(x, 4 * channels, { stride });
  return g.relu(g.add(y, straight));
}

export const resnet50 = {
  name: 'resnet50',
  precisions: ['fp32', 'int8'],
  classifies: true,
  small: { size: 32, width: 1 / 8, classes: 10 },
  build({ size = 224, width = 1, classes = 1000 } = {}) {
    const g = new GraphBuilder({ seed: 103 });
    let x = g.relu(g.conv(g.input('image', [1, 3, size, size]), 64 * width, { kernel: 7, stride: 2 }));
    x = g.maxPool(x, { kernel: 3, stride: 2 });
    for (const [channels, blocks, stride] of kStages) {
      for (let i = 0; i < blocks; i++) x = bottleneck(g, x, channels * width, i === 0 ? stride : 1);
    }
    return g.finish(g.gemm(g.flatten(g.globalAveragePool(x)), classes));
  },
};
