// What is quantized by both tools: insitu's own float models, those of ../shared/models that name a class, and the architectures that
// the bench builds. Each gives its float model, samples to calibrate with, and samples to judge with, which are others.
// Invariant: all depend on this code and on the models alone.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from '../../../scripts/lib/paths.mjs';
import { serialize } from '../../bench/models/graph.mjs';
import { networks } from '../../bench/models/networks.mjs';
import { settle } from '../../bench/models/settle.mjs';
import { Hand, rasterize } from '../../models/second-generator.mjs';
import { Engine, tensor } from '../../node/support/insitu.mjs';
import { generator } from '../../support/random.mjs';

const shared = (name, ...path) => join(root, '..', 'shared', 'models', name, ...path);

/* Of the second generator, hand after hand: whether the model was trained on others is what its accuracy shows. */
function drawings(count, firstHand, toFeeds) {
  return Array.from({ length: count }, (_, i) => {
    const { digit, strokes } = new Hand(firstHand + i).next();
    return { feeds: toFeeds(rasterize(strokes)), label: digit };
  });
}

async function handwriting() {
  const toFeeds = (pixels) => ({ image: tensor(pixels, [1, 1, 28, 28]) });
  return {
    model: readFileSync(join(root, 'models/handwriting/handwriting_fp32.onnx')),
    calibration: drawings(300, 10_000, toFeeds), judged: drawings(2000, 0, toFeeds),
  };
}

async function mnistCnn() {
  const toFeeds = (pixels) => ({ Input3: tensor(pixels.map((ink) => 255 * ink), [1, 1, 28, 28]) });
  const digits = (samples) => samples.filter(({ label }) => label < 10);
  return {
    model: readFileSync(shared('mnist_cnn', 'model.onnx')),
    calibration: digits(drawings(300, 10_000, toFeeds)), judged: digits(drawings(2000, 0, toFeeds)),
  };
}

/* One sentence in three calibrates. */
async function intents() {
  const model = readFileSync(join(root, 'models/intents/intents_fp32.onnx'));
  const held = JSON.parse(readFileSync(join(root, 'tests/models/fixtures/intents.json'), 'utf8'));
  const engine = await Engine.create({ worker: false });
  const { inputs, metadata } = await engine.load(model);
  await engine.dispose();
  const labels = JSON.parse(metadata.labels);
  const toFeed = ({ name }, ids) => tensor(BigInt64Array.from(ids, (id) => BigInt(name === 'attention_mask' ? 1 : id)), [1, ids.length]);
  const samples = held.map(({ ids, label }) => ({
    feeds: Object.fromEntries(inputs.map((input) => [input.name, toFeed(input, ids)])), label: labels.indexOf(label),
  }));
  return { model, calibration: samples.filter((_, i) => i % 3 === 0), judged: samples.filter((_, i) => i % 3 !== 0) };
}

/* A published photograph, darker and lighter, with more and less contrast, mirrored, shifted and noisy. */
async function photograph() {
  const engine = await Engine.create({ worker: false });
  const { name, value: { data, dims } } = await engine.parseValue(shared('mobilenet_v2_int8_qdq', 'test_data_set_0', 'input_0.pb'));
  await engine.dispose();
  const [, , height, width] = dims;
  const altered = (seed) => {
    const random = generator(seed), mirrored = random.next() < 0.5, [dx, dy] = [random.pick(-40, 40), random.pick(-40, 40)];
    const [gain, offset, noise] = [0.5 + random.next(), random.next() - 0.5, 0.4 * random.next()];
    const inside = (at, extent) => Math.min(extent - 1, Math.max(0, at));
    const pixels = data.map((_, i) => {
      const x = i % width, y = Math.floor(i / width) % height, plane = i - i % (width * height);
      const from = plane + width * inside(y + dy, height) + inside((mirrored ? width - 1 - x : x) + dx, width);
      return gain * data[from] + offset + noise * (2 * random.next() - 1);
    });
    return { feeds: { [name]: tensor(pixels, dims) } };
  };
  return {
    model: readFileSync(shared('mobilenet_v2_fp32', 'model.onnx')),
    calibration: Array.from({ length: 60 }, (_, i) => altered(1000 + i)), judged: Array.from({ length: 1000 }, (_, i) => altered(i)),
  };
}

/* Waves over both axes with a colour, and noise: what differs between pictures is most of them. Tokens and states are noise alone. */
function drawn(dims, random) {
  const noise = () => 1.7 * (random.next() + random.next() - 1);
  const size = dims.reduce((product, extent) => product * extent, 1), [, planes, height, width] = dims;
  if (dims.length !== 4 || planes !== 3) return Float32Array.from({ length: size }, noise);
  const waves = Array.from({ length: 5 }, () => ({
    across: random.pick(-6, 6), down: random.pick(-6, 6), phase: 2 * Math.PI * random.next(), of: Array.from({ length: planes }, () => 2 * random.next() - 1),
  }));
  const colour = Array.from({ length: planes }, () => 2 * random.next() - 1), grain = 0.5 * random.next();
  return Float32Array.from({ length: size }, (_, i) => {
    const x = i % width / width, y = Math.floor(i / width) % height / height, plane = Math.floor(i / (width * height));
    return waves.reduce((sum, { across, down, phase, of }) => sum + of[plane] * Math.sin(2 * Math.PI * (across * x + down * y) + phase), colour[plane]) + grain * noise();
  });
}

/* Takes the mean of each class away, as training does: random weights name the same one whatever they see. */
async function balance(graph, samples) {
  const engine = await Engine.create({ worker: false }), session = await engine.load(serialize(graph), { monitor: false });
  const bias = graph.initializers.get(graph.nodes.at(-1).inputs[2]).data, [{ name }] = session.outputs;
  const sums = new Float64Array(bias.length);
  for (const { feeds } of samples) (await session.run(feeds))[name].data.forEach((logit, i) => { sums[i] += logit; });
  bias.forEach((value, i) => { bias[i] = value - sums[i] / samples.length; });
  await engine.dispose();
}

const built = (network, counts, options) => async () => {
  const graph = network.build(options);
  await settle(graph);
  const sample = (seed) => {
    const random = generator(seed);
    return { feeds: Object.fromEntries(graph.inputs.map(({ name, dims }) => [name, tensor(drawn(dims, random), dims)])) };
  };
  const calibration = Array.from({ length: counts.calibration }, (_, i) => sample(100_000 + i));
  if (network.classifies) await balance(graph, calibration);
  return {
    model: serialize(graph), calibration,
    judged: Array.from({ length: counts.judged }, (_, i) => sample(i)),
  };
};

const network = (wanted) => networks.find(({ name }) => name === wanted);

const all = [
  { name: 'handwriting', what: 'drawings of hands that training did not know', prepare: handwriting },
  { name: 'intents', what: 'held-out sentences', prepare: intents },
  { name: 'mnist_cnn', what: 'the same drawings, digits alone', prepare: mnistCnn, needs: shared('mnist_cnn') },
  { name: 'mobilenet_v2_fp32', what: 'a photograph, altered', prepare: photograph, needs: shared('mobilenet_v2_fp32') },
  { name: 'bench mobilenet_v2', what: 'drawn pictures', prepare: built(network('mobilenet_v2'), { calibration: 100, judged: 1500 }, { size: 96, classes: 20 }) },
  { name: 'bench efficientnet_lite0', what: 'drawn pictures', prepare: built(network('efficientnet_lite0'), { calibration: 100, judged: 1500 }, { size: 96, classes: 20 }) },
  { name: 'bench resnet50', what: 'drawn pictures', prepare: built(network('resnet50'), { calibration: 100, judged: 1500 }, { size: 64, classes: 20 }) },
  { name: 'bench yolo_csp', what: 'drawn pictures; the class of each cell', axis: 1, prepare: built(network('yolo_csp'), { calibration: 30, judged: 20 }) },
  { name: 'bench encoder', what: 'noise; the largest feature of each token', prepare: built(network('encoder'), { calibration: 30, judged: 40 }) },
  { name: 'bench decoder', what: 'noise; the largest feature', prepare: built(network('decoder'), { calibration: 30, judged: 400 }) },
];
const isHere = ({ needs }) => needs === undefined || existsSync(needs);
/**
 * name; prepare(), which gives { model (bytes), calibration, judged }: { feeds, label? } each; axis: where classes are, of the first
 * output; what the samples are. Without labels what counts is agreement with float.
 */
export const subjects = all.filter(isHere);
/** The names of those whose model is not here. */
export const absent = all.filter((one) => !isHere(one)).map(({ name }) => name);
