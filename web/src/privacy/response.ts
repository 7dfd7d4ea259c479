// k-ary randomised response: the true label with probability e^epsilon / (e^epsilon + k - 1), else one of the others, each as likely.
// Invariant: integers alone decide, of 2^64 equally likely ones, and the likelihoods of an answer under two labels differ by a
// factor of e^epsilon at most.
// Reference: Warner (1965); Kairouz, Bonawitz and Ramage (2016), https://arxiv.org/abs/1602.07387; Mironov (2012) for the integers.

/** Fills it with uniform bits, as crypto.getRandomValues() does. */
export type Random = (into: BigUint64Array<ArrayBuffer>) => unknown;

const outcomes = 2 ** 64;
/* More than Math.exp() (4 units in the last place) and three roundings can be off. */
const slack = 1 + 2 ** -49;

/** What answers for a label of 0 to `classes` - 1. */
export function responder(classes: number, epsilon: number, random: Random): (label: number) => number {
  // So many outcomes stand for each of the other labels: rounded up, so that the true one is never more likely than epsilon allows.
  const each = BigInt(Math.ceil((outcomes / (Math.exp(epsilon) + classes - 1)) * slack));
  const others = each * BigInt(classes - 1);
  const drawn = new BigUint64Array(1);
  return (label) => {
    random(drawn);
    const outcome = drawn[0]!;
    drawn.fill(0n);
    if (outcome >= others) return label;
    const other = Number(outcome / each);
    return other < label ? other : other + 1;
  };
}
