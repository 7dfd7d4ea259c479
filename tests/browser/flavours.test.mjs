// Every flavour that dist/ has, in a real Chromium: real models against their stored outputs.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { caseOf, runCases, serveCases } from './cases.mjs';
import { dist, start } from './support.mjs';

const flavours = JSON.parse(readFileSync(`${dist}flavours.json`, 'utf8'));
const sharedModels = fileURLToPath(new URL('../../../shared/models/', import.meta.url));
const skip = existsSync(sharedModels) ? false : 'the models of ../shared/models are not here';
if (skip) console.log('SKIPPED: real models are not tested in the browser, because ../shared/models is absent.');

let site;
before(async () => { site = await start(); });
after(() => site.close());

for (const flavour of flavours) {
  test(`${flavour}: real models give their stored outputs`, { skip }, async () => {
    const names = readdirSync(sharedModels).filter((name) => existsSync(join(sharedModels, name, 'model.onnx')));
    assert.ok(names.length >= 11, `${names.length} models are too few`);
    const { page, problems, close } = await site.open('demo/');
    await serveCases(page, sharedModels);
    const result = await runCases(page, flavour, names.map((name) => caseOf(sharedModels, name)));
    assert.equal(result.flavour, flavour);
    assert.equal(result.threads > 1, flavour.endsWith('-mt'));
    assert.deepEqual(result.rows.filter(({ status }) => status !== 'passed'), []);
    assert.deepEqual(problems, []);
    await close();
  });
}
