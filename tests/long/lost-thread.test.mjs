// A thread of the pool that is gone without a word: the run that waits for it ends with Crashed after a minute in which nothing
// was done, instead of never, and another engine works.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import workerThreads from 'node:worker_threads';

import { Engine, flavours, insituError, tensor } from '../node/support/insitu.mjs';
import { model } from '../support/onnx-writer.mjs';

const kSide = 512;
const flavour = flavours.find((name) => name.endsWith('-mt'));
const skip = flavour ? false : 'no flavour with threads was built';

const product = model({
  nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
  inputs: [{ name: 'x', dtype: 'float32', dims: [kSide, kSide] }],
  outputs: [{ name: 'y', dtype: 'float32', dims: [kSide, kSide] }],
  initializers: [{ name: 'w', dtype: 'float32', dims: [kSide, kSide], data: new Float32Array(kSide * kSide).fill(1) }],
});
const feeds = { x: tensor(new Float32Array(kSide * kSide).fill(1), [kSide, kSide]) };

/* The workers that `make` starts. */
async function workersOf(make) {
  const { Worker } = workerThreads, started = [];
  workerThreads.Worker = class extends Worker {
    constructor(...parts) {
      super(...parts);
      started.push(this);
    }
  };
  try {
    return [await make(), started];
  } finally {
    workerThreads.Worker = Worker;
  }
}

test('a run does not wait for ever for a thread that is gone', { skip }, async () => {
  const [engine, threads] = await workersOf(() => Engine.create({ worker: false, flavour, threads: 2 }));
  const session = await engine.load(product);
  assert.equal((await session.run(feeds)).y.data[0], kSide);
  assert.ok(threads.length > 0, 'no thread was seen to start');
  for (const thread of threads) await thread.terminate();
  await assert.rejects(session.run(feeds), insituError('Crashed'));

  const after = await Engine.create({ worker: false, flavour, threads: 2 });
  assert.equal((await (await after.load(product)).run(feeds)).y.data[0], kSide);
  await after.dispose();
});
