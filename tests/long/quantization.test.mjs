// insitu's int8 beside that of onnxruntime's own tool, on the same calibration data and judged by the same samples: no more than half
// a point less accurate. What onnxruntime's models reached is in quantization/figures.json, which quantization/figures.mjs wrote.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { Engine } from '../node/support/insitu.mjs';
import { answersOf, digestOf, share } from './quantization/judge.mjs';
import { absent, subjects } from './quantization/subjects.mjs';

const figures = JSON.parse(readFileSync(new URL('quantization/figures.json', import.meta.url), 'utf8'));
const worseAtMost = 0.005;
let engine;
before(async () => { engine = await Engine.create({ worker: false }); });
after(() => engine.dispose());

for (const { name, axis, prepare } of subjects) {
  test(name, async () => {
    const { model, calibration, judged } = await prepare(), { onnxruntime, digest } = figures[name];
    assert.equal(digestOf(model, calibration, judged), digest, 'the model or its samples are not those that were measured: run figures.mjs again');
    const float = await answersOf(engine, model, judged, axis);
    const { model: int8 } = await engine.quantize(model, calibration.map(({ feeds }) => feeds));
    const reached = share(await answersOf(engine, int8, judged, axis), judged, float);
    console.log(`${name}: ${(100 * reached).toFixed(2)} %, onnxruntime's ${(100 * onnxruntime).toFixed(2)} %`);
    assert.ok(reached >= onnxruntime - worseAtMost, `${reached} instead of ${onnxruntime}`);
  });
}

for (const name of absent) {
  test(name, (t) => {
    console.log(`SKIPPED: ${name}: its model is not in ../shared/models`);
    t.skip('its model is not in ../shared/models');
  });
}
