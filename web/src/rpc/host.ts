// The instance's end of the line: takes calls, moves data in and out of the module's memory, stamps the stages of a run.
// With memory.ts and staging.ts, which it is made of, the only file that touches the WebAssembly module.
// Invariant: a call answers exactly once; a thrown RuntimeError means the instance is broken, and it answers no more.
import { builds } from '../engine-files.js';
import type { Build } from '../engine-files.js';
import { InsituError, toInsituError } from '../errors.js';
import type { ErrorFields } from '../errors.js';
import { loadModule } from '../loader.js';
import type { Progress } from '../types.js';
import { Memory, unwrap } from './memory.js';
import type { NativeModule, NativeSession, NativeWatch, Noticed, Outcome, Said } from './native.js';
import type { Call, Method, Params, Port, ResultOf, RunResult, RunTimes, SessionDescription, StartParams, StartResult, WatchExtras,
  WatchParams } from './protocol.js';
import { checkHead, openReader } from './reader.js';
import { noPictures, readPictures, Staging } from './staging.js';
import type { Pictures } from './staging.js';

type Handlers = { [M in Method]: (params: Params<M>, call: Call, pictures: Pictures) => ResultOf<M> | Promise<ResultOf<M>> };

const readBytes = 8 << 20;

const wallClock = () => performance.timeOrigin + performance.now();

/* A session with a monitor. */
interface Watched {
  /* One run in so many has a clock around every operator. */
  operators: number;
  runs: number;
  /* The times of the latest good run. */
  last?: RunTimes;
  /* What the watch itself took, in ms. */
  ownMs: number;
}

export class Host {
  readonly #port: Port;
  #native!: NativeModule;
  #memory!: Memory;
  #staging!: Staging;
  #clockStepMs = 0;
  #afterReply?: () => void;
  #broken = false;
  #closed = false;
  #context: Record<string, string> = {};
  readonly #watched = new Map<number, Watched>();

  constructor(port: Port) {
    this.#port = port;
    port.onmessage = ({ data }) => void this.#answer(data);
  }

  /** Ends the threads of the instance, for hosts that do not live in a worker of their own. */
  close(): void {
    this.#closed = true;
    this.#port.onmessage = null;
    endThreads(this.#native);
  }

  async #answer(call: Call): Promise<void> {
    if (this.#broken) return;
    const { id } = call;
    try {
      const handler = this.#handlers[call.method] as (params: unknown, call: Call, pictures: Pictures) => unknown;
      const reading = readPictures(call.params);
      const pictures = reading ? await reading : noPictures;
      if (this.#closed) return;
      const answer = handler(call.params, call, pictures);
      // No other call comes between a result that is ready and its reply.
      const result = answer instanceof Promise ? await answer : answer;
      this.#send({ id, result }, this.#memory?.takeLeaving());
    } catch (thrown) {
      if (!(thrown instanceof InsituError) && this.#native) return this.#crash(thrown);
      this.#memory?.takeLeaving();
      this.#send({ id, error: toInsituError(thrown).toJSON() });
    }
    const afterReply = this.#afterReply;
    this.#afterReply = undefined;
    try {
      afterReply?.();
    } catch (thrown) {
      this.#crash(thrown);
    }
  }

  #crash(thrown: unknown): void {
    this.#broken = true;
    const crashed: ErrorFields = {
      code: 'Crashed',
      message: `the engine broke: ${toInsituError(thrown).message}`,
      hint: 'Load the model again: a new instance starts. If it happens again, please report it with the model.',
    };
    this.#send({ crashed });
  }

  #send(message: unknown, transfer: Transferable[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  readonly #handlers: Handlers = {
    start: (params, call) => this.#start(params, call.id),
    begin: ({ total, hash }) => unwrap(this.#native.uploadBegin(total ?? -1, hash)),
    chunk: ({ upload, bytes }) => this.#take(upload, bytes.byteLength, (place) => place.set(bytes)),
    read: async ({ upload, file, head }, { id }) => {
      const reader = await openReader(file);
      try {
        const from = head.length, total = reader.size - from;
        await checkHead(reader, head);
        for (let loaded = 0; loaded < total; loaded += readBytes) {
          this.#send({ id, progress: { phase: 'download', loaded, total } });
          const length = Math.min(readBytes, total - loaded);
          this.#take(upload, length, await reader.read(from + loaded, length));
        }
        this.#send({ id, progress: { phase: 'download', loaded: total, total } });
      } finally {
        reader.close();
      }
    },
    verify: ({ upload, sha256, what }) => {
      const actual = unwrap(this.#native.uploadDigest(upload));
      if (actual === sha256) return;
      this.#native.uploadDiscard(upload);
      throw new InsituError({
        code: 'Integrity',
        message: `the SHA-256 of ${what} is ${actual}, but ${sha256} was asked for`,
        hint: 'Load the file that belongs to the digest; the one that came may have been changed on its way.',
      });
    },
    discard: ({ uploads }) => uploads.forEach((upload) => this.#native.uploadDiscard(upload)),
    load: ({ upload, external, watch, ...options }, { id }) => {
      const sha256 = watch?.hash ? unwrap(this.#native.uploadDigest(upload)) : '';
      const native = this.#inPhases(id, 'parse', (onPhase) => this.#native.load(upload, external, { ...options, onPhase }));
      return this.#describe(native, sha256, watch);
    },
    restore: ({ upload, sha256, watch, ...options }, { id }) =>
      this.#describe(this.#inPhases(id, 'plan', (onPhase) => this.#native.restore(upload, { ...options, onPhase })), sha256, watch),
    keptPart: ({ session, most }) => {
      const { pointer, byteLength } = unwrap(this.#native.keptPart(session, most));
      return this.#memory.copyBytes(pointer, byteLength);
    },
    inspect: ({ upload, external }) => unwrap(this.#native.inspect(upload, external)),
    parseValue: ({ upload, kind }) => {
      try {
        return this.#memory.copyOut(unwrap(this.#native.parseValue(upload, kind)));
      } finally {
        this.#native.uploadDiscard(upload);
      }
    },
    run: (params, _call, pictures) => this.#run(params, pictures),
    openStream: ({ session, state, feeds }, _call, pictures) => {
      try {
        this.#staging.stage(session, feeds, pictures);
        return unwrap(this.#native.openStream(session, state));
      } finally {
        this.#native.clear(session);
      }
    },
    resetStream: ({ session, stream }) => unwrap(this.#native.resetStream(session, stream)),
    undoStream: ({ session, stream }) => unwrap(this.#native.undoStream(session, stream)),
    closeStream: ({ session, stream }) => this.#native.closeStream(session, stream),
    imageTensor: ({ feeds: [image] }, _call, pictures) => this.#staging.imageTensor(image!, pictures),
    audioTensor: (params) => this.#staging.audioTensor(params),
    profile: ({ session, feeds, runs }, _call, pictures) => {
      try {
        this.#staging.stage(session, feeds, pictures);
        return unwrap(this.#native.profile(session, runs));
      } finally {
        this.#native.clear(session);
      }
    },
    explain: ({ session }) => unwrap(this.#native.explain(session)),
    disposeSession: ({ session }) => {
      this.#watched.delete(session);
      this.#native.disposeSession(session);
    },
    snapshot: ({ session }) => ({
      json: unwrap(this.#native.monitorSnapshot(session)),
      last: this.#watched.get(session)?.last,
      ownMs: this.#watched.get(session)?.ownMs ?? 0,
      operators: unwrap(this.#native.sampled(session)),
    }),
    feedback: ({ session, id, label }) => this.#announce(session, unwrap(this.#native.monitorFeedback(session, id, label))),
    postprocess: ({ session, ms }) => unwrap(this.#native.monitorPostprocess(session, ms)),
    saveMonitor: ({ session }) => {
      const parts = unwrap(this.#native.monitorSave(session));
      this.#memory.leave(...parts.map(({ buffer }) => buffer));
      return parts;
    },
    restoreMonitor: ({ session, sha256, watch, state }) => {
      const length = this.#memory.toScratch(new Uint8Array(state));
      unwrap(this.#native.monitorRestore(session, this.#toNative(watch), this.#clockStepMs, sha256, length));
    },
    exportMonitor: ({ session, format }) => unwrap(this.#native.monitorExport(session, format, Date.now())),
    exportProfile: ({ session }) => unwrap(this.#native.monitorProfile(session)),
    resetMonitor: ({ session }) => {
      unwrap(this.#native.monitorReset(session, Date.now(), randomName()));
      Object.assign(this.#watched.get(session)!, { last: undefined, ownMs: 0 });
    },
    createHistogram: () => unwrap(this.#native.createHistogram(this.#clockStepMs)),
    record: ({ histogram, ms }) =>
      unwrap(this.#native.histogramRecord(histogram, this.#memory.toScratch(new Float64Array(ms)))),
    quantiles: ({ histogram, qs }) => unwrap(this.#native.histogramQuantiles(histogram, qs)),
    merge: ({ histogram, other }) => unwrap(this.#native.histogramMerge(histogram, other)),
    histogramJson: ({ histogram }) => unwrap(this.#native.histogramJson(histogram)),
    createProfile: ({ rows, features }) =>
      unwrap(this.#native.createProfile(this.#memory.toScratch(new Float32Array(rows)), features)),
    mergeProfiles: ({ profiles }) => unwrap(this.#native.mergeProfiles(profiles)),
    createDetector: ({ profile, ...options }) => unwrap(this.#native.createDetector(profile, options)),
    compareWindow: ({ profile, rows }) =>
      unwrap(this.#native.compareWindow(profile, this.#memory.toScratch(new Float32Array(rows)))),
    update: ({ detector, rows }) =>
      unwrap(this.#native.detectorUpdate(detector, this.#memory.toScratch(new Float32Array(rows)))),
    resetDetector: ({ detector }) => unwrap(this.#native.detectorReset(detector)),
    disposeWatch: ({ kind, handle }) => this.#native.disposeWatch(kind, handle),
    beginQuantizer: ({ upload, external, options }) => {
      const sha256 = unwrap(this.#native.uploadDigest(upload));
      return { ...unwrap(this.#native.quantizerBegin(upload, external, options)), sha256 };
    },
    observe: ({ feeds }, _call, pictures) => {
      try {
        this.#staging.stage(0, feeds, pictures);
        unwrap(this.#native.quantizerObserve());
      } finally {
        this.#native.clear(0);
      }
    },
    observed: () => unwrap(this.#native.quantizerSeen()),
    measureLayer: ({ node, samples }) => unwrap(this.#native.quantizerMeasure(node, samples)),
    writeQuantized: ({ metadata, inFloat }) => {
      try {
        const { pointer, byteLength } = unwrap(this.#native.quantizerWrite(metadata, inFloat));
        return this.#memory.copyBytes(pointer, byteLength);
      } finally {
        this.#native.quantizerDrop();
      }
    },
    memory: () => this.#native.memory(),
    operators: () => this.#native.operators(),
  };

  async #start(params: StartParams, id: number): Promise<StartResult> {
    let started = false;
    const tell = (of: Build, loaded: number) => {
      if (!started) this.#send({ id, progress: { phase: 'engine', loaded, total: builds[of].bytes } });
    };
    const { native, build, flavour, threads, isolated, reasons, memoryBytes } = await loadModule(params, params.listens ? tell : undefined);
    if (this.#closed) {
      endThreads(native);
      throw new InsituError({ code: 'Disposed', message: 'the engine was disposed while it started' });
    }
    const { version, traits, switches, cancelAddress } = unwrap(native.start(threads, params.limits, memoryBytes));
    this.#native = native;
    this.#memory = new Memory(native);
    this.#staging = new Staging(native, this.#memory);
    this.#clockStepMs = measureClockStep();
    this.#context = { version, flavour, threads: String(threads), isolated: String(isolated) };
    const { bytes, digest } = builds[build];
    if (params.listens) tell(build, bytes);
    started = true;
    const { buffer } = native.wasmMemory;
    return {
      info: { version, flavour, threads, isolated, clockStepMs: this.#clockStepMs, switches, reasons },
      build: `${digest} ${traits}`,
      memory: buffer instanceof ArrayBuffer ? undefined : buffer,
      cancelAddress,
    };
  }

  #take(upload: number, length: number, fill: (place: Uint8Array) => void): void {
    fill(this.#memory.bytesAt(unwrap(this.#native.uploadReserve(upload, length)), length));
    unwrap(this.#native.uploadCommit(upload, length));
  }

  /* Tells the page when each phase of a load begins and ends. */
  #inPhases<T>(id: number, first: Progress['phase'], load: (onPhase: (phase: Progress['phase']) => void) => Outcome<T>): T {
    let phase = first;
    const tell = (loaded: number) => this.#send({ id, progress: { phase, loaded, total: 1 } });
    tell(0);
    const outcome = load((next) => {
      if (next === phase) return;
      tell(1);
      phase = next;
      tell(0);
    });
    const loaded = unwrap(outcome);
    tell(1);
    return loaded;
  }

  /* What the page is told of a new session, whose watch begins. */
  #describe(description: NativeSession, sha256: string, watch?: WatchParams): SessionDescription {
    const { session } = description;
    if (watch) {
      const started = this.#native.monitorStart(session, this.#toNative(watch), this.#clockStepMs, sha256);
      if ('error' in started) this.#native.disposeSession(session);
      unwrap(started);
      this.#watched.set(session, { operators: watch.operators, runs: 0, ownMs: 0 });
    }
    return { ...description, sha256 };
  }

  #toNative(watch: WatchParams): NativeWatch {
    return { ...watch, context: this.#context, instance: randomName() };
  }

  #announce(session: number, noticed: Noticed[] = []): void {
    for (const { kind, json } of noticed) this.#send({ session, event: kind, detail: json });
  }

  #run({ session, stream, feeds, outputs, watch, askedAt, giveBack }: Params<'run'>, pictures: Pictures): RunResult {
    const native = this.#native;
    const startedAt = wallClock();
    const times = { queue: Math.max(0, startedAt - pictures.ms - askedAt), preprocess: NaN, copyIn: NaN, infer: NaN, copyOut: NaN, total: NaN };
    const watched = watch && this.#watched.get(session);
    const preparedFrom = watch?.preparedFrom ?? askedAt;
    if (preparedFrom < askedAt) times.preprocess = askedAt - preparedFrom;
    const finish = (failure: string) => {
      this.#afterReply = () => {
        if (watched) {
          const from = performance.now();
          if (!failure) watched.last = times;
          const { queue, preprocess, copyIn, infer, copyOut, total } = times;
          const { preparedFrom, hidden, looks } = watch;
          this.#announce(session, native.monitorObserve(
            session, queue, preprocess, copyIn, infer, copyOut, total, preparedFrom, hidden, looks, said(failure, watch),
          ));
          watched.ownMs += performance.now() - from;
        }
        native.clear(session);
      };
    };
    try {
      const spare: ArrayBuffer[] = [];
      const prepareMs = this.#staging.stage(session, feeds, pictures, spare);
      const staged = wallClock();
      times.copyIn = staged - startedAt - prepareMs;
      if (pictures !== noPictures) times.preprocess = (times.preprocess || 0) + pictures.ms + prepareMs;
      const refused = watched && watch.looks && native.monitorJudge(session, said('', watch));
      if (refused) unwrap(refused);
      const judged = wallClock();
      if (watched) watched.ownMs += judged - staged;
      const timeSteps = watched !== undefined && watched.operators > 0 && ++watched.runs % watched.operators === 0;
      const results = unwrap(native.run(session, stream, outputs, timeSteps));
      const ran = wallClock();
      times.infer = ran - judged;
      const copies = results.map((result) => this.#memory.copyOut(result));
      const ended = wallClock();
      times.copyOut = ended - ran;
      times.total = Math.max(0, ended - preparedFrom);
      finish('');
      if (!giveBack) return { values: copies, spare: [], times };
      this.#memory.leave(...spare);
      return { values: copies, spare, times };
    } catch (thrown) {
      if (thrown instanceof InsituError) finish(thrown.code);
      throw thrown;
    }
  }
}

function said(failure: string, { slice, id, features }: WatchExtras): Said | undefined {
  return failure || slice || id || features ? { failure, slice, id, features } : undefined;
}

/* Tells one watch from others; not secret. */
function randomName(): string {
  return Array.from({ length: 2 }, () => Math.random().toString(36).slice(2)).join('');
}

function endThreads(native?: NativeModule): void {
  native?.PThread?.terminateAllThreads();
}

/* The smallest step that performance.now() makes in a handful of tries. */
function measureClockStep(): number {
  let step = Infinity;
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    let now = start;
    while (now === start) now = performance.now();
    step = Math.min(step, now - start);
  }
  return Number(step.toPrecision(3));
}
