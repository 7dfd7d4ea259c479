// How often a model answers what it should: the label, or what the float model says where there are no labels.
import { createHash } from 'node:crypto';

const kAxis = -1;
const kOfMany = 40;  // samples that are enough for a ratio of all outputs

/* The classes along an axis of the first output, one for each place. */
export async function answersOf(engine, model, samples, axis = kAxis) {
  return firstOutputs(engine, model, samples, ({ data, dims }) => largest(data, dims, axis < 0 ? dims.length + axis : axis));
}

/** Signal to quantization noise of the first output against float, in dB. */
export async function sqnrOf(engine, float, model, samples) {
  const few = samples.slice(0, kOfMany), dataOf = ({ data }) => data;
  const wanted = await firstOutputs(engine, float, few, dataOf), got = await firstOutputs(engine, model, few, dataOf);
  let signal = 0, noise = 0;
  for (const [i, values] of wanted.entries()) {
    values.forEach((value, at) => {
      signal += value ** 2;
      noise += (value - got[i][at]) ** 2;
    });
  }
  return Number((10 * Math.log10(signal / noise)).toFixed(2));
}

async function firstOutputs(engine, model, samples, what) {
  const session = await engine.load(model, { monitor: false });
  const [{ name }] = session.outputs, found = [];
  for (const { feeds } of samples) found.push(what((await session.run(feeds))[name]));
  await session.dispose();
  return found;
}

/** SHA-256 of a subject: the model, and the samples with their labels. */
export function digestOf(model, ...groups) {
  const hash = createHash('sha256').update(model);
  for (const { feeds, label } of groups.flat()) {
    hash.update(JSON.stringify(label ?? null));
    for (const [name, { dims, data }] of Object.entries(feeds)) hash.update(JSON.stringify([name, dims])).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

function largest(data, dims, axis) {
  const inner = dims.slice(axis + 1).reduce((product, extent) => product * extent, 1), count = dims[axis];
  return Uint16Array.from({ length: data.length / count }, (_, place) => {
    const first = Math.floor(place / inner) * count * inner + place % inner;
    let best = 0;
    for (let c = 1; c < count; c++) if (data[first + c * inner] > data[first + best * inner]) best = c;
    return best;
  });
}

/** The share of places with the right answer. */
export function share(answers, samples, float) {
  let right = 0, all = 0;
  for (const [i, answer] of answers.entries()) {
    answer.forEach((one, place) => { right += one === (samples[i].label ?? float[i][place]); });
    all += answer.length;
  }
  return right / all;
}
