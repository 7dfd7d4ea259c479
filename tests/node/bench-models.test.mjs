// The models that the bench builds: small variants of them, in every form, give the same in insitu and onnxruntime-web,
// and a quantized form stays near the float graph it was made from.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { precisions } from '../bench/forms/forms.mjs';
import { serialize } from '../bench/models/graph.mjs';
import { networks } from '../bench/models/networks.mjs';
import { operators } from '../bench/models/operators.mjs';
import { settle } from '../bench/models/settle.mjs';
import { Engine, flavours, tensor } from './support/insitu.mjs';
import { witness } from './support/witness.mjs';

/* How far two engines may differ, and how far a form from the float graph, in deviations of the output. */
const kBetweenEngines = { fp32: 1e-5, int8: 0.01, dynamic: 1e-3, int4: 1e-3 };
/* accuracy_level 4 lets an engine round activations to 8 bits, or not. */
const kBetweenRoundings = { 'int4-accuracy4': 0.02 };
const kFromFloat = { fp32: 0, int8: 0.2, dynamic: 0.2, int4: 0.3 };

let engine;
before(async () => { engine = await Engine.create({ worker: false, flavour: flavours[0] }); });
after(() => engine.dispose());

async function run(model, feeds) {
  const session = await engine.load(model, { monitor: false });
  try {
    const given = Object.entries(feeds).map(([name, { dtype, dims, data }]) => [name, tensor(data, dims, dtype)]);
    const results = await session.run(Object.fromEntries(given));
    return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, Array.from(data)]));
  } finally {
    await session.dispose();
  }
}

const rootMeanSquare = (numbers) => Math.sqrt(numbers.reduce((sum, x) => sum + x * x, 0) / numbers.length);

/* The root mean square of the difference in that of what is expected; over all outputs the largest. */
function distance(results, expected) {
  assert.deepEqual(Object.keys(results).sort(), Object.keys(expected).sort());
  return Math.max(...Object.entries(expected).map(([name, numbers]) => {
    assert.equal(results[name].length, numbers.length);
    return rootMeanSquare(numbers.map((x, i) => x - results[name][i])) / rootMeanSquare(numbers);
  }));
}

for (const { name, build, small, precisions: measured } of [...networks, ...operators]) {
  test(name, async () => {
    const graph = build(small);
    const ranges = await settle(graph);
    const float = await witness(serialize(graph), graph.feeds);
    for (const precision of measured) {
      for (const { name: form, make } of precisions[precision]) {
        const model = serialize(make(graph, ranges));
        const expected = await witness(model, graph.feeds);
        assert.ok(expected, `onnxruntime-web refuses ${name} in ${form}`);
        const between = distance(await run(model, graph.feeds), expected);
        const fromFloat = distance(expected, float);
        assert.ok(between <= (kBetweenRoundings[form] ?? kBetweenEngines[precision]), `${form}: insitu is ${between} away from onnxruntime-web`);
        assert.ok(fromFloat <= kFromFloat[precision], `${form} is ${fromFloat} away from the float graph`);
      }
    }
  });
}
