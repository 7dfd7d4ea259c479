// Which evaluations a gate believes.
// Invariant: an evaluation of another model is none; two that are not of the same data, read in the same way, are not compared.
import { mean } from '../metrics/regression.js';
import type { EvaluationRecord } from '../types.js';
import { missingOf } from './check.js';
import type { GatedEvaluation, GateEvidence } from './types.js';

export type Believed<T> = { is: T } | { why: string };

/** The evaluation of the model, or that of the baseline. */
export function believed(evidence: GateEvidence, which: 'evaluation' | 'baseline'): Believed<GatedEvaluation> {
  const given = evidence[which], called = which === 'baseline' ? 'the evaluation of the baseline' : 'the evaluation';
  if (!given) return { why: missingOf(evidence, which, which === 'baseline' ? 'there is no baseline' : 'there is no evaluation') };
  if (!isEvaluation(given)) return { why: `${called} is none of the format insitu-evaluation/1` };
  const sha256 = which === 'baseline' ? evidence.baselineSha256 : evidence.sha256;
  const its = given.model?.sha256;
  if (sha256 !== undefined && its !== sha256) return { why: its ? `${called} is of another model, ${its}` : `${called} does not say which model it is of` };
  if (which === 'evaluation') return { is: given };
  const other = believed(evidence, 'evaluation');
  const why = 'is' in other ? otherwise(other.is, given) : undefined;
  return why === undefined ? { is: given } : { why: `the baseline was evaluated ${why}` };
}

export function isEvaluation(given: unknown): boolean {
  const { format, metrics, classes, labelled, slices } = Object(given) as Partial<GatedEvaluation>;
  const fine = format === 'insitu-evaluation/1' && typeof metrics === 'object' && metrics !== null && Array.isArray(classes) && Number.isSafeInteger(labelled);
  return fine && (slices === null || slices === undefined || Array.isArray(slices.slices));
}

/* In what two evaluations differ that are to be compared. */
function otherwise(one: GatedEvaluation, other: GatedEvaluation): string | undefined {
  const digests = (data: object) => JSON.stringify(Object.entries(data).filter(([name]) => name !== 'name').sort());
  if (one.data && other.data && digests(one.data) !== digests(other.data)) return 'on other data';
  if (one.task !== other.task) return `as ${other.task}`;
  if (one.output !== other.output) return `by another output, '${other.output}'`;
  const supports = ({ classes }: GatedEvaluation) => JSON.stringify(classes.map(({ name, support }) => [name, support]));
  return one.labelled !== other.labelled || one.labelDigest !== other.labelDigest || supports(one) !== supports(other) ? 'on other labels' : undefined;
}

/** Records of both, in pairs. */
export function pairs(evidence: GateEvidence): Believed<[EvaluationRecord, EvaluationRecord][]> {
  const { records, baselineRecords } = evidence;
  for (const which of ['evaluation', 'baseline'] as const) {
    const found = believed(evidence, which), its = which === 'baseline' ? baselineRecords : records;
    if ('why' in found) return found;
    if (!its) return { why: `what became of each sample is not known of ${which === 'baseline' ? 'the baseline' : 'the model'}` };
    const { accuracy, mae } = found.is.metrics;
    const figure = accuracy ? its.filter(({ correct }) => correct).length / its.length : mean(its.map(({ loss }) => loss ?? NaN));
    if (its.length !== found.is.labelled || (accuracy ?? mae)?.value !== figure) return { why: `the records of ${which === 'baseline' ? 'the baseline' : 'the model'} are not those of its evaluation` };
  }
  const same = records!.every((one, i) => one.sample === baselineRecords![i]!.sample && JSON.stringify(one.label) === JSON.stringify(baselineRecords![i]!.label));
  return same ? { is: records!.map((one, i) => [one, baselineRecords![i]!]) } : { why: 'the records of model and baseline are of other samples' };
}
