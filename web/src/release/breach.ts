// When a candidate is worse than the model it stands beside: by its service level objective, its drift and its data quality,
// each against what the other one shows on the other requests of the same time.
// Invariant: what both show is no fault of the candidate.
import type { RunTimes } from '../rpc/protocol.js';
import type { DriftAlarm, MonitorSnapshot } from '../snapshot.js';
import type { MonitorOptions } from '../types.js';

const recentRuns = 100;
const burning = 2;  // times the error budget, as for 'slow' events
const clearlySlower = 1.2;
const standardErrors = 4;
const fewestIssues = 2;

/** Times of the latest runs of a model, in ms. */
export class Recent {
  readonly #runs: { total: number; own: number }[] = [];

  add({ total, queue }: RunTimes): void {
    if (this.#runs.push({ total, own: total - queue }) > recentRuns) this.#runs.shift();
  }

  /** The share of runs that took longer. */
  shareOver(ms: number): number {
    return this.#runs.filter(({ total }) => total > ms).length / Math.max(1, this.#runs.length);
  }

  /** Without what others had it wait for; NaN before the first run. */
  get medianOwn(): number {
    return this.#runs.map(({ own }) => own).sort((a, b) => a - b)[this.#runs.length >> 1] ?? NaN;
  }
}

/** Whether a candidate that misses its objective does so by itself: the other one keeps it, or is clearly faster. */
export function isSlower(candidate: Recent, stable: Recent, slo: MonitorOptions['slo'] = {}): boolean {
  const { p95Ms = 0, errorBudget = 0.05 } = slo;
  return stable.shareOver(p95Ms) < burning * errorBudget || candidate.medianOwn > clearlySlower * stable.medianOwn;
}

/** The detail of a 'drift' event. */
export type DriftDetail = DriftAlarm & { slice?: string };

/** Whether the other model's monitor has come half-way to the alarm that `detail` is of. */
export function sharesDrift({ cause, slice }: DriftDetail, { accuracy, drift, slices }: MonitorSnapshot): boolean {
  if (cause === 'errors') return accuracy?.errors?.state === 'drifting';
  const meter = slice === undefined ? drift.meter : slices.all.find(({ name }) => name === slice)?.drift?.meter;
  return meter !== undefined && meter >= 0.5;
}

/**
 * An issue that the candidate's tensors have more often, by four standard errors of the pooled two-proportion z-test, and at
 * least twice: "nan of 'y'". `before`: the other model's counts when the trial began. undefined without the other's counts.
 */
export function worseQuality(candidate: MonitorSnapshot, stable?: MonitorSnapshot, before?: MonitorSnapshot): string | undefined {
  for (const [tensor, { checked, issues }] of Object.entries(candidate.quality)) {
    const [now, then] = [stable?.quality[tensor], before?.quality[tensor]];
    const others = (now?.checked ?? 0) - (then?.checked ?? 0);
    for (const [issue, count] of Object.entries(issues) as [keyof typeof issues, number][]) {
      const otherCount = (now?.issues[issue] ?? 0) - (then?.issues[issue] ?? 0);
      if (count >= fewestIssues && isMoreOften(count, checked, otherCount, others)) return `${issue} of '${tensor}'`;
    }
  }
  return undefined;
}

function isMoreOften(count: number, of: number, otherCount: number, ofOthers: number): boolean {
  if (ofOthers === 0) return false;
  const pooled = (count + otherCount) / (of + ofOthers);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / of + 1 / ofOthers));
  return count / of - otherCount / ofOthers > standardErrors * error;
}
