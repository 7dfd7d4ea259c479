// Whether a model fulfils what a release must fulfil.
// Invariant: no clock, no model and no file is asked here: the same thresholds and evidence give the same report.
import { fail } from '../../fail.js';
import { shown } from '../../shown.js';
import { metricChecks } from './metric-checks.js';
import { conformanceCheck, driftChecks, latencyChecks, sizeChecks } from './other-checks.js';
import { sliceChecks } from './slice-checks.js';
import { readThresholds } from './thresholds.js';
import type { GateCheck, GateEvidence, GateReport, GateThresholds } from './types.js';

export function judge(thresholds: GateThresholds, evidence: GateEvidence): GateReport {
  const { metrics, slices, latency, size, drift, conformance } = readThresholds(thresholds, (path, what) =>
    fail('InvalidArgument', `${path} ${what}`, 'docs/how-to/gate.md lists what a gate can ask for.'));
  if (typeof evidence !== 'object' || evidence === null) fail('InvalidArgument', `the evidence is ${shown(evidence)}`, 'Pass { evaluation, baseline, ... }.');
  const times: Record<string, string> = {};
  const checks: GateCheck[] = [...metricChecks(metrics ?? {}, evidence), ...(slices ? sliceChecks(slices, evidence) : [])];
  for (const check of latencyChecks(latency ?? {}, evidence, (measured) => { if (measured !== '') times[checks.length] = measured; })) checks.push(check);
  checks.push(...sizeChecks(size ?? {}, evidence), ...(drift ? driftChecks(drift, evidence) : []), ...(conformance ? [conformanceCheck(conformance, evidence)] : []));
  return {
    format: 'insitu-gate-report/1', passed: checks.every(({ verdict }) => verdict === 'passed' || verdict === 'skipped'), checks,
    ...(latency && { times }),
  };
}
