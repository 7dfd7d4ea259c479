// Quantization in a page under a strict policy, with data that do not leave it, in a worker of its own: the same bytes as under Node.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';

import { drawings, handwriting } from '../node/quantize/support.mjs';
import { Engine } from '../node/support/insitu.mjs';
import { start } from './support.mjs';

const samples = drawings(30, 10_000).map(({ feeds: { image } }) => [...image.data]);

let site;
before(async () => { site = await start({ csp: true, mounts: new Map([['/model/', fileURLToPath(new URL('.', handwriting))]]) }); });
after(() => site.close());

test('a page quantizes with its own data and runs what comes of it', async () => {
  const { page, problems, foreign } = await site.open('demo/');
  const found = await page.evaluate(async (samples) => {
    const { Engine, InsituError, tensor } = await import('/index.js');
    const engine = await Engine.create({ flavour: 'simd-st' });
    const feeds = samples.map((pixels) => ({ image: tensor(pixels, [1, 1, 28, 28]) }));
    const phases = new Set();
    const { model, report } = await engine.quantize('/model/handwriting_fp32.onnx', feeds, { sensitivity: { samples: 2 }, onProgress: ({ phase }) => phases.add(phase) });
    const labels = {};
    for (const [name, source] of [['float', '/model/handwriting_fp32.onnx'], ['int8', model]]) {
      const session = await engine.load(source);
      labels[name] = [];
      for (const one of feeds) {
        const { data } = (await session.run(one)).probabilities;
        labels[name].push(data.indexOf(Math.max(...data)));
      }
    }
    const refused = await engine.quantize('/model/handwriting_fp32.onnx', feeds, { to: 'int7' }).catch((thrown) => thrown instanceof InsituError && thrown.code);
    const digest = Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', model)), (byte) => byte.toString(16).padStart(2, '0')).join('');
    await engine.dispose();
    return { labels, report, digest, refused, phases: [...phases] };
  }, samples);
  assert.deepEqual(found.labels.int8, found.labels.float);
  assert.deepEqual([found.report.samples, found.report.layers.length, found.refused], [30, found.report.nodes.length, 'InvalidArgument']);
  assert.deepEqual(found.phases, ['engine', 'observe', 'measure', 'write']);
  assert.deepEqual([problems, foreign], [[], []]);
  const engine = await Engine.create({ worker: false, flavour: 'simd-st' });
  const { model } = await engine.quantize(handwriting, drawings(30, 10_000).map(({ feeds }) => feeds), { sensitivity: { samples: 2 } });
  await engine.dispose();
  assert.equal(found.digest, createHash('sha256').update(model).digest('hex'));
});
