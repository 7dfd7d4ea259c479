// Does the visit that the address names, ?NAME=OPTIONS, and leaves what came of it in data-result, where any driver can read it.
import { Engine, tensor } from '/index.js';

const model = '/demo/models/handwriting.int8.onnx';
const image = () => tensor(Float32Array.from({ length: 784 }, (_, i) => (i % 100) / 100), [1, 1, 28, 28]);
const digit = async (session) => Array.from(Object.values(await session.run({ image: image() }))[0].data);
const outcome = (promise) => promise.then(() => 'resolved', (error) => `${error.code}: ${error.message}`);

const problems = [];
addEventListener('error', ({ message }) => problems.push(message));
addEventListener('unhandledrejection', ({ reason }) => problems.push(String(reason)));
document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
  problems.push(`${violatedDirective} refuses ${blockedURI}`));
for (const level of ['warn', 'error']) console[level] = (...said) => problems.push(said.join(' '));

const tell = (result) => (document.documentElement.dataset.result = JSON.stringify({ ...result, problems }));

const visits = {
  async run(options) {
    const engine = await Engine.create(options);
    const session = await engine.load(model);
    const { flavour, threads, reasons } = engine.info;
    const result = { flavour, threads, reasons, isolated: crossOriginIsolated, digit: await digit(session) };
    await engine.dispose();
    return result;
  },

  /* Loads with a cache; what comes of it is there when the model is kept, or cannot be. */
  async keep() {
    const engine = await Engine.create();
    const phases = new Set();
    const session = await engine.load(model, { cache: 'opfs', onProgress: ({ phase, total }) => {
      phases.add(phase === 'keep' && total !== undefined ? 'kept' : phase);
    } });
    const result = { digit: await digit(session) };
    for (let turn = 0; turn < 50 && phases.has('download') && !phases.has('kept'); turn++) {
      await new Promise((done) => { setTimeout(done, 50); });
    }
    await engine.dispose();
    return { ...result, phases: [...phases] };
  },

  async kill(options) {
    const workers = [];
    globalThis.Worker = class extends Worker {
      constructor(...given) {
        super(...given);
        workers.push(this);
      }
    };
    const engine = await Engine.create(options);
    const session = await engine.load(model);
    const profile = session.profile({ image: image() }, 1e7);
    await new Promise((done) => { setTimeout(done, 300); });
    workers[0].terminate();
    const said = [await outcome(profile), await outcome(digit(session))];
    const result = { said, digit: await digit(await engine.load(model)), workers: workers.length };
    await engine.dispose();
    return result;
  },

  /* To be left and come back to: what is told then is of the page as it was. */
  async stay(options) {
    const engine = await Engine.create(options);
    const session = await engine.load(model);
    addEventListener('pageshow', async ({ persisted }) => tell({ persisted, digit: await digit(session) }));
    addEventListener('pagehide', () => delete document.documentElement.dataset.result);
    const result = { digit: await digit(session) };
    const held = async () => (await navigator.locks.query()).held.length;
    while (await held() > 0);
    return result;
  },
};

const [[name, options]] = new URLSearchParams(location.search);
visits[name](JSON.parse(options)).then(tell, (error) => tell({ failed: `${error}\n${error.stack}` }));
