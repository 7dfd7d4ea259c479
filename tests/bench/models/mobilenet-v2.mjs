// MobileNetV2 (Sandler et al. 2018), batch normalisation folded: inverted residuals of 1x1, depthwise 3x3, 1x1.
import { GraphBuilder } from './graph.mjs';

/* Per stage: expansion, channels, blocks, stride of the first block. */
const kStages = [[1, 16, 1, 1], [6, 24, 2, 2], [6, 32, 3, 2], [6, 64, 4, 2], [6, 96, 3, 1], [6, 160, 3, 2], [6, 320, 1, 1]];

function invertedResidual(g, x, expansion, channels, stride) {
  const hidden = x.dims[1] * expansion;
  let y = expansion === 1 ? x : g.relu6(g.conv(x, hidden));
  y = g.relu6(g.conv(y, hidden, { kernel: 3, stride, groups: hidden }));
  y = g.conv(y, channels);
  return stride === 1 && x.dims[1] === channels ? g.add(x, y) : y;
}

export const mobilenetV2 = {
  name: 'mobilenet_v2',
  precisions: ['fp32', 'int8'],
  classifies: true,
  small: { size: 32, width: 0.25, classes: 10 },
  build({ size = 224, width = 1, classes = 1000 } = {}) {
    const g = new GraphBuilder({ seed: 101 });
    const channels = (count) => 8 * Math.round(count * width / 8) || 8;
    let x = g.relu6(g.conv(g.input('image', [1, 3, size, size]), channels(32), { kernel: 3, stride: 2 }));
    for (const [expansion, count, blocks, stride] of kStages) {
      for (let i = 0; i < blocks; i++) x = invertedResidual(g, x, expansion, channels(count), i === 0 ? stride : 1);
    }
    x = g.relu6(g.conv(x, channels(1280)));
    return g.finish(g.gemm(g.flatten(g.globalAveragePool(x)), classes));
  },
};
