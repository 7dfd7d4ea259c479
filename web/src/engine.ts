// Engine: one WebAssembly instance, in a worker by default, and the sessions that live in it.
// Invariant: when the instance breaks, all its sessions reject with Crashed, and the next load() starts a new one.
import type { AudioOptions, AudioSource } from './audio.js';
import { Disposable, freeWhenCollected } from './disposable.js';
import type { Decrypt } from './encryption/encryption.js';
import { fail, InsituError, throwIfAborted } from './errors.js';
import { hold, image, letGo } from './image-feed.js';
import type { ImageOptions, ImageSource } from './image-feed.js';
import type { Kept } from './kept.js';
import type { keepWatch, WatchKeeper } from './kept-watch.js';
import { OpenModel } from './model.js';
import { audio, encryption, keptModels, pictures, quantizing, watching } from './modules.js';
import { checkNumber, watchParams } from './monitor.js';
import { apart, asAsked, checkOptions, engineKinds, quantizeKinds } from './options.js';
import type { Quantized, QuantizeOptions, QuantizeSamples } from './quantize/types.js';
import { Client } from './rpc/client.js';
import type { SessionDescription } from './rpc/protocol.js';
import { prepareFeeds, Session } from './session.js';
import { signed } from './signature.js';
import { openSource, request } from './source.js';
import type { Tensor } from './tensor.js';
import type { CacheEntry, DetectorOptions, EngineInfo, EngineOptions, InspectOptions, LoadOptions, MemoryReport, ModelReport,
  ModelSource, OperatorInfo, ReferenceProfile, WindowReport } from './types.js';
import { upload } from './upload.js';
import { fromWire, movedWith } from './value.js';
import type { Value } from './value.js';
import type { Detector, Histogram } from './watches.js';

/** One WebAssembly instance, in a worker by default, and the sessions in it; their runs queue. */
export class Engine extends Disposable {
  readonly #options: EngineOptions;
  #client: Client;
  #info: EngineInfo;
  #build: string;
  #restart?: Promise<Client>;
  readonly #keepers = new Set<WatchKeeper>();
  readonly #quantizers = new Set<Client>();
  #sharedAs?: string;

  private constructor(options: EngineOptions, { client, info, build }: Awaited<ReturnType<typeof Client.start>>) {
    super();
    this.#options = options;
    this.#client = client;
    this.#info = info;
    this.#build = build;
  }

  /** Starts an engine. Rejects with Network where its files cannot be had, Internal where there is no WebAssembly SIMD. */
  static async create(options: EngineOptions = {}): Promise<Engine> {
    checkEngine(options);
    const started = await Client.start(options);
    const { signal: _signal, onProgress: _onProgress, ...kept } = options;
    return new Engine(kept, started);
  }

  /** The engine that load() uses, and all callers with the same options: for each set of options there is one. */
  static async shared(options: EngineOptions = {}): Promise<Engine> {
    checkEngine(options);
    const [own, { signal, onProgress }] = apart(options);
    const key = JSON.stringify(Object.values(own));
    let engine = shared.get(key);
    if (!engine) {
      engine = Engine.create({ ...own, onProgress }).then((one) => {
        one.#sharedAs = key;
        return one;
      });
      shared.set(key, engine);
      engine.catch(() => shared.delete(key));
    }
    return untilAborted(engine, signal, () => {});
  }

  /** What runs, and why nothing faster does. Another one after a crash. */
  get info(): EngineInfo {
    return this.#info;
  }

  /** Downloads, checks and prepares a model. */
  async load(model: ModelSource, options: LoadOptions = {}): Promise<Session> {
    const open = async (source: ModelSource, asked: LoadOptions) => this.#open(source, asAsked(asked));
    return new Session({ open, createHistogram: () => this.createHistogram() }, await open(model, options));
  }

  async #open(model: ModelSource, options: LoadOptions): Promise<OpenModel> {
    const { signal, onProgress, dims = {}, backend = 'auto', warmUp = true, monitor = {}, cache = 'none', without = [] } = options;
    const { audit } = options;
    if (audit !== undefined) {
      if (typeof audit?.loading !== 'function') fail('InvalidArgument', 'audit is no AuditLog', 'Open one with insitu/audit.');
      return audit.loading(nameOf(model), options, (rest) => this.#open(model, rest));
    }
    if (options.trust !== undefined) {
      const held = await signed(nameOf(model), options);
      const opened = await this.#open(model, held);
      opened.heldTo = held.integrity;
      Object.assign(opened.options, { trust: options.trust, monitor: options.monitor ?? {} });
      return opened;
    }
    const decrypt = await decryption(options);
    const client = await this.#usableClient();
    for (const [name, extent] of Object.entries(dims)) checkNumber(`dims.${name}`, extent);
    if (!Array.isArray(without) || !without.every((name) => typeof name === 'string')) {
      fail('InvalidArgument', 'without is no list of names', 'Pass some of engine.info.switches.');
    }
    if (without.length > 0 && cache === 'opfs') fail('InvalidArgument', "without and cache: 'opfs' do not go together", 'Pass one of them.');
    const watch = monitor === false ? undefined : await watchParams(monitor, signal);
    const hash = watch?.hash === true;
    const open = async (description: SessionDescription) => {
      const { session, sha256 } = description;
      const persist = monitor && monitor.persist === 'opfs';
      const keeper = watch && persist ? await this.#keepWatch(client, session, sha256, watch) : undefined;
      const { cacheBytes } = options;
      const opened = new OpenModel(client, description, {
        name: nameOf(model), keeper, options: { dims, backend, without, warmUp, monitor, cache, cacheBytes },
      });
      if (!client.broken) return opened;
      void opened.free();
      throw client.broken;
    };
    const finish = (prepare: Promise<SessionDescription>) => untilAborted(prepare.then(open), signal, (late) => {
      late.free().catch(() => {});
    });
    const kept = cache === 'opfs' ? await this.#openKept(model, options, [dims, backend, hash]) : undefined;
    const restored = await kept?.restore(client, (found) =>
      finish(client.call('restore', { ...found, warmUp, watch }, { onProgress })));
    if (restored) return restored;
    if (client.broken) return this.#open(model, { ...options, cache: 'none' });
    const { model: source, ...external } = kept?.sources ?? { model };
    const sent = await upload(client, source, { ...options, ...external, decrypt }, hash);
    const keep = kept?.keeps === true;
    const prepare = { dims, referenceOnly: backend === 'reference', without, keep, warmUp, watch };
    const opened = await finish(client.call('load', { ...sent, ...prepare }, { onProgress }));
    if (keep) void kept.keep(client, opened.description);
    return opened;
  }

  /** What a model contains and whether it would run, without running it. */
  async inspect(model: ModelSource, options: InspectOptions = {}): Promise<ModelReport> {
    const asked = asAsked(options);
    const held = asked.trust === undefined ? asked : await signed(nameOf(model), asked);
    const decrypt = await decryption(held);
    const client = await this.#usableClient();
    const sent = await upload(client, model, { ...held, decrypt }, false);
    return client.call('inspect', sent, { signal: options.signal });
  }

  /**
   * A model of integers that says nearly the same as a float model. `samples` are some hundred inputs as it will see them; other
   * forms than 'int8' need none, so that [] does. The result is plain ONNX. See docs/how-to/quantize.md.
   */
  async quantize(model: ModelSource, samples: QuantizeSamples, options: QuantizeOptions = {}): Promise<Quantized> {
    this.checkUsable();
    const start = (more: Pick<EngineOptions, 'signal' | 'onProgress'>) => this.#startQuantizer(more);
    const asked = asAsked(options, quantizeKinds);
    const { quantize } = await quantizing();
    return quantize({ fail, start, upload, prepareFeeds, movedWith }, model, samples, asked);
  }

  /* An instance of its own: of another module, with a memory that is given back, and sessions here go on meanwhile. */
  async #startQuantizer(options: Pick<EngineOptions, 'signal' | 'onProgress'>): Promise<{ client: Client; version: string; end(): void }> {
    const { client, info } = await Client.start({ ...this.#options, ...options }, true);
    this.#quantizers.add(client);
    const end = () => {
      this.#quantizers.delete(client);
      client.close();
    };
    try {
      this.checkUsable();
    } catch (thrown) {
      end();
      throw thrown;
    }
    return { client, version: info.version, end };
  }

  /** A serialized onnx.TensorProto, SequenceProto or OptionalProto, as .pb files of test cases hold them. */
  async parseValue(
    source: ModelSource,
    kind: 'tensor' | 'sequence' | 'optional' = 'tensor',
  ): Promise<{
    /** Its name in the file. */
    name: string;
    /** What it holds. */
    value: Value;
  }> {
    const client = await this.#usableClient();
    const sent = await upload(client, source, {}, false);
    const wire = await client.call('parseValue', { upload: sent.upload, kind });
    return { name: wire.name, value: fromWire(wire) };
  }

  /** A picture, or several as a batch, as a tensor. `width` and `height` are needed. */
  async imageTensor(source: ImageSource | readonly ImageSource[], options: ImageOptions = {}): Promise<Tensor> {
    const feed = image(source, options);
    const held = hold(feed, (bytes) => new ArrayBuffer(bytes));
    const [client, { toWireImage }] = await Promise.all([this.#usableClient(), pictures()]).catch((thrown) => {
      letGo(held);
      throw thrown;
    });
    const lent = { fail, checkOptions, room: (bytes: number) => new ArrayBuffer(bytes) };
    const wire = await toWireImage(lent, held, feed.options);
    return fromWire(await client.call('imageTensor', { feeds: [wire] }, { transfer: movedWith([wire]) })) as Tensor;
  }

  /** Sound as a tensor of float32: [1, samples] of one channel, or with `mel` [1, mels, frames]. */
  async audioTensor(source: AudioSource, options: AudioOptions = {}): Promise<Tensor> {
    const client = await this.#usableClient();
    const wire = await (await audio()).toWireAudio({ fail, checkOptions }, source, options);
    return fromWire(await client.call('audioTensor', wire, { transfer: [wire.samples] })) as Tensor;
  }

  /** The operators that this engine knows. */
  async operators(): Promise<OperatorInfo[]> {
    return (await this.#usableClient()).call('operators', undefined);
  }

  /** How much memory it has and uses. */
  async memory(): Promise<MemoryReport> {
    return (await this.#usableClient()).call('memory', undefined);
  }

  /** A histogram of times of your own. */
  async createHistogram(): Promise<Histogram> {
    const client = await this.#usableClient();
    const { toHistogram } = await watches();
    return toHistogram(client, await client.call('createHistogram', undefined));
  }

  /** `rows`: n x features, row by row; at least 256 rows, better 10,000. */
  async createProfile(rows: Float32Array, features: readonly string[]): Promise<ReferenceProfile> {
    const client = await this.#usableClient();
    return (await watches()).createProfile(client, rows, features);
  }

  /** The profile of all the inputs behind these: of several devices, for example. */
  async mergeProfiles(profiles: readonly ReferenceProfile[]): Promise<ReferenceProfile> {
    const client = await this.#usableClient();
    return (await watches()).mergeProfiles(client, profiles);
  }

  /** A drift detector for rows of features of your own. */
  async createDetector(profile: ReferenceProfile, options: DetectorOptions = {}): Promise<Detector> {
    const client = await this.#usableClient();
    return (await watches()).createDetector(client, profile, options);
  }

  /** How one window of rows (at least 20, row by row) differs from a profile. */
  async compareWindow(profile: ReferenceProfile, rows: Float32Array): Promise<WindowReport> {
    const client = await this.#usableClient();
    return (await watches()).compareWindow(client, profile, rows);
  }

  protected get label(): string {
    return 'the Engine';
  }

  /** Ends it and all sessions in it. Who asks for a shared engine from now on gets another. */
  override dispose(): Promise<void> {
    if (this.#sharedAs !== undefined) shared.delete(this.#sharedAs);
    this.#sharedAs = undefined;
    return super.dispose();
  }

  protected async free(): Promise<void> {
    await this.#restart?.catch(() => {});
    await Promise.all([...this.#keepers].map((keeper) => keeper.end()));
    for (const client of [this.#client, ...this.#quantizers]) client.close();
  }

  async #keepWatch(...watched: Parameters<typeof keepWatch>): Promise<WatchKeeper | undefined> {
    try {
      const kept = await (await import('./kept-watch.js')).keepWatch(...watched);
      const end = () => (this.#keepers.delete(keeper), kept.end());
      const keeper = { ...kept, end };
      this.#keepers.add(keeper);
      return keeper;
    } catch {
      return undefined;  // the watch goes on without
    }
  }

  /* undefined: the model is loaded as if there were no cache, which also says what is wrong with its source. */
  async #openKept(model: ModelSource, options: LoadOptions, preparedBy: unknown[]): Promise<Kept | undefined> {
    try {
      const { open } = await import('./kept.js');
      return await open({ request, fail }, model, options, {
        build: this.#build, options: JSON.stringify([this.#info.flavour, this.#options.limits, ...preparedBy]),
      });
    } catch (thrown) {
      if (thrown instanceof InsituError) throw thrown;
      return undefined;
    }
  }

  async #usableClient(): Promise<Client> {
    this.checkUsable();
    if (!this.#client.broken) return this.#client;
    this.#restart ??= Client.start(this.#options)
      .then(({ client, info, build }) => {
        this.#info = info;
        this.#build = build;
        return (this.#client = client);
      })
      .finally(() => (this.#restart = undefined));
    return this.#restart;
  }
}

function checkEngine(options: EngineOptions): void {
  checkOptions(options, engineKinds);
  for (const [name, most] of Object.entries(options.limits ?? {})) if (most !== undefined) checkNumber(`limits.${name}`, most);
}

/* undefined: what is loaded is not encrypted. */
async function decryption(options: InspectOptions): Promise<Decrypt | undefined> {
  return options.encryption === undefined ? undefined : (await encryption()).decryptor({ fail, openSource }, options);
}

const watches = async () => (await watching()).watches({ Disposable, freeWhenCollected, fail, checkNumber });

/** What `cache: 'opfs'` and `persist: 'opfs'` have kept for the page's origin, longest unused first. */
export async function listCache(): Promise<CacheEntry[]> {
  return (await keptModels()).list();
}

/** Removes of what is kept for the page's origin what `filter` chooses; everything without one. */
export async function clearCache(filter?: (entry: CacheEntry) => boolean): Promise<void> {
  if (await (await keptModels()).clear(filter)) {
    fail('InvalidArgument', 'some of what is kept is in use and was not removed',
      'A model is being kept or restored, perhaps in another tab: try again when it is ready.');
  }
}

const shared = new Map<string, Promise<Engine>>();

/** Loads a model with Engine.shared(). */
export async function load(model: ModelSource, options: LoadOptions & EngineOptions = {}): Promise<Session> {
  const [own, others] = apart(options);
  const held = asAsked<LoadOptions>(others);
  const { signal, onProgress } = held;
  return (await Engine.shared({ ...own, signal, onProgress })).load(model, held);
}

/** As Engine.imageTensor(), of the engine that load() uses. */
export async function imageTensor(
  source: ImageSource | readonly ImageSource[],
  options: ImageOptions & EngineOptions = {},
): Promise<Tensor> {
  const [own, { signal, onProgress, ...format }] = apart(options);
  return (await Engine.shared({ ...own, signal, onProgress })).imageTensor(source, format);
}

/** As Engine.audioTensor(), of the engine that load() uses. */
export async function audioTensor(source: AudioSource, options: AudioOptions & EngineOptions = {}): Promise<Tensor> {
  const [own, { signal, onProgress, ...format }] = apart(options);
  return (await Engine.shared({ ...own, signal, onProgress })).audioTensor(source, format);
}

/* Rejects at once when aborted; a result that comes nevertheless is handed to `drop`. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined, drop: (late: T) => void): Promise<T> {
  if (!signal) return work;
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      try {
        throwIfAborted(signal);
      } catch (thrown) {
        reject(thrown);
      }
    };
    signal.addEventListener('abort', stop, { once: true });
    stop();
  });
  try {
    return await Promise.race([work, aborted]);
  } catch (thrown) {
    if (signal.aborted) work.then(drop, () => {});
    throw thrown;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function nameOf(model: ModelSource): string | undefined {
  if (typeof model === 'string' || model instanceof URL) return String(model);
  const { url, name } = Object(model) as { url?: string; name?: unknown };
  return url || (name === undefined ? undefined : String(name));
}
