// docs/how-to/retrain.md from the alarm to the swap: its blocks run in their order, the page in Chromium, the commands in a shell, on
// writers who lean backwards. What the page downloads is what the commands read, and what they publish is what the page swaps to.
// Needs /usr/bin/python3 with numpy; takes a minute and a half of one core.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { Hand, rasterize } from '../models/second-generator.mjs';
import { cli } from '../node/support/insitu.mjs';
import { root } from '../readme/support/documents.mjs';
import { dist, start } from './support.mjs';

const python = '/usr/bin/python3';
const skip = spawnSync(python, ['-c', 'import numpy']).status === 0 ? false : `${python} has no numpy`;
const text = readFileSync(join(root, 'docs/how-to/retrain.md'), 'utf8');
const blocks = (info) => [...text.matchAll(new RegExp(`^\`\`\`${info}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, source]) => source);
const [commands, gates] = [blocks('sh'), blocks('json')];
const folder = mkdtempSync(join(tmpdir(), 'insitu-retrain-'));
const at = (path) => join(folder, path);
let site;

/* What a block of the document prints; `npx insitu` is that of this checkout. */
async function run(block) {
  const script = `set -euo pipefail; npx() { shift; '${process.execPath}' '${cli}' "$@"; }\n${block}`;
  return (await promisify(execFile)('bash', ['-c', script], { cwd: folder, maxBuffer: 1 << 26 })).stdout;
}

const blockWith = (words) => commands.find((block) => block.includes(words));
const accuracyIn = (printed) => Number(/^accuracy +([\d.]+) %/m.exec(printed)[1]) / 100;

/* Drawings of hands that training does not know, with what they are; `lean` 1 is 45 degrees backwards, somewhat smaller to have room. */
function drawings(firstHand, hands, each, lean) {
  const size = 1 - 0.2 * lean;
  const place = ([x, y]) => [x + lean * (y - 0.5), y].map((v) => 0.5 + size * (v - 0.5));
  return Array.from({ length: hands }, (_, h) => new Hand(firstHand + h)).flatMap((hand) => Array.from({ length: each }, () => {
    const { digit, strokes } = hand.next();
    return { digit, ink: rasterize(strokes.map((stroke) => stroke.map(place))) };
  }));
}

/* How many the page reads right, of drawings that it then is told of, or not. */
async function draw(page, drawn, { name, correct = false }) {
  const given = drawn.map(({ digit, ink }) => ({ digit, ink: [...ink] }));
  return page.evaluate(async ([given, name, correct]) => {
    let right = 0;
    for (const [i, { digit, ink }] of given.entries()) {
      right += await it.read(`${name} ${i}`, Float32Array.from(ink)) === digit ? 1 : 0;
      if (correct) await it.correct(`${name} ${i}`, digit);
    }
    return right / given.length;
  }, [given, name, correct]);
}

const drift = (page) => page.evaluate(async () => (await it.session.monitor.snapshot()).drift);

before(async () => {
  if (skip) return;
  mkdirSync(at('site'));
  symlinkSync(join(root, 'models'), at('models'));
  copyFileSync(join(root, 'models/handwriting/handwriting_int8.onnx'), at('site/digits-1.0.0.onnx'));
  copyFileSync(join(root, 'models/handwriting/handwriting.profile.json'), at('site/digits-1.0.0.profile.json'));
  const imports = { insitu: '/insitu/index.js', 'insitu/evaluate': '/insitu/evaluate.js', 'insitu/registry': '/insitu/registry.js' };
  writeFileSync(at('site/empty.html'), `<!doctype html><link rel="icon" href="data:,"><script type="importmap">${JSON.stringify({ imports })}</script>`);
  writeFileSync(at('site/page.mjs'), blocks('js browser')[0]);
  site = await start({ root: at('site'), mounts: new Map([['/insitu/', dist]]) });
});
after(async () => {
  await site?.close();
  rmSync(folder, { recursive: true, force: true });
});

test('from the alarm to the version that reads what raised it', { skip, timeout: 1_800_000 }, async () => {
  await run(blockWith('registry add site/digits-1.0.0.onnx'));
  const { page, problems, foreign, close } = await site.open('empty.html');
  await page.evaluate(async () => { globalThis.it = await import('/page.mjs'); });

  assert((await draw(page, drawings(500, 6, 10, 0), { name: 'upright' })) > 0.95);
  assert.equal((await drift(page)).state, 'calm');
  const before = await draw(page, drawings(100, 12, 30, 1), { name: 'leaning', correct: true });
  assert(before < 0.4, `the model reads ${before} of leaning digits: the shift is none`);
  assert.equal((await drift(page)).state, 'drifting');
  const [ticket] = await page.evaluate(() => it.tickets.map((ticket) => JSON.parse(ticket)));
  assert.equal(ticket.format, 'insitu-ticket');
  assert(ticket.moved.some(({ name }) => name === 'probabilities.class'), JSON.stringify(ticket.moved.map(({ name }) => name)));
  const [download] = await Promise.all([page.waitForEvent('download'), page.evaluate(() => it.save())]);
  assert.equal(download.suggestedFilename(), 'corrections.jsonl');
  await download.saveAs(at('corrections.jsonl'));

  assert(Math.abs(accuracyIn(await run(blockWith('--data corrections.jsonl\n'))) - before) < 0.001, 'the file holds what the page saw');
  const log = await run(blockWith('finetune.py'));
  console.log(log.trim());
  await run(blockWith('quantize'));
  for (const gate of gates) writeFileSync(at(/`(site\/[a-z]+\.gate\.json)`[^`]*$/.exec(text.slice(0, text.indexOf(gate)).replace(/```json\n$/, ''))[1]), gate);
  const verdicts = await run(blockWith('insitu gate'));
  console.log(verdicts.trim());
  assert.deepEqual(verdicts.match(/^passed: .*$/gm).length, 2);

  const tree = await run(blockWith('--parent 1.0.0=fine-tuned'));
  assert.match(tree, /digits 1\.1\.0 \(stable\)[\s\S]*training data corrections\.jsonl[\s\S]*fine-tuned from digits 1\.0\.0/);
  assert.equal(await page.evaluate(() => it.follower.check()), true);
  assert.equal(await page.evaluate(() => it.follower.model.version), '1.1.0');
  assert.equal((await drift(page)).state, 'calm');
  const hereafter = await draw(page, drawings(900, 10, 30, 1), { name: 'other hands' });
  const upright = await draw(page, drawings(950, 10, 30, 0), { name: 'other hands, upright' });
  console.log(`in the page, by other hands: ${before} -> ${hereafter} of leaning digits, ${upright} of upright ones`);
  assert(hereafter > 0.93 && upright > 0.97, `${hereafter}, ${upright}`);
  assert.equal((await drift(page)).state, 'calm');
  assert.equal((await page.evaluate(() => it.tickets.length)), 1, 'no alarm but the first');
  assert.deepEqual([problems, foreign], [[], []]);
  await close();
});
