// The area under the ROC curve: the chance that a sample of the class has a higher score than one that is not; equal ones count half.
// Reference: Hanley and McNeil (1982), https://doi.org/10.1148/radiology.143.1.7063747; scikit-learn's roc_auc_score.

/** null where one of the two kinds is missing. */
export function auc(scores: ArrayLike<number>, isPositive: (sample: number) => boolean): number | null {
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
  let positives = 0, ranks = 0;
  for (let start = 0; start < order.length;) {
    let end = start, tied = 0;
    for (; end < order.length && scores[order[end]!] === scores[order[start]!]; end++) tied += Number(isPositive(order[end]!));
    positives += tied;
    ranks += (tied * (start + 1 + end)) / 2;
    start = end;
  }
  const negatives = scores.length - positives;
  if (positives === 0 || negatives === 0) return null;
  return (ranks - (positives * (positives + 1)) / 2) / (positives * negatives);
}
