// The benchmark once, in short: that it runs, that engines agree, and that int8 is still far from what others make of it.
// The bounds are ratios of one contest, far below those of docs/performance.md, for machines that are busy.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { subjects } from './library.mjs';
import { measure } from './measure.mjs';
import { ratiosOf, report } from './report.mjs';
import { openSite } from './site.mjs';

const kAtLeast = {
  'int8, 1 thread: insitu over onnxruntime-web': 2,
  'int8, 1 thread: relaxed, int8 over fp32': 1.15,
  'int8, 1 thread: simd, int8 over fp32': 1.1,
  'fp32, 1 thread: insitu over onnxruntime-web': 1,
};

test('MobileNetV2 in short', async (context) => {
  const subject = subjects.find(({ name }) => name === 'mobilenet_v2');
  const { folder, feeds } = await subject.prepare((line) => context.diagnostic(line));
  const site = await openSite({ vnni: false });
  context.after(() => site.close());
  const base = site.serveModel(subject.name, folder);
  const outcome = await measure(site, { subject, precisions: ['fp32', 'int8'], base, feeds },
    { flavours: new Map([[1, ['relaxed-st', 'simd-st']]]), against: ['onnxruntime-web'], runs: 10 });
  const faults = report(subject.name, outcome, (line) => context.diagnostic(line));
  assert.deepEqual(faults, []);
  const ratios = new Map(ratiosOf(outcome.entries).map(({ what, ratio }) => [what.split('  (')[0], ratio]));
  for (const [what, least] of Object.entries(kAtLeast)) {
    assert.ok(ratios.get(what) >= least, `${what}: ${ratios.get(what)?.toFixed(2)}x, at least ${least}x`);
  }
});
