// gate.json, the format "insitu-gate/1": what a release must fulfil, and of which files.
// Invariant: what comes out is whole: each threshold has what it needs, and nothing is there that no threshold asks for. Paths are
// relative to the file, or absolute.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { Strict } from '../../src/evaluate/gate/strict.js';
import { needsBaseline, readThresholds } from '../../src/evaluate/gate/thresholds.js';
import type { GateThresholds } from '../../src/evaluate/gate/types.js';
import type { Condition } from '../../src/evaluate/slices/declared.js';
import type { EvaluationOptions } from '../../src/evaluate/types.js';
import { mostRuns } from '../bench.js';
import { findModel } from '../cases.js';
import { refuse } from '../command.js';
import type { Flags } from '../command.js';
import { readJson } from '../data/flags.js';
import { imageMember } from '../data/image-options.js';
import { duplicateIn } from './duplicates.js';

export const gateFormat = 'insitu-gate/1';

export interface GateFile {
  name: string;
  sha256: string;
  folder: string;
  model: string;
  baseline?: { model?: string; evaluation?: string; sha256?: string };
  /** The data, and the flags of `insitu evaluate` that say how they are read. */
  data?: { path: string; flags: Flags };
  evaluation?: string;
  options: Pick<EvaluationOptions, 'topK' | 'bins' | 'seed' | 'minSupport' | 'confidence'>;
  slices?: 'auto' | Record<string, Condition>;
  /** What they were read from. */
  slicesFile?: string;
  profile?: string;
  cases: string[];
  runs: number;
  thresholds: GateThresholds;
}

interface Given extends Pick<GateFile, 'evaluation' | 'slices' | 'profile' | 'runs' | 'thresholds'> {
  model: string;
  baseline?: string | NonNullable<GateFile['baseline']>;
  data?: string | GivenData;
  options?: GateFile['options'];
  cases?: string[];
}

interface GivenData {
  path: string;
  labels?: string;
  metadata?: string;
  classes?: string;
  labelColumn?: string;
  metadataColumns?: string[];
  image?: object;
  output?: string;
  task?: string;
  logits?: boolean;
}

const runsByDefault = 300;

/** Wrong usage where it is none. */
export function readGate(file: string): GateFile {
  const bytes = attempt(() => readFileSync(file), `cannot read ${file}`), text = bytes.toString();
  const value = attempt<unknown>(() => JSON.parse(text), `${file} is no JSON`), twice = duplicateIn(text);
  if (twice !== undefined) refuse(`${file} has ${JSON.stringify(twice)} twice in one object`);
  const given = checked(file, value), folder = dirname(file), at = (path: string) => (isAbsolute(path) ? path : join(folder, path));
  const { model, baseline, data, evaluation, options = {}, slices, profile, cases = [], runs = runsByDefault, thresholds } = given;
  const its = typeof baseline === 'string' ? { model: baseline } : baseline;
  const slicesFile = typeof slices === 'string' && slices !== 'auto' ? at(slices) : undefined;
  return {
    name: basename(resolve(file)), sha256: createHash('sha256').update(bytes).digest('hex'), folder, model: findModel(at(model)),
    ...(its && { baseline: { ...its, ...(its.model !== undefined && { model: findModel(at(its.model)) }), ...(its.evaluation !== undefined && { evaluation: at(its.evaluation) }) } }),
    ...(data !== undefined && { data: dataIn(typeof data === 'string' ? { path: data } : data, at) }),
    ...(evaluation !== undefined && { evaluation: at(evaluation) }),
    ...(slices !== undefined && { slices: slicesFile === undefined ? slices as 'auto' : readJson('slices', slicesFile) as Record<string, Condition>, slicesFile }),
    ...(profile !== undefined && { profile: at(profile) }), options, cases: cases.map(at), runs, thresholds,
  };
}

function attempt<T>(work: () => T, what: string): T {
  try {
    return work();
  } catch (thrown) {
    return refuse(`${what}: ${(thrown as Error).message}`);
  }
}

function dataIn({ path, labels, metadata, classes, labelColumn, metadataColumns, image, output, task, logits }: GivenData, at: (path: string) => string): GateFile['data'] {
  const files = Object.fromEntries(Object.entries({ labels, metadata, classes }).filter(([, name]) => name !== undefined).map(([flag, name]) => [flag, at(name!)]));
  const others = {
    'label-column': labelColumn, 'metadata-columns': metadataColumns?.join(','), image: image && JSON.stringify(image), output, task, logits,
  };
  return { path: at(path), flags: { ...files, ...Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined)) } };
}

function checked(file: string, value: unknown): Given {
  const wrong = (path: string, what: string): never => refuse(path === '' ? `${file} ${what}` : `${file}: ${path} ${what}`);
  const strict = new Strict(wrong), { text, boolean } = strict;
  if (Object(value).format !== gateFormat) wrong('format', `is ${JSON.stringify(Object(value).format)}, not "${gateFormat}"`);
  const either = (one: (value: unknown, path: string) => void): typeof text => (given, path) => (typeof given === 'string' ? text : one)(given, path);
  strict.object({
    format: text, model: text,
    baseline: either(strict.object({ model: text, evaluation: text, sha256: (given, path) => { if (!/^[0-9a-f]{64}$/.test(String(given))) wrong(path, 'is not 64 hexadecimal digits, in small letters'); } })),
    data: either(strict.object({
      path: text, labels: text, metadata: text, classes: text, labelColumn: text, metadataColumns: strict.list(text), image: imageMember(wrong), output: text,
      task: (given, path) => { if (given !== 'classification' && given !== 'regression') wrong(path, `is ${JSON.stringify(given)}, not "classification" or "regression"`); }, logits: boolean,
    }, { needed: ['path'] })),
    evaluation: text, profile: text, cases: strict.list(text), runs: strict.whole(1, mostRuns), slices: either(strict.object(() => () => {})),
    options: strict.object({ topK: strict.whole(1), bins: strict.whole(1), seed: strict.whole(0), minSupport: strict.whole(1), confidence: strict.number(1e-9, 1 - 1e-9, 'a number between 0 and 1') }),
    thresholds: (given, path) => { readThresholds(given, wrong, path); },
  }, { needed: ['model', 'thresholds'] })(value, '');
  const given = value as Given, { thresholds, baseline } = given, needed = needsBaseline(thresholds);
  const wants = (name: keyof Given, asked: boolean, by: string, strictly = false) => {
    if (asked && given[name] === undefined) wrong(name, `is missing: ${by} need it`);
    if (strictly && !asked && given[name] !== undefined) wrong(name, `is there, but no ${by} ask for it`);
  };
  const { metrics, slices, latency, drift, conformance } = thresholds;
  wants('data', [metrics, slices, latency, drift].some((part) => part !== undefined), 'thresholds of metrics, slices, latency and drift');
  wants('baseline', Object.values(needed).includes(true), 'thresholds that compare', true);
  wants('slices', slices !== undefined && given.evaluation === undefined, 'thresholds.slices');
  if (slices === undefined && given.slices !== undefined) wrong('slices', 'is there, but no thresholds.slices ask for it');
  wants('profile', drift !== undefined, 'thresholds.drift', true);
  wants('cases', conformance !== undefined, 'thresholds.conformance', true);
  if (typeof baseline === 'object') {
    if ((needed.times || needed.bytes || needed.records) && baseline.model === undefined) wrong('baseline.model', 'is missing: it has to be run, or its bytes counted');
    if (baseline.model === undefined && (baseline.evaluation === undefined || baseline.sha256 === undefined)) {
      wrong('baseline', 'wants a model, or an evaluation with the sha256 of the model that it is of');
    }
  }
  return given;
}
