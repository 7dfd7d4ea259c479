// Every block of JavaScript in README.md and docs/ runs as it stands, in a folder that has the files it names; those marked
// `browser` run in tests/browser/documents.test.mjs.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { transform } from 'esbuild';

import { blocks, documents, fileNameOf } from './support/documents.mjs';
import { prepare } from './support/folder.mjs';

const folder = prepare('readme');
const run = promisify(execFile);
const withoutMargin = (text) => text.trimEnd().split('\n').map((line) => line.trimEnd()).join('\n');

test('the documents are found, and every block says what becomes of it', () => {
  assert(documents.includes('docs/api.md') && documents.includes('docs/how-to/text.md'), String(documents));
  assert.deepEqual(blocks.filter(({ kind }) => kind.startsWith('unknown')).map(({ name, kind }) => `${name} ${kind}`), []);
});

for (const [index, block] of blocks.entries()) {
  const { kind, name, source, language } = block;
  if (kind === 'node') {
    test(name, { timeout: 120_000 }, async () => {
      const script = join(folder, fileNameOf(block, 'mjs'));
      writeFileSync(script, source);
      const { stdout, stderr } = await run(process.execPath, [script], { cwd: folder });
      assert.equal(stderr, '');
      const next = blocks[index + 1];
      if (next?.kind === 'output' && next.document === block.document) assert.equal(withoutMargin(stdout), withoutMargin(next.source));
    });
  } else if (kind === 'output') {
    test(`${name} follows what prints it`, () => assert.equal(blocks[index - 1].kind, 'node'));
  } else if (kind === 'json') {
    test(name, () => { JSON.parse(source); });
  } else if (kind === 'config' && language !== 'html') {
    test(name, async () => { await transform(source, { loader: language, jsx: 'automatic' }); });
  }
}
