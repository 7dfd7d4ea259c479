// The page's end of the line to one engine instance, in a worker or in process. The only file that touches Worker.
// Invariant: every call settles: with its result, its error, Disposed after close(), or Crashed when the instance
// broke. Runs go out one at a time, so that one cancel word in shared memory always means the running one. The line does
// not refer to its Client: an instance that nobody can ask for anything any more ends.
import { freeWhenCollected } from '../disposable.js';
import { isNode, nodeModule } from '../environment.js';
import { cancelled, fail, InsituError, throwIfAborted, toInsituError } from '../errors.js';
import type { ErrorFields } from '../errors.js';
import { inProcess } from '../modules.js';
import type { EngineOptions, Progress } from '../types.js';
import { closeAll } from '../value.js';
import { watchLife } from './life.js';
import type { Line, Method, Params, Port, Reply, ResultOf, StartResult } from './protocol.js';

interface Pending {
  resolve(result: never): void;
  reject(error: InsituError): void;
  onProgress?: (progress: Progress) => void;
}

export interface CallOptions {
  signal?: AbortSignal;
  transfer?: Transferable[];
  onProgress?: (progress: Progress) => void;
}

interface QueueOptions<M extends Method> {
  signal?: AbortSignal;
  transfer?: (params: Params<M>) => Transferable[];
  late?: (params: Params<M>) => Promise<unknown> | undefined;
}

/* What has its turn among the runs. */
type Queued = 'run' | 'profile' | 'disposeSession' | 'openStream' | 'resetStream' | 'closeStream';

/* Those that wait for an answer, whoever else refers to them. */
const waiting = /* @__PURE__ */ new Set<Client>();

export class Client {
  readonly #line: Line;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Map<number, WeakRef<EventTarget>>();
  #nextId = 1;
  #runs: Promise<unknown> = Promise.resolve();
  #cancelWord?: Int32Array;
  #broken?: InsituError;
  readonly #mourners = new Set<() => void>();

  private constructor(line: Line) {
    this.#line = line;
    const weak = new WeakRef(this);
    line.port.onmessage = ({ data }) => {
      const client = weak.deref();
      if (client) client.#receive(data);
    };
    freeWhenCollected(this, { free: line.close });
  }

  static async start(options: EngineOptions, quantizer = false): Promise<{ client: Client } & Pick<StartResult, 'info' | 'build'>> {
    const { signal, onProgress, flavour, threads, limits = {}, worker = !isNode } = options;
    throwIfAborted(signal);
    const assets = options.assets === undefined ? undefined : folderUrl(options.assets);
    let opened: WeakRef<Client> | undefined;
    const onFailure = (error: InsituError) => opened?.deref()?.fail(error);
    const line = worker ? await openWorker(assets, onFailure).catch((thrown) => {
      throw workerError(toInsituError(thrown).message, false);
    }) : (await inProcess()).openInProcess();
    const client = new Client(line);
    opened = new WeakRef(client);
    try {
      const started = await client.call('start', { flavour, threads, assets, quantizer, limits, listens: onProgress !== undefined }, { signal, onProgress });
      if (started.memory) client.#cancelWord = new Int32Array(started.memory, started.cancelAddress, 1);
      return { client, info: started.info, build: started.build };
    } catch (thrown) {
      client.close();
      throw thrown;
    }
  }

  /** Why the instance can no longer be used, if so. */
  get broken(): InsituError | undefined {
    return this.#broken;
  }

  /** Sends a call. An abort rejects at once; what the instance still answers is dropped. */
  call<M extends Method>(method: M, params: Params<M>, options: CallOptions = {}): Promise<ResultOf<M>> {
    const { signal, transfer = [], onProgress } = options;
    if (this.#broken || signal?.aborted) {
      closeAll(transfer);
      return Promise.reject(this.#broken ?? cancelled(signal!));
    }
    return new Promise<ResultOf<M>>((resolve, reject) => {
      const id = this.#nextId++;
      const abort = () => {
        const waiting = this.#pending.get(id);
        if (waiting) waiting.onProgress = undefined;
        reject(cancelled(signal!));
      };
      const done = () => signal?.removeEventListener('abort', abort);
      signal?.addEventListener('abort', abort, { once: true });
      const settle = {
        resolve: (result: ResultOf<M>) => (done(), resolve(result)),
        reject: (error: InsituError) => (done(), reject(error)),
      };
      try {
        this.#line.port.postMessage({ id, method, params }, transfer);
      } catch (thrown) {
        closeAll(transfer);
        settle.reject(toInsituError(thrown, 'InvalidArgument'));
        return;
      }
      this.#pending.set(id, { ...settle, onProgress });
      if (this.#pending.size === 1) {
        waiting.add(this);
        this.#line.port.ref?.();
      }
    });
  }

  /**
   * Queues a run, with what it is to be fed with as soon as that is ready, behind those before it. While it waits an abort stops
   * it at once; once it runs, see RunOptions. `late` is called when a result comes after the abort, before the next run.
   */
  enqueue<M extends Queued>(
    method: M,
    params: Params<M> | Promise<Params<M>>,
    { signal, transfer, late }: QueueOptions<M> = {},
  ): Promise<ResultOf<M>> {
    if (params instanceof Promise) params.catch(() => {});  // where nobody waits for them any more
    return new Promise<ResultOf<M>>((resolve, reject) => {
      const abort = () => {
        reject(cancelled(signal!));
        if (running && this.#cancelWord) Atomics.store(this.#cancelWord, 0, 1);
      };
      let running = false;
      if (signal?.aborted) return abort();
      signal?.addEventListener('abort', abort, { once: true });
      this.#runs = this.#runs.then(async () => {
        try {
          if (this.#cancelWord) Atomics.store(this.#cancelWord, 0, 0);
          running = true;
          const ready = params instanceof Promise ? await params : params;
          const moved = transfer?.(ready) ?? [];
          if (signal?.aborted) return closeAll(moved);
          resolve(await this.call(method, ready, { transfer: moved }));
          if (signal?.aborted) await late?.(ready);
        } catch (thrown) {
          reject(thrown);
        } finally {
          running = false;
          signal?.removeEventListener('abort', abort);
        }
      });
    });
  }

  /** Settles when no run waits or is under way. */
  async idle(): Promise<void> {
    for (let last; last !== this.#runs;) await (last = this.#runs);
  }

  /** Where the events of the monitor of a session happen; undefined: nowhere any more. Does not keep the target alive. */
  listen(session: number, target?: EventTarget): void {
    if (target) this.#listeners.set(session, new WeakRef(target));
    else this.#listeners.delete(session);
  }

  /** Called once when the instance can no longer be used, soon where that is so already. Gives what takes it back. */
  whenBroken(mourn: () => void): () => void {
    if (this.#broken) queueMicrotask(mourn);
    else this.#mourners.add(mourn);
    return () => this.#mourners.delete(mourn);
  }

  /** Ends the instance. Calls under way reject with `reason`. */
  fail(reason: InsituError): void {
    if (this.#broken) return;
    this.#broken = reason;
    this.#line.close();
    const calls = [...this.#pending.values()];
    this.#pending.clear();
    waiting.delete(this);
    for (const { reject } of calls) reject(reason);
    for (const mourn of this.#mourners) mourn();
  }

  close(): void {
    this.fail(new InsituError({
      code: 'Disposed',
      message: 'the Engine was disposed',
      hint: 'Create another with Engine.create().',
    }));
  }

  #receive(reply: Reply): void {
    if ('crashed' in reply) return this.fail(new InsituError(reply.crashed));
    if ('event' in reply) {
      const { session, event, detail } = reply;
      this.#listeners.get(session)?.deref()?.dispatchEvent(new CustomEvent(event, { detail: JSON.parse(detail) }));
      return;
    }
    const pending = this.#pending.get(reply.id);
    if (!pending) return;
    if ('progress' in reply) return pending.onProgress?.(reply.progress);
    this.#pending.delete(reply.id);
    if (this.#pending.size === 0) {
      waiting.delete(this);
      this.#line.port.unref?.();
    }
    if ('error' in reply) pending.reject(new InsituError(reply.error));
    else pending.resolve(reply.result as never);
  }
}

/** The address of the folder as one that relative names can be resolved against. */
function folderUrl(folder: string | URL): string {
  const base = globalThis.document?.baseURI ?? globalThis.location?.href ?? import.meta.url;
  try {
    const url = new URL(folder, base).href;
    return url.endsWith('/') ? url : `${url}/`;
  } catch (thrown) {
    fail('InvalidArgument', `assets is no URL: ${folder}`, 'Pass the address of the folder.', thrown);
  }
}

function workerGone(): InsituError {
  return new InsituError({
    code: 'Crashed',
    message: 'the worker has gone without a word',
    hint: 'The browser may have ended it, to save memory for example. Load the model again: a new one starts.',
  });
}

function workerError(message: string | undefined, started: boolean): InsituError {
  const fields: ErrorFields = started
    ? { code: 'Crashed', message: `the worker broke: ${message}`, hint: 'Load the model again.' }
    : {
        code: 'Network',
        message: `the worker did not start${message ? `: ${message}` : ''}`,
        hint: "Check that insitu/worker.js is served beside insitu's other files (option `assets`), from the page's own origin, " +
          'and that the Content-Security-Policy allows it (worker-src).',
      };
  return new InsituError(fields);
}

async function openWorker(assets: string | undefined, onFailure: (error: InsituError) => void): Promise<Line> {
  let started = false;
  if (isNode) {
    const { Worker: NodeWorker } = await nodeModule<typeof import('node:worker_threads')>('worker_threads');
    const worker = new NodeWorker(new URL('insitu/worker.js', assets ?? import.meta.url));
    worker.on('error', (error) => onFailure(workerError(toInsituError(error).message, started)));
    worker.on('exit', () => onFailure(workerGone()));
    const port: Port = {
      postMessage: (message, transfer) => worker.postMessage(message, transfer as never),
      onmessage: null,
      ref: () => worker.ref(),
      unref: () => worker.unref(),
    };
    worker.on('message', (data) => {
      started = true;
      port.onmessage?.({ data: data as never });
    });
    return { port, close: () => void worker.terminate() };
  }
  // By this name it is a file beside this one, and a module of the package for Vite's dev server, which moves this one away.
  const worker = assets === undefined
    ? new Worker(new URL('insitu/worker.js', import.meta.url), { type: 'module', name: 'insitu' })
    : new Worker(new URL('insitu/worker.js', assets), { type: 'module', name: 'insitu' });
  worker.onerror = (event) => {
    event.preventDefault?.();
    onFailure(workerError(event.message, started));
  };
  const port: Port = {
    postMessage: (message, transfer) => worker.postMessage(message, transfer),
    onmessage: null,
  };
  worker.onmessage = ({ data }) => {
    started = true;
    port.onmessage?.({ data: data as never });
  };
  const life = watchLife(port, () => onFailure(started ? workerGone() : workerError('nothing is heard of it', started)));
  return { port: life.port, close: () => (life.end(), worker.terminate()) };
}
