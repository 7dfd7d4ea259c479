// The options of a quantization: checked, and as the engine takes them.
// Invariant: what is wrong or says nothing about the form that is asked for is refused before a model is read.
import type { fail } from '../errors.js';
import type { QuantizerParams } from '../rpc/protocol.js';
import { shown } from '../shown.js';
import type { QuantizeOptions } from './types.js';

export type Fail = typeof fail;
type Target = NonNullable<QuantizeOptions['to']>;
type Setting = string | number | boolean;

/** What is to be done. */
export interface Plan {
  params: QuantizerParams;
  /** All that a result depends on besides model and samples, as its metadata say it. */
  settings: Record<string, Setting | string[]>;
  /** On how many samples layers are measured; 0: they are not. */
  measureOn: number;
  /** How many layers stay in float, unless `until` decides. */
  layers: number;
  until?: Extract<QuantizeOptions['keepFloat'], { until: unknown }>['until'];
}

interface Kind {
  of: readonly Target[];
  initial: Setting;
  wants: string;
  fits(value: unknown): boolean;
}

const targets: readonly Target[] = ['int8', 'dynamic-int8', 'int4', 'int8-blocks', 'float16'];
const ownMetadata = /^insitu\.(quantize|calibration|parent)$/;
const samplesToMeasure = 8;

const oneOf = (...names: string[]) => ({ initial: names[0]!, wants: `one of ${names.join(', ')}`, fits: (value: unknown) => names.includes(value as string) });
const either = (initial: boolean) => ({ initial, wants: 'true or false', fits: (value: unknown) => typeof value === 'boolean' });
const between = (low: number, high: number, initial: number) =>
  ({ initial, wants: `a number from ${low} to ${high}`, fits: (value: unknown) => typeof value === 'number' && value >= low && value <= high });
const isPowerOfTwo = (value: unknown) => Number.isInteger(Math.log2(value as number));

const kinds: Record<string, Kind> = {
  method: { of: ['int8'], ...oneOf('min-max', 'percentile', 'entropy', 'mse') },
  percentile: { of: ['int8'], initial: 99.99, wants: 'a number above 50, up to 100', fits: (value) => typeof value === 'number' && value > 50 && value <= 100 },
  activations: { of: ['int8'], ...oneOf('uint8', 'int8') },
  biasCorrection: { of: ['int8'], ...either(true) },
  equalize: { of: ['int8'], ...either(false) },
  smooth: { of: ['int8'], ...between(0, 1, 0) },
  perChannel: { of: ['int8', 'dynamic-int8'], ...either(true) },
  reduceRange: { of: ['int8', 'dynamic-int8'], ...either(false) },
  blockSize: {
    of: ['int4', 'int8-blocks'], initial: 32, wants: 'a power of two from 16 to 4096',
    fits: (value) => typeof value === 'number' && value >= 16 && value <= 4096 && isPowerOfTwo(value),
  },
};

/** `called`: what the caller calls an option, of which an error says that it is wrong. */
export function readOptions(fail: Fail, options: QuantizeOptions, called = (name: string) => name): Plan {
  const { to = 'int8', metadata, calibrationDigest, sensitivity } = options;
  if (!targets.includes(to)) fail('InvalidArgument', `${called('to')} is ${shown(to)}`, `Pass one of ${targets.join(', ')}.`);
  const settings = settingsOf(fail, to, options as Record<string, unknown>, called);
  const exclude = excluded(fail, options.exclude);
  const keep = keptFloat(fail, options.keepFloat, called);
  checkMetadata(fail, metadata);
  if (calibrationDigest !== undefined && !/^[0-9a-f]{64}$/.test(String(calibrationDigest))) {
    fail('InvalidArgument', `calibrationDigest is ${shown(calibrationDigest)}`, 'Pass a SHA-256 as 64 hexadecimal digits.');
  }
  const keeps = keep.until !== undefined || keep.layers > 0, measureOn = measured(fail, sensitivity) || (keeps ? samplesToMeasure : 0);
  const all = (name: string) => settings[name] ?? kinds[name]!.initial;
  return {
    params: {
      to: to === 'int4' || to === 'int8-blocks' ? 'blocks' : to, bits: to === 'int4' ? 4 : 8,
      method: all('method') as string, percentile: all('percentile') as number, signedActivations: all('activations') === 'int8',
      biasCorrection: all('biasCorrection') as boolean, equalize: all('equalize') as boolean, smooth: all('smooth') as number,
      perChannel: all('perChannel') as boolean, reduceRange: all('reduceRange') as boolean, blockSize: all('blockSize') as number,
      excludeNodes: exclude.nodes, excludeOps: exclude.ops,
    },
    settings: {
      to, ...settings, ...(exclude.nodes.length > 0 && { excludeNodes: exclude.nodes }), ...(exclude.ops.length > 0 && { excludeOps: exclude.ops }),
      ...(keeps && { measuredOn: measureOn }),
    },
    measureOn, ...keep,
  };
}

/* Those that are about the form, also where they were not given. */
function settingsOf(fail: Fail, to: Target, options: Record<string, unknown>, called: (name: string) => string): Record<string, Setting> {
  const settings: Record<string, Setting> = {};
  for (const [name, { of, initial, wants, fits }] of Object.entries(kinds)) {
    const value = options[name];
    if (value !== undefined && !of.includes(to)) fail('InvalidArgument', `${called(name)} says nothing about ${to}`, `It is for ${of.join(' and ')}.`);
    if (value !== undefined && !fits(value)) fail('InvalidArgument', `${called(name)} is ${shown(value)}`, `Pass ${wants}.`);
    if (of.includes(to)) settings[name] = (value ?? initial) as Setting;
  }
  if (settings.method === undefined || settings.method === 'percentile') return settings;
  if (options.percentile !== undefined) fail('InvalidArgument', `${called('percentile')} says nothing about the method ${settings.method}`, `It is for ${called('method')} percentile.`);
  delete settings.percentile;
  return settings;
}

function excluded(fail: Fail, exclude: unknown): { nodes: string[]; ops: string[] } {
  const given = (exclude ?? {}) as Record<string, unknown>;
  const names = (member: string) => {
    const list = given[member] ?? [];
    if (Array.isArray(list) && list.every((name) => typeof name === 'string')) return [...new Set(list)].sort();
    return fail('InvalidArgument', `exclude.${member} is ${shown(list)}`, 'Pass an array of names.');
  };
  if (typeof given !== 'object' || Array.isArray(given)) fail('InvalidArgument', `exclude is ${shown(exclude)}`, 'Pass { nodes, ops }.');
  const other = Object.keys(given).find((member) => member !== 'nodes' && member !== 'ops');
  if (other !== undefined) fail('InvalidArgument', `the option 'exclude.${other}' is unknown`, 'Known: nodes, ops.');
  return { nodes: names('nodes'), ops: names('ops') };
}

function keptFloat(fail: Fail, keepFloat: unknown, called: (name: string) => string): Pick<Plan, 'layers' | 'until'> {
  if (keepFloat === undefined) return { layers: 0 };
  const { layers, until } = Object(keepFloat) as { layers?: unknown; until?: unknown };
  if ((layers === undefined) === (until === undefined)) fail('InvalidArgument', `keepFloat is ${shown(keepFloat)}`, 'Pass { layers } or { until }.');
  if (until !== undefined) return typeof until === 'function' ? { layers: 0, until: until as Plan['until'] } : fail('InvalidArgument', `keepFloat.until is ${shown(until)}`, 'Pass a function.');
  return { layers: wholeFrom(fail, called('keepFloat.layers'), layers, 0) };
}

function measured(fail: Fail, sensitivity: unknown): number {
  if (sensitivity === undefined || typeof sensitivity === 'boolean') return sensitivity ? samplesToMeasure : 0;
  if (typeof sensitivity !== 'object' || sensitivity === null) fail('InvalidArgument', `sensitivity is ${shown(sensitivity)}`, 'Pass true, false or { samples }.');
  return wholeFrom(fail, 'sensitivity.samples', (sensitivity as { samples?: unknown }).samples, 1);
}

function wholeFrom(fail: Fail, name: string, value: unknown, least: number): number {
  const most = 1_000_000;
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most ? value as number
    : fail('InvalidArgument', `${name} is ${shown(value)}`, `Pass a whole number from ${least} to ${most.toLocaleString('en')}.`);
}

function checkMetadata(fail: Fail, metadata: unknown): void {
  if (metadata === undefined) return;
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) fail('InvalidArgument', `metadata is ${shown(metadata)}`, 'Pass strings by key.');
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') fail('InvalidArgument', `metadata['${key}'] is ${shown(value)}`, 'Pass a string.');
    if (ownMetadata.test(key)) fail('InvalidArgument', `metadata has '${key}', which quantize() writes`, 'Use another key.');
  }
}
