// The smallest network there is for the lab: the mean of each channel of a 64 x 64 image (GlobalAveragePool), as an ONNX file.
// The lab watches what goes in; what comes out is of no matter.
import { kSceneSide } from './scenes.js';

const kFloat = 1, kIrVersion = 8, kOpset = 17;

type Field = [number: number, value: number | string | Field[]];

/* Protocol buffers' wire format: numbers as varints, the rest with its length. */
function encode(fields: readonly Field[]): number[] {
  return fields.flatMap(([number, value]) => {
    if (typeof value === 'number') return [...varint(number << 3), ...varint(value)];
    const bytes = typeof value === 'string' ? [...new TextEncoder().encode(value)] : encode(value);
    return [...varint((number << 3) | 2), ...varint(bytes.length), ...bytes];
  });
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)];
}

/* ValueInfoProto of a float tensor. */
function valueInfo(name: string, dims: readonly number[]): Field[] {
  const shape: Field[] = dims.map((extent) => [1, [[1, extent]]]);
  return [[1, name], [2, [[1, [[1, kFloat], [2, shape]]]]]];
}

export function labModel(): Uint8Array {
  const node: Field[] = [[1, 'scene'], [2, 'means'], [3, 'means'], [4, 'GlobalAveragePool']];
  const graph: Field[] = [
    [1, node], [2, 'lab'],
    [11, valueInfo('scene', [1, 3, kSceneSide, kSceneSide])],
    [12, valueInfo('means', [1, 3, 1, 1])],
  ];
  return new Uint8Array(encode([[1, kIrVersion], [7, graph], [8, [[2, kOpset]]]]));
}
