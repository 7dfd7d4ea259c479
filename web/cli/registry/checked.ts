// Whether a file is what it is added as, as far as its first bytes tell: nobody finds out from a page.
// Reference: onnx.proto, ModelProto; https://protobuf.dev/programming-guides/encoding.
import { readHeader } from '../../src/encryption/format.js';
import { fail, toInsituError } from '../../src/errors.js';

const graphField = 7;
/* Of ModelProto: numbers, and fields with a length. */
const numbers = [1, 5], lengths = [2, 3, 4, 6, graphField, 8, 14, 20, 25, 26];

/** Refuses what is no ONNX model; encrypted ones are looked at no further. */
export function checkModel(bytes: Uint8Array, file: string): void {
  if (hasGraph(bytes) || readHeader(bytes) !== 'magic') return;
  fail('InvalidModel', `${file} is no ONNX model`, 'Pass an .onnx file; insitu inspect says what is in one.');
}

/** Refuses what is no JSON object. */
export function checkJson(bytes: Uint8Array, file: string, hint: string): void {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) fail('InvalidArgument', `${file} is no JSON object`, hint);
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError || thrown instanceof TypeError)) throw thrown;
    fail('InvalidArgument', `${file} is no JSON: ${toInsituError(thrown).message}`, hint, thrown);
  }
}

/* Known fields of a model up to its graph, all of which is there. */
function hasGraph(bytes: Uint8Array): boolean {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    return NaN;
  };
  while (at < bytes.length) {
    const tag = varint(), field = Math.floor(tag / 8), value = varint();
    if (tag % 8 === 0 ? !numbers.includes(field) : tag % 8 !== 2 || !lengths.includes(field)) return false;
    if (tag % 8 === 2) at += value;
    if (field === graphField) return at <= bytes.length;
  }
  return false;
}
