// How often a model answers what it should: the label, or what the float model says where there are no labels.
const kAxis = -1;

/* The classes along an axis of the first output, one for each place. */
export async function answersOf(engine, model, samples, axis = kAxis, say = () => {}) {
  const session = await engine.load(model, { monitor: false });
  const answers = [];
  for (const [i, { feeds }] of samples.entries()) {
    if (i % 50 === 0) say(i);
    const { data, dims } = (await session.run(feeds))[session.outputs[0].name];
    answers.push(largest(data, dims, axis < 0 ? dims.length + axis : axis));
  }
  await session.dispose();
  return answers;
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
