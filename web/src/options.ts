// What options may be, by name: kinds (as typeof says them, or array, null, AbortSignal) and words; '' where their user checks them.
// Invariant: what is misspelt or of another kind is refused, because a misspelt `integrity` must not mean an unverified model.
import { fail } from './errors.js';
import { kindOf, kindShown } from './shown.js';
import type { TrustOptions } from './signature.js';
import type { EngineOptions, LoadOptions, MonitorOptions, RunOptions } from './types.js';

type Kinds<T> = Readonly<Record<keyof T, string>>;

const control = { signal: 'AbortSignal|null', onProgress: 'function' };

export const engineKinds: Kinds<EngineOptions> = {
  ...control, threads: '', worker: 'boolean', assets: 'string|object', flavour: '', limits: 'object',
};

/* inspect() takes those of load() as well, for callers who hand the same to both. */
export const loadKinds: Kinds<LoadOptions> = {
  ...control, externalData: 'object|null', integrity: '', externalIntegrity: 'object|null', trust: 'object', encryption: '',
  cache: 'none|opfs', cacheBytes: 'number', dims: 'object', backend: 'auto|reference', without: '', warmUp: 'boolean', monitor: 'object|false',
  audit: '',
};

export const trustKinds: Kinds<TrustOptions> = { signature: '', keys: '', name: 'string' };

export const encryptionKinds: Kinds<NonNullable<LoadOptions['encryption']>> = { key: '' };

export const monitorKinds: Kinds<MonitorOptions> = {
  profile: 'string|object', falseAlarmEvery: 'number', sample: 'number', quality: 'log|warn|reject', slo: 'object', persist: 'none|opfs',
  operators: 'number', tracks: 'boolean',
};

export const sloKinds: Kinds<NonNullable<MonitorOptions['slo']>> = { p95Ms: 'number', errorBudget: 'number' };

export const runKinds: Kinds<RunOptions> = {
  signal: control.signal, transfer: 'boolean', outputs: 'array', into: 'object', watch: 'boolean|latency', slice: 'object', features: 'object',
  id: '', key: '', startedAt: 'number',
};

/** InvalidArgument unless `value` is an object, as options and feeds are. */
export function checkObject(name: string, value: unknown): void {
  if (kindOf(value) !== 'object') fail('InvalidArgument', `${name} is ${kindShown(value)}`, 'Pass an object.');
}

/** InvalidArgument for options that `kinds` does not know, or of other kinds. `of`: what they are members of. */
export function checkOptions(options: unknown, kinds: Readonly<Record<string, string>>, of = 'options'): void {
  checkObject(of, options);
  for (const [name, value] of Object.entries(options as object)) {
    if (value === undefined) continue;
    const path = of === 'options' ? name : `${of}.${name}`;
    if (!Object.hasOwn(kinds, name)) fail('InvalidArgument', `the option '${path}' is unknown`, `Known: ${Object.keys(kinds).join(', ')}.`);
    const known = kinds[name]!, kind = kindOf(value);
    if (!known || known.split('|').some((one) => one === kind || one === value || (one === 'false' && value === false))) continue;
    fail('InvalidArgument', `${path} is ${kindShown(value)}`, `Pass ${known.replaceAll('|', ' or ')}.`);
  }
}

/** Options of the engine alone, and the others. */
export function apart<T extends EngineOptions>(options: T) {
  checkObject('options', options);
  const { threads, worker, assets, flavour, limits, ...others } = options;
  return [{ threads, worker, assets, flavour, limits }, others] as const;
}
