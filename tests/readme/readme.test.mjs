// Every JavaScript block of README.md and docs/api.md marked ```js runs as it stands, in a folder that
// has the models and the tokenizer under the names the blocks use.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { promisify } from 'node:util';

const root = new URL('../../', import.meta.url);
const folder = new URL('build/readme/', root);
const run = promisify(execFile);

await mkdir(folder, { recursive: true });
for (const file of ['handwriting/handwriting_int8.onnx', 'handwriting/handwriting.profile.json', 'intents/intents_int8.onnx',
                    'intents/tokenizer.json'])
  await copyFile(new URL(`models/${file}`, root), new URL(file.split('/')[1], folder));

for (const document of ['README.md', 'docs/api.md', 'docs/monitoring.md', 'docs/how-to/text.md', 'docs/how-to/devices.md']) {
  const text = await readFile(new URL(document, root), 'utf8');
  const blocks = [...text.matchAll(/^```js\n([\s\S]*?)^```$/gm)];
  for (const [index, [, source]] of blocks.entries()) {
    const line = text.slice(0, blocks[index].index).split('\n').length;
    test(`${document}:${line}`, async () => {
      const script = new URL(`${document.replaceAll('/', '-')}-${line}.mjs`, folder);
      await writeFile(script, source);
      const { stderr } = await run(process.execPath, [script.pathname], { cwd: folder });
      assert.equal(stderr, '');
    });
  }
}
