// The audit log in a real Chromium: tabs that append to one file, what happens to a session, a file system that fails or is missing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { entriesOf } from '../support/tampering.mjs';
import { files, startWithModels } from './kept-visits.mjs';

let site;
before(async () => { site = await startWithModels(['model.onnx', 'other.onnx'], { csp: true }); });
after(() => site.close());

/* The text of a log as it lies in the file system, and whether it holds. */
const stored = (page, name) => page.evaluate(async (name) => {
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('insitu-audit');
  const text = await (await (await folder.getFileHandle(`${name}.jsonl`)).getFile()).text();
  const { verifyAudit } = await import('/audit.js');
  return { text, report: await verifyAudit(text) };
}, name);

test('what happens to a session is appended to a file that the next visit goes on with', async () => {
  const { page, context, problems, foreign, close } = await site.open('blank/');
  const { store, failure, text, head } = await page.evaluate(async () => {
    const { load, tensor } = await import('/index.js');
    const { AuditLog } = await import('/audit.js');
    const audit = await AuditLog.open({ name: 'visits' });
    const session = await load('/models/model.onnx?token=hidden', { audit });
    await session.run({ image: tensor(new Float32Array(784).fill(NaN), [1, 1, 28, 28]) });
    await session.swap('/models/other.onnx');
    await session.monitor.export('otlp-json');
    await session.dispose();
    return { store: audit.store, failure: audit.failure, text: await audit.export(), head: await audit.head() };
  });
  assert.deepEqual([store, failure], ['opfs', undefined]);
  const events = entriesOf(text).map(({ event }) => event);
  for (const event of ['load', 'quality', 'swap', 'export']) assert(events.includes(event), events.join());
  assert.doesNotMatch(text, /hidden/);
  const there = await stored(page, 'visits');
  assert.equal(there.text, text);
  assert.deepEqual(there.report, { holds: true, entries: events.length, head, torn: [] });
  // Clearing what is kept does not clear it.
  await page.evaluate(async () => (await import('/index.js')).clearCache());
  const next = await context.newPage();
  await next.goto(new URL('blank/', site.url).href);
  await next.evaluate(async () => (await (await import('/audit.js')).AuditLog.open({ name: 'visits' })).record('next visit'));
  const after = await stored(page, 'visits');
  assert(after.text.startsWith(text));
  assert.deepEqual([after.report.holds, after.report.entries], [true, events.length + 1]);
  assert.deepEqual(await files(page), {});
  assert.deepEqual([problems, foreign], [[], []]);
  await close();
});

test('several tabs append to one log, one after the other', async () => {
  const { page, context, close } = await site.open('blank/');
  const tabs = [page, await context.newPage(), await context.newPage()];
  for (const tab of tabs) await tab.goto(new URL('blank/', site.url).href);
  await Promise.all(tabs.map((tab, tabNumber) => tab.evaluate(async (tabNumber) => {
    const { AuditLog } = await import('/audit.js');
    const log = await AuditLog.open({ name: 'tabs' });
    for (let i = 0; i < 15; i++) {
      void log.record('together', { tabNumber, i });
      await log.record('one by one', { tabNumber, i });
    }
  }, tabNumber)));
  const { text, report } = await stored(page, 'tabs');
  assert.deepEqual([report.holds, report.entries], [true, 90]);
  for (const tabNumber of [0, 1, 2]) {
    const own = entriesOf(text).filter(({ details }) => details.tabNumber === tabNumber).map(({ event, details }) => `${event} ${details.i}`);
    assert.deepEqual(own, Array.from({ length: 15 }, (_, i) => [`together ${i}`, `one by one ${i}`]).flat());
  }
  await close();
});

test('where a file is full all tabs go on in the next one', async () => {
  const { page, context, problems, close } = await site.open('blank/');
  const tabs = [page, await context.newPage()];
  await tabs[1].goto(new URL('blank/', site.url).href);
  const texts = await Promise.all(tabs.map((tab) => tab.evaluate(async () => {
    const { AuditLog } = await import('/audit.js');
    const log = await AuditLog.open({ name: 'rotated', fileBytes: 1500 });
    for (let i = 0; i < 15; i++) await log.record('turn', { i });
    return log.export();
  })));
  const { files, report, alone } = await page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('insitu-audit');
    const { AuditLog, verifyAudit } = await import('/audit.js');
    const numberOf = (name) => Number(/\.(\d+)\./.exec(name)?.[1] ?? 1);
    const names = (await Array.fromAsync(folder.keys())).filter((name) => name.startsWith('rotated')).sort((a, b) => numberOf(a) - numberOf(b));
    const sizes = await Promise.all(names.map(async (name) => (await (await folder.getFileHandle(name)).getFile()).size));
    const report = await verifyAudit(await (await AuditLog.open({ name: 'rotated' })).export());
    for (const name of names.slice(0, -1)) await folder.removeEntry(name);
    const log = await AuditLog.open({ name: 'rotated' });
    await log.record('goes on');
    return { files: Object.fromEntries(names.map((name, i) => [name, sizes[i]])), report, alone: await verifyAudit(await log.export()) };
  });
  const count = Object.keys(files).length;
  assert(count >= 4, JSON.stringify(files));
  assert.deepEqual(Object.keys(files), ['rotated.jsonl', ...Array.from({ length: count - 1 }, (_, i) => `rotated.${i + 2}.jsonl`)]);
  assert(Object.values(files).slice(0, -1).every((size) => size >= 1500), JSON.stringify(files));
  assert.deepEqual([report.holds, report.entries, report.continues], [true, 30 + count - 1, undefined]);
  assert(texts.some((text) => entriesOf(text).filter(({ event }) => event === 'turn').length === 30));
  // What was taken away is said.
  assert.equal(alone.holds, true);
  assert.equal(alone.continues.entries + alone.entries, report.entries + 1);
  assert.deepEqual(problems, []);
  await close();
});

test('an append that cannot even be given up leaves nothing behind', async () => {
  const { page, close } = await site.open('blank/');
  await page.evaluate(async () => {
    const { AuditLog } = await import('/audit.js');
    const log = await AuditLog.open({ name: 'close' });
    await log.record('before');
    const { close, abort } = FileSystemWritableFileStream.prototype;
    FileSystemWritableFileStream.prototype.close = async () => { throw new DOMException('no room', 'QuotaExceededError'); };
    FileSystemWritableFileStream.prototype.abort = async () => { throw new DOMException('no', 'InvalidStateError'); };
    await log.record('tried again');
    Object.assign(FileSystemWritableFileStream.prototype, { close, abort });
    await log.record('after');
  });
  const { text, report } = await stored(page, 'close');
  assert.deepEqual(entriesOf(text).map(({ event }) => event), ['before', 'tried again', 'after']);
  assert(report.holds);
  await close();
});

test('a line that broke off is said by the log itself', async () => {
  const { page, close } = await site.open('blank/');
  await page.evaluate(async () => {
    const { AuditLog } = await import('/audit.js');
    await (await AuditLog.open({ name: 'torn' })).record('whole');
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('insitu-audit');
    const handle = await folder.getFileHandle('torn.jsonl');
    const file = await handle.createWritable({ keepExistingData: true });
    await file.write({ type: 'write', position: (await handle.getFile()).size, data: '{"details":{"ha' });
    await file.close();
  });
  const before = await stored(page, 'torn');
  assert.deepEqual([before.report.holds, before.report.problem.line, before.report.problem.what], [false, 2, 'torn']);
  await page.evaluate(async () => (await (await import('/audit.js')).AuditLog.open({ name: 'torn' })).record('after'));
  const { text, report } = await stored(page, 'torn');
  assert(text.startsWith(before.text));
  assert.deepEqual([report.holds, report.entries, report.torn], [true, 3, [2]]);
  await close();
});

test('a file system that fails fails no run, and what waited is written when it works again', async () => {
  const { page, problems, close } = await site.open('blank/');
  const { result, failure, events, after, text } = await page.evaluate(async () => {
    const { load, tensor } = await import('/index.js');
    const { AuditLog } = await import('/audit.js');
    const audit = await AuditLog.open({ name: 'full' });
    const events = [];
    audit.addEventListener('failure', ({ detail }) => events.push(detail.message));
    const { createWritable } = FileSystemFileHandle.prototype;
    FileSystemFileHandle.prototype.createWritable = async () => { throw new DOMException('no room', 'QuotaExceededError'); };
    const session = await load('/models/model.onnx', { audit, monitor: false });
    const { dims } = Object.values(await session.run({ image: tensor(new Float32Array(784), [1, 1, 28, 28]) }))[0];
    await audit.record('mine');
    const { failure } = audit;
    FileSystemFileHandle.prototype.createWritable = createWritable;
    const text = await audit.export();
    await session.dispose();
    return { result: dims, failure, events, after: audit.failure, text };
  });
  assert.deepEqual(result, [1, 11]);
  assert.equal(failure, 'it cannot be written: no room');
  assert(events.length >= 1);
  assert.equal(after, undefined);
  assert.deepEqual(entriesOf(text).map(({ event }) => event), ['load', 'mine']);
  assert.deepEqual(problems, []);
  await close();
});

test('without a file system the log is in memory, and says why', async () => {
  const { page, close } = await site.open('blank/');
  const { store, failure, text, wrong } = await page.evaluate(async () => {
    navigator.storage.getDirectory = async () => { throw new DOMException('not in this window', 'SecurityError'); };
    const { AuditLog } = await import('/audit.js');
    const log = await AuditLog.open();
    await log.record('kept in memory');
    const wrong = await AuditLog.open({ file: 'audit.jsonl' }).catch(({ code, message }) => `${code}: ${message}`);
    return { store: log.store, failure: log.failure, text: await log.export(), wrong };
  });
  assert.deepEqual([store, failure], ['memory', 'there is no file system for it: not in this window']);
  assert.deepEqual(entriesOf(text).map(({ event }) => event), ['kept in memory']);
  assert.match(wrong, /^InvalidArgument: a page has no files/);
  await close();
});
