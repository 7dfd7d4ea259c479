// A contest: engines that run the same feeds in turns. Each has a worker of its own of the same kind, and the page waits
// for one before it asks the next, so that only one computes at any time.
// Invariant: what engines give is compared before anything is timed, with the first that ran the same form.
import { compare } from '../../../web/src/compare.ts';
import { statistics } from './statistics.mjs';
import { contestantOf } from './contestant.mjs';

const kExact = { rtol: 0, atol: 0 };

/**
 * contestants: { engine, flavour, threads, model (its address), form, file name, timed }; feeds by name.
 * warmUp: { runs, ms }, how much each runs at least before it is timed, since browsers compile hot code anew meanwhile;
 * restMs: what passes between two runs, so that the threads of one engine are asleep when the next starts.
 * Gives for each contestant { refused } or { loaded, difference, times, heapBytes }, in order.
 */
export async function contest({ contestants, feeds, runs, warmUp, restMs, classifies }) {
  const entered = [];
  try {
    const references = new Map();
    for (const spec of contestants) entered.push(await enter(spec, feeds, references, classifies));
    const timed = entered.filter(({ contestant, spec }) => contestant && spec.timed);
    const isCold = ({ times }) => times.length < warmUp.runs || times.reduce((sum, ms) => sum + ms, 0) < warmUp.ms;
    for (let cold = timed; cold.length > 0; cold = cold.filter(isCold)) await takeTurns(cold, restMs);
    for (const one of timed) one.times = [];
    for (let i = 0; i < runs; i++) await takeTurns(timed, restMs);
    for (const one of timed) one.heapBytes = await one.contestant.call('heapBytes');
    return entered.map(({ refused, loaded, difference, times, heapBytes }) =>
      (refused ? { refused } : { loaded, difference, heapBytes, ...(times.length > 0 ? statistics(times) : {}) }));
  } finally {
    for (const { contestant } of entered) contestant?.end();
  }
}

/* What threads need to be awake and on processors of their own; see docs/performance.md. */
const kWakingRuns = 2;

async function takeTurns(entered, restMs) {
  for (const { contestant, spec, times } of entered) {
    if (restMs > 0) await new Promise((done) => { setTimeout(done, restMs); });
    for (let i = 0; spec.threads > 1 && i < kWakingRuns; i++) await contestant.call('run');
    times.push(await contestant.call('run'));
  }
}

/* Loads a model, runs it once and compares what it gives. */
async function enter(spec, feeds, references, classifies) {
  const contestant = contestantOf(spec.engine);
  try {
    const loaded = await contestant.call('load', { ...spec, feeds });
    const results = await contestant.call('results');
    const reference = references.get(spec.form);
    if (!reference) references.set(spec.form, results);
    const difference = reference ? differenceOf(results, reference, classifies) : undefined;
    if (!spec.timed) contestant.end();
    return { spec, contestant, loaded, difference, times: [] };
  } catch (thrown) {
    contestant.end();
    return { spec, refused: thrown.message, times: [] };
  }
}

/* { maxAbs, relative (to the largest number that is expected), sameClass, problem }; of all outputs the worst. */
function differenceOf(results, expected, classifies) {
  const differences = Object.entries(expected).map(([name, tensor]) => {
    const { maxAbsDiff, problem } = compare(results[name], tensor, kExact);
    const zeros = { ...tensor, data: new tensor.data.constructor(tensor.data.length) };
    const size = compare(tensor, zeros, kExact).maxAbsDiff;
    return { maxAbs: maxAbsDiff, relative: maxAbsDiff === 0 ? 0 : maxAbsDiff / size, problem: problem && `'${name}' ${problem}` };
  });
  const [name] = Object.keys(expected);
  return {
    maxAbs: Math.max(...differences.map(({ maxAbs }) => maxAbs)),
    relative: Math.max(...differences.map(({ relative }) => relative)),
    problem: differences.find(({ problem }) => problem)?.problem,
    sameClass: classifies ? classOf(results[name]) === classOf(expected[name]) : undefined,
  };
}

function classOf({ data }) {
  return data.reduce((best, score, i) => (score > data[best] ? i : best), 0);
}
