// Limits of an engine: set from JavaScript, downwards only, each a typed error; and what a full memory says.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Engine, flavours, insituError, tensor } from './support/insitu.mjs';
import { addModel, model } from '../support/onnx-writer.mjs';

const [flavour] = flavours;
const feed = () => ({ x: tensor([10, 20, 30, 40], [1, 4]) });

test('a lowered limit refuses, and the engine goes on', async () => {
  const engine = await Engine.create({ flavour, worker: false, limits: { elements: 8, nodes: undefined } });
  const session = await engine.load(addModel());
  await assert.rejects(session.run({ x: tensor(new Float32Array(12), [3, 4]) }), insituError('LimitExceeded', /limit of 8 elements/));
  assert.deepEqual((await session.run(feed())).y.data, Float32Array.of(11, 22, 33, 44));
  await engine.dispose();

  const small = await Engine.create({ flavour, worker: false, limits: { modelBytes: 10 } });
  await assert.rejects(small.load(addModel()), insituError('LimitExceeded', /larger than 10 bytes/));
  await small.dispose();

  const without = await Engine.create({ flavour, worker: false });
  assert.ok(await without.load(addModel()), 'limits are those of one engine');
  await without.dispose();
});

const item = (name, dtype, dims) => ({ name, dtype, dims });

/* y = Softmax(Erf(x + weights)), x float32 [4,8]. */
const chain = {
  bytes: model({
    nodes: [
      { op: 'Add', inputs: ['x', 'weights'], outputs: ['sum'] },
      { op: 'Erf', inputs: ['sum'], outputs: ['error'] },
      { op: 'Softmax', inputs: ['error'], outputs: ['y'] },
    ],
    inputs: [item('x', 'float32', [4, 8])],
    outputs: [item('y', 'float32', [4, 8])],
    initializers: [{ ...item('weights', 'float32', [8]), data: new Float32Array(8) }],
  }),
  feeds: { x: tensor(new Float32Array(32), [4, 8]) },
};

/* y = x + 1 for as many times as asked, in a Loop. */
const loop = {
  bytes: model({
    nodes: [{
      op: 'Loop', inputs: ['trips', '', 'x'], outputs: ['y'],
      attributes: {
        body: {
          graph: {
            nodes: [{ op: 'Identity', inputs: ['going'], outputs: ['goes_on'] }, { op: 'Add', inputs: ['before', 'one'], outputs: ['after'] }],
            inputs: [item('i', 'int64', []), item('going', 'bool', []), item('before', 'float32', [1])],
            outputs: [item('goes_on', 'bool', []), item('after', 'float32', [1])],
          },
        },
      },
    }],
    inputs: [item('x', 'float32', [1]), item('trips', 'int64', [])],
    outputs: [item('y', 'float32', [1])],
    initializers: [{ ...item('one', 'float32', [1]), data: Float32Array.of(1) }],
  }),
  feeds: { x: tensor([5]), trips: tensor(BigInt64Array.of(3n), []) },
};

/* y = x beside itself, strings. */
const texts = {
  bytes: model({
    nodes: [{ op: 'StringConcat', inputs: ['x', 'x'], outputs: ['y'] }],
    inputs: [item('x', 'string', ['n'])],
    outputs: [item('y', 'string', ['n'])],
    opset: 20,
  }),
  feeds: { x: tensor(['ab', 'c', 'd']) },
};

/* Of each limit the least that lets this run, and where that is up to the planner what does not. */
const least = {
  modelBytes: [chain, chain.bytes.length], initializerBytes: [chain, 32], nodes: [chain, 3], values: [chain, 5], graphEnds: [chain, 1],
  subgraphDepth: [loop, 1], loopTrips: [loop, 3], rank: [chain, 2], elements: [chain, 32], tensorBytes: [chain, 128], arenaBytes: [chain, 4096, 100],
  nameBytes: [chain, 9], stringBytes: [texts, 8], strings: [texts, 3],
};

test('each limit refuses what is beyond it, and nothing else', async () => {
  const types = readFileSync(new URL('../../web/src/types.ts', import.meta.url), 'utf8');
  const names = /interface Limits \{.*?^\}/ms.exec(types)[0].matchAll(/^  (\w+)\?:/gm);
  assert.deepEqual(Object.keys(least), [...names].map(([, name]) => name));
  for (const [name, [{ bytes, feeds }, most, less = most - 1]] of Object.entries(least)) {
    const run = async (limit) => {
      const engine = await Engine.create({ flavour, worker: false, limits: { [name]: limit } });
      try {
        const session = await engine.load(bytes, { monitor: false });
        return await session.run(feeds);
      } finally {
        await engine.dispose();
      }
    };
    await assert.rejects(run(less), insituError('LimitExceeded'), `${name}: ${less}`);
    await assert.doesNotReject(run(most), `${name}: ${most}`);
  }
});

test('limits go down only, and have names', async () => {
  const create = (limits) => Engine.create({ flavour, worker: false, limits });
  await assert.rejects(create({ nodes: 200_001 }), insituError('InvalidArgument', /limit nodes cannot be 200001.*0 to 200000/));
  await assert.rejects(create({ nodes: -1 }), insituError('InvalidArgument', /nodes/));
  await assert.rejects(create({ nodes: 1.5 }), insituError('InvalidArgument', /nodes/));
  await assert.rejects(create({ nodes: NaN }), insituError('InvalidArgument', /nodes/));
  await assert.rejects(create({ nodes: 5n }), insituError('InvalidArgument', /limits\.nodes is a bigint/));
  await assert.rejects(create({ knots: 5 }), insituError('InvalidArgument', /no limit 'knots'/));
  await assert.rejects(create('little'), insituError('InvalidArgument', /limits/));
});

test('a memory at its maximum says the need, the use and the limit, and the session goes on', async () => {
  const engine = await Engine.create({ flavour, worker: false });
  const session = await engine.load(addModel());
  const before = (await engine.memory()).bufferBytes;
  const stop = new AbortController();
  const headers = { 'content-length': '2000000000' };
  const never = () => engine.load(new Response(new ReadableStream(), { headers }), { signal: stop.signal });
  const waiting = [never(), never()];
  const full = /^cannot allocate 2000000000 bytes, besides 4\d{9} in use, of a memory of at most 4294967296\. Use a smaller/;
  await assert.rejects(never(), insituError('OutOfMemory', full));
  assert.deepEqual((await session.run(feed())).y.data, Float32Array.of(11, 22, 33, 44));
  stop.abort();
  for (const load of waiting) await assert.rejects(load, insituError('Cancelled'));
  assert.equal((await engine.memory()).bufferBytes, before);
  await (await engine.load(addModel())).dispose();
  await engine.dispose();
});
