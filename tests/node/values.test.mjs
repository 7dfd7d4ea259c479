// Sequences, optional values and maps at the ends of models.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Engine, flavours, insituError, tensor } from './support/insitu.mjs';
import { model } from '../support/onnx-writer.mjs';

let engine;
before(async () => { engine = await Engine.create({ flavour: flavours[0], worker: true }); });
after(() => engine.dispose());

const floats = { dtype: 'float32', dims: ['n'] };

test('sequences go in and come out as arrays', async () => {
  const session = await engine.load(model({
    nodes: [{ op: 'SequenceInsert', inputs: ['s', 't'], outputs: ['y'] }],
    inputs: [{ name: 's', dtype: 'sequence', element: floats }, { name: 't', ...floats }],
    outputs: [{ name: 'y', dtype: 'sequence', element: floats }],
  }));
  assert.equal(session.inputs[0].dtype, 'sequence');
  assert.equal(session.inputs[0].element.dtype, 'float32');
  const feeds = { s: [tensor([1, 2]), tensor([3])], t: tensor([4, 5, 6]) };
  const { y } = await session.run(feeds);
  assert.deepEqual(y.map(({ data }) => [...data]), [[1, 2], [3], [4, 5, 6]]);
  const { y: one } = await session.run({ ...feeds, s: [] });
  assert.equal(one.length, 1);
  await assert.rejects(session.run({ ...feeds, s: tensor([1]) }), insituError('InvalidArgument', /'s' is no array.*sequence of float32/));
  await assert.rejects(session.run({ ...feeds, s: [tensor([1], [1], 'int32')] }), insituError('InvalidArgument', /int32/));
  assert.equal((await session.run(feeds, { transfer: true })).y.length, 3);
  assert.equal(feeds.s[0].data.buffer.byteLength, 0);
  await session.dispose();
});

test('an optional value is a value or null', async () => {
  const session = await engine.load(model({
    nodes: [
      { op: 'OptionalHasElement', inputs: ['o'], outputs: ['has'] },
      { op: 'Identity', inputs: ['o'], outputs: ['y'] },
    ],
    inputs: [{ name: 'o', dtype: 'optional', element: floats }],
    outputs: [{ name: 'has', dtype: 'bool', dims: [] }, { name: 'y', dtype: 'optional', element: floats }],
    opset: 18,
  }));
  const absent = await session.run({ o: null });
  assert.deepEqual([absent.has.data[0], absent.y], [0, null]);
  const present = await session.run({ o: tensor([7]) });
  assert.deepEqual([present.has.data[0], present.y.data[0]], [1, 7]);
  await session.dispose();
});

test('a classifier of scikit-learn gives maps', async () => {
  for (const [name, labels, keys] of [
    ['classlabels_strings', ['cat', 'dog'], ['cat', 'dog']],
    ['classlabels_int64s', [3, 9], [3n, 9n]],
  ]) {
    const session = await engine.load(model({
      nodes: [{ op: 'ZipMap', domain: 'ai.onnx.ml', inputs: ['x'], outputs: ['y'], attributes: { [name]: labels } }],
      inputs: [{ name: 'x', dtype: 'float32', dims: ['n', 2] }],
      outputs: [{ name: 'y', dtype: 'sequence', element: floats }],
    }));
    const { y } = await session.run({ x: tensor([0.25, 0.75, 1, 0], [2, 2]) });
    assert.deepEqual(y.map((map) => [...map]), [[[keys[0], 0.25], [keys[1], 0.75]], [[keys[0], 1], [keys[1], 0]]]);
    await session.dispose();
  }
});
