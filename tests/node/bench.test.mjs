// The benchmark's driver as a user meets it, short of starting a browser: what it lists, messages, exit statuses; and the
// files it is served from.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { serve } from '../../scripts/serve.mjs';
import { markdownTable } from '../bench/markdown.mjs';
import { statistics } from '../bench/page/statistics.mjs';
import { ratiosOf } from '../bench/report.mjs';

const script = fileURLToPath(new URL('../../scripts/bench.mjs', import.meta.url));
const bench = (...args) => spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });

test('help and the list of models', () => {
  assert.match(bench('--help').stdout, /usage: npm run bench/);
  const { status, stdout } = bench('--list');
  assert.equal(status, 0);
  for (const line of [/networks +mobilenet_v2 +fp32 int8/, /networks +decoder +fp32 int4/, /operators +conv3x3 +fp32 int8/]) {
    assert.match(stdout, line);
  }
});

test('wrong usage says what is wrong and ends with 2', () => {
  const wrong = [
    [['--models', 'vgg'], /no model 'vgg'/], [['--models', 'resnet50/int4'], /no model 'resnet50\/int4'/],
    [['--against', 'tfjs'], /does not know 'tfjs'/], [['--threads', '0'], /--threads wants a whole number/],
    [['--threads', ''], /--threads wants/], [['--flavours', 'avx'], /does not know 'avx'/], [['--runs', 'many'], /--runs wants/],
    [['--frobnicate'], /frobnicate/],
  ];
  for (const [args, pattern] of wrong) {
    const { status, stderr } = bench(...args);
    assert.equal(status, 2, args.join(' '));
    assert.match(stderr, pattern);
  }
});

test('quantiles are nearest-rank', () => {
  const times = Array.from({ length: 20 }, (_, i) => 20 - i);
  assert.deepEqual(statistics(times), { runs: 20, p50: 10, p95: 19, min: 1 });
  assert.deepEqual(statistics([7]), { runs: 1, p50: 7, p95: 7, min: 7 });
});

const entry = (engine, flavour, precision, threads, p50) =>
  ({ row: { engine, flavour, threads, p50_ms: p50, model: `m/${precision}` }, spec: { precision, name: `m/${precision}` } });
const contest = [
  entry('insitu', 'simd-st', 'fp32', 1, 20), entry('insitu', 'relaxed-st', 'fp32', 1, 16), entry('insitu', 'relaxed-mt', 'fp32', 2, 10),
  entry('insitu', 'simd-st', 'int8', 1, 12), entry('insitu', 'relaxed-st', 'int8', 1, 9), entry('insitu', 'relaxed-st', 'int8', 1, 8),
  entry('onnxruntime-web', null, 'int8', 1, 40),
];

test('ratios compare the best times of one contest', () => {
  const ratios = Object.fromEntries(ratiosOf(contest).map(({ what, ratio }) => [what.split('  (')[0], ratio]));
  assert.deepEqual(ratios, {
    'fp32, 1 thread: relaxed over simd': 20 / 16,
    'fp32: insitu, 2 threads over 1': 1.6,
    'int8, 1 thread: insitu over onnxruntime-web': 5,
    'int8, 1 thread: relaxed over simd': 1.5,
    'int8, 1 thread: simd, int8 over fp32': 20 / 12,
    'int8, 1 thread: relaxed, int8 over fp32': 2,
  });
});

test('contests as a table in Markdown', () => {
  assert.deepEqual(markdownTable([{ name: 'm', entries: contest }]).split('\n'), [
    '| model | precision | threads | insitu simd, ms | insitu relaxed, ms | onnxruntime-web, ms | over onnxruntime-web | over own fp32 |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    '| m | fp32 | 1 | 20.0 | 16.0 |  |  |  |',
    '| m | fp32 | 2 |  | 10.0 |  |  |  |',
    '| m | int8 | 1 | 12.0 | 8.00 | 40.0 | 5.00x | 2.00x |',
    '',
  ]);
});

test('the server mounts other folders under a prefix and keeps to them', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'insitu-bench-'));
  writeFileSync(join(folder, 'model.onnx'), 'bytes');
  const mounts = new Map([['/models/a/', folder], ['/models/gone/', join(folder, 'gone')]]);
  const server = await serve({ mounts });
  context.after(() => server.close());
  context.after(() => rmSync(folder, { recursive: true }));
  const get = (path) => fetch(new URL(path, server.url));
  assert.equal(await (await get('models/a/model.onnx')).text(), 'bytes');
  assert.equal((await get('models/a/..%2f..%2fetc/passwd')).status, 404);
  assert.equal((await get('models/gone/model.onnx')).status, 404);
  assert.equal((await get('flavours.json')).status, 200);
});
