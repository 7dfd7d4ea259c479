// What a gate has to know, measured from the files that it names.
// Invariant: what cannot be measured is noted with why, and all else goes on; latencies of model and baseline are of runs in turns.
import { existsSync, readFileSync } from 'node:fs';
import { basename, relative } from 'node:path';
import type { Engine } from '../../src/engine.js';
import { fail, toInsituError } from '../../src/errors.js';
import { defaults, evaluate } from '../../src/evaluate/evaluate.js';
import { isEvaluation } from '../../src/evaluate/gate/trust.js';
import { needsBaseline } from '../../src/evaluate/gate/thresholds.js';
import type { GatedEvaluation, GateEvidence } from '../../src/evaluate/gate/types.js';
import type { Condition } from '../../src/evaluate/slices/declared.js';
import type { EvaluationRecord } from '../../src/evaluate/types.js';
import type { Session } from '../../src/session.js';
import type { ReferenceProfile, WindowReport } from '../../src/types.js';
import type { Value } from '../../src/value.js';
import { findCases, readCase, sourceOptions } from '../cases.js';
import { loadOptions, progress } from '../command.js';
import type { Flags } from '../command.js';
import { digestLabelled, digestModel } from '../data/digest.js';
import type { DataDigest, ModelDigest } from '../data/digest.js';
import { samplesOf } from '../data/dataset.js';
import { openData, readingOptions, readJson } from '../data/flags.js';
import { runCase } from '../run-case.js';
import { sizesOfModel } from '../sizes.js';
import type { GateFile } from './file.js';

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Missing = Writable<NonNullable<GateEvidence['missing']>>;

export interface Measured {
  evidence: GateEvidence;
  model: ModelDigest;
  baseline: ModelDigest | null;
  data: DataDigest | null;
}

interface Evaluated {
  evaluation: GatedEvaluation;
  records?: EvaluationRecord[];
}

const parts = ['evaluation', 'baseline', 'times', 'bytes', 'baselineBytes', 'drift', 'conformance'] as const;
const warmUp = 10, mostFeeds = 64;

export async function measure(engine: Engine, gate: GateFile, flags: Flags): Promise<Measured> {
  const { thresholds, baseline } = gate, needed = needsBaseline(thresholds);
  const missing: Missing = {}, evidence: Writable<GateEvidence> = { missing };
  const attempt = async <T>(whats: readonly (keyof Missing)[], work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (thrown) {
      const { code, message } = toInsituError(thrown);
      for (const what of whats) missing[what] = `${code}: ${gate.folder === '.' ? message : message.replaceAll(`${gate.folder}/`, '')}`;
      return undefined;
    }
  };
  // What cannot be said to be of these very files is not measured.
  const files = await attempt(parts, () => digest(engine, gate));
  if (!files) return { evidence, model: { name: basename(gate.model), sha256: null }, baseline: null, data: null };
  const { model, baseline: ofBaseline, data } = files, runs = new Runs(engine, gate, flags);

  if (thresholds.metrics || thresholds.slices) {
    const read = async (file: string, of: ModelDigest, slices?: GateFile['slices']): Promise<Evaluated> =>
      ({ evaluation: readEvaluation(file, of, data, gate, slices) });
    const own = await attempt(['evaluation'], () => (gate.evaluation === undefined ? runs.evaluate(gate.model, gate.slices) : read(gate.evaluation, model, gate.slices)));
    const marked = (evaluation: GatedEvaluation, of: ModelDigest) => ({ ...evaluation, model: of, ...(data && { data }) });
    if (own) Object.assign(evidence, { evaluation: marked(own.evaluation, model), records: own.records, sha256: model.sha256 });
    if (own && needed.evaluation) {
      // The slices that were found are looked for again.
      const found = own.evaluation.slices?.slices ?? [], slices = found.length > 0 ? Object.fromEntries(found.map(({ name, where }) => [name, where])) : undefined;
      const its = await attempt(['baseline'], () => (baseline!.evaluation === undefined ? runs.evaluate(baseline!.model!, slices) : read(baseline!.evaluation, ofBaseline!)));
      if (its) Object.assign(evidence, { baseline: marked(its.evaluation, ofBaseline!), baselineRecords: its.records, baselineSha256: ofBaseline!.sha256 });
    }
  }
  if (thresholds.latency) evidence.times = await attempt(['times'], () => runs.time(needed.times ? [gate.model, baseline!.model!] : [gate.model]));
  if (thresholds.size) evidence.bytes = await attempt(['bytes'], () => bytesOf(gate.model));
  if (needed.bytes) evidence.baselineBytes = await attempt(['baselineBytes'], () => bytesOf(baseline!.model!));
  if (thresholds.drift) evidence.drift = await attempt(['drift'], () => runs.window());
  if (thresholds.conformance) evidence.conformance = await attempt(['conformance'], () => runs.cases());
  return { evidence, ...files };
}

async function digest(engine: Engine, { model, baseline, data }: GateFile): Promise<Pick<Measured, 'model' | 'baseline' | 'data'>> {
  const of = async (file: string): Promise<ModelDigest> => {
    if (!existsSync(file)) fail('InvalidArgument', `there is no ${file}`, 'Check the path.');
    await engine.inspect(file, sourceOptions(file));  // which refuses what is no model: its bytes say nothing then
    return digestModel(file);
  };
  const ofModel = await of(model), ofBaseline = baseline?.model === undefined ? undefined : await of(baseline.model);
  const sha256 = baseline?.sha256 ?? ofBaseline?.sha256 ?? null;
  if (ofBaseline && ofBaseline.sha256 !== sha256) fail('Integrity', `${baseline!.model} is not the baseline, but ${ofBaseline.sha256}`, 'Check its sha256.');
  return {
    model: ofModel, baseline: ofBaseline ?? (baseline ? { name: basename(baseline.evaluation!), sha256 } : null),
    data: data ? await digestLabelled(data.path, data.flags) : null,
  };
}

async function bytesOf(model: string): Promise<NonNullable<GateEvidence['bytes']>> {
  progress.show('packing with brotli');
  const { raw, packed } = await sizesOfModel(model);
  return { raw, brotli: packed };
}

/* Of that model and of these data, read and cut into slices as the gate says, or none. */
function readEvaluation(file: string, model: ModelDigest, data: DataDigest | null, { options, thresholds }: GateFile, slices: GateFile['slices']): GatedEvaluation {
  const evaluation = readJson('the evaluation', file) as GatedEvaluation & { model?: ModelDigest; data?: DataDigest };
  const digests = (of: object | null | undefined) => JSON.stringify(Object.entries(of ?? {}).filter(([name]) => name !== 'name').sort());
  const not = (what: string): never => fail('Integrity', `the evaluation ${file} is ${what}`, 'Evaluate again: insitu evaluate MODEL --data DATA --json FILE.');
  if (evaluation?.model?.sha256 !== model.sha256) not(`of another model, ${evaluation?.model?.sha256}`);
  if (model.externalData && digests(evaluation.model) !== digests(model)) not('of other external data');
  if (digests(evaluation.data) !== digests(data)) not('of other data, or of data that were read in another way');
  if (!isEvaluation(evaluation)) not('none of the format insitu-evaluation/1');
  const { minSupport, bins } = { ...defaults, ...options }, its = evaluation.slices, itsBins = evaluation.calibration?.bins?.length;
  if (itsBins !== undefined && itsBins !== bins) not(`of ${itsBins} bins, not ${bins}`);
  if (thresholds.slices && its && its.minSupport !== minSupport) not(`of slices of ${its.minSupport} samples, not ${minSupport}`);
  const declared = (all: Iterable<readonly [string, Condition]>) => JSON.stringify([...all].sort(([a], [b]) => (a < b ? -1 : 1)));
  const same = slices === undefined || (slices === 'auto' ? its?.mode === 'auto'
    : its?.mode === 'declared' && declared(its.slices.map(({ name, where }) => [name, where] as const)) === declared(Object.entries(slices)));
  if (!same) not('of other slices');
  return evaluation;
}

class Runs {
  readonly #engine: Engine;
  readonly #gate: GateFile;
  readonly #flags: Flags;

  constructor(engine: Engine, gate: GateFile, flags: Flags) {
    this.#engine = engine;
    this.#gate = gate;
    this.#flags = flags;
  }

  async evaluate(model: string, slices: GateFile['slices']): Promise<Evaluated> {
    const { options, data } = this.#gate, records: EvaluationRecord[] = [];
    await using session = await this.#load(model);
    const samples = this.#data(session);
    const evaluation = await evaluate(session, samplesOf(samples), {
      ...readingOptions(data!.flags), ...options, slices, onRecord: (record) => records.push(record),
      onProgress: ({ done }) => progress.show('running samples', { done, total: samples.count }),
    });
    return { evaluation, records };
  }

  /** By run, of the model and of the baseline if there is one. */
  async time(models: readonly string[]): Promise<NonNullable<GateEvidence['times']>> {
    const sessions = await Promise.all(models.map((model) => this.#load(model)));
    const data = this.#data(sessions[0]!), { runs } = this.#gate, feeds: Record<string, Value>[] = [];
    for (let i = 0; i < Math.min(mostFeeds, data.count); i++) feeds.push(await data.feeds(i));
    const times = sessions.map((): number[] => []);
    for (let i = -warmUp; i < runs; i++) {
      progress.show('timing', { done: Math.max(0, i), total: runs });
      const order = i % 2 === 0 ? [0, 1] : [1, 0];
      for (const one of order.filter((one) => one < sessions.length)) {
        const start = performance.now();
        await sessions[one]!.run(feeds[Math.abs(i) % feeds.length]!);
        if (i >= 0) times[one]!.push(performance.now() - start);
      }
    }
    for (const session of sessions) await session.dispose();
    return { model: times[0]!, ...(times[1] && { baseline: times[1] }) };
  }

  /** The features of all samples, as the watch has them, against the profile. */
  async window(): Promise<WindowReport> {
    const profile = JSON.parse(readFileSync(this.#gate.profile!, 'utf8')) as ReferenceProfile;
    await using session = await this.#load(this.#gate.model, { profile, quality: 'log' });
    const data = this.#data(session), rows: number[] = [];
    for (let i = 0; i < data.count; i++) {
      progress.show('comparing with the profile', { done: i, total: data.count });
      await session.monitor.reset();  // so that no sample is passed over because it resembles the one before
      await session.run(await data.feeds(i));
      const { drift: { features } } = await session.monitor.snapshot();
      for (const { value } of features) rows.push(value ?? NaN);
    }
    return await this.#engine.compareWindow(profile, Float32Array.from(rows));  // before the session ends
  }

  async cases(): Promise<NonNullable<GateEvidence['conformance']>> {
    const folders = this.#gate.cases.flatMap(findCases), count = { passed: 0, failed: 0, skipped: 0 }, failures: string[] = [];
    for (const [i, folder] of folders.entries()) {
      progress.show('running cases', { done: i, total: folders.length });
      const { status } = await runCase(this.#engine, readCase(folder), loadOptions(this.#flags));
      count[status]++;
      if (status === 'failed') failures.push(relative(this.#gate.folder, folder));
    }
    return { ...count, failures };
  }

  #load(model: string, monitor: { profile: ReferenceProfile; quality: 'log' } | false = false): Promise<Session> {
    return this.#engine.load(model, { ...loadOptions(this.#flags), ...sourceOptions(model), onProgress: progress.ofLoading(model), monitor });
  }

  #data(session: Session) {
    const { path, flags } = this.#gate.data!;
    return openData(this.#engine, session.inputs, path, flags);
  }
}
