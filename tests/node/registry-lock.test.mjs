// insitu registry changes models.json in one process at a time: nothing is lost, and a lock that somebody left or holds is dealt with.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { shiftModel } from '../support/onnx-writer.mjs';
import { folderOf, insitu } from './support/command-line.mjs';
import { cli } from './support/insitu.mjs';

function site() {
  const folder = folderOf({ 'm.onnx': Buffer.from(shiftModel(1)) });
  const file = join(folder, 'models.json');
  const add = (version, ...args) => insitu('registry', 'add', join(folder, 'm.onnx'), '--name', 'm', '--version', version, '--registry', file, ...args);
  const promote = (version) => insitu('registry', 'promote', 'm', version, '--registry', file);
  const left = () => readdirSync(folder).filter((name) => name !== 'm.onnx' && name !== 'models.json');
  return { folder, file, lock: `${file}.lock`, add, promote, left, read: () => JSON.parse(readFileSync(file, 'utf8')).models.m };
}

/* A process that is gone. */
const gone = () => Number(execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }));
const allFine = (all) => assert.deepEqual(all.map(({ status, stderr }) => [status, stderr]), all.map(() => [0, '']));

test('versions that are added at once are all there, and channels that change meanwhile', async () => {
  const { add, promote, left, read } = site();
  allFine([await add('0')]);
  const versions = Array.from({ length: 10 }, (_, i) => String(i + 1));
  allFine(await Promise.all([...versions.map((version) => add(version)), promote('0')]));
  assert.deepEqual(Object.keys(read().versions).sort(), ['0', ...versions].sort());
  assert.equal(read().channels.stable.version, '0');
  assert.deepEqual(left(), []);
});

test('a lock of a process that is gone is taken over, by all who wait for it in turn', async () => {
  const { add, lock, left, read } = site();
  writeFileSync(lock, `${gone()} ${hostname()}\n`);
  allFine([await add('1')]);
  writeFileSync(lock, `${gone()} ${hostname()}\n`);
  writeFileSync(`${lock}.lock`, `${gone()} ${hostname()}\n`);
  const versions = ['2', '3', '4', '5', '6', '7'];
  allFine(await Promise.all(versions.map((version) => add(version))));
  assert.deepEqual(Object.keys(read().versions), ['1', ...versions]);
  assert.deepEqual(left(), []);
});

test('a lock that is held is waited for, and after ten seconds the error says by whom', async () => {
  const [freed, ...others] = [`${process.pid} ${hostname()}\n`, `${process.pid} ${hostname()}\n`, `${gone()} elsewhere\n`, ''].map((text) => ({ ...site(), text }));
  for (const { lock, text } of [freed, ...others]) writeFileSync(lock, text);
  const [added, ...refused] = [freed, ...others].map(({ add }) => add('1'));
  await wait(1_500);
  assert(!existsSync(freed.file));
  rmSync(freed.lock);
  allFine([await added]);
  const who = [`process ${process.pid} on ${hostname()}`, 'process \\d+ on elsewhere', 'another process'];
  for (const [i, { status, stderr }] of (await Promise.all(refused)).entries()) {
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`^Network: .*models\\.json is being changed by ${who[i]}\n  Try again .* remove .*models\\.json\\.lock\\.\n$`));
    assert(!existsSync(others[i].file));
    assert.equal(readFileSync(others[i].lock, 'utf8'), others[i].text);
  }
});

test('whoever is ended while it holds the lock leaves none, or one that the next takes over', { timeout: 60_000 }, async (t) => {
  for (const [signal, leaves] of [['SIGTERM', []], ['SIGINT', []], ['SIGKILL', ['models.json.lock']]]) {
    const { add, file, lock, left } = site();
    execFileSync('mkfifo', [file]);  // whose reader waits
    const child = spawn(process.execPath, [cli, 'registry', 'promote', 'm', '1', '--registry', file]);
    t.after(() => child.kill('SIGKILL'));
    const ended = once(child, 'exit');
    while (!existsSync(lock)) await wait(5, undefined, { signal: t.signal });
    await wait(50);
    child.kill(signal);
    assert.deepEqual(await ended, [null, signal]);
    rmSync(file);
    assert.deepEqual(left(), leaves, signal);
    allFine([await add('1')]);
    assert.deepEqual(left(), []);
  }
});

test('what is refused leaves no lock, and a folder that is not there is named', async () => {
  const { add, folder, left } = site();
  allFine([await add('1'), await add('1')]);
  assert.match((await add('1', '--code', 'x')).stderr, /has another m 1/);
  assert.deepEqual(left(), []);
  const { status, stderr } = await insitu('registry', 'promote', 'm', '1', '--registry', join(folder, 'none', 'models.json'));
  assert.deepEqual([status, /^Network: cannot write .*none.models\.json\.lock: .*\n {2}Check its folder\.\n$/.test(stderr)], [1, true], stderr);
});
