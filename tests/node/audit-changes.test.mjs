// Audit logs that were changed or broke off: that every change of one is found and said where, by verifyAudit() and the command line.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { chain, entriesOf, tamperings } from '../support/tampering.mjs';
import { AuditLog, folder, newFile, sample, verifyAudit } from './support/audit-log.mjs';
import { cli, insituError } from './support/insitu.mjs';

test('every byte that is changed is found, on its line', async () => {
  const lines = await sample(3);
  const bytes = new TextEncoder().encode(`${lines.join('\n')}\n`);
  for (let at = 0; at < bytes.length; at++) {
    const changed = bytes.slice();
    changed[at] ^= 1;
    const { holds, problem } = await verifyAudit(changed);
    assert(!holds, `byte ${at}`);
    const line = new TextDecoder().decode(bytes.subarray(0, at)).split('\n').length;
    assert.equal(problem.line, line, `byte ${at}: ${JSON.stringify(problem)}`);
  }
});

test('every entry that is changed, removed, inserted, moved, repeated or cut off is found, and said where', async () => {
  const lines = await sample();
  const head = JSON.parse(lines.at(-1)).hash;
  let count = 0, byHead = 0;
  for (const { name, lines: changed, line, what } of tamperings(lines)) {
    const text = changed.map((one) => `${one}\n`).join('');
    const found = await verifyAudit(text);
    if (line === undefined) {
      assert(found.holds, `${name}: ${JSON.stringify(found.problem)}`);
      byHead++;
    } else {
      assert.deepEqual([found.problem?.line, found.problem?.what], [line, what], `${name}: ${JSON.stringify(found.problem)}`);
      assert.equal(found.holds, false);
    }
    // With the head nothing escapes.
    assert.equal((await verifyAudit(text, { head })).holds, false, name);
    count++;
  }
  assert(count > 200 && byHead >= 2 * lines.length, `${count} ${byHead}`);
  const cut = await verifyAudit(lines.slice(0, 4).map((line) => `${line}\n`).join(''), { head });
  assert.deepEqual([cut.entries, cut.problem.line, cut.problem.what], [4, 5, 'truncated']);
  // An earlier head is one of the entries: the log has gone on since.
  assert((await verifyAudit(lines.join('\n'), { head: JSON.parse(lines[2]).hash })).holds);
});

test('what reads the same but is not the same bytes is found', async () => {
  const log = await AuditLog.open();
  await log.record('replaced \ufffd');
  await log.record('evidence', { sha256: createHash('sha256').update('garbage').digest('hex') });
  const bytes = Buffer.from(await log.export());
  const at = bytes.indexOf('\ufffd');
  const badly = Buffer.concat([bytes.subarray(0, at), Buffer.of(0xff), bytes.subarray(at + 3)]);
  assert.deepEqual((await verifyAudit(badly)).problem.line, 1);
  assert.deepEqual((await verifyAudit(Buffer.concat([Buffer.from('\ufeff'), bytes]))).problem.line, 1);
  // Only an entry 'torn' tells of a line that is none.
  const [first, second] = bytes.toString().split('\n');
  const { line, what } = (await verifyAudit(`${first}\ngarbage\n${second}\n`)).problem;
  assert.deepEqual([line, what], [2, 'inserted']);
});

test('a line that broke off is said, and the log that goes on says so itself', async () => {
  const lines = await sample(3);
  const whole = Buffer.from(`${lines.join('\n')}\n`);
  const start = Buffer.from(`${lines[0]}\n${lines[1]}\n`).length;
  for (let length = start + 1; length < whole.length; length++) {
    const file = newFile();
    writeFileSync(file, whole.subarray(0, length));
    const torn = length < whole.length - 1;  // all but its line feed is an entry
    const { holds, entries, problem } = await verifyAudit(readFileSync(file));
    assert.deepEqual([holds, entries, problem?.line, problem?.what], torn ? [false, 2, 3, 'torn'] : [true, 3, undefined, undefined], String(length));
    if (length % 40 !== 0 && torn) continue;
    const log = await AuditLog.open({ file });
    await log.record('after the crash');
    const text = await log.export();
    assert(text.startsWith(whole.subarray(0, length).toString()), 'nothing is removed');
    const after = await verifyAudit(text);
    assert.deepEqual([after.holds, after.entries, after.torn], torn ? [true, 4, [3]] : [true, 4, []]);
    if (!torn) continue;
    const told = JSON.parse(text.split('\n')[3]);
    assert.deepEqual([told.event, told.details.bytes], ['torn', length - start]);
    // What is torn cannot be exchanged for something else, nor something put beside it.
    const other = text.replace('"event":"event 2', '"event":"xvent 2').replace('{"details":{"i":2', '{"details":{"i":3');
    if (other !== text) assert.equal((await verifyAudit(other)).problem.what, 'changed');
    assert.equal((await verifyAudit(`${text.split('\n').toSpliced(3, 0, 'more').join('\n')}`)).holds, false);
  }
});

test('lines that were changed are not taken for one that broke off, whatever is appended to them', async () => {
  const lines = await sample(3);
  const [changed, shorter] = ['"event":"xvent', '"event":"e'].map((text) => lines.map((line) => line.replace('"event":"event', text)));
  const covering = (...between) => {
    const region = between.join('\n');
    const details = { bytes: region.length, sha256: createHash('sha256').update(region).digest('hex') };
    return chain([{ time: '2025-01-01T00:00:00.000Z', event: 'torn', details }], JSON.parse(lines[0]))[0];
  };
  for (const [between, ended] of [[[changed[1], changed[2]], true], [[changed[1]], true], [[shorter[1]], false], [['garbage', 'garbage'], true], [['{"details":{"i', '{"details":{"bytes'], false], [['{}'], true]]) {
    const file = newFile();
    writeFileSync(file, [lines[0], ...between].join('\n') + (ended ? '\n' : ''));
    const log = await AuditLog.open({ file });
    await log.record('d');
    await log.record('e');
    const text = await log.export();
    assert.deepEqual(entriesOf(text.split('\n').slice(-3).join('\n')).map(({ event }) => event), ['d', 'e']);
    assert(!text.includes('"torn"'));
    // Nor where somebody else writes such an entry.
    for (const one of [text, [lines[0], ...between, covering(...between), ''].join('\n')]) {
      const { holds, entries, torn, problem } = await verifyAudit(one);
      assert.deepEqual([holds, entries, torn, problem?.line, problem?.what], [false, 1, [], 2, 'changed'], between.join());
    }
  }
  // One that broke off is no JSON; one that is has been changed, even at the end.
  assert.deepEqual((await verifyAudit([lines[0], changed[1]].join('\n'))).problem.what, 'changed');
});

test('what is no log does not hold', async () => {
  const [line] = await sample(1);
  const bytes = new TextEncoder().encode(`${line}\n`);
  assert.deepEqual([(await verifyAudit(bytes)).entries, (await verifyAudit(bytes.buffer)).entries], [1, 1]);
  for (const log of [undefined, null, new Blob([bytes]), 7, {}, [], [line], new Uint16Array(4), new DataView(bytes.buffer), Promise.resolve(line)]) {
    await assert.rejects(verifyAudit(log), insituError('InvalidArgument', /the log is no text and no bytes/));
  }
  for (const options of [null, 'head', 7, { head: null }, { head: '' }, { head: 7 }, { head: 'ab' }, { heads: 'ab' }, Object.create({ head: '0'.repeat(64) })]) {
    await assert.rejects(verifyAudit(line, options), insituError('InvalidArgument'));
  }
});

test('insitu audit verify says what is wrong, and where', async () => {
  const lines = await sample(5);
  const head = JSON.parse(lines[4]).hash;
  const file = newFile();
  const verify = (text, ...args) => {
    writeFileSync(file, text);
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'audit', 'verify', file, ...args], { encoding: 'utf8' });
    return { status, stdout, stderr };
  };
  const whole = `${lines.join('\n')}\n`;
  assert.deepEqual(verify(whole), { status: 0, stdout: `5 entries hold; the last has the hash ${head}\n`, stderr: '' });
  assert.equal(verify(whole, '--head', head.toUpperCase()).status, 0);
  const changed = verify(whole.replace('"event":"event 2', '"event":"event 9'));
  assert.deepEqual([changed.status, changed.stdout.split('\n')[0]], [1, 'line 3: changed: its hash is not that of what it says']);
  assert.match(changed.stdout, /^2 entries hold/m);
  const cut = verify(`${lines.slice(0, 3).join('\n')}\n`, '--head', head, '--json', '-');
  assert.equal(cut.status, 1);
  const { holds, entries, problem } = JSON.parse(cut.stdout);
  assert.deepEqual([holds, entries, problem.line, problem.what], [false, 3, 4, 'truncated']);
  const refused = (status, pattern, ...args) => {
    const result = spawnSync(process.execPath, [cli, 'audit', ...args], { encoding: 'utf8' });
    assert.deepEqual([result.status, result.stdout], [status, '']);
    assert.match(result.stderr, pattern);
  };
  refused(2, /^pass verify and a FILE/);
  refused(2, /^there is no 'insitu audit check'/, 'check', file);
  refused(2, /^pass a FILE/, 'verify');
  refused(2, /^--head wants the 64 hexadecimal digits/, 'verify', file, '--head', 'abc');
  writeFileSync(file, whole);
  refused(2, /^--json names FILE itself/, 'verify', file, '--json', file);
  assert.equal(readFileSync(file, 'utf8'), whole);
  refused(1, /^Network: cannot read/, 'verify', join(folder, 'missing.jsonl'));
});
