// Sound as tensors: mel spectrograms as librosa makes them, resampling, and what is refused.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Engine, insituError } from './support/insitu.mjs';

const samples = (count) => Float32Array.from({ length: count }, (_, t) => 0.5 * Math.sin(t * t / 4000) + (t % 997 === 0 ? 0.25 : 0));
const tone = (hz, rate, count) => Float32Array.from({ length: count }, (_, t) => Math.sin(2 * Math.PI * hz * t / rate));

let engine;
before(async () => { engine = await Engine.create(); });
after(() => engine.dispose());

test("a mel spectrogram is librosa's", async () => {
  const fixture = readFileSync(new URL('../preprocess/fixtures/mel.bin', import.meta.url));
  const expected = new Float32Array(new Uint8Array(fixture).buffer);
  const mel = { fftSize: 400, hopLength: 160, mels: 40, padMode: 'reflect', log: 'db' };
  const { dims, data } = await engine.audioTensor(samples(4000), { sampleRate: 16_000, mel });
  assert.deepEqual(dims, [1, 40, 26]);
  const worst = data.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
  assert.ok(worst < 1e-3, `${worst} dB`);
});

test('Whisper hears thirty seconds', async () => {
  const { dims, data } = await engine.audioTensor(tone(440, 48_000, 48_000), { sampleRate: 48_000, length: 480_000, mel: 'whisper' });
  assert.deepEqual(dims, [1, 80, 3000]);
  assert.ok(Math.max(...data.subarray(0, 3000)) <= 2);
});

test('channels are mixed, and another rate keeps the tone', async () => {
  const left = tone(1000, 44_100, 44_100);
  const { dims, data } = await engine.audioTensor([left, left.map((value) => -value)], { sampleRate: 44_100 });
  assert.deepEqual(dims, [1, 16_000]);
  assert.ok(data.every((value) => value === 0));
  const mono = await engine.audioTensor(left, { sampleRate: 44_100 });
  const wanted = tone(1000, 16_000, 16_000);
  assert.ok(mono.data.subarray(1000, 15_000).every((value, i) => Math.abs(value - wanted[i + 1000]) < 1e-3));
});

test('a length is kept: what is longer is cut, what is shorter is followed by silence', async () => {
  const source = Float32Array.of(1, 2, 3);
  const make = async (length) => [...(await engine.audioTensor(source, { sampleRate: 16_000, length })).data];
  assert.deepEqual(await make(undefined), [1, 2, 3]);
  assert.deepEqual(await make(2), [1, 2]);
  assert.deepEqual(await make(5), [1, 2, 3, 0, 0]);
});

test('what is no sound is refused', async () => {
  const refuses = (source, options, pattern, code = 'InvalidArgument') =>
    assert.rejects(engine.audioTensor(source, options), insituError(code, pattern));
  await refuses(samples(10), {}, /rate of these samples/);
  await refuses([1, 2, 3], { sampleRate: 16_000 }, /no Float32Array/);
  await refuses([samples(3), samples(4)], { sampleRate: 16_000 }, /differ in length/);
  await refuses('sound.wav', {}, /no sound/);
  await refuses(new Blob(['x']), {}, /decodes sound/);
  await refuses(samples(10), { sampleRate: NaN }, /sampleRate is nan/);
  await refuses(samples(10), { sampleRate: 1e9 }, /./);
  await refuses(samples(10), { sampleRate: 16_000, rate: 0 }, /./);
  await refuses(samples(10), { sampleRate: 16_000, length: 1.5 }, /length is 1.5/);
  await refuses(samples(10), { sampleRate: 16_000, length: 1e12 }, /./, 'LimitExceeded');
  await refuses(samples(10), { sampleRate: 16_000, mel: 'slaney' }, /mel is 'slaney'/);
  for (const [mel, pattern] of [
    [{ log: 10 }, /mel\.log is a number/], [{ log: 'dB' }, /dB/], [{ norm: 'Slaney' }, /norm/], [{ padMode: 'mirror' }, /padMode/], [null, /mel is null/],
    [{ mels: 4n }, /mels is a bigint/], [{ fMax: '8000' }, /fMax/], [{ hop: 160 }, /'mel\.hop' is unknown/], [{ center: 0 }, /mel\.center is a number/],
  ]) await refuses(samples(10), { sampleRate: 16_000, mel }, pattern);
  await refuses(samples(10), { samplerate: 16_000 }, /'samplerate' is unknown/);
  await refuses(samples(10), { sampleRate: 16_000n }, /sampleRate is a bigint/);
  await refuses(samples(10), { sampleRate: 16_000, rate: 16_000n }, /rate is a bigint/);
  await refuses(samples(10), { sampleRate: 16_000, mel: { fftSize: 1 } }, /sizes/);
  await refuses(samples(10), { sampleRate: 16_000, mel: { fMin: 9000 } }, /bounds/);
  assert.equal((await engine.audioTensor(samples(10), { sampleRate: 16_000 })).data.length, 10);
});
