// Inputs that a classifier of images takes for another class, made of ones that it gets right. Gradients are differences: every pixel
// of an image is moved in turn, all of them in one batch.
// Invariant: pixels stay within 0 and 1; an attack gives an image that the model takes for the target, or null.

const kStep = 0.02;

/** `{ dims, input, output }` of a session whose first dim is a batch, with all extents behind it known. */
export function attacker({ session, tensor }) {
  const [{ name: input, dims: [, ...dims] }] = session.inputs, [{ name: output, dims: [, classes] }] = session.outputs;
  const pixels = dims.reduce((all, extent) => all * extent, 1);

  /** The probabilities of each of `images`, which lie one behind the other. */
  async function answers(images) {
    const count = images.length / pixels;
    const results = await session.run({ [input]: tensor(images, [count, ...dims]) }, { watch: false });
    return Array.from({ length: count }, (_, i) => results[output].data.subarray(i * classes, (i + 1) * classes));
  }

  const classOf = (scores) => scores.indexOf(Math.max(...scores));

  /** Of `candidates`, the class other than `label` that the model finds likeliest. */
  async function nearest(image, label, candidates) {
    const [scores] = await answers(image);
    return candidates.filter((one) => one !== label).reduce((best, one) => (scores[one] > scores[best] ? one : best));
  }

  const isTakenFor = async (image, target) => classOf((await answers(image))[0]) === target;

  /* One copy of the image per pixel, with that pixel changed; the image itself is the last. */
  function variants(image, change) {
    const images = new Float32Array((pixels + 1) * pixels);
    for (let i = 0; i <= pixels; i++) {
      images.set(image, i * pixels);
      if (i < pixels) images[i * pixels + i] = change(image[i]);
    }
    return images;
  }

  /** How log p(target) of what `view` makes of the image grows with each pixel. */
  async function gradient(image, target, view) {
    const images = variants(image, (ink) => (ink < 0.5 ? ink + kStep : ink - kStep));
    if (view) for (let i = 0; i <= pixels; i++) images.set(view(images.subarray(i * pixels, (i + 1) * pixels)), i * pixels);
    const rows = await answers(images);
    const logs = rows.map((scores) => Math.log(scores[target]));
    return Float32Array.from({ length: pixels }, (_, i) => (logs[i] - logs[pixels]) / (image[i] < 0.5 ? kStep : -kStep));
  }

  /**
   * The fast gradient sign method, iterated (Kurakin, Goodfellow and Bengio, 2017): `steps` steps that end within `reach` of the image,
   * pixel by pixel. `views`: functions of the image that are to be taken for the target, too; the gradients of all are added.
   */
  async function signs(image, target, { reach, steps, views = [] }) {
    const changed = image.slice();
    for (let step = 1; step <= steps; step++) {
      const gradients = [];
      for (const view of [undefined, ...views]) gradients.push(await gradient(changed, target, view));
      for (let i = 0; i < pixels; i++) {
        const slope = gradients.reduce((sum, each) => sum + each[i], 0);
        const low = Math.max(0, image[i] - reach), high = Math.min(1, image[i] + reach);
        changed[i] = Math.min(high, Math.max(low, changed[i] + Math.sign(slope) * (reach / steps) * 1.5));
      }
    }
    return await isTakenFor(changed, target) ? changed : null;
  }

  /** At most `most` pixels, each turned to ink or paper, whichever changes most; one after the other. */
  async function fewPixels(image, target, { most }) {
    const changed = image.slice();
    for (let i = 0; i < most; i++) {
      const rows = await answers(variants(changed, (ink) => (ink < 0.5 ? 1 : 0)));
      const best = rows.slice(0, pixels).reduce((at, scores, k) => (scores[target] > rows[at][target] ? k : at), 0);
      changed[best] = changed[best] < 0.5 ? 1 : 0;
      if (classOf(rows[best]) === target) return changed;
    }
    return null;
  }

  return { isTakenFor, nearest, signs, fewPixels };
}
