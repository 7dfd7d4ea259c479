// The conformance cases of the ONNX repository in a real Chromium, in every flavour but simd-st, which
// tests/node/conformance.test.mjs runs under Node. The same list says which cases do not pass.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { sourceTree } from '../../scripts/lib/sources.mjs';
import { leftOut, neverPassing } from '../conformance/left-out.mjs';
import { caseOf, runCases, serveCases } from './cases.mjs';
import { dist, start } from './support.mjs';

const kGroups = ['node', 'simple', 'pytorch-converted', 'pytorch-operator'];
const kBatch = 100;  // cases of one call into the page
const data = join(sourceTree('onnx'), 'onnx', 'backend', 'test', 'data');
const skip = existsSync(data) ? false : 'the ONNX sources are not set up: npm run setup fetches them';
const flavours = JSON.parse(readFileSync(`${dist}flavours.json`, 'utf8')).filter((name) => name !== 'simd-st');

let site;
before(async () => { site = await start(); });
after(() => site.close());

for (const flavour of flavours) {
  test(`${flavour} in Chromium`, { skip }, async () => {
    const { page, close } = await site.open('demo/');
    await serveCases(page, data);
    const cases = kGroups.flatMap((group) =>
      readdirSync(join(data, group)).sort().map((name) => caseOf(data, join(group, name))));
    assert.ok(cases.length > 1400, `${cases.length} cases are too few`);
    const failed = [];
    for (let i = 0; i < cases.length; i += kBatch) {
      const result = await runCases(page, flavour, cases.slice(i, i + kBatch));
      assert.equal(result.flavour, flavour);
      failed.push(...result.rows.filter(({ status }) => status !== 'passed'));
    }
    await close();
    const surprises = failed.filter(({ name }) => !leftOut.includes(name));
    assert.deepEqual(surprises.map(({ name, status, why }) => `${status} ${name}: ${why}`), []);
    assert.deepEqual(neverPassing.filter((name) => !failed.some((row) => row.name === name)), [], 'these pass here');
  });
}
