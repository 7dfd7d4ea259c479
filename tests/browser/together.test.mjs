// As tests/node/together.test.mjs, in pages: sessions and engines that are asked at once give the bits of each alone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { hasThreads } from './bare.mjs';
import { start } from './support.mjs';
import { serveModels, smallModels, testMounts } from '../support/soak/models.mjs';

const kRuns = 1200;
let site;
before(async () => { site = await start({ mounts: testMounts() }); });
after(() => site.close());

async function checkTogether(engines, seed, kind) {
  const { page, problems, close } = await site.open('blank/');
  const sources = await serveModels(page, smallModels());
  const { answered, cancelled, faults, kinds } = await page.evaluate(async ({ sources, engines, runs, seed }) => {
    const [insitu, { together }, { fetched }] = await Promise.all(
      ['/index.js', '/tests/support/soak/together.mjs', '/tests/support/soak/subjects.mjs'].map((module) => import(module)),
    );
    return together(insitu, await fetched(sources), engines, { runs, seed });
  }, { sources, engines, runs: kRuns, seed });
  assert.deepEqual(faults, []);
  assert.ok(answered >= kRuns, `${answered} were answered`);
  assert.ok(cancelled > 20, `only ${cancelled} were aborted`);
  assert.equal(kinds.length, engines.length);
  for (const one of kinds) assert.match(one, kind);
  assert.deepEqual(problems, []);
  await close();
}

test('four sessions, four callers', () => checkTogether([{ threads: 1 }], 1, /-st 1$/));

for (const threads of [2, 4]) {
  test(`the same with ${threads} threads`, { skip: !hasThreads }, () => checkTogether([{ threads }], threads, new RegExp(`-mt ${threads}$`)));
}

test('four engines, of which two have threads', { skip: !hasThreads }, () =>
  checkTogether([{ threads: 1 }, { threads: 2 }, { threads: 1 }, { threads: 2 }], 5, /-[sm]t [12]$/));
