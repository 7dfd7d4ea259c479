// docs/operators.md says what the built engine says of itself.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { operatorsPage } from '../../scripts/operators.mjs';
import { sourceTree } from '../../scripts/lib/sources.mjs';

const skip = existsSync(sourceTree('onnx')) ? false : 'the ONNX sources are not set up: npm run setup fetches them';

test('docs/operators.md is up to date', { skip }, async () => {
  const committed = readFileSync(new URL('../../docs/operators.md', import.meta.url), 'utf8');
  assert.equal(committed, await operatorsPage(), 'run node scripts/operators.mjs');
});
