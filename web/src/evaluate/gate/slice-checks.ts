// Checks of slices: each that has samples enough, by itself and against the same slice of the baseline.
// Invariant: slices of too few samples are named and skipped; where all are, or there are none, nothing has been shown. Where no slice is
// worse than the rest, all samples together stand for each.
import type { Slice, SliceReport } from '../slices/slices.js';
import { checkOf, lossOf, text, wantedOf } from './check.js';
import type { Bound, Finding } from './check.js';
import { valueOf } from './metric-checks.js';
import { believed } from './trust.js';
import type { GateCheck, GateEvidence, SliceThresholds } from './types.js';

export function sliceChecks({ min, max, maxLoss }: SliceThresholds, evidence: GateEvidence): GateCheck[] {
  const found = believed(evidence, 'evaluation');
  const report = 'is' in found ? found.is.slices : null;
  const metric = report?.metric ?? 'accuracy';
  const absolute: Bound = metric === 'accuracy' ? { atLeast: min } : { atMost: max };
  const wrong = metric === 'accuracy' ? max !== undefined && 'max' : min !== undefined && 'min';
  const worse = " worse than the baseline's";
  const wanted = [min, max].some((one) => one !== undefined) ? wantedOf(min !== undefined ? { atLeast: min } : { atMost: max }) : wantedOf({ atMost: maxLoss }, worse);
  const none = (why: string): GateCheck[] => [checkOf('slice', 'slices', wanted, {}, { why })];
  if ('why' in found) return none(found.why);
  if (!report) return none('the evaluation has no slices');
  if (wrong) return none(`'${wrong}' is not for slices of ${metric}`);
  if (report.slices.length === 0) {
    const searched = report.mode === 'auto' && report.examined > 0;
    if (!searched) return none('there are no slices');
    const [own, baseline] = [valueOf(metric, evidence, 'evaluation'), maxLoss === undefined ? undefined : valueOf(metric, evidence, 'baseline')];
    const check = (bound: Bound, of: string, finding: Finding) => checkOf('slice', 'slices', wantedOf(bound, of), bound,
      'why' in finding ? finding : { ...finding, measured: `${report.examined} slices examined, none worse than the rest; of all samples ${finding.measured}` });
    return [
      ...(min !== undefined || max !== undefined ? [check(absolute, '', own)] : []),
      ...(baseline ? [check({ atMost: maxLoss }, worse, 'why' in own ? own : 'why' in baseline ? baseline : lossOf(metric, own.value, baseline.value))] : []),
    ];
  }
  const checks = report.slices.flatMap((slice) => {
    const called = `${metric} of '${slice.name}'`;
    if (slice.n < report.minSupport || slice.value === null) {
      return [{ kind: 'slice' as const, check: called, wanted, measured: null, verdict: 'skipped' as const, why: `${slice.n} samples, fewer than ${report.minSupport}` }];
    }
    const check = (bound: Bound, of: string, finding: Finding) => checkOf('slice', called, wantedOf(bound, of), bound, finding);
    const own = { value: slice.value, measured: `${text(slice.value)} of ${slice.n} samples` };
    return [
      ...(min !== undefined || max !== undefined ? [check(absolute, '', own)] : []),
      ...(maxLoss !== undefined ? [check({ atMost: maxLoss }, worse, against(evidence, report, slice))] : []),
    ];
  });
  return checks.some(({ verdict }) => verdict !== 'skipped') ? checks : [...checks, ...none(`no slice has ${report.minSupport} samples`)];
}

function against(evidence: GateEvidence, { metric }: SliceReport, { name, where, n, value }: Slice): Finding {
  const found = believed(evidence, 'baseline');
  if ('why' in found) return found;
  const same = found.is.slices?.slices.find((one) => one.name === name && JSON.stringify(one.where) === JSON.stringify(where));
  if (!same || same.value === null || found.is.slices!.metric !== metric) return { why: 'the evaluation of the baseline does not have this slice' };
  return same.n === n ? lossOf(metric, value!, same.value) : { why: `the baseline's has ${same.n} samples, this one ${n}` };
}
