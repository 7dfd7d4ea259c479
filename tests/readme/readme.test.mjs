// Every block of JavaScript in README.md and docs/ runs as it stands, in a folder that has the files it names; those marked
// `browser` run in tests/browser/documents.test.mjs.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { transform } from 'esbuild';

import { blocks, documents, fileNameOf, root, withoutMargin } from './support/documents.mjs';
import { prepare } from './support/folder.mjs';

const folder = prepare('readme');
const run = promisify(execFile);

test('the documents are found, and every block says what becomes of it', () => {
  assert(documents.includes('docs/api.md') && documents.includes('docs/how-to/text.md'), String(documents));
  assert.deepEqual(blocks.filter(({ kind }) => kind.startsWith('unknown')).map(({ name, kind }) => `${name} ${kind}`), []);
});

test('docs/api.md names every function and class that is exported', async () => {
  const text = readFileSync(join(root, 'docs/api.md'), 'utf8');
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const entries = Object.entries(exports).filter(([path, { types }]) => types && path !== './worker.js');
  for (const [path, { default: file }] of entries) {
    const names = Object.keys(await import(pathToFileURL(join(root, file))));
    assert(names.length > 0, path);
    assert.deepEqual(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(text)), [], path);
  }
});

for (const [index, block] of blocks.entries()) {
  const { kind, name, source, language } = block;
  if (kind === 'node') {
    test(name, { timeout: 120_000 }, async () => {
      const script = join(folder, fileNameOf(block, 'mjs'));
      writeFileSync(script, source);
      const { stdout, stderr } = await run(process.execPath, [script], { cwd: folder });
      assert.equal(stderr, '');
      if (block.output !== undefined) assert.equal(withoutMargin(stdout), withoutMargin(block.output));
    });
  } else if (kind === 'output') {
    test(`${name} follows what prints it`, () => assert(['node', 'module', 'page'].includes(blocks[index - 1].kind)));
  } else if (kind === 'json') {
    test(name, () => { JSON.parse(source); });
  } else if (kind === 'config' && language !== 'html') {
    test(name, async () => { await transform(source, { loader: language, jsx: 'automatic' }); });
  }
}
