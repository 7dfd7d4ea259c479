// The watch without a model: histograms, profiles and drift detectors on streams of one's own. A module of its own, because only those who
// ask for one load it.
// Invariant: nothing of index.js is bundled a second time here, so that there is one InsituError: what is needed of it is lent.
import type { Disposable, freeWhenCollected } from './disposable.js';
import type { fail } from './errors.js';
import type { checkNumber } from './monitor.js';
import type { Client } from './rpc/client.js';
import type { DetectorUpdate, WatchObject } from './rpc/protocol.js';
import type { DetectorOptions, ReferenceProfile, WindowReport } from './types.js';

/** Times in an exponential histogram: 1 % error, merges exactly, refuses percentiles it has too few samples for. */
export interface Histogram extends Disposable {
  /** Adds times, in ms. */
  record(ms: Float64Array): Promise<void>;
  /** In ms; null where there are too few samples. */
  quantiles(qs: readonly number[]): Promise<(number | null)[]>;
  /** Adds what `other`, of the same engine, has recorded. */
  merge(other: Histogram): Promise<void>;
  /** Counts by bucket, as plain JSON. */
  toJSON(): Promise<unknown>;
}

/** A drift detector on rows of features. */
export interface Detector extends Disposable {
  /** `rows`: n x features of the profile, row by row. */
  update(rows: Float32Array): Promise<DetectorUpdate>;
  /** Forgets what was observed; the profile stays. */
  reset(): Promise<void>;
}

interface Lent {
  Disposable: typeof Disposable;
  freeWhenCollected: typeof freeWhenCollected;
  fail: typeof fail;
  checkNumber: typeof checkNumber;
}

interface Watches {
  toHistogram(client: Client, number: number): Histogram;
  createProfile(client: Client, rows: Float32Array, features: readonly string[]): Promise<ReferenceProfile>;
  mergeProfiles(client: Client, profiles: readonly ReferenceProfile[]): Promise<ReferenceProfile>;
  createDetector(client: Client, profile: ReferenceProfile, options: DetectorOptions): Promise<Detector>;
  compareWindow(client: Client, profile: ReferenceProfile, rows: Float32Array): Promise<WindowReport>;
}

let made: Watches | undefined;

/** What makes objects of those that the engine knows by number; the same for all engines. */
export function watches(lent: Lent): Watches {
  return (made ??= make(lent));
}

function make({ Disposable, freeWhenCollected, fail, checkNumber }: Lent): Watches {
  /* One of the engine's own objects. */
  abstract class WatchHandle extends Disposable {
    readonly #client: Client;
    readonly #number: number;
    readonly #label: string;
    readonly #holding: { free(): Promise<void> };

    constructor(client: Client, kind: WatchObject, number: number, label: string) {
      super();
      this.#client = client;
      this.#number = number;
      this.#label = label;
      this.#holding = {
        async free() {
          if (!client.broken) await client.call('disposeWatch', { kind, handle: number });
        },
      };
      freeWhenCollected(this, this.#holding);
    }

    protected get client(): Client {
      return this.#client;
    }

    protected get number(): number {
      return this.#number;
    }

    protected get label(): string {
      return this.#label;
    }

    protected free(): Promise<void> {
      return this.#holding.free();
    }
  }

  class EngineHistogram extends WatchHandle implements Histogram {
    async record(ms: Float64Array): Promise<void> {
      this.checkUsable();
      const copy = new Float64Array(ms).buffer;
      await this.client.call('record', { histogram: this.number, ms: copy }, { transfer: [copy] });
    }

    async quantiles(qs: readonly number[]): Promise<(number | null)[]> {
      this.checkUsable();
      return this.client.call('quantiles', { histogram: this.number, qs: qs.map((q) => checkNumber('a quantile', q)) });
    }

    async merge(other: EngineHistogram): Promise<void> {
      this.checkUsable();
      other.checkUsable();
      if (other.client !== this.client) {
        fail('InvalidArgument', 'the other Histogram belongs to another Engine', 'Create both with the same Engine.');
      }
      await this.client.call('merge', { histogram: this.number, other: other.number });
    }

    async toJSON(): Promise<unknown> {
      this.checkUsable();
      return JSON.parse(await this.client.call('histogramJson', { histogram: this.number }));
    }
  }

  class EngineDetector extends WatchHandle implements Detector {
    async update(rows: Float32Array): Promise<DetectorUpdate> {
      this.checkUsable();
      const copy = new Float32Array(rows).buffer;
      return this.client.call('update', { detector: this.number, rows: copy }, { transfer: [copy] });
    }

    async reset(): Promise<void> {
      this.checkUsable();
      await this.client.call('resetDetector', { detector: this.number });
    }
  }

  const wrong = (name: string, value: unknown, wants: string): never =>
    fail('InvalidArgument', `${name} is ${value === null ? value : `a ${typeof value}`}`, `Pass ${wants}.`);
  const isArray = (value: unknown): boolean => Array.isArray(value) || ArrayBuffer.isView(value);
  const copyOf = (rows: Float32Array): ArrayBuffer =>
    (isArray(rows) ? new Float32Array(rows).buffer : wrong('rows', rows, 'a Float32Array, row by row'));
  const textOf = (profile: ReferenceProfile): string =>
    (typeof profile === 'object' && profile ? JSON.stringify(profile) : wrong('a profile', profile, 'what createProfile() or exportProfile() gives'));
  const list = <T>(name: string, value: readonly T[]): readonly T[] =>
    (Array.isArray(value) ? value : wrong(name, value, 'an array'));

  return {
    toHistogram: (client, number) => new EngineHistogram(client, 'histogram', number, 'the Histogram'),

    async createProfile(client, rows, features) {
      const params = { rows: copyOf(rows), features: list('features', features).map(String) };
      return JSON.parse(await client.call('createProfile', params, { transfer: [params.rows] }));
    },

    async mergeProfiles(client, profiles) {
      return JSON.parse(await client.call('mergeProfiles', { profiles: list('profiles', profiles).map(textOf) }));
    },

    async createDetector(client, profile, options) {
      const { falseAlarmEvery = 10_000, method = 'auto', correlated = 'auto' } = Object(options) as DetectorOptions;
      const number = await client.call('createDetector', {
        profile: textOf(profile), falseAlarmEvery: checkNumber('falseAlarmEvery', falseAlarmEvery), method: String(method), correlated: correlated === 'auto',
      });
      return new EngineDetector(client, 'detector', number, 'the Detector');
    },

    async compareWindow(client, profile, rows) {
      const params = { profile: textOf(profile), rows: copyOf(rows) };
      return JSON.parse(await client.call('compareWindow', params, { transfer: [params.rows] }));
    },
  };
}
