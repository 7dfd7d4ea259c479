// The committed model files against their manifest, and the second generator against its fixtures:
//   node --test tests/models
// Needs neither the engine nor Python; the Python side has its own test_generator.py.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CANVAS, Hand, PEN, rasterize } from './second-generator.mjs';

const models = new URL('../../models/', import.meta.url);
const json = (url) => JSON.parse(readFileSync(url, 'utf8'));
const fixture = (name) => json(new URL(`fixtures/${name}`, import.meta.url));

test('every trained file has the size and sha256 the manifest says', () => {
  const { files } = json(new URL('manifest.json', models));
  assert.ok(files.length >= 3);
  const totals = {};
  for (const { file, bytes, sha256, licence } of files) {
    const data = readFileSync(new URL(file, models));
    assert.equal(data.length, bytes, file);
    assert.equal(createHash('sha256').update(data).digest('hex'), sha256, file);
    assert.equal(licence, 'Apache-2.0');
    const folder = file.split('/')[0];
    totals[folder] = (totals[folder] ?? 0) + bytes;
  }
  assert.ok(totals.handwriting < 300_000 && totals.intents < 500_000, JSON.stringify(totals));
});

test('the profile belongs to the int8 model', () => {
  const { files } = json(new URL('manifest.json', models));
  const profile = json(new URL('handwriting/handwriting.profile.json', models));
  assert.equal(profile.model.sha256, files.find((f) => f.file === 'handwriting/handwriting_int8.onnx').sha256);
  for (const { name, knots } of profile.features) {
    assert.equal(knots.length, 256, name);
    assert.ok(knots.every((k, i) => i === 0 || k >= knots[i - 1]), name);
  }
});

test('a hand draws the same again, and another hand something else', () => {
  const drawings = (seed) => {
    const hand = new Hand(seed);
    return Array.from({ length: 20 }, () => hand.next());
  };
  assert.deepEqual(drawings(5), drawings(5));
  assert.notDeepEqual(drawings(5), drawings(6));
  for (const { digit, strokes } of drawings(7)) {
    assert.ok(digit >= 0 && digit <= 9 && strokes.length >= 1);
    for (const [x, y] of strokes.flat()) assert.ok(x > 0 && x < 1 && y > 0 && y < 1, `${x}, ${y}`);
  }
});

test('the stored drawings give the stored inputs', () => {
  const drawings = fixture('drawings.json');
  for (const { drawing, cells400 } of fixture('expected.json')) {
    assert.deepEqual(Array.from(rasterize(drawings[drawing].strokes), (v) => Math.round(v * 400)), cells400);
  }
});

test('the rasterizer draws a capsule, and a stroke drawn twice covers no more', () => {
  const line = [[0.2, 0.3], [0.8, 0.55]];
  const image = rasterize([line]);
  const pen = PEN / CANVAS;
  const area = Math.hypot(0.6, 0.25) * pen + (Math.PI * pen * pen) / 4;
  assert.ok(Math.abs(image.reduce((a, b) => a + b) / 784 - area) < 5e-4);
  assert.deepEqual(rasterize([line, line.toReversed()]), image);
  assert.equal(Math.max(...image) <= 1, true);
});
