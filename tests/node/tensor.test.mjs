// tensor(): which dtype and dims it chooses, and what it refuses.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { insituError, tensor } from './support/insitu.mjs';

test('a typed array keeps its type and is not copied', () => {
  const data = Int8Array.of(1, 2, 3);
  const made = tensor(data);
  assert.equal(made.dtype, 'int8');
  assert.deepEqual(made.dims, [3]);
  assert.equal(made.data, data);
  assert.equal(tensor(BigInt64Array.of(1n)).dtype, 'int64');
  assert.equal(tensor(new BigUint64Array(1)).dtype, 'uint64');
  assert.equal(tensor(new Uint8ClampedArray(1)).dtype, 'uint8');
});

test('numbers become float32, or the dtype asked for', () => {
  assert.deepEqual(tensor([1, 2.5]).data, Float32Array.of(1, 2.5));
  assert.deepEqual(tensor([1, -2], [2], 'int64').data, BigInt64Array.of(1n, -2n));
  assert.deepEqual(tensor(['a', 'b']).data, ['a', 'b']);
  assert.equal(tensor([7], []).dims.length, 0);
});

test('16-bit floats, bool and 4-bit integers are carried by their bits', () => {
  assert.equal(tensor(Uint16Array.of(0x3c00), [1], 'float16').dtype, 'float16');
  assert.equal(tensor(Uint8Array.of(1, 0), [2], 'bool').dtype, 'bool');
  assert.deepEqual(tensor(Uint8Array.of(0x21, 0x03), [3], 'int4').dims, [3]);
});

test('what does not fit is refused', () => {
  assert.throws(() => tensor([1, 2, 3], [2, 2]), insituError('ShapeMismatch', /3 array elements.*\[2,2\]/));
  assert.throws(() => tensor([1], [1.5]), insituError('InvalidArgument', /1.5/));
  assert.throws(() => tensor([1], [-1]), insituError('InvalidArgument'));
  assert.throws(() => tensor([300], [1], 'uint8'), insituError('InvalidArgument', /300/));
  assert.throws(() => tensor([-1], [1], 'uint64'), insituError('InvalidArgument', /-1/));
  assert.throws(() => tensor([0.5], [1], 'int64'), insituError('InvalidArgument', /0.5/));
  assert.throws(() => tensor(Float32Array.of(1), [1], 'int32'), insituError('InvalidArgument', /Int32Array/));
  assert.throws(() => tensor([1], [1], 'float31'), insituError('InvalidArgument', /float31/));
  assert.throws(() => tensor({}, [1]), insituError('InvalidArgument'));
});
