// Likelihood ratios of answers, from how often each came under each input: what differential privacy bounds.
// Invariant: with a sound mechanism a comparison is wrong less often than once in 100,000, by the normal approximation.

const kDeviations = 4.5;

/** All sequences of `length` labels of `classes`. */
export function sequences(classes, length) {
  if (length === 0) return [[]];
  return sequences(classes, length - 1).flatMap((start) => Array.from({ length: classes }, (_, label) => [...start, label]));
}

/**
 * `tallies`: of each input, how often each answer came, in as many trials. `above`: pairs of inputs and an answer that is more than
 * e^epsilon times as likely under one as under the other, beyond chance; an answer that comes under one input alone is such.
 * `below`: 1 where no pair comes as far as e^epsilon, beyond chance: more is hidden than was asked for.
 */
export function excess(tallies, epsilon) {
  const answers = new Set(tallies.flatMap((tally) => [...tally.keys()]));
  let above = 0, most = -Infinity;
  for (const one of tallies) {
    for (const other of tallies) {
      for (const answer of answers) {
        const [seen, against] = [one.get(answer) ?? 0, other.get(answer) ?? 0];
        if (one === other || seen === 0) continue;
        // An answer that did not come counts half, which Haldane and Anscombe add.
        const ratio = Math.log((seen + 0.5) / (against + 0.5)), chance = kDeviations * Math.sqrt(1 / (seen + 0.5) + 1 / (against + 0.5));
        if (ratio - chance > epsilon) above++;
        most = Math.max(most, ratio + chance);
      }
    }
  }
  return { above, below: most < epsilon ? 1 : 0 };
}
