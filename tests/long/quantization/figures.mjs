// Measures both tools on all subjects and writes figures.json, which ../quantization.test.mjs holds insitu to; `sqnr` is that of
// the outputs against float, in dB, `uncorrected` insitu's without bias correction.
//
// usage: node tests/long/quantization/figures.mjs [NAME...] -- PYTHON...
//        PYTHON: the command that starts a Python with onnxruntime and onnx, e.g. `python3`
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { root } from '../../../scripts/lib/paths.mjs';
import { Engine } from '../../node/support/insitu.mjs';
import { answersOf, digestOf, share, sqnrOf } from './judge.mjs';
import { subjects } from './subjects.mjs';

const file = new URL('figures.json', import.meta.url);
const script = fileURLToPath(new URL('onnxruntime_static.py', import.meta.url));
const given = process.argv.slice(2), dash = given.indexOf('--');
const names = dash < 0 ? given : given.slice(0, dash), [command, ...args] = dash < 0 ? [] : given.slice(dash + 1);
if (command === undefined || names.some((name) => !subjects.some((one) => one.name === name))) {
  console.error(`usage: figures.mjs [NAME...] -- PYTHON...\nNAME is one of ${subjects.map(({ name }) => `'${name}'`).join(', ')}.`);
  process.exit(2);
}

/* Quantized by onnxruntime's tool, and its version. */
function theirs(name, model, calibration) {
  const folder = join(root, 'build', 'quantization', name.replaceAll(' ', '-'));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'float.onnx'), model);
  const inputs = Object.entries(calibration[0].feeds).map(([input, { dtype }]) => ({ name: input, dtype, dims: calibration.map(({ feeds }) => feeds[input].dims) }));
  writeFileSync(join(folder, 'calibration.json'), JSON.stringify(inputs));
  for (const { name: input } of inputs) {
    const bytesOf = ({ feeds: { [input]: { data } } }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    writeFileSync(join(folder, `${input}.bin`), Buffer.concat(calibration.map(bytesOf)));
  }
  const { status, stdout, stderr } = spawnSync(command, [...args, script, folder], { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(`${name}: onnxruntime's tool failed\n${stderr.slice(-2000)}`);
  return { bytes: readFileSync(join(folder, 'onnxruntime.onnx')), tool: stdout.trim().split('\n').at(-1) };
}

const figures = JSON.parse(readFileSync(file, 'utf8'));
const engine = await Engine.create({ worker: false });
for (const { name, what, axis, prepare } of subjects.filter((one) => names.length === 0 || names.includes(one.name))) {
  const { model, calibration, judged } = await prepare();
  const { bytes: rival, tool } = theirs(name, model, calibration);
  const feeds = calibration.map((sample) => sample.feeds);
  const { model: ours } = await engine.quantize(model, feeds), { model: uncorrected } = await engine.quantize(model, feeds, { biasCorrection: false });
  const float = await answersOf(engine, model, judged, axis);
  const of = async (bytes) => share(await answersOf(engine, bytes, judged, axis), judged, float);
  const sqnr = {};
  for (const [key, bytes] of Object.entries({ onnxruntime: rival, insitu: ours, uncorrected })) sqnr[key] = await sqnrOf(engine, model, bytes, judged);
  const row = {
    what, digest: digestOf(model, calibration, judged), calibration: calibration.length, judged: judged.length,
    measure: judged[0].label === undefined ? 'agreement' : 'accuracy', classes: new Set(float.flatMap((one) => [...one])).size,
    float: share(float, judged, float), onnxruntime: await of(rival), insitu: await of(ours), sqnr,
    bytes: { float: model.length, onnxruntime: rival.length, insitu: ours.length }, tool,
  };
  figures[name] = row;
  console.log(name, JSON.stringify(row));
  writeFileSync(file, `${JSON.stringify(figures, null, 2)}\n`);
}
await engine.dispose();
