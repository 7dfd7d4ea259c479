// The external files that a model names, without reading the rest of it.
// Reference: onnx.proto, TensorProto.external_data (field 13), entries of key (1) and value (2).
import { readFileSync } from 'node:fs';
import { fail, toInsituError } from '../src/errors.js';
import { refuse } from './command.js';

const key = Buffer.from('\n\x08location\x12', 'latin1');
const fieldOfTensor = 0x6a;

/** Relative to the model's folder, each once. */
export function externalNames(model: string): string[] {
  const bytes = read(model);
  const names = new Set<string>();
  for (let at = bytes.indexOf(key); at >= 0; at = bytes.indexOf(key, at + 1)) {
    const begin = at + key.length;
    const length = varint(bytes.subarray(begin, begin + 2));
    const value = bytes.subarray(begin + length.bytes, begin + length.bytes + length.value);
    // An entry of the model's own metadata looks the same but for the field that it is in.
    const entry = key.length + length.bytes + length.value;
    const head = Buffer.from([fieldOfTensor, ...(entry < 0x80 ? [entry] : [(entry & 0x7f) | 0x80, entry >> 7])]);
    if (value.length === length.value && bytes.subarray(at - head.length, at).equals(head)) names.add(value.toString());
  }
  return [...names];
}

/** Whether a MODEL is at an address. */
export const isAddress = (model: string) => /^https?:/i.test(model);

function read(model: string): Buffer {
  if (isAddress(model)) refuse(`${model} is an address, and this takes a file: download it first`);
  try {
    return readFileSync(model);
  } catch (thrown) {
    return fail('Network', `cannot read ${model}: ${toInsituError(thrown).message}`, 'Check the path of the model.', thrown);
  }
}

function varint([low = 0, high = 0]: Buffer): { value: number; bytes: number } {
  return low < 0x80 ? { value: low, bytes: 1 } : { value: (low & 0x7f) | (high << 7), bytes: 2 };
}
