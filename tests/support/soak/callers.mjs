// Callers that ask several sessions at once, in random order, and abort some of what they asked.
// Runs in pages and in Node. Invariant: whatever is answered has the bits of the answer alone; what is not was aborted.
import { generator } from '../random.mjs';
import { feedsOf, sameBits } from './subjects.mjs';

/* How a caller comes to abort: before it asks, while the run waits, or some ms later, when it may run or be over. */
const aborts = {
  before: (control) => control.abort(),
  waiting: (control) => queueMicrotask(() => control.abort()),
  later: (control, ms) => setTimeout(() => control.abort(), ms),
};

/** Whom one can ask: a session, the name of its model, and its answers alone, by variant. The feeds are made once. */
export function subject(insitu, session, name, answers) {
  return { session, name, answers, feeds: answers.map((_, variant) => feedsOf(insitu, name, variant)) };
}

/**
 * `callers` ask `subjects` until `runs` are answered; one request in `abortEvery` is aborted. Gives how many were answered and
 * aborted, and the first few faults in words.
 */
export async function askTogether({ insitu, subjects, runs, callers = 4, seed, abortEvery = 50, laterMs = 2 }) {
  const counts = { answered: 0, cancelled: 0, faults: [] };
  const fault = (text) => { if (counts.faults.length < 5) counts.faults.push(text); };
  let left = runs;
  const call = async (number) => {
    const random = generator(seed * 1000 + number);
    while (left > 0 && counts.faults.length === 0) {
      const { session, name, answers, feeds } = random.oneOf(subjects);
      const variant = random.pick(0, answers.length - 1);
      const control = random.pick(1, abortEvery) === 1 ? new AbortController() : undefined;
      const how = control && random.oneOf(Object.keys(aborts));
      if (how === 'before') aborts.before(control);
      try {
        const asked = session.run(feeds[variant], { signal: control?.signal });
        if (how && how !== 'before') aborts[how](control, random.next() * laterMs);
        const answer = await asked;
        left--;
        counts.answered++;
        if (how === 'before') fault(`${name} answered what was aborted before it was asked`);
        if (!sameBits(answer, answers[variant])) fault(`${name} answers variant ${variant} with other bits than alone`);
      } catch (thrown) {
        if (control?.signal.aborted && thrown instanceof insitu.InsituError && thrown.code === 'Cancelled') counts.cancelled++;
        else fault(`${name}: ${thrown.stack ?? thrown}`);
      }
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, number) => call(number)));
  return counts;
}
