// The light models of the ONNX repository: well-known networks whose weights are ConstantOfShape nodes, on both
// backends. The feed is that of ONNX's own runner: the numbers 0, 1, 2 ... divided by their count.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { sourceTree } from '../../scripts/lib/sources.mjs';
import { Engine, flavours, tensor } from './support/insitu.mjs';

const folder = join(sourceTree('onnx'), 'onnx', 'backend', 'test', 'data', 'light');
const skip = existsSync(folder) ? false : 'the ONNX sources are not set up: npm run setup fetches them';
const models = skip ? [] : readdirSync(folder).filter((name) => name.endsWith('.onnx'));

let engine;
before(async () => { engine = await Engine.create({ worker: false, flavour: flavours[0] }); });
after(() => engine.dispose());

function feedOf({ dims }) {
  const size = dims.reduce((product, dim) => product * dim, 1);
  return tensor(Float32Array.from({ length: size }, (_, i) => i / size), dims);
}

for (const backend of ['auto', 'reference']) {
  for (const name of models) {
    test(`${name}, ${backend}`, { skip }, async () => {
      const session = await engine.load(join(folder, name), { backend, monitor: false });
      const feeds = Object.fromEntries(session.inputs.map((info) => [info.name, feedOf(info)]));
      const results = Object.values(await session.run(feeds));
      await session.dispose();
      for (const [i, { data }] of results.entries()) {
        const stored = join(folder, name.replace('.onnx', `_output_${i}.pb`));
        const { value: expected } = await engine.parseValue(stored);
        assert.equal(data.length, expected.data.length);
        data.forEach((value, at) => {
          const want = expected.data[at];
          assert.ok(Math.abs(value - want) <= 1e-7 + 1e-3 * Math.abs(want), `element ${at} is ${value}, not ${want}`);
        });
      }
    });
  }
}

test('there are light models', { skip }, () => assert.ok(models.length >= 9));
