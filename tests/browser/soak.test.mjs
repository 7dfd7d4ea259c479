// The long day of tests/long in short, without clocks: 20,000 runs while everything else happens to the sessions.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { hasThreads } from './bare.mjs';
import { longDay } from '../support/soak/run.mjs';
import { assertFlat, compareTimes, growth, rankScore } from '../support/soak/verdict.mjs';

test('20,000 runs amid loads, swaps, trials, aborts and failures leave nothing behind', async () => {
  const engines = hasThreads ? [{ threads: 1 }, { threads: 2 }] : [{ threads: 1 }];
  const day = await longDay({ runs: 20_000, blocks: 16, checkpoints: 8, engines });
  assert.ok(day.answered >= 20_000);
  assert.ok(day.cancelled > 40, `${day.cancelled} aborted`);
  assert.deepEqual(day.problems, []);
  assertFlat(day);
});

test('what judges a day sees what grows and what is slower', () => {
  const noise = Array.from({ length: 40 }, (_, i) => 1000 + ((i * 7919) % 10));
  assert.equal(growth(noise), 0);
  assert.equal(growth(noise.map((value, i) => value + 10 * i)), 200);
  // Of 12 pairs 9 are above and 2 are equal: U = 10, expected 6; the variance with three equal values is 52/7.
  assert.ok(Math.abs(rankScore([3, 4, 4, 9], [1, 4, 2]) - 4 / Math.sqrt(52 / 7)) < 1e-9);
  assert.equal(rankScore(noise, noise), 0);
  assert.equal(compareTimes(noise.map((value) => 2.1 * value), noise, 2).slower, true);
  assert.equal(compareTimes(noise.map((value, i) => (i < 22 ? 9 * value : 1)), noise, 2).slower, false);
});
