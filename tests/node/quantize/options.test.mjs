// engine.quantize() in front of an engine that only writes down what it is asked: options, metadata, the search for a goal, and what
// is left behind when something fails.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { dist, Engine, InsituError, insituError, flavours } from '../support/insitu.mjs';

const { quantize } = await import(new URL('quantize.js', dist).href);

const fail = (code, message, hint) => { throw new InsituError({ code, message, hint }); };
const sample = { x: 1 };

/* `errors`: the output SQNR of each layer. A model is as many bytes as it has layers in float. */
function fake({ errors = { a: 30, b: 10, c: 20 }, wantsSamples = true, refuse = () => {} } = {}) {
  const calls = [];
  const answers = {
    beginQuantizer: () => ({ inputs: [], nodes: Object.keys(errors), wantsSamples, byteLength: 1000, sha256: 'f'.repeat(64) }),
    observe: () => undefined, observed: () => 'c'.repeat(64),
    measureLayer: ({ node }) => ({ node, op: 'Conv', weightSqnr: 40, outputSqnr: errors[node] }),
    writeQuantized: ({ inFloat }) => new ArrayBuffer(inFloat.length),
  };
  const client = {
    async call(method, params, { signal } = {}) {
      if (signal?.aborted) fail('Cancelled', 'stopped');
      calls.push([method, params]);
      refuse(method, params);
      return answers[method](params);
    },
  };
  const lent = {
    fail,
    async start({ onProgress }) {
      calls.push(['start']);
      onProgress?.({ phase: 'engine', loaded: 4, total: 4 });
      return { client, version: '9.9.9', end: () => calls.push(['end']) };
    },
    upload: async () => ({ upload: 1, external: {} }), prepareFeeds: (_model, feeds) => [feeds], movedWith: () => [],
  };
  const run = (options = {}, samples = [sample, sample]) => quantize(lent, 'model', samples, options);
  const of = (method) => calls.filter(([name]) => name === method).map(([, params]) => params);
  return { calls, run, of };
}

test('what the engine is asked for by default, and what each option changes', async () => {
  const paramsOf = async (options) => {
    const { run, of } = fake();
    await run(options);
    return of('beginQuantizer')[0].options;
  };
  const initial = {
    to: 'int8', method: 'min-max', percentile: 99.99, signedActivations: false, biasCorrection: true, equalize: false, smooth: 0, perChannel: true,
    reduceRange: false, bits: 8, blockSize: 32, excludeNodes: [], excludeOps: [],
  };
  assert.deepEqual(await paramsOf({}), initial);
  const full = {
    method: 'percentile', percentile: 99, activations: 'int8', biasCorrection: false, equalize: true, smooth: 0.5, perChannel: false, reduceRange: true,
    exclude: { nodes: ['z', 'y', 'z'], ops: ['Softmax'] },
  };
  assert.deepEqual(await paramsOf(full), {
    ...initial, method: 'percentile', percentile: 99, signedActivations: true, biasCorrection: false, equalize: true, smooth: 0.5, perChannel: false,
    reduceRange: true, excludeNodes: ['y', 'z'], excludeOps: ['Softmax'],
  });
  for (const [options, changed] of [
    [{ to: 'dynamic-int8', reduceRange: true }, { to: 'dynamic-int8', reduceRange: true }], [{ to: 'int4', blockSize: 64 }, { to: 'blocks', bits: 4, blockSize: 64 }],
    [{ to: 'int8-blocks' }, { to: 'blocks', bits: 8 }], [{ to: 'float16' }, { to: 'float16' }],
  ]) assert.deepEqual(await paramsOf(options), { ...initial, ...changed });
});

test('what is wrong is refused before the engine is asked for anything', async () => {
  for (const [options, pattern, samples] of [
    [{ to: 'int7' }, /^to is "int7"/], [{ method: 'max' }, /^method is "max"/], [{ method: 'percentile', percentile: 50 }, /^percentile is 50/],
    [{ method: 'percentile', percentile: '99' }, /^percentile is "99"/], [{ percentile: 99 }, /^percentile says nothing about the method min-max/],
    [{ activations: 'int16' }, /^activations is/], [{ biasCorrection: 1 }, /^biasCorrection is 1/], [{ equalize: 'yes' }, /^equalize is/], [{ smooth: 1.5 }, /^smooth is 1\.5/],
    [{ smooth: NaN }, /^smooth is NaN/], [{ perChannel: 0 }, /^perChannel is 0/], [{ reduceRange: null }, /^reduceRange is null/],
    [{ to: 'int4', blockSize: 24 }, /^blockSize is 24/], [{ to: 'int4', blockSize: 8192 }, /^blockSize is 8192/], [{ to: 'int4', blockSize: 8 }, /^blockSize is 8/], [{ to: 'int4', blockSize: '32' }, /^blockSize is "32"/],
    [{ blockSize: 32 }, /^blockSize says nothing about int8/], [{ to: 'int4', perChannel: true }, /^perChannel says nothing about int4/], [{ to: 'float16', method: 'mse' }, /^method says nothing/],
    [{ exclude: ['conv1'] }, /^exclude is \["conv1"\]/], [{ exclude: 'conv1' }, /^exclude is/], [{ exclude: { nodes: 'conv1' } }, /^exclude\.nodes is "conv1"/], [{ exclude: { ops: [1] } }, /^exclude\.ops is/],
    [{ sensitivity: 3 }, /^sensitivity is 3/], [{ sensitivity: { samples: 0 } }, /^sensitivity\.samples is 0/], [{ sensitivity: {} }, /^sensitivity\.samples is undefined/],
    [{ keepFloat: 3 }, /^keepFloat is 3/], [{ keepFloat: {} }, /^keepFloat is/], [{ keepFloat: { layers: 1, until: () => true } }, /^keepFloat is/],
    [{ keepFloat: { layers: -1 } }, /^keepFloat\.layers is -1/], [{ keepFloat: { until: true } }, /^keepFloat\.until is true/],
    [{ metadata: { a: 1 } }, /^metadata\['a'\] is 1/], [{ metadata: 'a' }, /^metadata is/], [{ metadata: { 'insitu.parent': 'x' } }, /^metadata has 'insitu\.parent'/],
    [{ calibrationDigest: 'sha' }, /^calibrationDigest is/],
    [{}, /^the samples are 5/, 5], [{}, /^the samples are null/, null], [{}, /^the samples are "abc"/, 'abc'], [{}, /^the samples are {"x":1}/, sample],
  ]) {
    const { run, calls } = fake();
    await assert.rejects(run(options, samples), insituError('InvalidArgument', pattern), JSON.stringify(options));
    assert.deepEqual(calls, []);
  }
});

test('metadata: settings in the order of their names, the digests, and those of the caller', async () => {
  const { run, of } = fake();
  const { report } = await run({ metadata: { owner: 'me' }, keepFloat: { layers: 1 }, exclude: { nodes: ['z'] }, method: 'mse' });
  const [{ metadata, inFloat }] = of('writeQuantized');
  assert.deepEqual(Object.keys(metadata), ['owner', 'insitu.quantize', 'insitu.parent', 'insitu.calibration']);
  assert.equal(metadata['insitu.quantize'], '{"activations":"uint8","biasCorrection":true,"equalize":false,"excludeNodes":["z"],"excluded":["z","b"],"measuredOn":8,' +
    '"method":"mse","perChannel":true,"reduceRange":false,"samples":2,"smooth":0,"to":"int8","version":"9.9.9"}');
  assert.deepEqual([metadata['insitu.parent'], metadata['insitu.calibration'], inFloat], ['f'.repeat(64), 'c'.repeat(64), ['b']]);
  assert.deepEqual(report, {
    to: 'int8', nodes: ['a', 'c'], excluded: ['z', 'b'], samples: 2, bytesBefore: 1000, bytesAfter: 1, goalMet: null, tries: [], parent: 'f'.repeat(64), calibration: 'c'.repeat(64),
    layers: [['a', 30], ['b', 10], ['c', 20]].map(([node, outputSqnr]) => ({ node, op: 'Conv', weightSqnr: 40, outputSqnr })),
  });
  const known = fake();
  await known.run({ calibrationDigest: 'a'.repeat(64) });
  assert.equal(known.of('writeQuantized')[0].metadata['insitu.calibration'], 'a'.repeat(64));
  assert.deepEqual(known.of('measureLayer'), []);
});

test('forms that need no samples look at as many as measuring takes', async () => {
  const drawn = (counter) => (function* () { for (;;) yield (counter.drawn++, sample); })();
  for (const [options, observed] of [[{ to: 'float16' }, 0], [{ to: 'float16', sensitivity: { samples: 3 } }, 3], [{ to: 'int4', keepFloat: { layers: 1 } }, 8]]) {
    const counter = { drawn: 0 }, { run, of } = fake({ wantsSamples: false });
    const { report } = await run(options, drawn(counter));
    assert.deepEqual([of('observe').length, counter.drawn, report.samples, report.calibration === null], [observed, observed, observed, observed === 0], JSON.stringify(options));
    assert.equal('insitu.calibration' in of('writeQuantized')[0].metadata, observed > 0);
  }
});

test('until a goal holds, the worst layers stay in float: as few as do, with few models written', async () => {
  const count = 40;
  const errors = Object.fromEntries(Array.from({ length: count }, (_, i) => [`n${i}`, (i * 17) % count]));
  const worst = Object.keys(errors).sort((a, b) => errors[a] - errors[b]);
  for (let needed = 0; needed < count; needed++) {
    const { run, of } = fake({ errors });
    const seen = [];
    const until = async (model, { inFloat, bytes }) => {
      assert.equal(model.byteLength, bytes);
      seen.push(inFloat.length);
      return inFloat.length >= needed;
    };
    const { model, report } = await run({ keepFloat: { until } });
    assert.deepEqual([report.goalMet, report.bytesAfter, model.byteLength], [true, needed, needed]);
    assert.deepEqual([...report.excluded].sort(), worst.slice(0, needed).sort());
    assert.equal(report.nodes.length, count - needed);
    assert.deepEqual(report.tries.map(({ inFloat, met }) => [inFloat.length, met]), seen.map((tried) => [tried, tried >= needed]));
    assert.ok(of('writeQuantized').length <= 13 && new Set(seen).size === seen.length, `${needed}: ${seen}`);
  }
});

test('a goal that is never met: one layer stays quantized, and everything that was measured is there', async () => {
  const { run } = fake();
  const { model, report } = await run({ keepFloat: { until: () => false } });
  assert.deepEqual([report.goalMet, report.nodes, report.excluded, model.byteLength], [false, ['a'], ['b', 'c'], 2]);
  assert.deepEqual(report.tries.map(({ inFloat, met }) => [inFloat, met]), [[[], false], [['b'], false], [['b', 'c'], false]]);
  assert.equal(report.layers.length, 3);
  const single = await fake({ errors: { a: 10 } }).run({ keepFloat: { until: () => false } });
  assert.deepEqual([single.report.goalMet, single.report.nodes, single.report.tries.length], [false, ['a'], 1]);
});

test('of layers that cannot be compared none is left in float before those that can', async () => {
  const { report } = await fake({ errors: { a: null, b: 200, c: null, d: 30 } }).run({ keepFloat: { layers: 3 } });
  assert.deepEqual(report.nodes, ['c']);
});

test('the instance is ended whatever fails, and how far it is is told', async () => {
  const broken = async (pattern, options, samples, refuse) => {
    const { run, calls } = fake({ refuse });
    await assert.rejects(run(options, samples), (thrown) => pattern.test(thrown.message));
    assert.deepEqual(calls.at(-1), ['end']);
  };
  const nothing = fake({ errors: {} });
  await assert.rejects(nothing.run({ to: 'int4' }), insituError('InvalidArgument', /^nothing in the model can be quantized to int4/));
  assert.deepEqual(nothing.calls.map(([method]) => method), ['start', 'beginQuantizer', 'end']);
  await broken(/there are no samples/, {}, []);
  for (const at of ['engine', 'observe', 'write']) {
    await broken(/mine/, { onProgress: ({ phase }) => { if (phase === at) throw new Error('mine'); } });
  }
  await broken(/sample 1 is 5/, {}, [sample, 5]);
  await broken(/mine/, {}, (function* () { yield sample; throw new Error('mine'); })());
  await broken(/keepFloat\.until gave 1/, { keepFloat: { until: () => 1 } });
  await broken(/no judge/, { keepFloat: { until: () => { throw new Error('no judge'); } } });
  for (const method of ['observe', 'observed', 'measureLayer', 'writeQuantized']) {
    await broken(/refused/, { sensitivity: true }, undefined, (name) => { if (name === method) throw new Error('refused'); });
  }
  const stop = new AbortController();
  await broken(/stopped/, { signal: stop.signal }, (function* () { yield sample; stop.abort(); yield sample; })());
  for (const [options, samples] of [[{ to: 'int7' }, []], [{}, 'none']]) {
    const { run, calls } = fake();
    await assert.rejects(run(options, samples), insituError('InvalidArgument'));
    assert.deepEqual(calls, [], 'what is wrong from the outset starts no instance');
  }
  const told = [];
  await fake().run({ sensitivity: true, onProgress: (progress) => told.push(Object.values(progress).join(' ')) });
  assert.deepEqual(told, ['engine 4 4', 'observe 1 2', 'observe 2 2', 'measure 0 3', 'measure 1 3', 'measure 2 3', 'measure 3 3', 'write 1']);
});

test('an engine of its own refuses the same way, with the one InsituError', async () => {
  const engine = await Engine.create({ worker: false, flavour: flavours[0] });
  await assert.rejects(engine.quantize('model.onnx', [], { to: 'int7' }), insituError('InvalidArgument', /^to is "int7"/));
  await engine.dispose();
});
