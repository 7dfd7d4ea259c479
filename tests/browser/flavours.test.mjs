// Every flavour that dist/ has, in a real Chromium: real models against their stored outputs.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { dist, start } from './support.mjs';

const flavours = JSON.parse(readFileSync(`${dist}flavours.json`, 'utf8'));
const sharedModels = fileURLToPath(new URL('../../../shared/models/', import.meta.url));
const models = ['mobilenet_v2_int8_qdq', 'mobilenet_v2_fp32', 'ultraface_rfb_320', 'mnist_cnn', 'mnist_mlp_dynamic_int8'];
const skip = existsSync(sharedModels) ? false : 'the models of ../shared/models are not here';
if (skip) console.log('SKIPPED: real models are not tested in the browser, because ../shared/models is absent.');

let site;
before(async () => { site = await start(); });
after(() => site.close());

/* The models live outside the folder that is served. */
async function serveModels(page) {
  await page.route('**/shared-models/**', (route) => {
    const name = new URL(route.request().url()).pathname.split('/shared-models/')[1];
    const path = join(sharedModels, normalize(name));
    return existsSync(path) ? route.fulfill({ path }) : route.fulfill({ status: 404 });
  });
}

/* Runs in the page: the largest excess of |got - expected| over the tolerance, and the flavour that ran. */
async function compareInPage({ flavour, name, inputs, outputs, rtol, atol }) {
  const { Engine } = await import('/index.js');
  const engine = await Engine.create({ flavour });
  const folder = `/shared-models/${name}/`;
  const session = await engine.load(`${folder}model.onnx`, { monitor: false });
  const read = async (kind, infos, count) => {
    const tensors = {};
    for (let i = 0; i < count; i++) {
      const parsed = await engine.parseTensor(`${folder}test_data_set_0/${kind}_${i}.pb`);
      tensors[infos[i].name] = parsed.tensor;
    }
    return tensors;
  };
  const results = await session.run(await read('input', session.inputs, inputs));
  let compared = 0;
  let excess = -Infinity;
  for (const [output, { data: expected }] of Object.entries(await read('output', session.outputs, outputs))) {
    const { data } = results[output];
    if (data.length !== expected.length) return { excess: NaN };
    for (let i = 0; i < data.length; i++) {
      const e = Number(expected[i]);
      excess = Math.max(excess, Math.abs(Number(data[i]) - e) - (atol + rtol * Math.abs(e)));
    }
    compared += data.length;
  }
  const info = engine.info;
  await engine.dispose();
  return { ran: info.flavour, threads: info.threads, excess, compared };
}

for (const flavour of flavours) {
  test(`${flavour}: real models give their stored outputs`, { skip }, async () => {
    const { page, problems, close } = await site.open('demo/');
    await serveModels(page);
    for (const name of models) {
      const folder = join(sharedModels, name);
      const count = (kind) => [0, 1, 2, 3].filter((i) => existsSync(join(folder, `test_data_set_0/${kind}_${i}.pb`))).length;
      const tolerance = join(folder, 'tolerance.json');
      const limits = { rtol: 1e-3, atol: 1e-7, ...(existsSync(tolerance) ? JSON.parse(readFileSync(tolerance, 'utf8')) : {}) };
      const { rtol, atol } = limits;
      const result = await page.evaluate(compareInPage, {
        flavour, name, inputs: count('input'), outputs: count('output'), rtol, atol,
      });
      assert.equal(result.ran, flavour);
      assert.equal(result.threads > 1, flavour.endsWith('-mt'));
      assert.ok(result.compared > 0 && result.excess <= 0, `${name}: ${JSON.stringify(result)}`);
    }
    assert.deepEqual(problems, []);
    await close();
  });
}
