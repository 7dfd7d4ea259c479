// Sessions of one engine, and engines beside each other, asked by several callers at once: the bits of each alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as insitu from '../../dist/index.js';
import { flavours } from './support/insitu.mjs';
import { smallModels } from '../support/soak/models.mjs';
import { together } from '../support/soak/together.mjs';

const models = smallModels();
const withThreads = flavours.find((flavour) => flavour.endsWith('-mt'));
const kRuns = 1200;

function checkAsked({ answered, cancelled, faults, kinds }, expected) {
  assert.deepEqual(faults, []);
  assert.ok(answered >= kRuns, `${answered} were answered`);
  assert.ok(cancelled > 20, `only ${cancelled} were aborted`);
  assert.deepEqual(kinds, expected);
}

for (const worker of [false, true]) {
  test(`four sessions, four callers, ${worker ? 'in a worker' : 'in process'}`, async () => {
    const engines = [{ flavour: flavours[0], worker }];
    checkAsked(await together(insitu, models, engines, { runs: kRuns, seed: 1 }), [`${flavours[0]} 1`]);
  });

  for (const threads of [2, 4]) {
    test(`the same with ${threads} threads, ${worker ? 'in a worker' : 'in process'}`, { skip: !withThreads }, async () => {
      const engines = [{ flavour: withThreads, threads, worker }];
      checkAsked(await together(insitu, models, engines, { runs: kRuns, seed: 10 + threads }), [`${withThreads} ${threads}`]);
    });
  }
}

test('four engines in workers of their own', async () => {
  const engines = Array.from({ length: 4 }, () => ({ flavour: flavours[0], worker: true }));
  checkAsked(await together(insitu, models, engines, { runs: kRuns, seed: 20 }), engines.map(() => `${flavours[0]} 1`));
});
