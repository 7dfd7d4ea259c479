// What is collected without dispose() is freed: sessions in their engine, engines with their workers; and nothing is collected
// that somebody can still use.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { Engine, flavours, tensor } from './support/insitu.mjs';
import { shiftModel, slowModel } from '../support/onnx-writer.mjs';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');
const feed = () => ({ x: tensor([0, 0, 0, 0], [1, 4]) });
const options = { flavour: flavours[0] };

/* Ten collections, each with turns of the event loop behind it; fewer once `enough()`. */
async function collect(enough = () => false) {
  for (let i = 0; i < 10 && !await enough(); i++) {
    gc();
    await new Promise((resolve) => { setTimeout(resolve, 10); });
  }
}

/* The workers and the in-process lines that ended meanwhile. */
const endings = { workers: 0, lines: 0 };
for (const [prototype, name, kind] of [[Worker.prototype, 'terminate', 'workers'], [MessagePort.prototype, 'close', 'lines']]) {
  const original = prototype[name];
  prototype[name] = function count(...given) {
    endings[kind]++;
    return original.apply(this, given);
  };
  after(() => (prototype[name] = original));
}

for (const worker of [false, true]) {
  const where = worker ? 'in a worker' : 'in process';

  test(`${where}: a session that nobody has is freed, with its monitor, listeners and trial`, async () => {
    const engine = await Engine.create({ ...options, worker });
    after(() => engine.dispose());
    const bytes = async () => (await engine.memory()).bufferBytes;
    const empty = await bytes();
    const use = async (begin) => {
      const session = await engine.load(shiftModel(1));
      session.monitor.addEventListener('drift', () => session.run(feed()));
      const begun = await begin(session);
      await session.run(feed());
      await begun?.settled?.();
    };
    const kinds = [
      () => {},
      (session) => session.swap(shiftModel(2)),
      (session) => session.shadow(shiftModel(2), { every: 2 }),
      (session) => session.canary(shiftModel(2), { share: 0.5 }),
    ];
    for (const begin of kinds) {
      await use(begin);
      assert(await bytes() > empty);
      await collect(async () => await bytes() === empty);
      assert.equal(await bytes(), empty, String(begin));
    }
  });

  test(`${where}: an engine that nobody has ends, also where its session was not disposed`, async () => {
    const kind = worker ? 'workers' : 'lines';
    const use = async () => {
      const engine = await Engine.create({ ...options, worker });
      const session = await engine.load(shiftModel(1));
      await session.run(feed());
      await engine.createHistogram();
    };
    const before = endings[kind];
    for (let i = 0; i < 3; i++) await use();
    await collect(() => endings[kind] === before + 3);
    assert.equal(endings[kind], before + 3);
  });

  test(`${where}: what is under way ends well, whoever has forgotten what it was asked of`, async () => {
    const start = async () => (await Engine.create({ ...options, worker })).load(slowModel(64, 40), { backend: 'reference' });
    const run = (await start()).run({ x: tensor(new Float32Array(64 * 64), [64, 64]) });
    const explained = (await start()).explain();
    const memory = (await Engine.create({ ...options, worker })).memory();
    const queued = await (async () => {
      const session = await start();
      return Array.from({ length: 4 }, () => session.run({ x: tensor(new Float32Array(64 * 64), [64, 64]) }));
    })();
    await collect();
    assert.equal((await run).y.dims[0], 64);
    assert.equal((await explained).length, 40);
    assert((await memory).heapBytes > 0);
    for (const one of queued) assert.equal((await one).y.dims[0], 64);
  });

  test(`${where}: a session lives on without its engine, and by its monitor`, async () => {
    const session = await (await Engine.create({ ...options, worker })).load(shiftModel(1));
    await collect();
    assert.equal((await session.run(feed())).y.data[0], 1);
    await session.swap(shiftModel(2));
    assert.equal((await session.run(feed())).y.data[0], 2);
    const { monitor } = await (await Engine.create({ ...options, worker })).load(shiftModel(1));
    const histogram = await (await Engine.create({ ...options, worker })).createHistogram();
    await collect();
    assert.equal((await monitor.snapshot()).requests, 0);
    await histogram.record(Float64Array.of(1));
    await session.dispose();
  });
}
