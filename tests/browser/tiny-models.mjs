// ONNX files of a few nodes, written here for tests of what people drop on a page.

const varint = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...varint(Math.floor(value / 128))]);

/* Protocol buffers: [field, number | text | fields]. */
const encode = (fields) => fields.flatMap(([number, value]) => {
  if (typeof value === 'number') return [...varint(number << 3), ...varint(value)];
  const bytes = typeof value === 'string' ? [...new TextEncoder().encode(value)] : encode(value);
  return [...varint((number << 3) | 2), ...varint(bytes.length), ...bytes];
});

/* Of float32. */
const valueInfo = ([name, dims]) =>
  [[1, name], [2, [[1, [[1, 1], [2, dims.map((dim) => [1, [typeof dim === 'number' ? [1, dim] : [2, dim]]])]]]]]];

/** `nodes`: [op, inputs, outputs, name?, { attribute: integers }?]; inputs, outputs and values: { name: dims }. */
export function tinyModel({ inputs, outputs, values = {}, nodes, metadata = {} }) {
  const node = ([op, reads, gives, name = '', attributes = {}]) => [
    ...reads.map((value) => [1, value]), ...gives.map((value) => [2, value]), [3, name], [4, op],
    ...Object.entries(attributes).map(([key, ints]) =>
      [5, typeof ints === 'number' ? [[1, key], [3, ints], [20, 2]] : [[1, key], ...ints.map((int) => [8, int]), [20, 7]]]),
  ];
  const graph = [
    ...nodes.map((one) => [1, node(one)]), [2, 'tiny'], ...Object.entries(inputs).map((one) => [11, valueInfo(one)]),
    ...Object.entries(outputs).map((one) => [12, valueInfo(one)]), ...Object.entries(values).map((one) => [13, valueInfo(one)]),
  ];
  return Buffer.from(encode([[1, 8], [7, graph], [8, [[2, 13]]], ...Object.entries(metadata).map(([key, value]) => [14, [[1, key], [2, value]]])]));
}

/** The mean of red, green and blue. */
export const colourModel = (metadata = {}) => tinyModel({
  inputs: { picture: ['batch', 3, 8, 8] }, outputs: { scores: ['batch', 3] }, values: { means: ['batch', 3, 1, 1] }, metadata,
  nodes: [['GlobalAveragePool', ['picture'], ['means'], 'average'], ['Flatten', ['means'], ['scores'], 'flatten']],
});

/** The loudest of 64 mel bands. */
export const bandModel = (metadata = {}) => tinyModel({
  inputs: { mel: [1, 64, 'frames'] }, outputs: { probabilities: [1, 64] }, metadata,
  nodes: [['ReduceMean', ['mel'], ['means'], 'over_time', { axes: [2], keepdims: 0 }], ['Softmax', ['means'], ['probabilities'], 'softmax']],
});

/** A chain of `count` nodes, of which each fifth reads back over three others. */
export function chainModel(count) {
  const ops = ['Sin', 'Cos', 'Tanh', 'Sigmoid'];
  const nodes = Array.from({ length: count }, (_, i) => {
    const [before, gives] = [i === 0 ? 'x' : `v${i - 1}`, i === count - 1 ? 'y' : `v${i}`];
    return i % 5 === 4 ? ['Add', [before, `v${i - 4}`], [gives], `add_${i}`] : [ops[i % 5], [before], [gives], `node_${i}`];
  });
  return tinyModel({ inputs: { x: [8] }, outputs: { y: [8] }, nodes });
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
