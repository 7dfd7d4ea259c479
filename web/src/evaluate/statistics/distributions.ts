// Tails of the distributions that tests need: normal, Student's t, binomial.
// Invariant: a tail is a probability; far tails keep their relative precision, so that evidence can be ranked by it.
// Reference: Abramowitz and Stegun 26.2.10, 26.2.14 and 26.5.8; Lentz's method for continued fractions.

const tiny = 1e-300;
const enough = 1e-15;

/** P(Z >= z) of a standard normal Z. */
export function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z);
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z > 3) {
    let fraction = z;
    for (let k = 120; k > 0; k--) fraction = z + k / fraction;
    return density / fraction;
  }
  let term = z, sum = z;
  for (let k = 1; term > enough * sum; k++) sum += term *= (z * z) / (2 * k + 1);
  return 0.5 - density * sum;
}

/** The z with P(Z >= z) = tail, for a tail up to 1/2. */
export function normalQuantile(tail: number): number {
  let low = 0, high = 40;
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2;
    if (normalTail(middle) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/* Of x > 0; Lanczos with g = 7. */
export function logGamma(x: number): number {
  const factors = [676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
    -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7];
  const t = x + 6.5;
  const sum = factors.reduce((all, factor, i) => all + factor / (x + i), 0.99999999999980993);
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

/** The regularized incomplete beta function I(x; a, b). */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  const kept = (value: number) => (Math.abs(value) < tiny ? tiny : value);
  let c = 1, d = 1 / kept(1 - ((a + b) * x) / (a + 1)), fraction = d;
  for (let m = 1; m < 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / kept(1 + even * d);
    c = kept(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / kept(1 + odd * d);
    c = kept(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < enough) break;
  }
  return front * fraction;
}

/** P(X <= k) of the `right` among `drawn` of `count`, of which `rightOfAll` are right, drawn without putting back. */
export function hypergeometricUpTo(k: number, drawn: number, rightOfAll: number, count: number): number {
  const least = Math.max(0, drawn + rightOfAll - count);
  if (k < least) return 0;
  if (k >= Math.min(drawn, rightOfAll)) return 1;
  const logChoose = (n: number, m: number) => logGamma(n + 1) - logGamma(m + 1) - logGamma(n - m + 1);
  let term = Math.exp(logChoose(rightOfAll, k) + logChoose(count - rightOfAll, drawn - k) - logChoose(count, drawn)), sum = term;
  for (let i = k; i > least; i--) sum += term *= (i * (count - rightOfAll - drawn + i)) / ((rightOfAll - i + 1) * (drawn - i + 1));
  return Math.min(1, sum);
}

/** P(|T| >= |t|) of Student's t. */
export function studentTails(t: number, degrees: number): number {
  return incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5);
}

/** P(X <= k) of n trials of probability p. */
export function binomialUpTo(k: number, n: number, p: number): number {
  if (k < 0) return 0;
  return k >= n ? 1 : incompleteBeta(1 - p, n - k, k + 1);
}
