// Four sessions of an engine, asked by four callers at once, against engines that have one session each and one caller.
// Runs in pages and in Node.
import { askTogether, subject } from './callers.mjs';
import { answersAlone, small } from './subjects.mjs';

/* The answers of every model in an engine of its own, by name. */
async function answersOfEach(insitu, options, models) {
  const answers = {};
  for (const name of Object.keys(small)) {
    const engine = await insitu.Engine.create(options);
    answers[name] = await answersAlone(insitu, await engine.load(models[name]), name);
    await engine.dispose();
  }
  return answers;
}

/**
 * `engines` are the options of each; models: bytes by the names of the small subjects. Gives what askTogether() gives of four callers
 * for each engine, and the engines' flavours and threads.
 */
export async function together(insitu, models, engines, { runs, seed }) {
  const opened = [], subjects = [], known = new Map();
  for (const options of engines) {
    const key = JSON.stringify(options);
    if (!known.has(key)) known.set(key, await answersOfEach(insitu, options, models));
    const engine = await insitu.Engine.create(options);
    opened.push(engine);
    for (const name of Object.keys(small)) {
      subjects.push(subject(insitu, await engine.load(models[name]), name, known.get(key)[name]));
    }
  }
  const asked = await askTogether({ insitu, subjects, runs, callers: 4 * engines.length, seed, abortEvery: 10, laterMs: 1 });
  const kinds = opened.map(({ info: { flavour, threads } }) => `${flavour} ${threads}`);
  for (const engine of opened) await engine.dispose();
  return { ...asked, kinds };
}
