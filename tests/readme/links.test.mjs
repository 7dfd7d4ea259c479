// Links between documents lead to files and headings that exist, and docs/README.md leads to every document.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';

import { anchorsOf, documents, linksOf, root } from './support/documents.mjs';

/* Why a link leads nowhere; undefined where it does not. */
function problemOf(document, target) {
  const [path, anchor] = target.split('#');
  const file = path === '' ? document : normalize(join(dirname(document), path));
  if (file.startsWith('..') || !existsSync(join(root, file))) return `there is no ${file}`;
  if (anchor === undefined || anchorsOf(readFileSync(join(root, file), 'utf8')).has(anchor)) return undefined;
  return `${file} has no heading #${anchor}`;
}

for (const document of documents) {
  test(`links of ${document}`, () => {
    const problems = linksOf(document).map((target) => [target, problemOf(document, target)]).filter(([, problem]) => problem);
    assert.deepEqual(problems.map(([target, problem]) => `${target}: ${problem}`), []);
  });
}

test('what is wrong with a link is noticed', () => {
  assert.equal(problemOf('docs/api.md', 'monitoring.md#measured'), undefined);
  assert.match(problemOf('docs/api.md', 'nowhere.md'), /no docs\/nowhere\.md/);
  assert.match(problemOf('docs/api.md', 'monitoring.md#nothing'), /no heading #nothing/);
  assert.match(problemOf('docs/api.md', '#nothing'), /api\.md has no heading/);
  assert.deepEqual([...anchorsOf('# A `b` c, d\n## Same\n```\n# no heading\n```\n## Same\n')], ['a-b-c-d', 'same', 'same-1']);
});

test('docs/README.md leads to every document', () => {
  const led = new Set(linksOf('docs/README.md').map((target) => join('docs', target.split('#')[0])));
  const own = documents.filter((document) => document !== 'docs/README.md' && document !== 'README.md');
  assert.deepEqual(own.filter((document) => !led.has(document)), []);
});
