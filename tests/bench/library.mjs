// What the bench can measure, and how a model gets onto the disk: the networks and operators that it builds itself, kept
// in the per-user cache under a hash of the code that builds them, and the real models of ../shared/models.
// Invariant: a subject's files and feeds depend on that code alone (and on onnxruntime-web, which settles weights).
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { entry, hashFiles, keyOf } from '../../scripts/lib/cache.mjs';
import { cacheDir, root } from '../../scripts/lib/paths.mjs';
import { precisions } from './forms/forms.mjs';
import { tflite } from './forms/tflite.mjs';
import { serialize } from './models/graph.mjs';
import { networks } from './models/networks.mjs';
import { operators } from './models/operators.mjs';
import { settle } from './models/settle.mjs';

const sharedModels = join(root, '..', 'shared', 'models');
const kShared = [
  { name: 'mobilenet_v2_fp32', classifies: true }, { name: 'mobilenet_v2_int8_qdq', classifies: true },
  { name: 'ultraface_rfb_320' }, { name: 'fastestdet' }, { name: 'squeezenet_fp16', classifies: true },
  { name: 'magika', classifies: true }, { name: 'silero_vad_16k' }, { name: 'tiny_gpt2' },
  { name: 'mnist_cnn', classifies: true }, { name: 'mnist_mlp_dynamic_int8', classifies: true },
];
const kGenerators = ['models', 'forms', 'operators.json', 'tflite-writer.mjs', '../support/onnx-writer.mjs', '../support/random.mjs',
                     '../node/support/quantized-formulas.mjs'];

const built = (group) => (model) => ({
  name: model.name, group, classifies: Boolean(model.classifies), prepare: (say) => prepareBuilt(model, say),
  precisions: Object.fromEntries(model.precisions.map((name) =>
    [name, precisions[name].map((form) => ({ name: form.name, ours: form.ours, file: `${form.name}.onnx` }))])),
  litert: Object.fromEntries((model.litert ? model.precisions : []).map((name) =>
    [name, { name: `${name}-tflite`, file: `${name}.tflite`, compareWith: name === 'int8' ? 'int8-s8s8' : name }])),
});

/**
 * Every subject: name, group, classifies, precisions (forms with the name of their file), litert (by precision the form
 * for LiteRT, and with which form of insitu's it is compared), prepare(say).
 */
export const subjects = [
  ...networks.map(built('networks')),
  ...kShared.map(({ name, classifies = false }) => ({
    name, group: 'shared', classifies, precisions: { given: [{ name: '', ours: true, file: 'model.onnx' }] }, litert: {},
    prepare: () => prepareShared(name),
  })),
  ...operators.map(built('operators')),
];

/* Both give { folder, feeds }, feeds as { dtype, dims, base64 } by name; undefined where a model is not here. */

async function prepareBuilt(model, say) {
  const installed = JSON.parse(readFileSync(join(root, 'node_modules', 'onnxruntime-web', 'package.json'), 'utf8'));
  const sources = kGenerators.map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const key = keyOf(hashFiles(...sources), installed.version);
  const name = `bench-${model.name}`;
  forgetOthers(name, key);
  const folder = await entry(name, key, async (partial) => {
    say(`building ${model.name} ...`);
    const graph = model.build();
    const ranges = await settle(graph);
    for (const form of model.precisions.flatMap((precision) => precisions[precision])) {
      writeFileSync(join(partial, `${form.name}.onnx`), serialize(form.make(graph, ranges)));
    }
    for (const precision of model.litert ? model.precisions : []) {
      writeFileSync(join(partial, `${precision}.tflite`), tflite(graph, ranges, precision));
    }
    writeFileSync(join(partial, 'feeds.json'), JSON.stringify(encodeFeeds(graph.feeds)));
  });
  return { folder, feeds: JSON.parse(readFileSync(join(folder, 'feeds.json'), 'utf8')) };
}

/* Entries of the same model that earlier generators made. */
function forgetOthers(name, key) {
  if (!existsSync(cacheDir())) return;
  const others = readdirSync(cacheDir()).filter((found) => found.startsWith(`${name}-`) && found !== `${name}-${key}`);
  for (const found of others) rmSync(join(cacheDir(), found), { recursive: true });
}

async function prepareShared(name) {
  const folder = join(sharedModels, name);
  if (!existsSync(join(folder, 'model.onnx'))) return undefined;
  const { Engine } = await import('../node/support/insitu.mjs');
  const engine = await Engine.create({ worker: false });
  try {
    const set = join(folder, 'test_data_set_0');
    const files = readdirSync(set).filter((file) => file.startsWith('input_'));
    const parsed = await Promise.all(files.map((file) => engine.parseValue(join(set, file))));
    return { folder, feeds: encodeFeeds(Object.fromEntries(parsed.map((input) => [input.name, input.value]))) };
  } finally {
    await engine.dispose();
  }
}

function encodeFeeds(feeds) {
  return Object.fromEntries(Object.entries(feeds).map(([name, { dtype, dims, data }]) =>
    [name, { dtype, dims, base64: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64') }]));
}
