// The turn in EXIF blocks: which one a file asks for, pixels turned by it, and bytes of any kind, which never throw.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { decoded, kPictures, kTurns, levelsOf, segment, tiff } from '../support/exif.mjs';
import { generator } from '../support/random.mjs';

const { outputFiles: [{ text }] } = await build({
  entryPoints: [fileURLToPath(new URL('../../web/cli/data/exif.ts', import.meta.url))], bundle: true, format: 'esm', write: false, logLevel: 'silent',
});
const { orientationOf, upright } = await import(`data:text/javascript,${encodeURIComponent(text)}`);

for (const [what, bytes, orientation] of kPictures) {
  test(`${what}: ${orientation}`, () => {
    assert.equal(orientationOf(bytes), orientation);
    assert.equal(levelsOf(upright(decoded(bytes), bytes)), kTurns[orientation]);
  });
}

test('nothing is looked for in the pixels', () => {
  const block = segment(tiff([[0x112, 3, 1, 6]]));
  assert.equal(orientationOf(Buffer.concat([Buffer.from([0xff, 0xd8]), block])), 6);
  assert.equal(orientationOf(Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xda, 0, 2]), block])), 1);
});

test('files that are cut or changed at random say 1 to 8, and never throw', () => {
  const { pick, oneOf } = generator(7);
  for (let i = 0; i < 20_000; i++) {
    const bytes = Buffer.from(oneOf(kPictures)[1]);
    for (let changes = pick(0, 3); changes > 0; changes--) bytes[pick(0, 60)] = pick(0, 255);
    const said = orientationOf(i % 2 ? bytes : bytes.subarray(0, pick(0, 80)));
    assert.ok(Number.isInteger(said) && said >= 1 && said <= 8, `${said}`);
  }
});
