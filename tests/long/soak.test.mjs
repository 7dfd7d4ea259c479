// A day of a page that never closes: 2 million runs of four small models and 5,000 of MobileNetV2, on an engine with one thread and
// one with two, while sessions are loaded, disposed, swapped and tried, and runs are aborted and fail. Nothing grows, nothing
// becomes slower, and every answer has the bits of the first.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { hasThreads } from '../browser/bare.mjs';
import { withoutLarge } from '../support/soak/models.mjs';
import { longDay } from '../support/soak/run.mjs';
import { assertFlat, compareDay } from '../support/soak/verdict.mjs';

const kRuns = 2_000_000;
const kLargeRuns = withoutLarge ? 0 : 5000;
if (withoutLarge) console.log(`SKIPPED: MobileNetV2 does not run, because ${withoutLarge}.`);

let day;
before(async () => {
  const engines = hasThreads ? [{ threads: 1 }, { threads: 2 }] : [{ threads: 1 }];
  const size = { runs: kRuns, largeRuns: kLargeRuns, blocks: 240, checkpoints: 40, besideRuns: 2000 };
  day = await longDay({ ...size, engines, say: (line) => console.log(line) });
});

test('everything was answered, with the same bits, and nothing was said aside', () => {
  assert.ok(day.answered >= kRuns);
  assert.ok(day.largeAnswered >= kLargeRuns);
  assert.ok(day.cancelled > kRuns / 500, `${day.cancelled} aborted`);
  assert.deepEqual(day.problems, []);
});

test('memory is flat', () => assertFlat(day));

test('runs take as long as before, and as in engines that have just started', (t) => {
  const rows = compareDay(day);
  for (const { of, is, was, ratio } of rows) t.diagnostic(`${of}: ${is.toFixed(3)} and ${was.toFixed(3)} ms, ${ratio.toFixed(2)}`);
  assert.deepEqual(rows.filter(({ slower }) => slower), []);
});
