// What people might drop on a page, written here: ONNX models of a few nodes, a picture, a tone.
import { model } from '../support/onnx-writer.mjs';

const float = (name, dims) => ({ name, dtype: 'float32', dims });

export const tinyModel = (parts) => Buffer.from(model({ opset: 13, ...parts }));

/** The mean of red, green and blue. */
export const colourModel = (metadata = {}) => tinyModel({
  inputs: [float('picture', ['batch', 3, 8, 8])], outputs: [float('scores', ['batch', 3])], values: [float('means', ['batch', 3, 1, 1])], metadata,
  nodes: [{ op: 'GlobalAveragePool', inputs: ['picture'], outputs: ['means'], name: 'average' }, { op: 'Flatten', inputs: ['means'], outputs: ['scores'], name: 'flatten' }],
});

/** The loudest of 64 mel bands. */
export const bandModel = (metadata = {}) => tinyModel({
  inputs: [float('mel', [1, 64, 'frames'])], outputs: [float('probabilities', [1, 64])], metadata,
  nodes: [{ op: 'ReduceMean', inputs: ['mel'], outputs: ['means'], attributes: { axes: [2], keepdims: 0 } }, { op: 'Softmax', inputs: ['means'], outputs: ['probabilities'] }],
});

/** One node. */
export const oneNode = (op, extent) => tinyModel({
  inputs: [float('x', [1, extent])], outputs: [float('y', [1, extent])], nodes: [{ op, inputs: ['x'], outputs: ['y'], name: 'only' }],
});

/** A chain of `count` nodes, of which each fifth reads back over three others. */
export function chainModel(count) {
  const ops = ['Sin', 'Cos', 'Tanh', 'Sigmoid'];
  const nodes = Array.from({ length: count }, (_, i) => {
    const [before, gives] = [i === 0 ? 'x' : `v${i - 1}`, i === count - 1 ? 'y' : `v${i}`];
    return i % 5 === 4 ? { op: 'Add', inputs: [before, `v${i - 4}`], outputs: [gives], name: `add_${i}` }
      : { op: ops[i % 5], inputs: [before], outputs: [gives], name: `node_${i}` };
  });
  return tinyModel({ inputs: [float('x', [8])], outputs: [float('y', [8])], nodes });
}

/** A picture of one colour as a BMP file. */
export function picture([red, green, blue], side = 16) {
  const file = Buffer.alloc(54 + side * side * 3);
  file.write('BM');
  for (const [at, value] of [[2, file.length], [10, 54], [14, 40], [18, side], [22, side]]) file.writeUInt32LE(value, at);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  for (let i = 54; i < file.length; i += 3) file.set([blue, green, red], i);
  return file;
}

/** A second of a tone as a WAV file. */
export function tone(hertz, rate = 48_000) {
  const file = Buffer.alloc(44 + 2 * rate);
  file.write('RIFF');
  file.writeUInt32LE(file.length - 8, 4);
  file.write('WAVEfmt ', 8);
  for (const [at, value] of [[16, 16], [24, rate], [28, 2 * rate], [40, 2 * rate]]) file.writeUInt32LE(value, at);
  for (const [at, value] of [[20, 1], [22, 1], [32, 2], [34, 16]]) file.writeUInt16LE(value, at);
  file.write('data', 36);
  for (let i = 0; i < rate; i++) file.writeInt16LE(Math.round(16_000 * Math.sin((2 * Math.PI * hertz * i) / rate)), 44 + 2 * i);
  return file;
}
