// What the tests of the element do on its page: load the handwriting model, and feed it with drawings that are good or not.
import { define } from '/element.js';
import { load, tensor } from '/index.js';

const side = 28;
const panel = document.querySelector('insitu-monitor');

export async function open(monitor = {}, options = {}) {
  const session = await load('/demo/models/handwriting.int8.onnx', {
    monitor: monitor && { profile: '/demo/models/handwriting.profile.json', falseAlarmEvery: 1000, slo: { p95Ms: 200 }, ...monitor }, ...options,
  });
  panel.session = session;
  return session;
}

/** Runs on images of which nothing is like a digit: the alarm comes after some 40. `spoil`: the value of a pixel of each. */
export async function feed(session, runs, options = {}, spoil = 0) {
  for (let i = 0; i < runs; i++) {
    const image = Float32Array.from({ length: side * side }, (_, k) => ((k * 7 + i * 13) % 29 === 0 ? 1 : 0));
    image[1] = spoil;
    await session.run({ image: tensor(image, [1, 1, side, side]) }, options);
  }
}

Object.assign(globalThis, { panel, open, feed });
define();
define();
document.documentElement.dataset.ready = 'true';
