// The conformance cases of the ONNX repository on both backends and in every flavour that runs under
// Node. tests/conformance/left-out.json lists, by reason, exactly the cases that do not pass.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';

import { sourceTree } from '../../scripts/lib/sources.mjs';
import { leftOut, neverPassing } from '../conformance/left-out.mjs';
import { cli, flavours } from './support/insitu.mjs';

const data = join(sourceTree('onnx'), 'onnx', 'backend', 'test', 'data');
const folders = ['node', 'simple', 'pytorch-converted', 'pytorch-operator'].map((name) => join(data, name));
const skip = existsSync(data) ? false : 'the ONNX sources are not set up: npm run setup fetches them';

function failures(flavour, backend) {
  const args = [cli, 'test', ...folders, '--flavour', flavour, '--backend', backend, '--json', '-'];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  assert.match(stdout, /^\{/, stderr);
  const { cases } = JSON.parse(stdout);
  assert.ok(cases.length > 1400, `${cases.length} cases are too few`);
  return cases.filter(({ status }) => status !== 'passed').map((row) => ({ ...row, name: basename(row.case) }));
}

for (const flavour of flavours) {
  for (const backend of flavour === flavours[0] ? ['auto', 'reference'] : ['auto']) {
    test(`${flavour}, ${backend}`, { skip }, () => {
      const failed = failures(flavour, backend);
      const surprises = failed.filter(({ name }) => !leftOut.includes(name));
      assert.deepEqual(surprises.map(({ name, status, why }) => `${status} ${name}: ${why}`), []);
      const mended = neverPassing.filter((name) => !failed.some((row) => row.name === name));
      assert.deepEqual(mended, [], 'these pass now: take them out of tests/conformance/left-out.json');
    });
  }
}
