// What the options of index.js may be, by name, in the words of check.ts, and their copies.
// Invariant: what the caller changes once a call was made changes nothing.
import { checkKinds, checkPlain } from './check.js';
import type { Kinds } from './check.js';
import { fail } from './errors.js';
import type { QuantizeOptions } from './quantize/types.js';
import type { CanaryOptions } from './release/canary.js';
import type { Golden } from './release/candidate.js';
import type { ShadowOptions } from './release/shadow.js';
import { kindOf, kindShown } from './shown.js';
import type { TrustOptions } from './signature.js';
import type { EngineOptions, InspectOptions, LoadOptions, MonitorOptions, RunOptions } from './types.js';

type KindsOf<T> = Readonly<Record<keyof T, string>>;

const control = { signal: 'AbortSignal|null', onProgress: 'function' };

export const engineKinds: KindsOf<EngineOptions> = {
  ...control, threads: '', worker: 'boolean', assets: 'string|object', flavour: '', limits: 'plain object',
};

/* inspect() takes those of load() as well, for callers who hand the same to both. */
export const loadKinds: KindsOf<LoadOptions> = {
  ...control, externalData: 'plain object|null', integrity: '', externalIntegrity: 'plain object|null', trust: 'object', encryption: '',
  cache: 'none|opfs', cacheBytes: 'number', dims: 'plain object', backend: 'auto|reference', without: '', warmUp: 'boolean',
  monitor: 'object|false', audit: '',
};

export const trustKinds: KindsOf<TrustOptions> = { signature: '', keys: '', name: 'string' };

export const encryptionKinds: KindsOf<NonNullable<LoadOptions['encryption']>> = { key: '' };

/* Of swap(), shadow() and canary(); those of another of them are left over, and load() does not know them. */
export const releaseKinds: KindsOf<ShadowOptions & CanaryOptions> = {
  ...loadKinds, golden: 'array', every: 'number', rtol: 'number', atol: 'number', share: 'number', salt: 'string', slo: 'plain object', failures: 'number',
};

/* Where it is empty, quantize/options.ts checks what is used. */
export const quantizeKinds: KindsOf<QuantizeOptions> = {
  ...control, to: '', method: '', percentile: '', activations: '', perChannel: '', reduceRange: '', biasCorrection: '', equalize: '', smooth: '',
  blockSize: '', exclude: '', sensitivity: '', keepFloat: '', metadata: '', calibrationDigest: '',
  externalData: loadKinds.externalData, integrity: '', externalIntegrity: loadKinds.externalIntegrity,
};

export const monitorKinds: KindsOf<MonitorOptions> = {
  profile: 'string|object', falseAlarmEvery: 'number', sample: 'number', quality: 'log|warn|reject', slo: 'object', persist: 'none|opfs',
  operators: 'number', tracks: 'boolean',
};

export const sloKinds: KindsOf<NonNullable<MonitorOptions['slo']>> = { p95Ms: 'number', errorBudget: 'number' };

export const runKinds: KindsOf<RunOptions> = {
  signal: control.signal, transfer: 'boolean', outputs: 'array', into: 'object', watch: 'boolean|latency', slice: 'object', features: 'object',
  id: '', key: '', startedAt: 'number',
};

/** InvalidArgument unless `value` is an object, as feeds are. */
export function checkObject(name: string, value: unknown): void {
  if (kindOf(value) !== 'object') fail('InvalidArgument', `${name} is ${kindShown(value)}`, 'Pass an object.');
}

export const checkOptions = (options: unknown, kinds: Kinds, of?: string): void => checkKinds(fail, options, kinds, of);

type Held = Pick<InspectOptions, 'externalData' | 'externalIntegrity' | 'trust' | 'encryption'> & { golden?: readonly Golden[] };

/** A copy of options, and of their members as far as they say what may be loaded. */
export function asAsked<T extends Held>(options: T, kinds: Kinds = loadKinds): T {
  checkOptions(options, kinds);
  const { externalData, externalIntegrity, trust, encryption, golden } = options;
  const asked = { ...options, externalData: { ...externalData }, externalIntegrity: { ...externalIntegrity } };
  if (trust) {
    checkOptions(trust, trustKinds, 'trust');
    asked.trust = { ...trust, ...(Array.isArray(trust.keys) && { keys: [...trust.keys] }) };
  }
  // A text may be a key, which no message is to show.
  if (Object(encryption) === encryption) {
    checkOptions(encryption, encryptionKinds, 'encryption');
    const { key } = encryption!;
    asked.encryption = { key: key instanceof Uint8Array ? new Uint8Array(key) : key };
  }
  if (golden) asked.golden = golden.map((one) => ({ ...one, outputs: { ...one?.outputs } }));
  return asked;
}

/** Options of the engine alone, and the others. */
export function apart<T extends EngineOptions>(options: T) {
  checkPlain(fail, options, 'options');
  const { threads, worker, assets, flavour, limits, ...others } = options;
  return [{ threads, worker, assets, flavour, limits }, others] as const;
}
