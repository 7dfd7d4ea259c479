// What the watch costs on MobileNetV2 int8, in a real Chromium: its own time of that of inference, and a session with it
// against one without, interleaved. Prints rows like calibrate.cc's. Machines are noisy: a bound that does not hold is said,
// and fails nothing. Once as code runs that does without the processor's 8-bit dot products, which most have not, and once with them.
import { subjects } from '../bench/library.mjs';
import { kWithoutVnni } from '../bench/site.mjs';
import { start } from '../browser/support.mjs';

const rounds = 400;
const subject = subjects.find(({ name }) => name === 'mobilenet_v2');
const { folder, feeds } = await subject.prepare((text) => console.error(text));
const [form] = subject.precisions.int8;

async function measure(flags) {
  const site = await start({ mounts: new Map([['/models/', folder]]), isolated: true, flags });
  const { page } = await site.open('demo/');
  const times = await page.evaluate(async ({ address, feeds, rounds }) => {
    const { Engine, tensor } = await import('/index.js');
    const engine = await Engine.create({ threads: 1, assets: '/' });
    const model = await (await fetch(address)).arrayBuffer();
    const without = await engine.load(model, { monitor: false });
    const [{ name }] = without.inputs;
    const { dims, base64 } = feeds[name];
    const data = new Float32Array(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)).buffer);
    // A profile of everything there is to know of it; the picture with a little grain is what is normal.
    const learner = await engine.load(model, { monitor: { profile: { learn: 2000 } } });
    for (let i = 0; i < 2000; i++) {
      data[i] += 1e-3 * Math.random();
      await learner.run({ [name]: tensor(data, dims) });
    }
    const profile = await learner.monitor.exportProfile();
    await learner.dispose();
    const watched = await engine.load(model, { monitor: { profile } });
    const times = { off: [], on: [] };
    for (let i = 0; i < 20; i++) for (const session of [without, watched]) await session.run({ [name]: tensor(data, dims) });
    await watched.monitor.reset();
    for (let i = 0; i < 2 * rounds; i++) {
      // First one, then the other; each round the other way round.
      const on = (i + (i >> 1)) % 2 === 0;
      const from = performance.now();
      await (on ? watched : without).run({ [name]: tensor(data, dims) });
      times[on ? 'on' : 'off'].push(performance.now() - from);
    }
    const { latency: { warm }, ownMs } = await watched.monitor.snapshot();
    await engine.dispose();
    return { ...times, own: ownMs, infer: warm.infer.meanMs * (warm.infer.count + 1) };
  }, { address: `/models/${form.file}`, feeds, rounds });
  await site.close();
  return times;
}

const quantile = (times, q) => times.sort((a, b) => a - b)[Math.floor(q * times.length)];
const percent = (share) => `${(100 * share).toFixed(2)} %`;
const report = (what, bound, measured, holds) => console.log(`${what} | ${bound} | ${measured} | ${holds ? 'yes' : 'NOT HERE'}`);

for (const [where, flags] of [['as without VNNI', [kWithoutVnni]], ["with this processor's instructions", []]]) {
  const { off, on, own, infer } = await measure(flags);
  report(`the watch of MobileNetV2 int8 in Chromium, ${where}, ${rounds} runs: its own time, of inference`, '1 %',
    percent(own / infer), own / infer <= 0.01);
  const more = quantile(on, 0.5) / quantile(off, 0.5) - 1;
  report('median of a run with it over one without, interleaved', '1 % more',
    `${percent(more)} (${quantile(on, 0.5).toFixed(2)} and ${quantile(off, 0.5).toFixed(2)} ms; p99 ${quantile(on, 0.99).toFixed(1)} and ` +
    `${quantile(off, 0.99).toFixed(1)} ms)`, more <= 0.01);
}
