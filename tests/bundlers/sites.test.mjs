// npm install insitu, ten lines, a result: with each bundler, in its development server and its build, without any
// configuration, in a real Chromium; on one thread as the site is, and with threads once it sends two headers.
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertNumbers, assertSite } from './support/result.mjs';
import { isolating, serverOf } from './support/sites.mjs';
import { program, project } from './support/workspace.mjs';

const kPage = ['index.html', 'src'];

/* A folder of files as it is, and with the headers of an isolated page. */
async function assertFolder(root) {
  for (const isolated of [false, true]) await assertSite({ root, isolated, threads: isolated });
}

async function assertServer(folder, argumentsAt, look) {
  const server = await serverOf(folder, argumentsAt);
  const isolated = await isolating(server.url);
  try {
    await assertSite({ url: server.url, threads: false, look });
    await assertSite({ url: isolated.url, threads: true, look });
  } finally {
    await isolated.close();
    await server.close();
  }
}

/* Builders that do not know a folder of files to serve as they are. */
const publish = (folder) => cpSync(join(folder, 'public'), join(folder, 'dist'), { recursive: true });

for (const name of ['vite8', 'vite7']) {
  test(`${name}, development server`, async (t) => {
    const folder = await project(t, name, kPage);
    if (folder) await assertServer(folder, (port) => ['node_modules/vite/bin/vite.js', '--port', port, '--strictPort']);
  });

  test(`${name}, build`, async (t) => {
    const folder = await project(t, name, kPage);
    if (!folder) return;
    const output = await program(folder, 'vite', ['build', '--logLevel', 'warn']);
    assert.equal(output, '');
    await assertFolder(join(folder, 'dist'));
  });
}

test('webpack', async (t) => {
  const folder = await project(t, 'webpack', ['src']);
  if (!folder) return;
  // Its hints on performance are of every file over 244 KiB.
  const output = await program(folder, 'webpack', ['build', '--mode', 'production', '--no-performance', '--stats', 'errors-warnings']);
  assert.equal(output.trim(), 'webpack compiled successfully');
  publish(folder);
  await assertFolder(join(folder, 'dist'));
});

test('Parcel', async (t) => {
  const folder = await project(t, 'parcel', kPage);
  if (!folder) return;
  const output = await program(folder, 'parcel', ['build', 'index.html', '--log-level', 'warn', '--no-cache']);
  assert.equal(output.trim(), '');
  publish(folder);
  await assertFolder(join(folder, 'dist'));
});

for (const bundler of ['turbopack', 'webpack']) {
  test(`Next, built with ${bundler}: in the page, and in a server component`, async (t) => {
    const folder = await project(t, 'next');
    if (!folder) return;
    const env = { NEXT_TELEMETRY_DISABLED: '1' };
    const output = await program(folder, 'next', ['build', `--${bundler}`], env);
    assert.doesNotMatch(output, /⚠|warn|error/i);
    await assertServer(folder, (port) => ['node_modules/next/dist/bin/next', 'start', '--port', port], async (page) =>
      assertNumbers(JSON.parse(await page.locator('#server').textContent())));
  });
}

test('no bundler: a module script with an import map', async (t) => {
  const folder = await project(t, 'plain', ['src']);
  if (!folder) return;
  cpSync(join(folder, 'public'), folder, { recursive: true });
  await assertFolder(folder);
});

for (const [bundler, args] of [
  ['esbuild', ['src/index.js', '--bundle', '--format=esm', '--outfile=dist/index.js', '--log-level=warning']],
  ['rollup', ['src/index.js', '--plugin', 'node-resolve', '--format=es', '--dir=dist']],
]) {
  test(`${bundler}, with the files that \`insitu copy\` puts into the site`, async (t) => {
    const folder = await project(t, 'copied');
    if (!folder) return;
    await program(folder, 'insitu', ['copy', 'public/insitu']);
    const output = await program(folder, bundler, args);
    assert.doesNotMatch(output, /warn|error|\(!\)/i);
    publish(folder);
    await assertFolder(join(folder, 'dist'));
  });
}
