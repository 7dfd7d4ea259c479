// EfficientNet-lite0 (Tan and Le 2019, the lite variant: no squeeze-and-excitation, ReLU6), batch normalisation folded.
import { GraphBuilder } from './graph.mjs';

/* Per stage: expansion, channels, blocks, stride of the first block, kernel. */
const kStages = [
  [1, 16, 1, 1, 3], [6, 24, 2, 2, 3], [6, 40, 2, 2, 5], [6, 80, 3, 2, 3], [6, 112, 3, 1, 5], [6, 192, 4, 2, 5], [6, 320, 1, 1, 3],
];

function block(g, x, { expansion, channels, stride, kernel }) {
  const hidden = x.dims[1] * expansion;
  let y = expansion === 1 ? x : g.relu6(g.conv(x, hidden));
  y = g.relu6(g.conv(y, hidden, { kernel, stride, groups: hidden }));
  y = g.conv(y, channels);
  return stride === 1 && x.dims[1] === channels ? g.add(y, x) : y;
}

export const efficientnetLite0 = {
  name: 'efficientnet_lite0',
  precisions: ['fp32', 'int8'],
  classifies: true,
  small: { size: 32, width: 0.25, classes: 10 },
  build({ size = 224, width = 1, classes = 1000 } = {}) {
    const g = new GraphBuilder({ seed: 102 });
    const scaled = (count) => Math.ceil(count * width / 8) * 8;
    let x = g.relu6(g.conv(g.input('image', [1, 3, size, size]), scaled(32), { kernel: 3, stride: 2 }));
    for (const [expansion, count, blocks, first, kernel] of kStages) {
      for (let i = 0; i < blocks; i++) {
        x = block(g, x, { expansion, channels: scaled(count), stride: i === 0 ? first : 1, kernel });
      }
    }
    x = g.relu6(g.conv(x, scaled(1280)));
    return g.finish(g.gemm(g.flatten(g.globalAveragePool(x)), classes));
  },
};
