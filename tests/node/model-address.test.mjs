// Commands whose MODEL is at an address: what they say of it is what they say of the file.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sha256 } from '../support/signer.mjs';
import { folderOf, insitu } from './support/command-line.mjs';
import { flavours } from './support/insitu.mjs';

const file = fileURLToPath(new URL('../../models/handwriting/handwriting_int8.onnx', import.meta.url));
const bytes = readFileSync(file);
const server = createServer((request, response) => response.writeHead(200, { 'Content-Type': 'application/octet-stream' }).end(bytes));
await new Promise((done) => server.listen(0, 'localhost', done));
after(() => server.close());
const address = `http://localhost:${server.address().port}/digits.onnx?v=1`;
const at = folderOf({ 'rows.jsonl': [0, 1].map((label) => JSON.stringify({ feeds: { image: { dims: [1, 1, 28, 28], data: new Array(784).fill(label) } }, label })).join('\n') });
const flavour = ['--flavour', flavours[0]];

async function said(...args) {
  const { status, stdout, stderr } = await insitu(...args, ...flavour);
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

test('cost counts its bytes', async () => {
  const costs = async (model) => (await said('cost', model, '--runs', '3', '--json', '-')).measured;
  const [one, other] = [await costs(address), await costs(file)];
  assert.deepEqual([one.modelBytes, one.modelBytesRaw], [other.modelBytes, bytes.length]);
});

test('a card has its digest and its name, and wants a place', async () => {
  const text = JSON.stringify(await said('card', address, '-o', '-'));
  assert.match(text, new RegExp(sha256(bytes)));
  assert.match(text, /"name":"digits\.onnx"/);
  const { status, stderr } = await insitu('card', address);
  assert.equal(status, 2);
  assert.match(stderr, /wants -o FILE for a model at an address/);
});

test('ablate measures it', async () => {
  const { model, baseline } = await said('ablate', address, '--data', join(at, 'rows.jsonl'), '--runs', '6', '--threads', '1', '--json', '-');
  assert.deepEqual([model.sha256, baseline.bytes.raw], [null, bytes.length]);
});
