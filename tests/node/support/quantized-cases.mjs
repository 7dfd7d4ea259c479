// Generated cases of quantized operators: both signs, zero points at the extremes, scales per channel, odd channel
// counts, strides, dilations, groups, pads and inputs that saturate. Each has the model, its feeds and, where the
// operator has a formula in quantized-formulas.mjs, what it must give exactly.
// Invariant: the same seed gives the same cases everywhere.
import { model } from '../../support/onnx-writer.mjs';
import { generator } from '../../support/random.mjs';
import { convolve, dequantize, dynamicRange, multiply, quantize, toQuantized, toReal } from './quantized-formulas.mjs';

const arrays = { float32: Float32Array, uint8: Uint8Array, int8: Int8Array, int32: Int32Array, bool: Uint8Array };

/* { dtype, dims, data }, from plain numbers. */
const makeTensor = (dtype, dims, numbers) => ({ dtype, dims, data: arrays[dtype].from(numbers) });

const size = (dims) => dims.reduce((product, dim) => product * dim, 1);
const lowest = { int8: -128, uint8: 0 };
const kBytes = ['uint8', 'int8'];

class Maker {
  constructor(seed) {
    this.random = generator(seed);
  }

  /* A third of the tensors hold only the two ends of the type, so that sums saturate. */
  bytes(dtype, dims) {
    const { pick } = this.random;
    const ends = pick(0, 2) === 0;
    const value = () => lowest[dtype] + (ends ? 255 * pick(0, 1) : pick(0, 255));
    return makeTensor(dtype, dims, Array.from({ length: size(dims) }, value));
  }

  floats(dims, low, high) {
    const value = () => low + this.random.next() * (high - low);
    return makeTensor('float32', dims, Array.from({ length: size(dims) }, value));
  }

  quantization(dtype, low = 0.002, high = 0.2) {
    const { pick, next } = this.random;
    const zero = lowest[dtype] + [0, 128, 255, pick(0, 255)][pick(0, 3)];
    return { scale: Math.fround(low + next() * (high - low)), zero, dtype };
  }

  /* Scales (and zero points) of weights: one, or one per channel. */
  channels(count, dtype, symmetric) {
    const { pick, next } = this.random;
    const length = pick(0, 1) ? count : 1;
    const zero = lowest[dtype] + (symmetric ? 128 : pick(0, 255));
    return {
      wScale: Array.from({ length }, () => Math.fround(0.001 + next() * 0.05)),
      wZero: Array.from({ length }, () => zero),
    };
  }

  weights(dims, channelCount) {
    const dtype = this.random.oneOf(kBytes);
    return { w: this.bytes(dtype, dims), ...this.channels(channelCount, dtype, this.random.pick(0, 2) > 0) };
  }
}

const scalar = (dtype, value) => makeTensor(dtype, [], [value]);
const vector = (dtype, values) => makeTensor(dtype, values.length === 1 ? [] : [values.length], values);

/* Inputs of one quantized operand: [name, tensor, constant]. */
const parameters = (name, { scale, zero, dtype }) =>
  [[`${name}_scale`, scalar('float32', scale), true], [`${name}_zero`, scalar(dtype, zero), true]];

/* `inputs`: [name, tensor, constant?] in order; those that are not constant are fed. */
function finish({ op, domain = '', attributes = {}, inputs, dtype, dims, exact }) {
  const named = (constant) => inputs.filter((input) => Boolean(input[2]) === constant);
  const serialized = model({
    nodes: [{ op, domain, attributes, inputs: inputs.map(([name]) => name), outputs: ['y'] }],
    initializers: named(true).map(([name, tensor]) => ({ name, ...tensor })),
    inputs: named(false).map(([name, tensor]) => ({ name, ...tensor })),
    outputs: [{ name: 'y', dtype, dims }],
    opset: 21,
  });
  return { model: serialized, feeds: Object.fromEntries(named(false)), exact, dtype };
}

function convolution(make) {
  const { pick, oneOf } = make.random;
  const group = oneOf([1, 1, 2, 3]);
  const depthwise = pick(0, 3) === 0;
  const groups = depthwise ? pick(1, 17) : group;
  const depth = depthwise ? 1 : pick(1, 11);
  const outputs = groups * (depthwise ? oneOf([1, 1, 2]) : pick(1, 7));
  const kernel = [pick(1, 3), pick(1, 3)];
  const geometry = {
    group: groups,
    strides: [pick(1, 2), pick(1, 2)],
    dilations: [oneOf([1, 1, 2]), oneOf([1, 1, 2])],
    pads: [pick(0, 2), pick(0, 2), pick(0, 2), pick(0, 2)],
  };
  const x = make.bytes(oneOf(kBytes), [pick(1, 2), groups * depth, pick(5, 9), pick(5, 9)]);
  return { x, geometry, ...make.weights([outputs, depth, ...kernel], outputs) };
}

const makers = {
  QLinearConv(make) {
    const { x, geometry, w, wScale, wZero } = convolution(make);
    const qx = make.quantization(x.dtype);
    const qy = make.quantization(make.random.oneOf(kBytes), 0.05, 2);
    const bias = make.random.pick(0, 1)
      ? Array.from({ length: w.dims[0] }, () => make.random.pick(-20000, 20000)) : undefined;
    const exact = [];
    const dims = convolve({ x, w, xZero: qx.zero, wZero, ...geometry }, toQuantized(exact, { x: qx, wScale, bias, y: qy }));
    const inputs = [['x', x], ...parameters('x', qx), ['w', w, true], ['w_scale', vector('float32', wScale), true],
      ['w_zero', vector(w.dtype, wZero), true], ...parameters('y', qy)];
      if (bias) inputs.push(['bias', makeTensor('int32', [bias.length], bias), true]);
    return finish({ op: 'QLinearConv', attributes: geometry, inputs, dtype: qy.dtype, dims, exact });
  },

  ConvInteger(make) {
    const { x, geometry, w, wZero } = convolution(make);
    const zero = make.quantization(x.dtype).zero;
    const exact = [];
    const dims = convolve({ x, w, xZero: zero, wZero: [wZero[0]], ...geometry }, (at, _c, sum) => { exact[at] = sum; });
    return finish({
      op: 'ConvInteger', attributes: geometry, dtype: 'int32', dims, exact,
      inputs: [['x', x], ['w', w, true], ['x_zero', scalar(x.dtype, zero), make.random.pick(0, 1) === 1],
        ['w_zero', scalar(w.dtype, wZero[0]), true]],
    });
  },

  QLinearMatMul(make) {
    const { pick, oneOf } = make.random;
    const [depth, columns] = [pick(1, 40), pick(1, 19)];
    const a = make.bytes(oneOf(kBytes), [...(pick(0, 1) ? [pick(1, 3)] : []), pick(1, 7), depth]);
    const { w: b, wScale, wZero } = make.weights([depth, columns], columns);
    const [qa, qy] = [make.quantization(a.dtype), make.quantization(oneOf(kBytes), 0.05, 2)];
    const exact = [];
    const dims = multiply({ a, b, aZero: qa.zero, bZero: wZero }, toQuantized(exact, { x: qa, wScale, y: qy }));
    return finish({
      op: 'QLinearMatMul', dtype: qy.dtype, dims, exact,
      inputs: [['a', a], ...parameters('a', qa), ['b', b, true], ['b_scale', vector('float32', wScale), true],
        ['b_zero', vector(b.dtype, wZero), true], ...parameters('y', qy)],
    });
  },

  MatMulInteger(make) {
    const { pick, oneOf } = make.random;
    const [depth, columns] = [pick(1, 40), pick(1, 19)];
    const a = make.bytes(oneOf(kBytes), [pick(1, 7), depth]);
    const { w: b, wZero } = make.weights([depth, columns], columns);
    const zero = make.quantization(a.dtype).zero;
    const exact = [];
    const dims = multiply({ a, b, aZero: zero, bZero: wZero }, (at, _c, sum) => { exact[at] = sum; });
    return finish({
      op: 'MatMulInteger', dtype: 'int32', dims, exact,
      inputs: [['a', a], ['b', b, true], ['a_zero', scalar(a.dtype, zero), pick(0, 1) === 1],
        ['b_zero', vector(b.dtype, wZero), true]],
    });
  },

  MatMulIntegerToFloat(make) {
    const { pick, oneOf } = make.random;
    const [depth, columns] = [pick(1, 40), pick(1, 19)];
    const a = make.bytes(oneOf(kBytes), [pick(1, 7), depth]);
    const { w: b, wScale, wZero } = make.weights([depth, columns], columns);
    const qa = make.quantization(a.dtype);
    const bias = pick(0, 1) ? make.floats([columns], -1, 1) : undefined;
    const exact = [];
    const dims = multiply({ a, b, aZero: qa.zero, bZero: wZero },
      toReal(exact, { scale: qa.scale, wScale, bias: bias?.data }));
    const constant = pick(0, 1) === 1;
    const [scale, zero] = parameters('a', qa).map(([name, tensor]) => [name, tensor, constant]);
    const inputs = [['a', a], ['b', b, true], scale, ['b_scale', vector('float32', wScale), true], zero,
      ['b_zero', vector(b.dtype, wZero), true]];
    if (bias) inputs.push(['bias', bias, true]);
    return finish({ op: 'MatMulIntegerToFloat', domain: 'com.microsoft', dtype: 'float32', dims, exact, inputs });
  },

  QGemm(make) {
    const { pick, oneOf } = make.random;
    const [depth, columns, transB] = [pick(1, 40), pick(1, 19), pick(0, 1)];
    const a = make.bytes(oneOf(kBytes), [pick(1, 7), depth]);
    const { w: b, wScale, wZero } = make.weights(transB ? [columns, depth] : [depth, columns], columns);
    const [qa, qy] = [make.quantization(a.dtype), make.quantization(a.dtype, 0.05, 2)];
    const bias = Array.from({ length: columns }, () => pick(-20000, 20000));
    const real = pick(0, 2) === 0;
    const exact = [];
    const visit = toQuantized(exact, { x: qa, wScale, bias, y: qy });
    const visitReal = toReal(exact, { scale: qa.scale, wScale });
    const dims = multiply({ a, b, aZero: qa.zero, bZero: wZero, transB },
      real ? (at, c, sum) => visitReal(at, c, sum + bias[c]) : visit);
    const inputs = [['a', a], ...parameters('a', qa), ['b', b, true], ['b_scale', vector('float32', wScale), true],
      ['b_zero', vector(b.dtype, wZero), true], ['c', makeTensor('int32', [columns], bias), true]];
    if (!real) inputs.push(...parameters('y', qy));
    return finish({
      op: 'QGemm', domain: 'com.microsoft', attributes: { transB }, dtype: real ? 'float32' : qy.dtype, dims, exact, inputs,
    });
  },

  QLinearAdd: (make) => binary(make, 'QLinearAdd', (a, b) => a + b),
  QLinearMul: (make) => binary(make, 'QLinearMul', (a, b) => a * b),
  QLinearSigmoid: (make) => unary(make, 'QLinearSigmoid', {}, (x) => 1 / (1 + Math.exp(-x))),
  QLinearLeakyRelu: (make) =>
    unary(make, 'QLinearLeakyRelu', { alpha: { float: 0.25 } }, (x) => (x < 0 ? 0.25 * x : x)),
  QLinearSoftmax: (make) => unary(make, 'QLinearSoftmax', { axis: 1, opset: 13 }),

  QLinearConcat(make) {
    const { pick, oneOf } = make.random;
    const dtype = oneOf(kBytes);
    const qy = make.quantization(dtype);
    const parts = Array.from({ length: pick(1, 3) }, (_, i) => {
      const q = pick(0, 1) ? qy : make.quantization(dtype);
      return { q, x: make.bytes(dtype, [3, pick(1, 9)]), name: `x${i}` };
    });
    const columns = parts.reduce((sum, { x }) => sum + x.dims[1], 0);
    const exact = [0, 1, 2].flatMap((row) => parts.flatMap(({ x, q }) =>
      Array.from(x.data.slice(row * x.dims[1], (row + 1) * x.dims[1]), (value) => quantize(dequantize(value, q), qy))));
    return finish({
      op: 'QLinearConcat', domain: 'com.microsoft', attributes: { axis: 1 }, dtype, dims: [3, columns], exact,
      inputs: [...parameters('y', qy), ...parts.flatMap(({ x, q, name }) => [[name, x], ...parameters(name, q)])],
    });
  },

  QLinearWhere(make) {
    const dtype = make.random.oneOf(kBytes);
    const condition = makeTensor('bool', [4, 1], Array.from({ length: 4 }, () => make.random.pick(0, 1)));
    const [x, y] = [make.bytes(dtype, [4, 6]), make.bytes(dtype, [6])];
    const [qx, qy, qz] = [0, 1, 2].map(() => make.quantization(dtype));
    const exact = Array.from({ length: 24 }, (_, i) => (condition.data[Math.floor(i / 6)]
      ? quantize(dequantize(x.data[i], qx), qz) : quantize(dequantize(y.data[i % 6], qy), qz)));
    return finish({
      op: 'QLinearWhere', domain: 'com.microsoft', dtype, dims: [4, 6], exact,
      inputs: [['c', condition], ['x', x], ...parameters('x', qx), ['b', y], ...parameters('b', qy),
        ...parameters('z', qz)],
    });
  },

  QLinearAveragePool(make) {
    const { pick, oneOf } = make.random;
    const dtype = oneOf(kBytes);
    const [qx, qy] = [make.quantization(dtype), make.quantization(dtype)];
    const attributes = { kernel_shape: [2, 3], strides: [1, 2], pads: [1, 1, 0, 1], count_include_pad: pick(0, 1) };
    return finish({
      op: 'QLinearAveragePool', domain: 'com.microsoft', attributes, dtype, dims: [1, 5, 6, 3],
      inputs: [['x', make.bytes(dtype, [1, 5, 6, 6])], ...parameters('x', qx), ...parameters('y', qy)],
    });
  },

  QLinearGlobalAveragePool(make) {
    const dtype = make.random.oneOf(kBytes);
    const [qx, qy] = [make.quantization(dtype), make.quantization(dtype)];
    return finish({
      op: 'QLinearGlobalAveragePool', domain: 'com.microsoft', dtype, dims: [2, 5, 1, 1],
      inputs: [['x', make.bytes(dtype, [2, 5, 7, 3])], ...parameters('x', qx), ...parameters('y', qy)],
    });
  },

  QuantizeLinear(make) {
    const q = make.quantization(make.random.oneOf(kBytes));
    const x = make.floats([5, 13], -30, 30);
    return finish({
      op: 'QuantizeLinear', dtype: q.dtype, dims: x.dims, exact: Array.from(x.data, (value) => quantize(value, q)),
      inputs: [['x', x], ...parameters('y', q)],
    });
  },

  DequantizeLinear(make) {
    const q = make.quantization(make.random.oneOf(kBytes));
    const x = make.bytes(q.dtype, [5, 13]);
    return finish({
      op: 'DequantizeLinear', dtype: 'float32', dims: x.dims, exact: Array.from(x.data, (value) => dequantize(value, q)),
      inputs: [['x', x], ...parameters('x', q)],
    });
  },

  DynamicQuantizeMatMul(make) {
    const { pick } = make.random;
    const [depth, columns] = [pick(1, 40), pick(1, 19)];
    const a = make.floats([pick(1, 7), depth], -3, 5);
    const { w: b, wScale, wZero } = make.weights([depth, columns], columns);
    const q = dynamicRange(a.data);
    const bytes = { dims: a.dims, data: Array.from(a.data, (value) => quantize(value, q)) };
    const exact = [];
    const dims = multiply({ a: bytes, b, aZero: q.zero, bZero: wZero }, toReal(exact, { scale: q.scale, wScale }));
    return finish({
      op: 'DynamicQuantizeMatMul', domain: 'com.microsoft', dtype: 'float32', dims, exact,
      inputs: [['a', a], ['b', b, true], ['b_scale', vector('float32', wScale), true],
        ['b_zero', vector(b.dtype, wZero), true]],
    });
  },

  MatMulNBits(make) {
    const { pick, oneOf } = make.random;
    const [bits, block_size] = [oneOf([4, 4, 8]), oneOf([16, 32, 64])];
    const [K, N] = [pick(1, 150), pick(1, 9)];
    const blocks = Math.ceil(K / block_size);
    const inputs = [['a', make.floats([pick(1, 5), K], -1, 1)],
      ['b', makeTensor('uint8', [N, blocks, block_size * bits / 8],
        Array.from({ length: N * blocks * block_size * bits / 8 }, () => pick(0, 255))), true],
      ['scales', make.floats([N * blocks], 0.01, 0.1), true]];
    if (pick(0, 1)) {
      const bytes = N * Math.ceil(blocks * bits / 8);
      inputs.push(['zeros', makeTensor('uint8', [bytes], Array.from({ length: bytes }, () => pick(0, 255))), true]);
    }
    return finish({
      op: 'MatMulNBits', domain: 'com.microsoft', attributes: { K, N, bits, block_size }, dtype: 'float32',
      dims: [inputs[0][1].dims[0], N], inputs,
    });
  },
};

function binary(make, op, compute) {
  const { pick, oneOf } = make.random;
  const dtype = oneOf(kBytes);
  const broadcasts = pick(0, 1) === 1;
  const [a, b] = [make.bytes(dtype, [3, 7]), make.bytes(dtype, broadcasts ? [7] : [3, 7])];
  const [qa, qb, qy] = [0, 1, 2].map(() => make.quantization(dtype));
  const exact = Array.from(a.data, (value, i) => {
    const other = dequantize(b.data[i % b.data.length], qb);
    return quantize(Math.fround(compute(dequantize(value, qa), other)), qy);
  });
  return finish({
    op, domain: 'com.microsoft', dtype, dims: a.dims, exact,
    inputs: [['a', a], ...parameters('a', qa), ['b', b, pick(0, 1) === 1], ...parameters('b', qb), ...parameters('y', qy)],
  });
}

function unary(make, op, attributes, compute) {
  const dtype = make.random.oneOf(kBytes);
  const x = make.bytes(dtype, [3, 40]);
  const [qx, qy] = [make.quantization(dtype), make.quantization(dtype, 0.004, 0.02)];
  const exact = compute && Array.from(x.data, (value) => quantize(Math.fround(compute(dequantize(value, qx))), qy));
  return finish({
    op, domain: 'com.microsoft', attributes, dtype, dims: x.dims, exact,
    inputs: [['x', x], ...parameters('x', qx), ...parameters('y', qy)],
  });
}

/** The names of the operators that have cases. */
export const operators = Object.keys(makers);

/** Case `index` of an operator: { model, feeds, dtype, exact? }. */
export function quantizedCase(operator, index) {
  return makers[operator](new Maker(operators.indexOf(operator) * 1000 + index + 1));
}
