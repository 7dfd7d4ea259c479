// insitu ablate as a user meets it: rows, pairs, the same answers without each optimisation, Markdown, the page, wrong uses.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { encode as encodePng } from 'fast-png';
import { drawings } from './quantize/support.mjs';
import { folderOf, insitu } from './support/command-line.mjs';
import { flavours } from './support/insitu.mjs';

const models = fileURLToPath(new URL('../../models/handwriting/', import.meta.url));
const [float, int8] = ['fp32', 'int8'].map((name) => join(models, `handwriting_${name}.onnx`));
const flavour = ['--flavour', flavours.find((one) => one === 'simd-st') ?? flavours[0]];
const count = 60, [width, height] = [45, 41];
const drawn = drawings(count, 0);

/* Larger than the model's input, so that the way of resizing matters. */
const enlarged = (image) => Uint8Array.from({ length: width * height }, (_, i) =>
  Math.round(255 * image[Math.floor((Math.floor(i / width) * 28) / height) * 28 + Math.floor(((i % width) * 28) / width)]));
const png = (data, w, h) => encodePng({ width: w, height: h, channels: 1, depth: 8, data });
const folder = folderOf(Object.fromEntries(drawn.flatMap(({ feeds: { image: { data } }, label }, i) => [
  [`exact/${label}/${i}.png`, png(Uint8Array.from(data, (value) => Math.round(255 * value)), 28, 28)],
  [`large/${label}/${i}.png`, png(enlarged(data), width, height)],
])));
const at = (path) => join(folder, path);
const named = ({ variants }, name) => variants.find((row) => row.name === name);

test('the int8 model: rows of the switches that have a part, the same answers, Markdown and a page', async () => {
  const files = ['--json', at('a.json'), '--markdown', at('a.md'), '--html', at('a.html')];
  const { status, stdout, stderr } = await insitu('ablate', int8, '--data', at('exact'), '--runs', '64', '--reference', ...files, ...flavour);
  assert.equal(status, 0, stderr);
  const report = JSON.parse(readFileSync(at('a.json'), 'utf8')), { baseline, variants, omitted } = report;
  assert.deepEqual([report.format, report.metric, report.samples, report.runs, report.engine.threads], ['insitu-ablation/1', 'accuracy', count, 64, 1]);
  const names = variants.map(({ name }) => name), left = omitted.map(({ name }) => name);
  for (const name of ['without fuse-qdq', 'without choose-layout', 'without kernel', 'reference']) assert.ok(names.includes(name), `${name} of ${names}`);
  for (const name of ['without widen-halves', 'without fuse-gelu']) assert.ok(left.includes(name) && !names.includes(name), name);
  assert.ok(!names.some((name) => /^(resize|fit|threads|int8)/.test(name)), String(names));
  assert.ok(baseline.metric.value > 0.9 && baseline.bytes.raw === readFileSync(int8).length && baseline.bytes.brotli < baseline.bytes.raw);
  for (const { name, difference, mcnemar, changed, metric, bytes, memory, latency } of variants) {
    // Optimisations, our kernels and the plain ones round alike; relaxed SIMD need not.
    if (!/relaxed/.test(name)) assert.deepEqual([difference, mcnemar, changed], [0, { onlyA: 0, onlyB: 0, p: 1 }, 0], name);
    assert.equal(metric.value, baseline.metric.value + difference, name);
    assert.deepEqual(bytes, baseline.bytes, name);
    assert.ok(memory.buffers > 0 && memory.peak > memory.buffers && memory.heap >= memory.peak, name);
    assert.ok(memory.peak > bytes.raw, `${name}: the file is held while it is loaded`);
    const { p50_ms, p90_ms, ratio } = latency;
    assert.ok(p50_ms > 0 && p90_ms >= p50_ms && ratio.low <= ratio.value && ratio.value <= ratio.high, name);
  }
  // Our kernels hold packed weights, which the reference does without.
  assert.ok(named(report, 'reference').memory.buffers < baseline.memory.buffers);

  for (const name of ['baseline', ...names]) assert.match(stdout, new RegExp(`^${name} {2,}\\d+\\.\\d\\d %`, 'm'));
  assert.match(stdout, /^not measured: without widen-halves, .*: no part in this model$/m);
  assert.match(stdout, /^variant .* peak memory$/m);
  assert.match(stdout, /^Packing weights ahead cannot be switched off/m);
  const lines = readFileSync(at('a.md'), 'utf8').split('\n').filter((line) => line.startsWith('|'));
  assert.equal(lines.length, variants.length + 3);
  assert.equal(new Set(lines.map((line) => line.split('|').length)).size, 1);
  checkPage(readFileSync(at('a.html'), 'utf8'), names);
});

/* Well-formed as XML but for what HTML leaves open, and nothing that loads or runs. */
function checkPage(html, names) {
  const open = [];
  for (const [, closes, tag, empty] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*?(\/?)>/g)) {
    if (empty || tag === 'meta') continue;
    if (closes) assert.equal(open.pop(), tag);
    else open.push(tag);
  }
  assert.deepEqual(open, []);
  assert.doesNotMatch(html, /<script|<link|<img|\bsrc=|\bhref=|url\(|@import|NaN|undefined/);
  assert.match(html, /prefers-color-scheme:dark/);
  const plots = html.match(/<svg[^]*?<\/svg>/g);
  assert.equal(plots.length, 2);
  for (const plot of plots) assert.deepEqual([...plot.matchAll(/<text x="4" [^>]*>([^<]*)/g)].map(([, name]) => name), names);
  assert.equal(html.match(/<rect class="bar"/g).length, 2 * names.length);
}

test('a float model: int8 by calibration, and pictures resized in other ways, paired with the baseline', async () => {
  const { status, stdout, stderr } = await insitu('ablate', float, '--data', at('large'), '--runs', '6', '--calibration', at('exact'), '--samples', '30', '--json', '-', ...flavour);
  assert.equal(status, 0, stderr);
  const report = JSON.parse(stdout), { baseline, variants, samples } = report;
  assert.equal(baseline.p90_ms, null);
  const [channels, tensors] = ['int8', 'int8 per tensor'].map((name) => named(report, name));
  assert.ok(tensors.bytes.raw < channels.bytes.raw && channels.bytes.raw < baseline.bytes.raw / 2);
  assert.ok(channels.memory.buffers < baseline.memory.buffers);
  for (const name of ['resize area', 'resize bicubic', 'fit contain', 'fit fill']) assert.equal(named(report, name).latency, null, name);
  assert.ok(named(report, 'resize area').changed > 0, 'another filter gave the same answers');
  for (const { name, difference, mcnemar: { onlyA, onlyB }, changed } of variants) {
    assert.equal(Math.round(difference * samples), onlyB - onlyA, name);
    assert.ok(changed >= onlyA + onlyB, name);
  }
});

test('a regression has no pairs', async () => {
  const values = drawn.slice(0, 4).map(({ feeds: { image } }) => JSON.stringify({ feeds: { image: [[Array.from({ length: 28 }, (_, y) => [...image.data.slice(28 * y, 28 * y + 28)])]] }, label: Array(11).fill(0) }));
  const data = folderOf({ 'data.jsonl': values.join('\n') });
  const { status, stdout, stderr } = await insitu('ablate', int8, '--data', join(data, 'data.jsonl'), '--task', 'regression', '--runs', '6', '--json', '-', ...flavour);
  assert.equal(status, 0, stderr);
  const { metric, variants } = JSON.parse(stdout);
  assert.equal(metric, 'mae');
  for (const { mcnemar, changed } of variants) assert.deepEqual([mcnemar, changed], [null, null]);
});

test('wrong uses', async () => {
  const refused = async (wanted, pattern, ...args) => {
    const { status, stdout, stderr } = await insitu('ablate', ...args);
    assert.deepEqual([status, stdout], [wanted, ''], args.join(' '));
    assert.match(stderr, pattern);
  };
  await refused(2, /pass one MODEL/);
  await refused(2, /insitu ablate wants --data DATA/, int8);
  await refused(2, /--runs wants a whole number from 1/, int8, '--data', at('exact'), '--runs', '0');
  await refused(2, /--runs wants 6 or more, not 5/, int8, '--data', at('exact'), '--runs', '5');
  await refused(2, /the baseline of insitu ablate has everything on/, int8, '--data', at('exact'), '--backend', 'reference');
  await refused(2, /--samples is for --calibration/, int8, '--data', at('exact'), '--samples', '3');
  await refused(1, /^InvalidArgument: the model is quantized already/m, int8, '--data', at('exact'), '--calibration', at('exact'), '--runs', '6', ...flavour);
  await refused(2, /names the file of --markdown itself/, int8, '--data', at('exact'), '--markdown', at('b'), '--html', at('b'));
  await refused(1, /there is no folder/, int8, '--data', at('exact'), '--html', at('nowhere/b.html'));
  await refused(1, /^InvalidArgument: there is no folder/, int8, '--data', at('nowhere'), '--html', at('b.html'), ...flavour);
  assert.ok(!existsSync(at('b.html')));
});
