// The sessions that components use, by model and options: loaded once for all that ask for the same, and disposed when nobody
// has used one for a while.
// Invariant: a load that nobody waits for any more is aborted, and a session that comes late is disposed.
import { load } from 'insitu';
import type { EngineOptions, InsituError, LoadOptions, ModelSource, Progress, Session } from 'insitu';

/** How useSession() loads a model: the options of load(), but for what the component sees to itself. */
export type SessionOptions = Omit<LoadOptions & EngineOptions, 'signal' | 'onProgress'>;

/** How far a session has come. */
export interface SessionState {
  /** 'idle': there is no model. */
  readonly status: 'idle' | 'loading' | 'ready' | 'error';
  /** null unless the status is 'ready'. */
  readonly session: Session | null;
  /** null unless the status is 'error'. */
  readonly error: InsituError | null;
  /** While loading. */
  readonly progress: Progress | null;
}

export const kIdle: SessionState = { status: 'idle', session: null, error: null, progress: null };
export const kLoading: SessionState = { ...kIdle, status: 'loading' };

/** So long a session waits for its next user, in ms: StrictMode mounts twice, and pages come back. */
const kGrace = 1000;
/** The least time between two renderings for progress within a phase, in ms. */
const kProgressEvery = 50;

class SharedSession {
  state = kLoading;
  readonly #model: ModelSource;
  readonly #options: SessionOptions;
  readonly #unused: () => void;
  readonly #users = new Set<() => void>();
  #load = new AbortController();
  #end: ReturnType<typeof setTimeout> | undefined;

  constructor(model: ModelSource, options: SessionOptions, unused: () => void) {
    this.#model = model;
    this.#options = options;
    this.#unused = unused;
    this.#begin();
  }

  /** `changed` is called when the state is another one. Gives what ends the use. */
  use(changed: () => void): () => void {
    clearTimeout(this.#end);
    // What failed is tried again for those who come later.
    if (this.state.status === 'error' && this.#users.size === 0) this.#begin();
    this.#users.add(changed);
    return () => {
      this.#users.delete(changed);
      if (this.#users.size > 0) return;
      this.#end = setTimeout(() => {
        this.#drop();
        this.#unused();
      }, kGrace);
    };
  }

  restart(): void {
    this.#drop();
    this.#begin();
  }

  #begin(): void {
    this.#load = new AbortController();
    const { signal } = this.#load;
    this.#set(kLoading);
    let shown = -Infinity;
    const onProgress = (progress: Progress): void => {
      if (signal.aborted || this.state.status !== 'loading') return;
      const now = performance.now();
      const ends = progress.loaded === progress.total || progress.phase !== this.state.progress?.phase;
      if (!ends && now < shown + kProgressEvery) return;
      shown = now;
      this.#set({ ...kLoading, progress });
    };
    load(this.#model, { ...this.#options, signal, onProgress }).then((session) => {
      if (signal.aborted) dispose(session);
      else this.#set({ ...kIdle, status: 'ready', session });
    }, (error: InsituError) => {
      if (!signal.aborted) this.#set({ ...kIdle, status: 'error', error });
    });
  }

  #drop(): void {
    this.#load.abort();
    if (this.state.session) dispose(this.state.session);
  }

  #set(state: SessionState): void {
    this.state = state;
    for (const changed of this.#users) changed();
  }
}

/* That an engine which broke cannot free anything concerns nobody any more. */
function dispose(session: Session): void {
  session.dispose().catch(() => {});
}

const sessions = new Map<string, SharedSession>();

/** Loads the model unless it is there. Gives what ends the use. */
export function acquire(key: string, model: ModelSource, options: SessionOptions, changed: () => void): () => void {
  let shared = sessions.get(key);
  if (!shared) sessions.set(key, (shared = new SharedSession(model, options, () => sessions.delete(key))));
  return shared.use(changed);
}

export const stateOf = (key: string): SessionState => sessions.get(key)?.state ?? kLoading;

export const restart = (key: string): void => sessions.get(key)?.restart();

const ids = new WeakMap<object, number>();
let nextId = 1;

/** Equal for what loads the same: plain objects count by what is in them, bytes, Blobs and streams by identity. */
export function keyOf(model: ModelSource, options: SessionOptions): string {
  return JSON.stringify([model, options], (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const prototype = Object.getPrototypeOf(value) as unknown;
    if (prototype === Object.prototype || prototype === null) return value;
    if (!ids.has(value)) ids.set(value, nextId++);
    return { is: ids.get(value) };
  });
}
