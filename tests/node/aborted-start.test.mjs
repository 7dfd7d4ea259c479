// Engine.create() that is stopped while an engine in process comes to life leaves no threads and no memory.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Engine, flavours, insituError } from './support/insitu.mjs';

const flavour = flavours.find((name) => name.endsWith('-mt'));
const threads = () => readdirSync('/proc/self/task').length;

/* Waits for `count` or fewer threads; gives how many there are at last. */
async function settle(count) {
  for (let tries = 100; tries > 0 && threads() > count; tries--) await wait(50);
  return threads();
}

test('an engine that is stopped while it starts ends its threads', { skip: !flavour }, async () => {
  const options = { flavour, threads: 4, worker: false };
  const engine = await Engine.create(options);
  const with4 = threads();
  await engine.dispose();
  const before = await settle(with4 - 3);
  assert.ok(before <= with4 - 3, `${before} threads after dispose(), ${with4} before`);
  for (const afterMs of [0, 1, 5, 10]) {
    const control = new AbortController();
    const creating = Engine.create({ ...options, signal: control.signal });
    setTimeout(() => control.abort(), afterMs);
    await assert.rejects(creating, insituError('Cancelled'));
  }
  await wait(1000);
  const left = await settle(before);
  assert.ok(left <= before, `${left} threads are left, ${before} were there`);
});
