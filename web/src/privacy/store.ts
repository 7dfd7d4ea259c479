// Where a reporter keeps what it has answered and spent, and who may change that at a time.
// Invariant: two tabs never answer from the same store at once, where the browser has Web Locks.
import { replace } from '../kept-store.js';

/** Keeps texts by name: localStorage is one; a store of your own may answer with promises. */
export interface LabelStore {
  /** What was kept under that name; null where nothing was. */
  getItem(name: string): string | null | Promise<string | null>;
  /** Keeps `text` under that name. Resolves or returns when it is kept. */
  setItem(name: string, text: string): void | Promise<void>;
}

const kept = new Map<string, string>();

/** Gone with the page. There is one, so that a reporter that is made anew answers and spends as the one before it did. */
export const memoryStore: LabelStore = {
  getItem: (name) => kept.get(name) ?? null,
  setItem: (name, text) => void kept.set(name, text),
};

/* Beside the folder that clearCache() removes: an epsilon that was spent stays spent. */
const folder = async () => (await navigator.storage.getDirectory()).getDirectoryHandle('insitu-privacy', { create: true });

/** In the origin private file system, a file each. An empty one is of a first answer that was never kept, and so never given. */
export const opfsStore: LabelStore = {
  async getItem(name) {
    const handle = await (await folder()).getFileHandle(name, { create: true });
    return await (await handle.getFile()).text() || null;
  },
  async setItem(name, text) {
    await replace(await (await folder()).getFileHandle(name, { create: true }), (file) => file.write(text));
  },
};

let turn: Promise<unknown> = Promise.resolve();

/** What `work` gives, when nobody else works with what is kept under that name. */
export function inTurn<T>(name: string, shared: boolean, work: () => Promise<T>): Promise<T> {
  const locks = shared ? globalThis.navigator?.locks : undefined;
  if (locks) return locks.request(`insitu-privacy-${name}`, work) as Promise<T>;
  const done = turn.then(work);
  turn = done.catch(() => {});
  return done;
}
