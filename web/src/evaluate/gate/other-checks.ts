// Checks of latency, size, drift and conformance.
// Invariant: what a clock said is not in a check, but in what is noted beside it.
import { percentileOf } from '../latency.js';
import { checkOf, missingOf, ratioOf, text, wantedOf } from './check.js';
import type { Bound, Finding } from './check.js';
import type { GateCheck, GateEvidence, GateThresholds } from './types.js';

const ms = (value: number) => `${value.toFixed(3)} ms`;
const bytes = (value: number) => `${value.toLocaleString('en')} bytes`;

/** `note` is told what was measured for each. */
export function* latencyChecks(latency: NonNullable<GateThresholds['latency']>, evidence: GateEvidence, note: (measured: string) => void): Generator<GateCheck> {
  for (const [name, { maxMs, maxRatio }] of Object.entries(latency)) {
    const percentile = Number(name.slice(1)) / 100;
    const check = (bound: Bound, wanted: string, finding: Finding): GateCheck => {
      note('measured' in finding ? finding.measured : '');
      return { ...checkOf('latency', `${name} of the latency`, wanted, bound, finding), measured: null };
    };
    const own = timed(evidence, 'model', percentile);
    if (maxMs !== undefined) {
      yield check({ atMost: maxMs }, `at most ${text(maxMs)} ms`, 'why' in own ? own : { value: own.estimate, measured: `${ms(own.estimate)} (estimate of ${own.runs} runs)` });
    }
    if (maxRatio !== undefined) {
      const baseline = timed(evidence, 'baseline', percentile);
      yield check({ atMost: maxRatio }, wantedOf({ atMost: maxRatio }, " of the baseline's"), 'why' in own ? own : 'why' in baseline ? baseline : ratioOf(own.value, baseline.value, ms));
    }
  }
}

function timed(evidence: GateEvidence, which: 'model' | 'baseline', percentile: number): { estimate: number; value: number; runs: number } | { why: string } {
  const times = evidence.times?.[which];
  if (!times) return { why: missingOf(evidence, 'times', `runs of the ${which} were not timed`) };
  const { estimateMs, estimateMissing } = percentileOf(times, percentile);
  if (estimateMs === null) return { why: `${times.length} runs were timed, ${times.length + estimateMissing} are needed` };
  const value = Float64Array.from(times).sort()[Math.ceil(percentile * times.length) - 1]!;
  return value > 0 ? { estimate: estimateMs, value, runs: times.length } : { why: `the clock is too coarse for runs of the ${which}` };
}

export function* sizeChecks(size: NonNullable<GateThresholds['size']>, evidence: GateEvidence): Generator<GateCheck> {
  for (const [name, { max, maxRatio }] of Object.entries(size) as ['raw' | 'brotli', { max?: number; maxRatio?: number }][]) {
    const called = name === 'raw' ? 'size' : 'size, brotli';
    const [own, baseline] = [evidence.bytes?.[name], evidence.baselineBytes?.[name]];
    const check = (bound: Bound, wanted: string, finding: Finding) => checkOf('size', called, wanted, bound, finding);
    const unknown = { why: missingOf(evidence, 'bytes', 'the size of the model is not known') };
    if (max !== undefined) yield check({ atMost: max }, `at most ${bytes(max)}`, own === undefined ? unknown : { value: own, measured: bytes(own) });
    if (maxRatio !== undefined) {
      const finding = own === undefined ? unknown : baseline === undefined ? { why: missingOf(evidence, 'baselineBytes', 'the size of the baseline is not known') } : ratioOf(own, baseline, bytes);
      yield check({ atMost: maxRatio }, wantedOf({ atMost: maxRatio }, " of the baseline's"), finding);
    }
  }
}

export function* driftChecks({ alpha, maxPsi }: NonNullable<GateThresholds['drift']>, evidence: GateEvidence): Generator<GateCheck> {
  const { features = [] } = evidence.drift ?? {};
  const without = features.filter(({ count }) => count === 0).map(({ name }) => `'${name}'`);
  const why = features.length === 0 ? missingOf(evidence, 'drift', 'the data were not compared with a profile') : without.length > 0 ? `the data have no ${without.join(', ')}` : undefined;
  const furthest = (figure: (feature: (typeof features)[number]) => number, says: string): Finding => {
    if (why !== undefined) return { why };
    const worst = features.reduce((one, other) => (figure(other) > figure(one) ? other : one));
    return { value: Math.abs(figure(worst)), measured: `${says} ${text(Math.abs(figure(worst)))}, of '${worst.name}'` };
  };
  // Of two tests of a feature the better p-value counts twice (Bonferroni).
  const least = ({ ks, chiSquare }: (typeof features)[number]) => -Math.min(1, 2 * Math.min(ks.adjusted, chiSquare.adjusted));
  if (alpha !== undefined) yield checkOf('drift', 'drift of the data', `no adjusted p below ${text(alpha)}`, { atLeast: alpha }, furthest(least, 'least p'));
  if (maxPsi !== undefined) yield checkOf('drift', 'drift of the data', `population stability index at most ${text(maxPsi)}`, { atMost: maxPsi }, furthest(({ psi }) => psi, 'largest'));
}

export function conformanceCheck({ allowSkipped = false }: NonNullable<GateThresholds['conformance']>, evidence: GateEvidence): GateCheck {
  const { passed = 0, failed = 0, skipped = 0, failures = [] } = evidence.conformance ?? {};
  const finding = passed + failed + skipped === 0 ? { why: missingOf(evidence, 'conformance', 'no test cases were run') }
    : { value: failed + (allowSkipped && passed > 0 ? 0 : skipped), measured: `${passed} passed, ${failed} failed, ${skipped} skipped` };
  const check = checkOf('conformance', 'conformance', allowSkipped ? 'no case fails' : 'all cases pass', { atMost: 0 }, finding);
  return check.verdict === 'failed' && failures.length > 0 ? { ...check, why: `failed: ${failures.join(', ')}` } : check;
}
