// A one-stage detector of the YOLO family: CSP backbone with SiLU, pooling pyramid, a neck that goes up and down again,
// three heads. Each head gives a box, an objectness and the class scores of every cell.
import { GraphBuilder } from './graph.mjs';

const conv = (g, x, channels, kernel = 1, stride = 1) => g.silu(g.conv(x, channels, { kernel, stride }));

/* Half of the channels pass through residual blocks, half pass by. */
function csp(g, x, channels, blocks, { residual = true } = {}) {
  let y = conv(g, x, channels / 2);
  const bypass = conv(g, x, channels / 2);
  for (let i = 0; i < blocks; i++) {
    const inner = conv(g, conv(g, y, channels / 2), channels / 2, 3);
    y = residual ? g.add(y, inner) : inner;
  }
  return conv(g, g.concat([y, bypass], 1), channels);
}

function poolingPyramid(g, x) {
  const parts = [conv(g, x, x.dims[1] / 2)];
  for (let i = 0; i < 3; i++) parts.push(g.maxPool(parts.at(-1), { kernel: 5, stride: 1 }));
  return conv(g, g.concat(parts, 1), x.dims[1]);
}

export const yoloCsp = {
  name: 'yolo_csp',
  precisions: ['fp32', 'int8'],
  small: { size: 64, width: 8, classes: 3 },
  build({ size = 320, width = 16, classes = 80 } = {}) {
    const g = new GraphBuilder({ seed: 104 });
    const down = (x, channels, blocks) => csp(g, conv(g, x, channels, 3, 2), channels, blocks);
    let x = conv(g, g.input('image', [1, 3, size, size]), width, 3, 2);
    x = down(x, 2 * width, 1);
    const fine = down(x, 4 * width, 2);
    const middle = down(fine, 8 * width, 3);
    const coarse = poolingPyramid(g, down(middle, 16 * width, 1));

    const join = (a, b, channels) => csp(g, g.concat([a, b], 1), channels, 1, { residual: false });
    const lateralCoarse = conv(g, coarse, 8 * width);
    const lateralMiddle = conv(g, join(g.upsample(lateralCoarse), middle, 8 * width), 4 * width);
    const outFine = join(g.upsample(lateralMiddle), fine, 4 * width);
    const outMiddle = join(conv(g, outFine, 4 * width, 3, 2), lateralMiddle, 8 * width);
    const outCoarse = join(conv(g, outMiddle, 8 * width, 3, 2), lateralCoarse, 16 * width);
    return g.finish(...[outFine, outMiddle, outCoarse].map((level) => g.conv(level, 5 + classes)));
  },
};
