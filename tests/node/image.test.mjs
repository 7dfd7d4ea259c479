// Pictures as feeds and as tensors: what Pillow makes of them, byte by byte in every flavour, and everything that options say.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { dist, Engine, flavours, insituError, tensor } from './support/insitu.mjs';
import { picture, resize } from './support/resize.mjs';
import { identityModel, shiftModel } from '../support/onnx-writer.mjs';
import { generator } from '../support/random.mjs';

const { image } = await import(new URL('index.js', dist).href);
const bytes = { dtype: 'uint8', layout: 'nhwc', fit: 'fill' };

for (const flavour of flavours) {
  describe(flavour, () => {
    let engine;
    before(async () => { engine = await Engine.create({ flavour, threads: 1 }); });
    after(() => engine.dispose());

    test("bytes are those of Pillow's resize", async () => {
      const cases = [
        [97, 61, 40, 33, 'bilinear'], [97, 61, 40, 33, 'area'], [97, 61, 40, 33, 'bicubic'], [31, 47, 64, 50, 'bilinear'],
        [31, 47, 64, 50, 'area'], [31, 47, 64, 50, 'bicubic'], [50, 40, 50, 7, 'bilinear'], [50, 40, 9, 40, 'area'],
        [97, 61, 40, 33, 'bilinear', 'gray'], [5, 3, 1, 1, 'bilinear'],
      ];
      const expected = readFileSync(new URL('../preprocess/fixtures/images.bin', import.meta.url));
      let at = 0;
      for (const [from, down, width, height, filter, channels = 'rgb'] of cases) {
        const { data, dims } = await engine.imageTensor(picture(from, down), { ...bytes, width, height, filter, channels });
        assert.deepEqual(dims, [1, height, width, channels === 'gray' ? 1 : 3]);
        assert.deepEqual(Buffer.from(data), expected.subarray(at, at += data.length), `${from}x${down} ${filter}`);
      }
      assert.equal(at, expected.length);
    });

    test('so they are of any size, also of a few pixels', async () => {
      const { pick, oneOf } = generator(11);
      for (let trial = 0; trial < 60; trial++) {
        const most = trial % 2 ? 6 : 90;
        const [from, down, width, height] = Array.from({ length: 4 }, () => pick(1, most));
        const filter = oneOf(['bilinear', 'area']);
        const { data } = await engine.imageTensor(picture(from, down), { ...bytes, width, height, filter });
        assert.deepEqual(data, resize(picture(from, down).data, from, down, width, height, filter), `${from}x${down} ${width}x${height} ${filter}`);
      }
    });
  });
}

describe('options and feeds', () => {
  let engine;
  before(async () => { engine = await Engine.create({ threads: 1 }); });
  after(() => engine.dispose());

  test('what is left open follows from the input of the model', async () => {
    const source = picture(9, 7);
    for (const [dtype, dims, layout, channels] of [
      ['float32', [1, 3, 4, 5], 'nchw', 'rgb'], ['uint8', [1, 4, 5, 3], 'nhwc', 'rgb'], ['float32', ['n', 1, 4, 5], 'nchw', 'gray'],
    ]) {
      const session = await engine.load(identityModel(dtype, dims));
      const { y } = await session.run({ x: image(source) });
      assert.deepEqual(y, await engine.imageTensor(source, { dtype, layout, channels, width: 5, height: 4 }));
      await session.dispose();
    }
  });

  test('several sources are a batch; feeds of both kinds go together, and runs keep their order', async () => {
    const session = await engine.load(shiftModel(0, { dims: ['batch', 3, 2, 2] }));
    const [one, two] = [picture(4, 4), picture(8, 2)];
    const { y } = await session.run({ x: image([one, two]) }, { transfer: true });
    assert.deepEqual(y.dims, [2, 3, 2, 2]);
    const alone = await Promise.all([one, two].map((source) => session.run({ x: image(source) })));
    assert.deepEqual(y.data, Float32Array.of(...alone[0].y.data, ...alone[1].y.data));
    const ended = [];
    const runs = [{ x: image(one) }, { x: tensor(new Float32Array(12), [1, 3, 2, 2]) }].map((feeds, i) =>
      session.run(feeds).then(() => ended.push(i)));
    await Promise.all(runs);
    assert.deepEqual(ended, [0, 1]);
    assert.equal(one.data.length, 48, 'sources belong to the caller');
    await session.dispose();
  });

  test('mean and std, order of channels, quantization', async () => {
    const source = { data: Uint8Array.of(255, 128, 0), width: 1, height: 1 };
    const make = async (options) => [...(await engine.imageTensor(source, { width: 1, height: 1, ...options })).data];
    assert.deepEqual(await make({}), [1, 128 / 255, 0].map(Math.fround));
    assert.deepEqual(await make({ mean: [0.5, 0.25, 0], std: 0.5 }), [1, (128 / 255 - 0.25) / 0.5, 0].map(Math.fround));
    assert.deepEqual(await make({ channels: 'bgr', scale: 1, mean: [1, 2, 3] }), [-1, 126, 252]);
    assert.deepEqual(await make({ channels: 'gray', scale: 1, std: [2] }), [Math.fround(151 / 2)]);
    assert.deepEqual(await make({ dtype: 'int8', quantization: { scale: 1 / 255, zeroPoint: -128 } }), [127, 0, -128]);
    assert.deepEqual(await make({ dtype: 'uint8', scale: 1, quantization: { scale: 2, zeroPoint: 3 } }), [131, 67, 3]);
    assert.deepEqual(await make({ dtype: 'float16' }), [0x3c00, 0x3804, 0]);
  });

  test('cover shows the middle, contain has margins', async () => {
    const source = { data: Uint8Array.of(10, 20, 30, 40), width: 4, height: 1 };
    const make = async (options) => [...(await engine.imageTensor(source, { dtype: 'uint8', channels: 'gray', ...options })).data];
    assert.deepEqual(await make({ width: 2, height: 1 }), [20, 30]);
    assert.deepEqual(await make({ width: 4, height: 3, fit: 'contain', background: [255, 255, 255] }),
      [255, 255, 255, 255, 10, 20, 30, 40, 255, 255, 255, 255]);
    assert.deepEqual(await make({ width: 1, height: 1, fit: 'fill', filter: 'area' }), [25]);
  });

  test('a picture is taken when the run is asked for', async () => {
    const session = await engine.load(shiftModel(0, { dims: [1, 3, 1, 1] }));
    const source = { data: Uint8Array.of(1, 2, 3), width: 1, height: 1 };
    const run = session.run({ x: image(source, { scale: 1 }) });
    source.data.fill(9);
    assert.deepEqual([...(await run).y.data], [1, 2, 3]);
    await session.dispose();
  });

  test('what makes no sense is refused, and the session goes on', async () => {
    const session = await engine.load(shiftModel(1, { dims: [1, 3, 2, 2] }));
    const source = picture(3, 3);
    const refuses = (feed, pattern, code = 'InvalidArgument') => assert.rejects(session.run({ x: feed }), insituError(code, pattern));
    await refuses(image(source, { fit: 'stretch' }), /fit is 'stretch'/);
    await refuses(image(source, { filter: 'lanczos' }), /filter/);
    await refuses(image(source, { crop: 2 }), /crop is 2/);
    await refuses(image(source, { mean: [1, 2] }), /mean/);
    await refuses(image(source, { std: 0 }), /normalised/);
    await refuses(image(source, { width: -3 }), /width is -3/);
    await refuses(image(source, { width: 1e9, height: 1e9 }), /./, 'LimitExceeded');
    await refuses(image(source, { width: 4 }), /./, 'ShapeMismatch');
    await refuses(image(source, { dtype: 'uint8' }), /./);
    await refuses(image(source, { dtype: 'int8' }), /int8/);
    await refuses(image(source, { dtype: 'int8', quantization: { scale: 1, zeroPoint: 128 } }), /zero point 128 is no int8/);
    await refuses(image(source, { dtype: 'uint8', quantization: { scale: 1, zeroPoint: 1e12 } }), /zero point/);
    await refuses(image(source, { dtype: 'uint8', quantization: { scale: 0, zeroPoint: 1 } }), /above 0/);
    await refuses(image(source, { background: [1, 2] }), /background/);
    for (const [options, pattern] of [
      [{ scale: 1n }, /scale is a bigint/], [{ width: 2n }, /width is a bigint/], [{ crop: '1' }, /crop is a string/], [{ mean: [0n, 0, 0] }, /mean/],
      [{ mean: true }, /mean/], [{ background: null }, /background/], [{ background: ['red', 0, 0] }, /background/],
      [{ quantization: { scale: 1n, zeroPoint: 0 } }, /quantization\.scale/],
    ]) await refuses(image(source, options), pattern);
    await refuses(image({ data: null, width: 1, height: 1 }), /no image/);
    await refuses(image([]), /no images/);
    await refuses(image({ data: new Uint8Array(5), width: 2, height: 2 }), /no image/);
    await refuses(image('picture.png'), /no image/);
    await refuses(image({ data: new Uint8Array(0), width: 0, height: 0 }), /no image/);
    await assert.rejects(engine.imageTensor(source, {}), insituError('InvalidArgument', /how large/));
    await assert.rejects(session.run({ z: image(source) }), insituError('InvalidArgument', /no input 'z'/));
    assert.equal((await session.run({ x: image(source) })).y.dims.length, 4);
    await session.dispose();
  });

  test('the stage preprocess is timed, and shadows and profiles see pictures, too', async () => {
    const session = await engine.load(shiftModel(0, { dims: [1, 3, 8, 8] }));
    await session.run({ x: image(picture(200, 100)) });
    const { latency } = await session.monitor.snapshot();
    assert.ok(latency.last.preprocess > 0, JSON.stringify(latency.last));
    assert.ok((await session.profile({ x: image(picture(9, 9)) }, 2)).length > 0);
    const shadow = await session.shadow(shiftModel(0, { dims: [1, 3, 8, 8] }));
    await session.run({ x: image(picture(20, 20)) });
    await shadow.settled();
    assert.deepEqual((({ compared, agreed }) => ({ compared, agreed }))((await shadow.report()).outputs.y), { compared: 1, agreed: 1 });
    await session.dispose();
  });
});
