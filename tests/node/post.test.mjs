// insitu/post: probabilities, ranks, boxes, masks and the way back to the picture.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dist, insituError, tensor } from './support/insitu.mjs';
import { generator } from '../support/random.mjs';

const { argmaxMask, imagePlacement, nms, softmax, topK } = await import(new URL('post.js', dist).href);

test('softmax along any axis, of numbers that overflow, too', () => {
  const near = (actual, expected) => expected.forEach((value, i) => assert.ok(Math.abs(actual[i] - value) < 1e-6, `${actual}`));
  near(softmax(tensor([0, Math.log(3)])).data, [0.25, 0.75]);
  near(softmax(tensor([1000, 1000, -1000])).data, [0.5, 0.5, 0]);
  const first = softmax(tensor([0, 5, Math.log(3), 5], [2, 2]), 0);
  assert.deepEqual(first.dims, [2, 2]);
  near(first.data, [0.25, 0.5, 0.75, 0.5]);
  near(softmax(tensor(Uint16Array.of(0, 0x3c00), [2], 'float16')).data, [1 / (1 + Math.E), Math.E / (1 + Math.E)]);
  assert.throws(() => softmax(tensor([1]), 1), insituError('InvalidArgument', /no axis 1/));
  assert.throws(() => softmax(tensor(['a'])), insituError('InvalidArgument', /string/));
});

test('the best classes come first, with their labels', () => {
  const scores = tensor([0.1, NaN, 0.7, 0.7, 0.2, 0, 9, 0, 0, 0], [2, 5]);
  assert.deepEqual(topK(scores, { k: 3, labels: ['a', 'b', 'c'] }).map(({ index, label }) => [index, label]), [[2, 'c'], [3, undefined], [4, undefined]]);
  assert.deepEqual(topK(scores, { row: 1, k: 1 }), [{ index: 1, score: 9 }]);
  assert.equal(topK(scores, { k: 50 }).length, 4);
  const { next } = generator(3);
  const numbers = Array.from({ length: 1000 }, next);
  const sorted = numbers.map((score, index) => [score, index]).sort((a, b) => b[0] - a[0]).slice(0, 20).map(([, index]) => index);
  assert.deepEqual(topK(tensor(Float64Array.from(numbers)), { k: 20 }).map(({ index }) => index), sorted);
  assert.throws(() => topK(scores, { row: 2 }), insituError('InvalidArgument', /no row 2/));
  assert.throws(() => topK(scores, { k: 0 }), insituError('InvalidArgument', /k is 0/));
});

const rows = [[0, 0, 10, 10], [1, 1, 11, 11], [20, 20, 30, 30], [0, 0, 10, 10]];

test('of boxes that overlap the best stays, class by class', () => {
  const boxes = tensor(rows.flat(), [4, 4]);
  const kept = nms(boxes, tensor([0.5, 0.9, 0.3, 0.1]));
  assert.deepEqual(kept.map(({ index }) => index), [1, 2]);
  assert.deepEqual(kept[0], { index: 1, classIndex: 0, score: Math.fround(0.9), box: [1, 1, 11, 11] });
  const classes = tensor([0.9, 0, 0, 0.8, 0.7, 0, 0.6, 0], [4, 2]);
  assert.deepEqual(nms(boxes, classes).map(({ index, classIndex }) => [index, classIndex]), [[0, 0], [1, 1], [2, 0]]);
  assert.deepEqual(nms(boxes, tensor([0.5, 0.9, 0.3, 0.1]), { iou: 0.7 }).map(({ index }) => index), [1, 0, 2]);
  assert.deepEqual(nms(boxes, tensor([0.5, 0.9, 0.3, 0.1]), { most: 1 }).length, 1);
  const flat = (list) => tensor(list[0].flatMap((_, i) => list.map((row) => row[i])), [1, list[0].length, list.length]);
  const centred = rows.map(([l, t, r, b]) => [(l + r) / 2, (t + b) / 2, r - l, b - t]);
  assert.deepEqual(nms(flat(centred), flat([[0.9, 0], [0, 0.8], [0.7, 0], [0.6, 0]]), { layout: 'columns', format: 'cxcywh' }).map(({ box }) => box),
    [rows[0], rows[1], rows[2]]);
  assert.throws(() => nms(boxes, tensor([1, 2, 3])), insituError('ShapeMismatch', /do not go together/));
  assert.throws(() => nms(tensor([1, 2, 3]), tensor([1])), insituError('ShapeMismatch'));
});

test('a mask has the best class of every pixel, wherever the classes stand', () => {
  const first = [1, 0, 0, 0, /**/ 0, 2, 0, 0, /**/ 0, 0, 3, 0];
  const mask = argmaxMask(tensor(first, [1, 3, 2, 2]));
  assert.deepEqual([mask.dtype, mask.dims, [...mask.data]], ['uint8', [2, 2], [0, 1, 2, 0]]);
  const last = [0, 1, 2, 3].flatMap((pixel) => [0, 1, 2].map((index) => first[index * 4 + pixel]));
  assert.deepEqual([...argmaxMask(tensor(last, [2, 2, 3]), { layout: 'nhwc' }).data], [0, 1, 2, 0]);
  assert.equal(argmaxMask(tensor(new Float32Array(300), [300, 1, 1])).dtype, 'int32');
  assert.throws(() => argmaxMask(tensor([1, 2])), insituError('ShapeMismatch'));
});

test('a picture lies where torchvision and Ultralytics put it, and boxes find the way back', () => {
  const at = (width, height, options) => (({ width, height, left, top }) => [width, height, left, top])(imagePlacement({ width, height }, options));
  // Resize(256), CenterCrop(224) of torchvision: 341 x 256, offsets round((341 - 224) / 2) and 16.
  assert.deepEqual(at(640, 480, { width: 224, height: 224, crop: 224 / 256 }), [341, 256, -58, -16]);
  assert.deepEqual(at(480, 640, { width: 224, height: 224 }), [224, 298, 0, -37]);
  // LetterBox of Ultralytics: 640 x 480 into 640 x 640 has 80 above; 333 x 500 becomes 426 x 640 with 107 to the left.
  assert.deepEqual(at(640, 480, { width: 640, height: 640, fit: 'contain' }), [640, 480, 0, 80]);
  assert.deepEqual(at(333, 500, { width: 640, height: 640, fit: 'contain' }), [426, 640, 107, 0]);
  assert.deepEqual(at(3, 7, { width: 5, height: 5, fit: 'fill' }), [5, 5, 0, 0]);
  const { toSource } = imagePlacement({ width: 640, height: 480 }, { width: 320, height: 320, fit: 'contain' });
  assert.deepEqual(toSource([0, 40, 320, 280]), [0, 0, 640, 480]);
  assert.deepEqual(toSource([-10, 100, 160, 400]), [0, 120, 320, 480]);
  assert.throws(() => imagePlacement({ width: 1, height: 1 }, {}), insituError('InvalidArgument', /how large/));
});
