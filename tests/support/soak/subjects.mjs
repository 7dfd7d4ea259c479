// The models of long days and of callers that come together: what each is fed with, and whether two answers are the same.
// Runs in pages and in Node. Invariant: a subject's variant always means the same feeds, extents included.
import { generator } from '../random.mjs';

/* Mostly of one; the others are more than the plans that are kept of a model, so that some are made anew again and again. */
const batches = [...Array(24).fill(1), 2, 3, 4, 5, 6, 7, 8, 9, 12];

/** Of each subject. */
export const variants = batches.length;

const floats = ({ next }, length) => Float32Array.from({ length }, () => next());
const images = (insitu, random, batch) => ({ image: insitu.tensor(floats(random, 784 * batch), [batch, 1, 28, 28]) });

/** feeds(insitu, random, batch) by the name of the model. A batch of one is computed in less than 0.3 ms. */
export const small = {
  handwriting_int8: images,
  handwriting_fp32: images,
  intents_int8: ({ tensor }, random, batch) => {
    const length = 3 + batch, words = batch * length;
    return {
      input_ids: tensor(BigInt64Array.from({ length: words }, () => BigInt(random.pick(0, 900))), [batch, length]),
      attention_mask: tensor(BigInt64Array.from({ length: words }, (_, i) => BigInt(i % length < 3 || random.next() < 0.7)), [batch, length]),
    };
  },
  shift: ({ tensor }, random, batch) => ({ x: tensor(floats(random, 4 * batch), [batch, 4]) }),
};

/** One that takes some 10 ms. */
export const large = {
  mobilenet_v2: ({ tensor }, random) => ({ image: tensor(floats(random, 3 * 244 * 244), [1, 3, 244, 244]) }),
};

/** What a variant of a subject is fed with. */
export function feedsOf(insitu, name, variant) {
  const make = small[name] ?? large[name];
  return make(insitu, generator(variant + 1), batches[variant]);
}

/** Whether two answers have the same outputs, bit by bit. */
export function sameBits(one, other) {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => {
    const [a, b] = [one[name], other[name]];
    return b !== undefined && a.dtype === b.dtype && String(a.dims) === String(b.dims) && sameBytes(a.data, b.data);
  });
}

function sameBytes(a, b) {
  if (a.byteLength !== b.byteLength) return false;
  const [x, y] = [a, b].map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength));
  return x.every((byte, i) => byte === y[i]);
}

/** The answers of a session that nobody else asks, by variant. */
export async function answersAlone(insitu, session, name, count = variants) {
  const answers = [];
  for (let variant = 0; variant < count; variant++) answers.push(await session.run(feedsOf(insitu, name, variant)));
  return answers;
}

/** Bytes by name, of addresses by name. */
export async function fetched(sources) {
  const read = async ([name, url]) => [name, new Uint8Array(await (await fetch(url)).arrayBuffer())];
  return Object.fromEntries(await Promise.all(Object.entries(sources).map(read)));
}
