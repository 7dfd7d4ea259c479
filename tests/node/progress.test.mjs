// The progress line: only on a terminal, no more often than eyes can follow, within its width, and gone when it is over.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { folderOf } from './support/command-line.mjs';
import { cli } from './support/insitu.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { outputFiles: [{ text }] } = await build({
  entryPoints: [join(root, 'web/cli/progress.ts')], bundle: true, format: 'esm', write: false, logLevel: 'silent',
});
const { ProgressLine } = await import(`data:text/javascript,${encodeURIComponent(text)}`);

/* A terminal that keeps what is written to it. */
function terminal(options = {}) {
  const written = [];
  return { isTTY: true, columns: 80, ...options, written, write: (piece) => written.push(piece) };
}

test('it is drawn at once, not again too soon, and taken away', () => {
  const screen = terminal();
  const line = new ProgressLine(screen, 'xterm');
  for (let done = 0; done < 1000; done++) line.show('running', { done, total: 1000 });
  assert.equal(screen.written.length, 1);
  assert.equal(screen.written[0], `\r\u001b[Krunning  [${'.'.repeat(24)}] 0 of 1000`);
  line.show('preparing');
  assert.equal(screen.written[1], '\r\u001b[Kpreparing …');
  line.clear();
  line.clear();
  assert.deepEqual(screen.written.slice(2), ['\r\u001b[K']);
});

test('what it says', () => {
  const screen = terminal();
  const last = (label, extent) => {
    new ProgressLine(screen, 'xterm').show(label, extent);
    return screen.written.at(-1).slice(4);
  };
  assert.equal(last('a', { done: 1, total: 2 }), 'a  [############............] 1 of 2');
  assert.equal(last('a', { done: 3, total: 2 }), `a  [${'#'.repeat(24)}] 3 of 2`);
  assert.equal(last('a', { done: 0, total: 0 }), `a  [${'#'.repeat(24)}] 0 of 0`);
  assert.equal(last('a', { done: 1 << 20, total: 4 << 20, bytes: true }), 'a  [######..................] 1.0 of 4.0 MiB');
  assert.equal(last('a', { done: 3 << 19, bytes: true }), 'a  1.5 MiB');
  screen.columns = 60;
  const narrow = last(`reading /a/long/${'path/'.repeat(20)}model.onnx`, { done: 1, total: 2 });
  assert.equal(narrow.length, 59);
  assert.match(narrow, /^reading ….*model\.onnx {2}\[#+\.+\] 1 of 2$/);
});

test('where there is no terminal there is nothing', () => {
  for (const [screen, term] of [[terminal({ isTTY: undefined }), 'xterm'], [terminal(), 'dumb']]) {
    const line = new ProgressLine(screen, term);
    line.show('running', { done: 1, total: 2 });
    line.ofLoading('m')({ phase: 'download', loaded: 1, total: 2 });
    line.clear();
    assert.deepEqual(screen.written, []);
  }
});

test('a command on a real terminal', { skip: existsSync('/usr/bin/script') ? false : 'script(1) of util-linux is not installed' }, () => {
  const folder = folderOf();
  const model = join(root, 'models', 'handwriting', 'handwriting_int8.onnx');
  const [log, out] = [join(folder, 'log'), join(folder, 'out')];
  const command = `"${process.execPath}" "${cli}" bench "${model}" --runs 20 > "${out}"`;
  const env = { ...process.env, TERM: 'xterm', SHELL: '/bin/sh' };
  const { status } = spawnSync('script', ['-qec', command, log], { env, stdio: 'ignore' });
  assert.equal(status, 0);
  const drawn = readFileSync(log, 'utf8').split('\n').slice(1, -2).join('\n');
  assert.match(drawn, /timing .*handwriting_int8\.onnx/);
  assert.match(drawn, /\r\u001b\[K$/, 'it ends with an empty line');
  assert.doesNotMatch(drawn, /\u001b\[\?25l|\u001b\[\d+m/, 'no hidden cursor, no colours');
  const printed = readFileSync(out, 'utf8');
  assert.match(printed, /p50 [\d.]+ ms/);
  assert.doesNotMatch(printed, /\u001b/);
});

test('colours are for terminals, and not where NO_COLOR is set', { skip: existsSync('/usr/bin/script') ? false : 'script(1) of util-linux is not installed' }, () => {
  const folder = folderOf({ 'package.json': { devDependencies: { esbuild: '0' } } });
  const printed = (env) => {
    const log = join(folder, 'log');
    spawnSync('script', ['-qec', `"${process.execPath}" "${cli}" doctor "${folder}"`, log], {
      env: { ...process.env, TERM: 'xterm', SHELL: '/bin/sh', ...env }, stdio: 'ignore',
    });
    return readFileSync(log, 'utf8');
  };
  assert.match(printed({ NO_COLOR: '' }), /\u001b\[31mwrong\u001b\[39m/);
  assert.doesNotMatch(printed({ NO_COLOR: '1' }), /\u001b/);
  const piped = spawnSync(process.execPath, [cli, 'doctor', folder], { encoding: 'utf8' });
  assert.match(piped.stdout, /^wrong {2,}bundler/m);
});
