// Pictures of 640 x 480 into a tensor of 224 x 224 in Chromium: image() against a canvas and a loop in JavaScript, run by run.
// The canvas smooths without antialiasing, so that means of the two are compared, not elements.
//
// usage: node tests/bench/pictures.mjs [RUNS]
import { start } from '../browser/support.mjs';
import { model } from '../support/onnx-writer.mjs';

const runs = Number(process.argv[2] ?? 200);
const dims = [1, 3, 224, 224];
const means = model({
  nodes: [{ op: 'ReduceMean', inputs: ['x'], outputs: ['y'], attributes: { axes: [1, 2, 3], keepdims: 0 } }],
  inputs: [{ name: 'x', dtype: 'float32', dims }],
  outputs: [{ name: 'y', dtype: 'float32', dims: [1] }],
});

/* In the page. Each row: medians of the stage and of the whole request, in ms, with a canvas and with image(). */
async function compare({ bytes, runs, dims }) {
  const { Engine, image, tensor } = await import('/index.js');
  const engine = await Engine.create({ threads: 1 });
  const session = await engine.load(new Uint8Array(bytes));
  const [width, height, side] = [640, 480, dims[3]];
  const mean = [0.485, 0.456, 0.406], std = [0.229, 0.224, 0.225];
  const canvas = new OffscreenCanvas(width, height);
  const paint = canvas.getContext('2d', { alpha: false });
  for (let i = 0; i < 400; i++) {
    paint.fillStyle = `hsl(${i * 7} 80% 50%)`;
    paint.fillRect((i * 37) % width, (i * 53) % height, 60, 40);
  }
  const bitmap = await createImageBitmap(canvas);
  const sources = {
    'VideoFrame': () => new VideoFrame(bitmap, { timestamp: 0 }), 'ImageData': () => paint.getImageData(0, 0, width, height),
    'ImageBitmap': () => bitmap, 'canvas': () => canvas,
  };
  const small = new OffscreenCanvas(side, side).getContext('2d', { willReadFrequently: true });
  small.imageSmoothingQuality = 'high';
  const draw = async (source) => {
    const picture = source instanceof ImageData ? await createImageBitmap(source) : source;
    const scale = Math.max(side / width, side / height);
    small.drawImage(picture, (side - width * scale) / 2, (side - height * scale) / 2, width * scale, height * scale);
    const { data } = small.getImageData(0, 0, side, side);
    const plane = side * side, out = new Float32Array(3 * plane);
    for (let i = 0; i < plane; i++) {
      for (let c = 0; c < 3; c++) out[c * plane + i] = (data[i * 4 + c] / 255 - mean[c]) / std[c];
    }
    return tensor(out, dims);
  };
  const ways = {
    canvas: async (source, startedAt) => ({ x: await draw(source), startedAt }),
    image: async (source) => ({ x: image(source, { mean, std }) }),
  };
  const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
  const rows = [];
  for (const [name, make] of Object.entries(sources)) {
    const times = { canvas: [[], []], image: [[], []] }, results = {};
    for (let run = -20; run < runs; run++) {
      for (const [way, feed] of Object.entries(ways)) {
        const source = make();
        const from = performance.now();
        const { x, startedAt } = await feed(source, from);
        const { y } = await session.run({ x }, { startedAt });
        const total = performance.now() - from;
        source.close && source !== bitmap && source.close();
        results[way] = y.data[0];
        const { last } = (await session.monitor.snapshot()).latency;
        if (run >= 0) [last.preprocess, total].forEach((ms, i) => times[way][i].push(ms));
      }
    }
    if (Math.abs(results.canvas - results.image) > 0.02) throw new Error(`${name}: means ${results.canvas} and ${results.image}`);
    rows.push([name, ...times.canvas.map(median), ...times.image.map(median)]);
  }
  await engine.dispose();
  return rows;
}

const site = await start();
try {
  const { page } = await site.open('demo/');
  const rows = await page.evaluate(compare, { bytes: [...means], runs, dims });
  console.log('| source | canvas: stage, request (ms) | image(): stage, request (ms) | stage, of canvas | request, of canvas |');
  console.log('| --- | ---: | ---: | ---: | ---: |');
  for (const [name, a, b, c, d] of rows) {
    const show = (...ms) => ms.map((one) => one.toFixed(2)).join(', ');
    console.log(`| ${name} | ${show(a, b)} | ${show(c, d)} | ${show(c / a)} | ${show(d / b)} |`);
  }
} finally {
  await site.close();
}
