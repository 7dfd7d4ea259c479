// What is said of a list of times in ms: nearest-rank quantiles, as in `insitu bench`.

export function statistics(times) {
  const sorted = [...times].sort((a, b) => a - b);
  const quantile = (q) => sorted[Math.ceil(q * sorted.length) - 1];
  return { runs: sorted.length, p50: quantile(0.5), p95: quantile(0.95), min: sorted[0] };
}
