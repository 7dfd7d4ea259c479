// Reader of NumPy's .npy files, versions 1 to 3. Reference: numpy.lib.format.
import { fail } from '../src/errors.js';
import { tensorOver } from '../src/tensor.js';
import type { DType, Tensor } from '../src/tensor.js';

const dtypes: Record<string, DType> = {
  f4: 'float32', f8: 'float64', f2: 'float16', i1: 'int8', u1: 'uint8', i2: 'int16', u2: 'uint16', i4: 'int32',
  u4: 'uint32', i8: 'int64', u8: 'uint64', b1: 'bool',
};

export function readNpy(bytes: Uint8Array, name: string): Tensor {
  const wrong = (what: string, hint = 'Save it with numpy.save().'): never => fail('InvalidArgument', `${name} ${what}`, hint);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || view.getUint32(0) !== 0x934e554d || view.getUint16(4) !== 0x5059) wrong('is no .npy file');
  const wide = bytes[6]! > 1;
  const start = wide ? 12 : 10;
  const end = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder().decode(bytes.subarray(start, end));
  const descr = /'descr':\s*'([<|=>])(\w+)'/.exec(header);
  const shape = /'shape':\s*\(([^)]*)\)/.exec(header);
  const dtype = descr ? dtypes[descr[2]!] : undefined;
  if (descr?.[1] === '>') wrong('is big-endian, which is not supported', `Save array.astype('<${descr[2]}').`);
  if (!descr || !shape || !dtype) return wrong('has an element type that is not supported', `Save array.astype() of one of ${Object.keys(dtypes).join(', ')}.`);
  if (/'fortran_order':\s*True/.test(header)) wrong('is in Fortran order', 'Save numpy.ascontiguousarray(array).');
  const dims = shape[1]!.split(',').map((text) => text.trim()).filter(Boolean).map(Number);
  const data = new Uint8Array(bytes.subarray(end)).buffer;
  const size = dims.reduce((product, dim) => product * dim, Number(descr[2]!.slice(1)));
  if (data.byteLength !== size) wrong(`holds ${data.byteLength} bytes where its shape needs ${size}`);
  return tensorOver({ dtype, dims, data });
}
