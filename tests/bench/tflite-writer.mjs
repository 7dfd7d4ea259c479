// Writes small .tflite models: one subgraph of tensors and operators, with quantization by tensor or channel.
// Reference: schema.fbs of LiteRT (version 3, identifier TFL3). The numbers below are the schema's: fields by their order
// in a table, operators and options by their place in the enumeration or union.
import { Builder } from 'flatbuffers';

const kVersion = 3;
const kDtypes = { float32: 0, int32: 2, int8: 9 };

/* Code and version of an operator; the place of its options in the union, and their fields as [field, bytes, value]. */
const operatorKinds = {
  CONV_2D: { code: 3, version: 3, union: 1, fields: 6, options: [[1, 4, 1], [2, 4, 1]] },              // strides
  DEPTHWISE_CONV_2D: { code: 4, version: 3, union: 2, fields: 7, options: [[1, 4, 1], [2, 4, 1], [3, 4, 1]] },  // and multiplier
  DEQUANTIZE: { code: 6, version: 2 },
  FULLY_CONNECTED: { code: 9, version: 4, union: 8, fields: 2, options: [] },
  QUANTIZE: { code: 114, version: 1 },
};

/**
 * tensors: { name, dtype, dims, data?, quantization?: { scales, zero, axis? } }; operators: { kind, inputs, outputs } with
 * the indices of tensors; inputs, outputs: indices. Convolutions have stride 1 and SAME padding.
 */
export function tfliteModel({ tensors, operators, inputs, outputs }) {
  return new TfliteWriter().write({ tensors, operators, inputs, outputs });
}

class TfliteWriter {
  #builder = new Builder(1 << 20);

  write({ tensors, operators, inputs, outputs }) {
    const b = this.#builder;
    const constants = tensors.filter(({ data }) => data);
    const buffers = [undefined, ...constants.map(({ data }) => data)].map((data) => this.#buffer(data));
    const written = tensors.map((tensor) => this.#tensor(tensor, constants.indexOf(tensor) + 1));
    const kinds = [...new Set(operators.map(({ kind }) => kind))];
    const subgraph = this.#table(5, [
      [0, this.#tables(written)], [1, this.#integers(inputs)], [2, this.#integers(outputs)],
      [3, this.#tables(operators.map((operator) => this.#operator(operator, kinds.indexOf(operator.kind))))],
    ]);
    const codes = kinds.map((kind) => this.#operatorCode(operatorKinds[kind]));
    const model = this.#table(5, [[1, this.#tables(codes)], [2, this.#tables([subgraph])], [4, this.#tables(buffers)]], (add) => {
      add(0, 4, kVersion);
    });
    b.finish(model, 'TFL3');
    return b.asUint8Array().slice();
  }

  /* A table of `fields` fields: offsets as [field, offset], and numbers through add(field, bytes, value). */
  #table(fields, offsets, numbers = () => {}) {
    const b = this.#builder;
    b.startObject(fields);
    for (const [field, offset] of offsets) b.addFieldOffset(field, offset, 0);
    numbers((field, bytes, value) => (bytes === 1 ? b.addFieldInt8(field, value, 0) : b.addFieldInt32(field, value, 0)));
    return b.endObject();
  }

  #vector(items, bytes, add, alignment = bytes) {
    const b = this.#builder;
    b.startVector(bytes, items.length, alignment);
    for (let i = items.length - 1; i >= 0; i--) add(items[i]);
    return b.endVector();
  }

  #tables(offsets) {
    return this.#vector(offsets, 4, (offset) => this.#builder.addOffset(offset));
  }

  #integers(numbers) {
    return this.#vector(numbers, 4, (number) => this.#builder.addInt32(number));
  }

  #buffer(data) {
    if (!data) return this.#table(1, []);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return this.#table(1, [[0, this.#vector(bytes, 1, (byte) => this.#builder.addInt8(byte), 16)]]);
  }

  #tensor({ name, dtype, dims, quantization }, buffer) {
    const offsets = [[0, this.#integers(dims)], [3, this.#builder.createString(name)]];
    if (quantization) offsets.push([4, this.#quantization(quantization)]);
    return this.#table(6, offsets, (add) => {
      add(1, 1, kDtypes[dtype]);
      add(2, 4, buffer);
    });
  }

  #quantization({ scales, zero, axis = 0 }) {
    const b = this.#builder;
    const scaleVector = this.#vector(scales, 4, (scale) => b.addFloat32(scale));
    const zeros = this.#vector(Array.from(scales, () => BigInt(zero)), 8, (value) => b.addInt64(value));
    return this.#table(7, [[2, scaleVector], [3, zeros]], (add) => add(6, 4, axis));
  }

  #operator({ kind, inputs, outputs }, index) {
    const { union = 0, fields, options } = operatorKinds[kind];
    const offsets = [[1, this.#integers(inputs)], [2, this.#integers(outputs)]];
    if (union > 0) offsets.push([4, this.#table(fields, [], (add) => options.forEach((option) => add(...option)))]);
    return this.#table(5, offsets, (add) => {
      add(0, 4, index);
      add(3, 1, union);
    });
  }

  #operatorCode({ code, version }) {
    return this.#table(4, [], (add) => {
      add(0, 1, code);
      add(2, 4, version);
      add(3, 4, code);
    });
  }
}
