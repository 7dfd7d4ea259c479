// What the demo's graph is made of, without a page: files are read as the engine reads them, layouts keep their promises.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { build } from 'esbuild';

import { Engine, sharedModels } from './support/insitu.mjs';

const web = new URL('../../web/demo/graph/', import.meta.url).pathname;
const models = ['handwriting/handwriting_int8', 'handwriting/handwriting_fp32', 'intents/intents_int8']
  .map((name) => readFileSync(new URL(`../../models/${name}.onnx`, import.meta.url)));
let engine, readGraph, itemsOf, linesOf, typesOf, layOut, kBox;

async function moduleOf(name) {
  const { outputFiles: [{ text }] } = await build({ entryPoints: [`${web}${name}.ts`], bundle: true, format: 'esm', write: false });
  return import(`data:text/javascript;base64,${Buffer.from(text).toString('base64')}`);
}

before(async () => {
  engine = await Engine.create();
  ({ readGraph } = await moduleOf('onnx-graph'));
  ({ itemsOf, linesOf } = await moduleOf('items'));
  ({ typesOf } = await moduleOf('shapes'));
  ({ layOut, kBox } = await moduleOf('layout'));
});
after(() => engine.dispose());

test('a file is read as the engine reads it: operators, inputs, outputs, bytes of weights, and a row of explain() for each node', async () => {
  for (const bytes of models) {
    const graph = readGraph(bytes), report = await engine.inspect(bytes);
    const counts = {};
    for (const { op } of graph.nodes) counts[op] = (counts[op] ?? 0) + 1;
    assert.deepEqual(counts, report.operators);
    assert.deepEqual(graph.inputs, report.inputs.map(({ name }) => name));
    assert.deepEqual(graph.outputs, report.outputs.map(({ name }) => name));
    assert.equal([...graph.weights.values()].reduce((sum, size) => sum + size, 0), report.initializerBytes);
    const [{ name, dtype, dims }] = report.inputs;
    assert.deepEqual(graph.types.get(name), { dtype, dims });
    const session = await engine.load(bytes, { monitor: false });
    for (const { kind, where, name } of itemsOf(graph, await session.explain())) assert.ok(kind !== 'node' || where, name);
    await session.dispose();
  }
});

test('a file that is cut short throws and does not hang', () => {
  for (const size of [1, 10, 100, 1000, 20_000]) assert.throws(() => readGraph(models[0].subarray(0, size)), RangeError);
});

test('lines pass through what is not shown', () => {
  const node = (op, inputs, outputs) => ({ kind: 'node', op, name: op, node: { inputs, outputs } });
  const items = [{ kind: 'input', name: 'x' }, node('A', ['x'], ['a']), node('B', ['a', 'w'], ['b']), node('C', ['b', 'x'], ['c']), { kind: 'output', name: 'c' }];
  assert.deepEqual(linesOf(items, () => true), { shown: [0, 1, 2, 3, 4], lines: [[0, 1], [1, 2], [2, 3], [0, 3], [3, 4]] });
  assert.deepEqual(linesOf(items, ({ op }) => op !== 'A' && op !== 'B'), { shown: [0, 3, 4], lines: [[0, 1], [1, 2]] });
});

test('boxes do not overlap, lines go down and end at their boxes, and all of it lies within the picture', () => {
  let seed = 7;
  const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  for (let round = 0; round < 40; round++) {
    const count = 1 + Math.floor(120 * random());
    const edges = [];
    for (let to = 1; to < count; to++) {
      for (let i = Math.floor(3 * random()); i > 0; i--) {
        const near = random() < 0.8 ? Math.max(0, to - 6) : 0;
        const edge = [near + Math.floor((to - near) * random()), to];
        if (!edges.some(([a, b]) => a === edge[0] && b === edge[1])) edges.push(edge);
      }
    }
    const { places, routes, width, height } = layOut(count, edges, 1);
    const sorted = [...places].sort((a, b) => a.y - b.y || a.x - b.x);
    sorted.forEach(({ x, y }, i) => assert.ok(i === 0 || y > sorted[i - 1].y || x - sorted[i - 1].x > kBox.width, `round ${round}`));
    for (const { x, y } of places) {
      assert.ok(x - kBox.width / 2 >= 0 && x + kBox.width / 2 <= width && y - kBox.height / 2 >= 0 && y + kBox.height / 2 <= height, `round ${round}: ${x}, ${y}`);
    }
    edges.forEach(([from, to], i) => {
      assert.deepEqual(routes[i][0], { x: places[from].x, y: places[from].y + kBox.height / 2 });
      assert.deepEqual(routes[i].at(-1), { x: places[to].x, y: places[to].y - kBox.height / 2 });
      routes[i].forEach(({ y }, k) => assert.ok(k === 0 || y > routes[i][k - 1].y));
    });
  }
});

test('a chain stands straight, and weights on their way stand just above their reader', () => {
  const chain = layOut(30, Array.from({ length: 29 }, (_, i) => [i, i + 1]), 1);
  assert.equal(new Set(chain.places.map(({ x }) => x)).size, 1);
  const { places } = layOut(6, [[0, 1], [1, 2], [2, 5], [3, 4], [4, 5]], 1);
  assert.equal(places[4].y, places[2].y);
  assert.equal(places[3].y, places[1].y);
});

test('shapes that a file does not state follow, and are those that another file states', async () => {
  const typeOf = (graph, value) => (({ dtype, dims }) => `${dtype} ${dims.join('×')}`)(typesOf(graph).get(value));
  const [int8] = models.map(readGraph);
  assert.equal(int8.types.has(int8.nodes.find(({ name }) => name === 'conv1').outputs[0]), false);
  for (const { op, outputs } of int8.nodes) assert.ok(typesOf(int8).has(outputs[0]), `${op} ${outputs[0]}`);
  assert.match(typeOf(int8, int8.nodes.find(({ op }) => op === 'GlobalAveragePool').outputs[0]), /^float32 batch×\d+×1×1$/);
  let compared = 0;
  for (const name of existsSync(sharedModels) ? ['fastestdet', 'ultraface_rfb_320', 'squeezenet_fp16', 'mobilenet_v2_fp32'] : []) {
    const graph = readGraph(readFileSync(`${sharedModels}${name}/model.onnx`));
    for (const { outputs: [output], op } of graph.nodes) {
      const types = new Map(graph.types);
      if (!types.delete(output)) continue;
      const type = typesOf({ ...graph, types }).get(output);
      if (!type || type.dims.includes('?')) continue;
      assert.deepEqual(type, graph.types.get(output), `${name}: ${op} ${output}`);
      compared++;
    }
  }
  assert.ok(compared >= 200 || !existsSync(sharedModels), `${compared} values are too few`);
});
