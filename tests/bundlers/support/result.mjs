// What a project must say of its first result: the numbers that this checkout's own Node gives, and a flavour that fits.
import assert from 'node:assert/strict';
import { start } from '../../browser/support.mjs';
import { Engine, tensor } from '../../node/support/insitu.mjs';
import { model } from './workspace.mjs';

let expected;
async function expectedNumbers() {
  const engine = await Engine.create({ threads: 1 });
  const session = await engine.load(model);
  const stroke = Float32Array.from({ length: 28 * 28 }, (_, i) => (i % 28 > 12 && i % 28 < 16 ? 1 : 0));
  const { probabilities } = await session.run({ image: tensor(stroke, [1, 1, 28, 28]) });
  await engine.dispose();
  return [...probabilities.data];
}

/** Float results of different flavours may differ in their last bits. */
export async function assertNumbers(actual) {
  expected ??= await expectedNumbers();
  assert.equal(actual.length, expected.length);
  for (const [i, value] of actual.entries()) assert.ok(Math.abs(value - expected[i]) < 1e-6, `${actual} instead of ${expected}`);
}

function assertEntries({ accuracy, ...others }) {
  assert.deepEqual(others, { version: '1.0.0', quantizer: true, cheaper: 'device', others: true });
  assert.ok(accuracy > 0.5, `${accuracy} of the strokes are ones`);
}

/**
 * Opens `path` of a site (options of start()) in Chromium and checks the result it shows, in <output>, and that it asked for
 * nothing elsewhere and complained of nothing. `look(page)`: what else to check there.
 */
export async function assertSite({ path = '', threads, look = () => {}, ...options }) {
  const site = await start(options);
  try {
    const { page, problems, foreign } = await site.open(path);
    const found = await page.waitForSelector('output', { timeout: 30_000 }).catch((thrown) => {
      throw new Error(`no result: ${problems.join('; ') || thrown.message}`);
    });
    const { flavour, reasons, threads: count, probabilities, entries } = JSON.parse(await found.textContent());
    await assertNumbers(probabilities);
    if (entries) assertEntries(entries);
    assert.match(flavour, threads ? /-mt$/ : /-st$/, reasons.join(' '));
    assert.equal(count > 1, threads);
    await look(page);
    assert.deepEqual(problems, []);
    assert.deepEqual(foreign, []);
  } finally {
    await site.close();
  }
}
