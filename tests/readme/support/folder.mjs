// The folder in which the documents' code runs, under the names that they use: this project's models, a picture of a digit, a
// recording, a small model with a state, signatures with the key that a page pins, a signed registry of the signed models, and an
// encrypted model with its key.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';

import { encrypted } from '../../support/encrypted.mjs';
import { model } from '../../support/onnx-writer.mjs';
import { signer } from '../../support/signer.mjs';
import { root } from './documents.mjs';

const kModels = ['handwriting/handwriting_int8.onnx', 'handwriting/handwriting_fp32.onnx', 'handwriting/handwriting.profile.json',
  'handwriting/card.md', 'intents/intents_int8.onnx', 'intents/tokenizer.json'];
const kSigned = ['handwriting_int8.onnx', 'handwriting.profile.json', 'card.md'];

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/* A grey PNG of size x size pixels. */
function png(size, at) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header[8] = 8;
  const rows = Buffer.alloc(size * (size + 1));  // each begins with its filter: none
  for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) rows[y * (size + 1) + x + 1] = at(x, y);
  const chunks = [chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...chunks]);
}

/* Mono, 16 bits. */
function wav(samples, rate) {
  const file = Buffer.alloc(44 + 2 * samples.length);
  file.write('RIFF', 0);
  file.writeUInt32LE(36 + 2 * samples.length, 4);
  file.write('WAVEfmt ', 8);
  for (const [at, value, size] of [[16, 16, 4], [20, 1, 2], [22, 1, 2], [24, rate, 4], [28, 2 * rate, 4], [32, 2, 2], [34, 16, 2]]) {
    file.writeUIntLE(value, at, size);
  }
  file.write('data', 36);
  file.writeUInt32LE(2 * samples.length, 40);
  samples.forEach((sample, i) => file.writeInt16LE(Math.round(32767 * sample), 44 + 2 * i));
  return file;
}

/* y = (7 state + x) / 8, and the same as the next state; all float32 [1]. */
function smoother() {
  const value = (name) => ({ name, dtype: 'float32', dims: [1] });
  const number = (name, of) => ({ ...value(name), data: Float32Array.of(of) });
  return model({
    nodes: [
      { op: 'Mul', inputs: ['state', 'kept'], outputs: ['old'] }, { op: 'Mul', inputs: ['x', 'taken'], outputs: ['fresh'] },
      { op: 'Add', inputs: ['old', 'fresh'], outputs: ['y'] }, { op: 'Identity', inputs: ['y'], outputs: ['next_state'] },
    ],
    inputs: [value('x'), value('state')], outputs: [value('y'), value('next_state')],
    initializers: [number('kept', 7 / 8), number('taken', 1 / 8)],
  });
}

/* A registry of two versions, as `insitu registry` makes it: 1.1.0 is stable and was quantized from 1.0.0, which was before. */
function fillRegistry(folder) {
  rmSync(join(folder, 'models.json'), { force: true });
  const insitu = (...args) => execFileSync(process.execPath, [join(root, 'dist/cli.js'), 'registry', ...args], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  insitu('add', 'handwriting_fp32.onnx', '--name', 'digits', '--version', '1.0.0', '--signature', 'handwriting_fp32.onnx.sig');
  insitu('add', 'handwriting_int8.onnx', '--name', 'digits', '--version', '1.1.0', '--signature', 'handwriting_int8.onnx.sig',
    '--profile', 'handwriting.profile.json', '--parent', '1.0.0=quantized');
  for (const args of [['1.0.0'], ['1.1.0'], ['1.0.0', '--channel', 'canary']]) insitu('promote', 'digits', ...args);
}

/** Fills a folder of that name in build/ and gives its path. */
export function prepare(name) {
  const folder = join(root, 'build', name);
  mkdirSync(folder, { recursive: true });
  for (const file of kModels) copyFileSync(join(root, 'models', file), join(folder, file.split('/')[1]));
  // A one, as a pen of 18 pixels draws it on a canvas of 280: white on black.
  writeFileSync(join(folder, 'one.png'), png(280, (x, y) => (Math.abs(x - 140) <= 9 && y >= 60 && y <= 220 ? 255 : 0)));
  writeFileSync(join(folder, 'tone.wav'), wav(Float32Array.from({ length: 24_000 }, (_, i) => Math.sin(i * 0.1) / 2), 48_000));
  writeFileSync(join(folder, 'smoother.onnx'), smoother());
  const { pem, sign } = signer();
  const signed = Object.fromEntries(kSigned.map((file) => [file, readFileSync(join(folder, file))]));
  writeFileSync(join(folder, 'handwriting_int8.onnx.sig'), sign(signed));
  writeFileSync(join(folder, 'handwriting_fp32.onnx.sig'), sign({ 'handwriting_fp32.onnx': readFileSync(join(folder, 'handwriting_fp32.onnx')) }));
  fillRegistry(folder);
  writeFileSync(join(folder, 'models.json.sig'), sign({ 'models.json': readFileSync(join(folder, 'models.json')) }));
  writeFileSync(join(folder, 'signing-key.js'), `export const key = ${JSON.stringify(pem)};\n`);
  const key = Buffer.alloc(32, 7);
  writeFileSync(join(folder, 'model.key'), key.toString('hex'));
  writeFileSync(join(folder, 'key'), key);
  writeFileSync(join(folder, 'handwriting_int8.onnx.enc'), encrypted(readFileSync(join(folder, 'handwriting_int8.onnx')), key));
  return folder;
}
