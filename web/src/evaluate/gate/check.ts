// One check of a gate as a line of its report.
// Invariant: what was not measured, or is no number, never passes.
import { moreIsBetter } from './thresholds.js';
import type { GateCheck, GateEvidence } from './types.js';

/** What was measured, or why not. */
export type Finding = { value: number; measured: string } | { why: string };

/** A bound that a value has to keep. */
export interface Bound {
  atLeast?: number;
  atMost?: number;
}

/* That 0.97 - 0.955 is above 0.015 must not fail anybody. */
const slack = 1e-12;
const digits = 6;

export const text = (value: number) => String(Number(value.toPrecision(digits)));

export function keeps(value: number, { atLeast, atMost }: Bound): boolean {
  const near = (bound: number) => slack * Math.max(1, Math.abs(bound));
  return (atLeast === undefined || value >= atLeast - near(atLeast)) && (atMost === undefined || value <= atMost + near(atMost));
}

export const wantedOf = ({ atLeast, atMost }: Bound, of = '') => (atLeast !== undefined ? `at least ${text(atLeast)}${of}` : `at most ${text(atMost!)}${of}`);

export function checkOf(kind: GateCheck['kind'], check: string, wanted: string, bound: Bound, finding: Finding): GateCheck {
  if ('why' in finding) return { kind, check, wanted, measured: null, verdict: 'unmeasured', why: finding.why };
  const { value, measured } = finding;
  if (Number.isNaN(value)) return { kind, check, wanted, measured: null, verdict: 'unmeasured', why: 'it is no number' };
  return { kind, check, wanted, measured, verdict: keeps(value, bound) ? 'passed' : 'failed' };
}

export const missingOf = (evidence: GateEvidence, what: keyof NonNullable<GateEvidence['missing']>, says: string): string => evidence.missing?.[what] ?? says;

/** How much worse a value is. */
export function lossOf(metric: string, value: number, baseline: number): Finding {
  const loss = moreIsBetter(metric) ? baseline - value : value - baseline;
  return { value: loss, measured: `${text(loss)} (${text(value)}, the baseline's ${text(baseline)})` };
}

/** A share of the baseline's, where there is one. */
export function ratioOf(value: number, baseline: number, show: (value: number) => string = text): Finding {
  if (!(baseline > 0)) return value === baseline ? { value: 1, measured: `${show(value)}, the baseline's ${show(baseline)}` } : { why: `the baseline's is ${show(baseline)}, of which there are no shares` };
  return { value: value / baseline, measured: `${text(value / baseline)} (${show(value)}, the baseline's ${show(baseline)})` };
}
