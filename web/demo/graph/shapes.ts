// Shapes of values that a file does not state, for a picture: the rules of common operators, after onnx/docs/Operators.md.
// Invariant: what is not sure is left out; what the file states is never changed. The engine has rules of its own for all operators.

import type { GraphNode, OnnxGraph, ValueType } from './onnx-graph.js';

type Dim = number | string;
type Types = (ValueType | undefined)[];
type Rule = (types: Types, node: GraphNode) => ValueType | undefined;

const kPassing = ['Abs', 'Cast', 'Ceil', 'Clip', 'Dropout', 'Elu', 'Erf', 'Exp', 'Floor', 'Gelu', 'HardSigmoid', 'HardSwish', 'Identity', 'LeakyRelu',
  'LogSoftmax', 'LRN', 'Neg', 'Not', 'Relu', 'Round', 'Selu', 'Sigmoid', 'Softmax', 'Softplus', 'Sqrt', 'Tanh', 'BatchNormalization',
  'InstanceNormalization', 'LayerNormalization', 'DequantizeLinear', 'QuantizeLinear'];
const kBroadcast = ['Add', 'Sub', 'Mul', 'Div', 'Pow', 'PRelu', 'Max', 'Min', 'Mean', 'Sum'];
/* What comes out of them has another type than what goes in. */
const kGives: Record<string, (types: Types, node: GraphNode) => string | undefined> = {
  Cast: () => undefined,
  DequantizeLinear: ([, scale]) => scale?.dtype ?? 'float32',
  QuantizeLinear: ([, , zero]) => zero?.dtype ?? 'uint8',
};

function broadcast(types: Types): ValueType | undefined {
  if (types.some((type) => !type?.dims)) return undefined;
  const all = types.map((type) => type!.dims!);
  const rank = Math.max(...all.map(({ length }) => length));
  const dims = Array.from({ length: rank }, (_, i) => {
    const extents = all.map((one) => one[i - rank + one.length] ?? 1).filter((extent) => extent !== 1);
    return extents.length === 0 ? 1 : new Set(extents).size === 1 ? extents[0]! : '?';
  });
  return { dtype: types[0]!.dtype, dims };
}

/* Of windows that slide: convolutions and pools. */
function slide(extents: readonly Dim[], kernel: readonly number[], { integers, attributes }: GraphNode): Dim[] {
  const { strides = [], dilations = [], pads = [], ceil_mode: [ceil = 0] = [] } = integers;
  const padded = attributes.find((said) => said.startsWith('auto_pad'))?.slice('auto_pad '.length) ?? 'NOTSET';
  return extents.map((extent, i) => {
    const stride = strides[i] ?? 1, reach = (dilations[i] ?? 1) * (kernel[i]! - 1) + 1;
    if (typeof extent !== 'number') return '?';
    if (padded.startsWith('SAME')) return Math.ceil(extent / stride);
    const steps = (extent + (pads[i] ?? 0) + (pads[i + kernel.length] ?? 0) - reach) / stride;
    return (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
  });
}

const product = (dims: readonly Dim[]): Dim =>
  (dims.every((dim) => typeof dim === 'number') ? (dims as number[]).reduce((all, dim) => all * dim, 1) : dims.length === 1 ? dims[0]! : '?');

const kRules: Record<string, Rule> = {
  Conv: ([x, weights], node) => {
    const kernel = weights?.dims?.slice(2);
    if (!x?.dims || !kernel?.every((dim) => typeof dim === 'number')) return undefined;
    return { dtype: x.dtype, dims: [x.dims[0]!, weights!.dims![0]!, ...slide(x.dims.slice(2), kernel as number[], node)] };
  },
  Flatten: ([x], { integers: { axis: [axis = 1] = [] } }) =>
    x?.dims && { dtype: x.dtype, dims: [product(x.dims.slice(0, axis)), product(x.dims.slice(axis))] },
  Gemm: ([a, b], { integers: { transA: [flipA = 0] = [], transB: [flipB = 0] = [] } }) =>
    a?.dims && b?.dims && { dtype: a.dtype, dims: [a.dims[flipA ? 1 : 0]!, b.dims[flipB ? 0 : 1]!] },
  MatMul: ([a, b]) =>
    (a?.dims && b?.dims?.length === 2 && a.dims.length >= 2 ? { dtype: a.dtype, dims: [...a.dims.slice(0, -1), b.dims[1]!] } : undefined),
  Transpose: ([x], { integers: { perm } }) => x?.dims && { dtype: x.dtype, dims: (perm ?? x.dims.map((_, i) => x.dims!.length - 1 - i)).map((from) => x.dims![from]!) },
  Concat: (types, { integers: { axis: [axis = 0] = [] } }) => {
    if (types.some((type) => !type?.dims)) return undefined;
    const [first] = types as ValueType[], at = axis < 0 ? axis + first!.dims!.length : axis;
    const along = types.map((type) => type!.dims![at]!);
    const sum = along.every((dim) => typeof dim === 'number') ? (along as number[]).reduce((all, dim) => all + dim, 0) : '?';
    return { dtype: first!.dtype, dims: first!.dims!.map((dim, i) => (i === at ? sum : dim)) };
  },
};
for (const op of kPassing) kRules[op] = (types, node) => {
  const dtype = op in kGives ? kGives[op]!(types, node) : types[0]?.dtype;
  return types[0] && dtype ? { dtype, dims: types[0].dims } : undefined;
};
for (const op of kBroadcast) kRules[op] = broadcast;
for (const op of ['MaxPool', 'AveragePool', 'LpPool']) kRules[op] = ([x], node) => {
  const kernel = node.integers['kernel_shape'];
  return x?.dims && kernel && { dtype: x.dtype, dims: [...x.dims.slice(0, 2), ...slide(x.dims.slice(2), kernel, node)] };
};
for (const op of ['GlobalAveragePool', 'GlobalMaxPool']) kRules[op] = ([x]) => x?.dims && { dtype: x.dtype, dims: x.dims.map((dim, i) => (i < 2 ? dim : 1)) };

const known = new WeakMap<OnnxGraph, ReadonlyMap<string, ValueType>>();

/** All types that are known: those the file states, and those that follow. */
export function typesOf(graph: OnnxGraph): ReadonlyMap<string, ValueType> {
  const found = known.get(graph);
  if (found) return found;
  const types = new Map(graph.types);
  for (const node of graph.nodes) {
    const [output] = node.outputs;
    if (!output || types.has(output)) continue;
    const type = kRules[node.op]?.(node.inputs.map((name) => types.get(name)), node);
    if (type) types.set(output, type);
  }
  known.set(graph, types);
  return types;
}
