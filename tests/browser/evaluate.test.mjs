// insitu/evaluate in a real Chromium: a page evaluates a candidate on its own data, asks gate(), and swaps only what passed; and JUnit of
// insitu gate is XML to a parser of XML.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Hand, rasterize } from '../models/second-generator.mjs';
import { folderOf, insitu } from '../node/support/command-line.mjs';
import { start } from './support.mjs';

const model = (name) => readFileSync(new URL(`../../models/handwriting/handwriting_${name}.onnx`, import.meta.url));
const float = model('fp32');
const folder = folderOf({ 'float.onnx': float, 'int8.onnx': model('int8'), 'damaged.onnx': Buffer.from(float).fill(0, 60_000, 62_900) });
const drawn = Array.from({ length: 300 }, (_, i) => new Hand(i).next()).map(({ digit, strokes }) => [digit, [...rasterize(strokes)]]);
let site;

before(async () => { site = await start({ mounts: new Map([['/models/', `${folder}/`]]) }); });
after(() => site.close());

test('a page swaps a candidate that passed, and keeps its model where one did not', async () => {
  const { page, problems, foreign, close } = await site.open('blank/');
  const results = await page.evaluate(async (drawn) => {
    const { InsituError, load, tensor } = await import('/index.js');
    const { compare, evaluate, gate } = await import('/evaluate.js');
    const samples = drawn.map(([label, pixels]) => ({ feeds: { image: tensor(Float32Array.from(pixels), [1, 1, 28, 28]) }, label, metadata: { even: label % 2 === 0 } }));
    const address = (name) => `/models/${name}.onnx`;
    const session = await load(address('float'), { monitor: false });
    const evaluated = async (session) => {
      const records = [], evaluation = await evaluate(session, samples, { slices: { even: { column: 'even', is: true } }, onRecord: (record) => records.push(record) });
      return { evaluation, records };
    };
    const baseline = await evaluated(session);
    const thresholds = { metrics: { accuracy: { min: 0.97, maxLoss: 0.01, mcnemar: {} } }, slices: { maxLoss: 0.05 } };
    const results = [];
    for (const name of ['damaged', 'int8']) {
      const candidate = await load(address(name), { monitor: false });
      const { evaluation, records } = await evaluated(candidate);
      const report = await gate(thresholds, { evaluation, records, baseline: baseline.evaluation, baselineRecords: baseline.records });
      const { disagreement } = await compare(session, candidate, samples.slice(0, 50));
      await candidate.dispose();
      if (report.passed) await session.swap(address(name));
      const { probabilities } = await session.run(samples[0].feeds);
      results.push({ name, report, accuracy: evaluation.metrics.accuracy.value, of: disagreement.of, first: [...probabilities.data] });
    }
    const refused = await gate({ metrics: { accuracy: { min: 97 } } }, {}).catch((thrown) => thrown);
    const int8 = await load(address('int8'), { monitor: false }), before = await load(address('float'), { monitor: false });
    const [now, then] = await Promise.all([int8, before].map(async (one) => [...(await one.run(samples[0].feeds)).probabilities.data]));
    await Promise.all([session, int8, before].map((one) => one.dispose()));
    return { results, refused: [refused instanceof InsituError, refused.code, refused.message], now, then };
  }, drawn);
  const [damaged, int8] = results.results;
  assert.ok(damaged.accuracy <= int8.accuracy - 0.015, `${damaged.accuracy} and ${int8.accuracy}`);
  assert.deepEqual([damaged.report.passed, int8.report.passed], [false, true]);
  assert.deepEqual(int8.report.checks.map(({ verdict }) => verdict), ['passed', 'passed', 'passed', 'passed']);
  assert.equal(damaged.report.checks[1].verdict, 'failed');
  assert.equal(damaged.of, 50);
  assert.notDeepEqual(results.now, results.then);
  assert.deepEqual([damaged.first, int8.first], [results.then, results.now], 'what the session answers');
  assert.deepEqual(results.refused.slice(0, 2), [true, 'InvalidArgument']);
  assert.match(results.refused[2], /thresholds\.metrics\.accuracy\.min is 97/);
  assert.deepEqual([problems, foreign], [[], []]);
  await close();
});

test('JUnit is XML, whatever slices are called', async () => {
  const nasty = '<a href="x">&amp; \'quoted\' ]]> \u0001\u{1f600}\t|\n\ud800';
  const rows = drawn.map(([label, pixels]) => JSON.stringify({ feeds: { image: { dims: [1, 1, 28, 28], data: pixels } }, label })).join('\n');
  writeFileSync(join(folder, 'rows.jsonl'), rows);
  const slices = { [nasty]: { column: 'class', is: '1' }, none: { column: 'class', is: 'zero' } };
  writeFileSync(join(folder, 'gate.json'), JSON.stringify({ format: 'insitu-gate/1', model: 'int8.onnx', baseline: 'float.onnx', data: 'rows.jsonl', slices,
    thresholds: { metrics: { accuracy: { min: 0.5, minRatio: 2 }, mae: { max: 1 } }, slices: { min: 0.5 } } }));
  const [junit, markdown] = ['xml', 'md'].map((ending) => join(folder, `report.${ending}`));
  const { status, stderr } = await insitu('gate', join(folder, 'gate.json'), '--junit', junit, '--markdown', markdown);
  assert.equal(status, 1, stderr);
  const { page, close } = await site.open('blank/');
  const [error, suites, cases] = await page.evaluate((text) => {
    const parsed = new DOMParser().parseFromString(text, 'application/xml'), counts = ['tests', 'failures', 'errors', 'skipped'];
    const cases = [...parsed.querySelectorAll('testsuites > testsuite > testcase')].map((one) => [one.getAttribute('name'), one.children[0]?.tagName, one.children[0]?.getAttribute('message') ?? one.textContent]);
    return [parsed.querySelector('parsererror')?.textContent ?? null, counts.map((name) => parsed.querySelector('testsuite').getAttribute(name)), cases];
  }, readFileSync(junit, 'utf8'));
  assert.equal(error, null);
  assert.deepEqual(suites, ['5', '1', '1', '1']);
  assert.equal(cases[0][2], '0.996667');
  assert.deepEqual(cases.map(([, kind]) => kind), ['system-out', 'failure', 'error', 'system-out', 'skipped']);
  assert.match(cases[2][2], /has no mae/);
  assert.equal(cases[3][0], `accuracy of '${nasty.replace('\u0001', '\ufffd').replace('\ud800', '\ufffd')}': at least 0.5`);
  const table = readFileSync(markdown, 'utf8').split('\n').filter((line) => line.startsWith('| ') && /passed|failed|unmeasured|skipped/.test(line));
  assert.equal(table.length, 5);
  for (const line of table) assert.equal(line.replace(/\\./g, '').split('|').length, 6, line);
  await close();
});
