// The files of an audit log in Node: the next one is begun where one is full, and what fails twice is not there twice.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { test } from 'node:test';

import { entriesOf } from '../support/tampering.mjs';
import { AuditLog, eventsOf, newFile, verifyAudit } from './support/audit-log.mjs';
import { cli } from './support/insitu.mjs';

const nth = (file, n) => (n === 1 ? file : file.replace('.jsonl', `.${n}.jsonl`));
const text = (file) => readFileSync(file, 'utf8');

/* A log in three full files and a fourth: their paths. */
async function rotated() {
  const file = newFile();
  const log = await AuditLog.open({ file, fileBytes: 800 });
  while (!existsSync(nth(file, 4))) await log.record('event');
  return { log, files: [1, 2, 3, 4].map((n) => nth(file, n)) };
}

function verify(...args) {
  const { status, stdout } = spawnSync(process.execPath, [cli, 'audit', 'verify', ...args], { encoding: 'utf8' });
  return { status, lines: stdout.trimEnd().split('\n') };
}

test('a full file is followed by the next one, and all are one log', async () => {
  const { log, files } = await rotated();
  const texts = files.map(text);
  assert(texts.slice(0, 3).every(({ length }) => length >= 800 && length < 1200), String(texts.map(({ length }) => length)));
  assert.equal(await log.export(), texts.join(''));
  const entries = entriesOf(texts.join(''));
  assert.deepEqual(entries.map(({ seq }) => seq), entries.map((_, i) => i + 1));
  for (const [i, one] of texts.entries()) {
    const [first, ...rest] = entriesOf(one);
    assert.equal(first.event, i === 0 ? 'event' : 'continued');
    assert(rest.every(({ event }) => event === 'event'));
    if (i > 0) assert.equal(first.previous, entriesOf(texts[i - 1]).at(-1).hash);
  }
  const all = await verifyAudit(texts.join(''), { head: await log.head() });
  assert.deepEqual(all, { holds: true, entries: entries.length, head: entries.at(-1).hash, torn: [] });
  // Other logs go on in the last one, whatever else lies beside it.
  for (const other of [nth(files[0], 'Infinity'), nth(files[0], 'old'), nth(files[0], '09'), `${files[3]}.gz`]) writeFileSync(other, 'no log');
  const logs = await Promise.all([0, 1].map(() => AuditLog.open({ file: files[0], fileBytes: 800 })));
  await Promise.all(Array.from({ length: 20 }, (_, i) => logs[i % 2].record('turn', { i })));
  assert.deepEqual(files.slice(0, 3).map(text), texts.slice(0, 3));
  const after = await verifyAudit(await logs[0].export());
  assert(after.holds && after.entries > entries.length + 20);
  // Memory is one piece, and so is a file without a bound.
  for (const options of [{ store: 'memory', fileBytes: 10 }, { file: newFile(), fileBytes: Infinity }]) {
    const one = await AuditLog.open(options);
    for (let i = 0; i < 3; i++) await one.record('event');
    assert.deepEqual(await eventsOf(one), ['event', 'event', 'event']);
  }
});

test('insitu audit verify goes from file to file, and says where a file goes on from others', async () => {
  const { log, files } = await rotated();
  const [a, b, c, d] = files;
  const head = await log.head();
  const count = entriesOf(await log.export()).length;
  const counts = files.map((file) => entriesOf(text(file)).length);
  assert.deepEqual(verify(...files, '--head', head), { status: 0, lines: [`${count} entries hold; the last has the hash ${head}`] });
  const endOf = (file) => entriesOf(text(file)).at(-1).hash;
  const alone = verify(b);
  assert.deepEqual(alone, { status: 0, lines: [
    `${b} continues another file: entries 1 to ${counts[0]} are not in it; the last of them has the hash ${endOf(a)}`,
    `${counts[1]} entries hold; the last has the hash ${endOf(b)}`,
  ] });
  const { continues, entries } = JSON.parse(verify(b, c, '--json', '-').lines.join('\n'));
  assert.deepEqual([continues, entries], [{ entries: counts[0], head: endOf(a) }, counts[1] + counts[2]]);
  // A head of a file before is not in it, but for the one it follows.
  assert.equal(verify(b, '--head', endOf(a)).status, 0);
  assert.match(verify(c, '--head', endOf(a)).lines[1], /truncated: .* or it is in a file before$/);
  // What is wrong is said of its file.
  const gap = verify(a, c);
  assert.deepEqual([gap.status, gap.lines[0]], [1, `${c} line 1: removed: entries ${counts[0] + 1} to ${counts[0] + counts[1]} are missing in front of it`]);
  assert.match(verify(b, a).lines[1], /^\S+ line 1: inserted: it says to be entry 1, after entry/);
  writeFileSync(c, text(c).replace('"event":"event"', '"event":"other"'));
  assert.match(verify(...files).lines[0], /^\S+\.3\.jsonl line 2: changed: its hash/);
  // A file that lost its end, or its last line feed.
  writeFileSync(a, text(a).slice(0, -1));
  assert.equal(verify(a, b).status, 0);
  writeFileSync(a, text(a).slice(0, -9));
  assert.match(verify(a, b).lines[0], new RegExp(`^\\S+ line ${counts[0]}: `));
  // No file but the first of a log, or one that is continued, may begin in the middle.
  writeFileSync(d, text(b).split('\n').slice(1).join('\n'));
  assert.match(verify(d).lines[0], /^line 1: removed/);
});

test('the files before the last one may be put elsewhere', async () => {
  const { files } = await rotated();
  for (const file of files.slice(0, 3)) rmSync(file);
  const log = await AuditLog.open({ file: files[0] });
  await log.record('goes on');
  const { holds, continues, entries } = await verifyAudit(await log.export());
  assert(holds && continues.entries > 3);
  assert.equal(entriesOf(text(files[3])).length, entries);
  assert.equal(text(files[0]), '');
});

test('a crash where the next file begins is one of the log like any other', async () => {
  for (const [left, events] of [['', ['continued', 'after']], ['{"details":{},"event":"cont', ['torn', 'after']]]) {
    const file = newFile();
    const log = await AuditLog.open({ file, fileBytes: 300 });
    await log.record('one');
    await log.record('two');
    writeFileSync(nth(file, 2), left);
    await (await AuditLog.open({ file, fileBytes: 300 })).record('after');
    const written = text(nth(file, 2));
    assert(written.startsWith(left));
    assert.deepEqual(entriesOf(written.slice(left.length)).map(({ event }) => event), events);
    assert((await verifyAudit(text(file) + written)).holds);
    const { holds, entries, torn, continues } = await verifyAudit(written);
    assert.deepEqual([holds, entries, torn, continues.entries], [true, 2, left === '' ? [] : [1], 2]);
  }
  // Where the full file itself breaks off, that is told in it.
  const file = newFile();
  const log = await AuditLog.open({ file, fileBytes: 300 });
  await log.record('one');
  await log.record('two');
  appendFileSync(file, '{"details":{"ha');
  await log.record('three');
  assert(!existsSync(nth(file, 2)) && text(file).includes('"event":"torn"'));
  await log.record('four');
  assert.deepEqual(entriesOf(text(nth(file, 2))).map(({ event }) => event), ['continued', 'four']);
  assert.deepEqual((await verifyAudit(await log.export())).torn, [3]);
});

test('what can neither be written nor taken back is not there twice, and nothing is read of it', async () => {
  const opened = await open(newFile(), 'a');
  const handle = Object.getPrototypeOf(opened);
  await opened.close();
  const { writeFile, truncate } = handle;
  const failing = () => Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' }));
  const broken = (share) => Object.assign(handle, {
    truncate: failing,
    async writeFile(bytes) {
      await writeFile.call(this, bytes.subarray(0, bytes.length * share));
      return failing();
    },
  });
  try {
    for (const fileBytes of [undefined, 1]) {
      for (const share of [1, 0.6]) {
        const file = newFile();
        const log = await AuditLog.open({ file, fileBytes });
        await log.record('before');
        const head = await log.head();
        broken(share);
        await Promise.all([log.record('one'), log.record('two')]);
        const whole = () => text(file) + (existsSync(nth(file, 2)) ? text(nth(file, 2)) : '');
        const left = whole();
        assert(left.includes('"event":"one"'), 'something is left behind');
        // Whether writing works again or not.
        Object.assign(handle, { writeFile });
        await log.record('three');
        assert.match(log.failure ?? '', /^it cannot be written: EIO/);
        assert.equal(whole(), left);
        assert.deepEqual([await log.head(), await eventsOf(log), await eventsOf(await AuditLog.open({ file }))], [head, ['before'], ['before']]);
        Object.assign(handle, { truncate });
        await log.record('four');
        assert.equal(log.failure, undefined);
        assert.deepEqual((await eventsOf(log)).filter((event) => event !== 'continued'), ['before', 'one', 'two', 'three', 'four']);
        assert.deepEqual([whole(), (await verifyAudit(whole())).holds], [await log.export(), true]);
      }
    }
    // A file that is gone holds nothing twice.
    const file = newFile();
    const log = await AuditLog.open({ file });
    broken(1);
    await log.record('one');
    Object.assign(handle, { writeFile });
    renameSync(file, `${file}.gone`);
    await log.record('two');
    assert.deepEqual([log.failure, await eventsOf(log)], [undefined, ['one', 'two']]);
  } finally {
    Object.assign(handle, { writeFile, truncate });
  }
});
