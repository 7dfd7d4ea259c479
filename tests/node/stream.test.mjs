// Streams: state that stays in the engine between runs.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Engine, insituError, sharedModels, tensor } from './support/insitu.mjs';
import { shiftModel, statefulModel } from '../support/onnx-writer.mjs';

const x = (...numbers) => ({ x: tensor(numbers, [1, 2]) });
const state = { past: 'kept', history: 'all' };

for (const worker of [false, true]) {
  describe(worker ? 'in a worker' : 'in process', () => {
    let engine, session;
    before(async () => {
      engine = await Engine.create({ worker });
      session = await engine.load(statefulModel());
    });
    after(() => engine.dispose());

    test('outputs of a run are inputs of the next, in the order of the calls', async () => {
      const stream = session.stream({ state });
      const runs = await Promise.all([stream.run(x(1, 2)), stream.run(x(10, 20)), stream.run(x(100, 200), { outputs: ['sum', 'all'] })]);
      assert.deepEqual(runs.map((run) => [...run.sum.data]), [[1, 2], [11, 22], [111, 222]]);
      assert.deepEqual(runs.map(Object.keys), [['sum'], ['sum'], ['sum', 'all']]);
      assert.deepEqual([...runs[2].all.data], [1, 2, 10, 20, 100, 200]);
      await stream.reset();
      assert.deepEqual([...(await stream.run(x(5, 5))).sum.data], [5, 5]);
      await stream.dispose();
      await assert.rejects(stream.run(x(1, 2)), insituError('Disposed', /the Stream of a model was disposed/));
    });

    test('streams know nothing of each other, and begin with what they are given', async () => {
      const one = session.stream({ state });
      const other = session.stream({ state, initial: { past: tensor([1000, 1000], [1, 2]) } });
      await one.run(x(1, 1));
      assert.deepEqual([...(await other.run(x(1, 1))).sum.data], [1001, 1001]);
      assert.deepEqual([...(await one.run(x(1, 1))).sum.data], [2, 2]);
      await other.reset();
      assert.deepEqual([...(await other.run(x(0, 0))).sum.data], [1000, 1000]);
      await Promise.all([one.dispose(), other.dispose()]);
    });

    test('a run that fails or is stopped leaves the state as it was', async () => {
      const stream = session.stream({ state });
      await stream.run(x(1, 1));
      await assert.rejects(stream.run({ x: tensor([1, 2, 3], [1, 3]) }), insituError('ShapeMismatch'));
      await assert.rejects(stream.run({ ...x(1, 1), past: tensor([0, 0], [1, 2]) }), insituError('InvalidArgument', /state of the Stream/));
      await assert.rejects(stream.run({}), insituError('InvalidArgument', /'x' was not fed/));
      await assert.rejects(stream.run(x(1, 1), { signal: AbortSignal.abort() }), insituError('Cancelled'));
      assert.deepEqual([...(await stream.run(x(1, 1))).sum.data], [2, 2]);
      await stream.dispose();
    });

    // In process the result is there before anybody can abort.
    if (worker) test('a result that comes after the abort moves no state', async () => {
      const stream = session.stream({ state });
      await stream.run(x(1, 1));
      const stop = new AbortController();
      const stopped = stream.run(x(50, 50), { signal: stop.signal });
      for (let turn = 0; turn < 50; turn++) await null;  // until it is on its way
      stop.abort();
      await assert.rejects(stopped, insituError('Cancelled'));
      assert.deepEqual([...(await stream.run(x(1, 1))).sum.data], [2, 2]);
      await stream.dispose();
    });

    test('links that cannot be are refused, those that only the engine can check by the first run', async () => {
      assert.throws(() => session.stream({ state: { nothing: 'kept' } }), insituError('InvalidArgument', /no input 'nothing'/));
      assert.throws(() => session.stream({ state: { past: 'nothing' } }), insituError('InvalidArgument', /no output 'nothing'/));
      assert.throws(() => session.stream({ state: { past: 'kept' }, initial: { x: tensor([1, 2], [1, 2]) } }), insituError('InvalidArgument', /no state/));
      assert.throws(() => session.stream({ state, initial: { past: tensor([1], [1, 1]) } }), insituError('ShapeMismatch'));
    });

    test('a stream ends with the model that it was opened on', async () => {
      const own = await engine.load(shiftModel(1, { dims: [1, 2] }));
      const stream = own.stream({ state: { x: 'y' } });
      assert.deepEqual(await stream.run({}), {});
      assert.deepEqual([...(await stream.run({}, { outputs: ['y'] })).y.data], [2, 2]);
      await own.swap(shiftModel(2, { dims: [1, 2] }));
      await assert.rejects(stream.run({}), insituError('Disposed', /swapped/));
      const next = own.stream({ state: { x: 'y' } });
      await own.dispose();
      await assert.rejects(next.run({}), insituError('Disposed'));
      await Promise.all([stream.dispose(), next.dispose()]);
    });
  });
}

const silero = `${sharedModels}silero_vad_16k/model.onnx`;
test('silero hears the same with its state in the engine as with it in the page', { skip: !existsSync(silero) && `${silero} is not there` }, async () => {
  const engine = await Engine.create();
  const session = await engine.load(silero);
  const links = Object.fromEntries(session.inputs.filter(({ name }) => /state|^[hc]0?$/.test(name)).map(({ name }) =>
    [name, session.outputs.find((output) => output.name !== 'output' && output.name.startsWith(name[0])).name]));
  assert.ok(Object.keys(links).length > 0, JSON.stringify(session.inputs));
  const inputs = session.inputs.filter(({ name }) => !Object.hasOwn(links, name));
  const feedsOf = (i) => Object.fromEntries(inputs.map(({ name, dtype, dims }) => {
    const extents = dims.map((dim, at) => (typeof dim === 'number' ? dim : at === 0 ? 1 : 512));
    const count = extents.reduce((all, one) => all * one, 1);
    return [name, dtype === 'int64' ? tensor(BigInt64Array.from({ length: count }, () => 16_000n), extents)
      : tensor(Float32Array.from({ length: count }, (_, t) => Math.sin((t + i * 512) * 0.1) * 0.5), extents)];
  }));
  const stream = session.stream({ state: links });
  let held = Object.fromEntries(Object.keys(links).map((name) => {
    const { dims } = session.inputs.find((input) => input.name === name);
    const extents = dims.map((dim) => (typeof dim === 'number' ? dim : 1));
    return [name, tensor(new Float32Array(extents.reduce((all, one) => all * one, 1)), extents)];
  }));
  for (let i = 0; i < 5; i++) {
    const { output } = await stream.run(feedsOf(i));
    const all = await session.run({ ...feedsOf(i), ...held });
    assert.deepEqual(output, all.output);
    held = Object.fromEntries(Object.entries(links).map(([input, from]) => [input, all[from]]));
  }
  await engine.dispose();
});
