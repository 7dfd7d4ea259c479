// Opening a model that may take the place of the one a Session runs, and the change itself.
// Invariant: until `takeOver` the Session is as it was, and a candidate that is refused is freed; one at a time is opened.
import { isBetween } from '../between.js';
import { compare } from '../compare.js';
import type { Tolerance } from '../compare.js';
import type { InsituError } from '../errors.js';
import type { ImageFeed } from '../image-feed.js';
import type { OpenModel } from '../model.js';
import type { Tensor } from '../tensor.js';
import type { LoadOptions, ModelSource } from '../types.js';
import type { Value } from '../value.js';
import { misfit } from './fitting.js';
import type { Inside } from './inside.js';

/** What a model must give for `feeds`: |actual - expected| <= atol + rtol |expected|, by default 1e-5 and 1e-3. */
export interface Golden extends Partial<Tolerance> {
  /** What it is fed with. */
  feeds: Record<string, Value | ImageFeed>;
  /** By output name; others are not looked at. */
  outputs: Record<string, Value>;
}

/** Those of load(); `dims`, `backend`, `warmUp`, `cache`, `monitor` and `trust` are by default what the session's model was loaded with. */
export interface CandidateOptions extends LoadOptions {
  /** What the new model must give before it answers anybody. */
  golden?: readonly Golden[];
}

/** What a model is called in reports. */
export interface ModelName {
  /** The address or the name of its file, where it has one. */
  readonly name?: string;
  /** Of the model file in hexadecimal, where the engine had to know it: with a profile or `persist`. */
  readonly sha256?: string;
}

export const defaultTolerance: Tolerance = { rtol: 1e-3, atol: 1e-5 };

export function namesOf({ name, description: { sha256 } }: OpenModel): ModelName {
  return { ...(name !== undefined && { name }), ...(sha256 && { sha256 }) };
}

/** Does `work` when no other model is being opened, unless one is on trial. */
export function inTurn<T>(inside: Inside, work: () => Promise<T>): Promise<T> {
  const done = inside.turn.then(() => {
    inside.checkUsable();
    if (inside.route) {
      inside.fail('InvalidArgument', 'another model is on trial in this session', 'Promote it or end its trial first.');
    }
    return work();
  });
  inside.turn = done.catch(() => {});
  return done;
}

const goldenKinds: Readonly<Record<keyof Golden, string>> = { feeds: 'object', outputs: 'object', rtol: 'number', atol: 'number' };

/** InvalidArgument for golden vectors that would check nothing, or not what they say. */
export function checkVectors(inside: Inside, golden: readonly Golden[]): void {
  for (const [i, vector] of golden.entries()) {
    const called = `golden[${i}]`;
    inside.checkOptions(vector, goldenKinds, called);
    const { feeds, outputs } = vector;
    if (!feeds || !Object.keys(outputs).length) inside.fail('InvalidArgument', `${called} has no ${feeds ? 'outputs' : 'feeds'}`, 'Pass { feeds, outputs }, both by name.');
    for (const [name, value] of Object.entries(outputs)) {
      if (!isValue(value)) inside.fail('InvalidArgument', `${called}.outputs.${name} is no value`, 'Pass a tensor, or what run() gives.');
    }
    checkTolerance(inside, vector, `${called}.`);
  }
}

/** InvalidArgument for a tolerance below 0. `of`: what it is a member of. */
export function checkTolerance(inside: Inside, { rtol = 0, atol = 0 }: Partial<Tolerance>, of = ''): void {
  for (const [name, value] of Object.entries({ rtol, atol })) {
    if (!isBetween(value, 0, Infinity)) inside.fail('InvalidArgument', `${of}${name} is ${value}`, 'Pass a number from 0.');
  }
}

function isValue(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isValue);
  const { dtype, dims, data } = Object(value) as Partial<Tensor>;
  return value === null || value instanceof Map || (typeof dtype === 'string' && Array.isArray(dims) && Object(data) === data);
}

/** A model that could take over, and how long it took to open and to check. */
export async function openCandidate(
  inside: Inside,
  source: ModelSource,
  { golden = [], ...options }: CandidateOptions,
): Promise<{ model: OpenModel; loadMs: number; goldenMs: number }> {
  const { current } = inside.models;
  const { signal, audit } = options;
  if (audit !== undefined && audit !== current.options.audit) {
    inside.fail('InvalidArgument', 'audit is not the log of the session', 'Give it to load().');
  }
  const began = performance.now();
  const model = await inside.home.open(source, { ...current.options, ...options, audit: current.options.audit });
  try {
    const loaded = performance.now();
    const wrong = misfit(current.description, model.description);
    if (wrong) {
      inside.fail(wrong.code, `${callIt(model)} ${wrong.what}`, 'Nothing has changed. Export it with the names, types and dims of the old one.');
    }
    for (const [i, one] of golden.entries()) await checkGolden(inside, model, one, i, signal);
    inside.checkUsable();
    if (signal?.aborted) inside.fail('Cancelled', 'stopped by its AbortSignal', undefined, signal.reason);
    return { model, loadMs: loaded - began, goldenMs: performance.now() - loaded };
  } catch (thrown) {
    model.options.audit?.tell('refused', { model: current, candidate: model }, { code: (thrown as InsituError).code });
    await model.free().catch(() => {});
    throw thrown;
  }
}

const callIt = ({ name }: OpenModel) => (name === undefined ? 'the new model' : `the new model '${name}'`);

async function checkGolden(inside: Inside, model: OpenModel, golden: Golden, i: number, signal?: AbortSignal): Promise<void> {
  const { feeds, outputs, rtol = defaultTolerance.rtol, atol = defaultTolerance.atol } = golden;
  const results = await inside.run(model, feeds, { outputs: Object.keys(outputs), watch: false, signal });
  for (const [name, expected] of Object.entries(outputs)) {
    const { problem } = compare(results[name], expected, { rtol, atol });
    if (!problem) continue;
    inside.fail('InvalidModel', `${callIt(model)} fails golden vector ${i}: '${name}' ${problem}`,
      `Nothing has changed. Differences up to ${atol} and ${rtol} of the value were allowed.`);
  }
}

/** Lets `next` answer from here on; gives the model that did, which has to be freed. */
export function takeOver({ models, monitor }: Inside, next: OpenModel): OpenModel {
  const old = models.current;
  models.current = next;
  next.client.listen(next.id, monitor);
  return old;
}
