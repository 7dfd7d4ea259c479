// docs/getting-started/web-developer.md, followed to the letter: its blocks in projects with the bundlers that it names, built for
// production and served, print and show what it says.
import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { start } from '../browser/support.mjs';
import { blocks, withoutMargin } from '../readme/support/documents.mjs';
import { program, project } from './support/workspace.mjs';

const own = blocks.filter(({ document }) => document === 'docs/getting-started/web-developer.md');
const printing = own.filter(({ kind, output }) => kind === 'module' && output !== undefined);
const component = own.find(({ kind }) => kind === 'component');
const html = `<!doctype html>
<html lang="en">
<title>A document</title>
<link rel="icon" href="data:,">
<script type="module" src="/src/index.js"></script>
</html>
`;

/* Opens the site and gives what its first `lines` lines of console.log() are, or what <output> shows. */
async function seen(root, lines) {
  const site = await start({ root });
  try {
    const { page, problems, foreign } = await site.open('about:blank');
    const logged = [];
    page.on('console', (message) => { if (message.type() === 'log') logged.push(message.text()); });
    await page.goto(site.url);
    if (lines === 0) await page.waitForFunction(() => document.querySelector('output')?.textContent);
    for (let i = 0; logged.length < lines && i < 300; i++) await page.waitForTimeout(100);
    assert.deepEqual([problems, foreign], [[], []]);
    return lines === 0 ? await page.locator('output').textContent() : logged.join('\n');
  } finally {
    await site.close();
  }
}

const builders = {
  vite8: (folder) => program(folder, 'vite', ['build', '--logLevel', 'warn']),
  async webpack(folder) {
    await program(folder, 'webpack', ['build', '--mode', 'production', '--no-performance']);
    cpSync(join(folder, 'public'), join(folder, 'dist'), { recursive: true });
  },
};

test('there are blocks that print', () => assert(printing.length > 1 && component));

for (const [name, build] of Object.entries(builders)) {
  test(name, async (t) => {
    const folder = await project(t, name, ['src']);
    if (!folder) return;
    writeFileSync(join(folder, 'index.html'), html);
    for (const { source, output } of printing) {
      writeFileSync(join(folder, 'src', 'index.js'), source);
      await build(folder);
      const lines = withoutMargin(output);
      assert.equal(await seen(join(folder, 'dist'), lines.split('\n').length), lines);
    }
  });
}

test('Next', async (t) => {
  const folder = await project(t, 'next');
  if (!folder) return;
  writeFileSync(join(folder, 'app', 'page.js'), component.source);
  writeFileSync(join(folder, 'next.config.mjs'), "export default { output: 'export' };\n");
  await program(folder, 'next', ['build'], { NEXT_TELEMETRY_DISABLED: '1' });
  assert.match(await seen(join(folder, 'out'), 0), /^(\d\.\d\d ?){11}$/);
});
