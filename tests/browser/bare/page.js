// A page that tests drive: digit(session) runs the handwriting model on ramps, open() loads it, and `workers` are all that the page
// has started.
import { Engine, tensor } from '/index.js';

globalThis.workers = [];
globalThis.Worker = class extends Worker {
  constructor(...given) {
    super(...given);
    workers.push(this);
  }
};

const model = '/demo/models/handwriting.int8.onnx';
globalThis.feed = () => ({ image: tensor(Float32Array.from({ length: 784 }, (_, i) => (i % 100) / 100), [1, 1, 28, 28]) });
globalThis.digit = async (session) => Array.from(Object.values(await session.run(feed()))[0].data);
globalThis.open = async (options = {}, loadOptions = {}) => {
  globalThis.engine = await Engine.create(options);
  globalThis.session = await engine.load(model, loadOptions);
};
globalThis.reopen = async () => (globalThis.session = await engine.load(model));
/* What a promise comes to, in words. */
globalThis.outcome = (promise) => promise.then(() => 'resolved', (error) => `${error.code}: ${error.message}`);
document.documentElement.dataset.ready = '';
