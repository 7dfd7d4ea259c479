// The state of a session's monitor in the origin private file system, for the next visit. A module of its own, because only
// those who ask for it load it.
// Invariant: of several tabs with the same model one keeps; a file is replaced whole or not at all; whatever fails here, the
// watch begins anew.
import { lockName, openFolder, replace, watchName } from './kept-store.js';
import type { Client } from './rpc/client.js';
import type { WatchParams } from './rpc/protocol.js';

const everyMs = 30_000;

/** What became of `persist: 'opfs'`: kept here, by another tab, or nowhere. @inline */
export type Persistence = 'opfs' | 'busy' | 'unavailable';

/** What keeps the watch of one session up to date. */
export interface WatchKeeper {
  readonly persistence: Persistence;
  /** Writes what is known now; waits until it is there. */
  save(): Promise<void>;
  /** Writes once more and lets another tab go on. */
  end(): Promise<void>;
}

const unavailable: WatchKeeper = { persistence: 'unavailable', save: async () => {}, end: async () => {} };

/**
 * Goes on with what an earlier visit kept for the model of that digest and these options, and keeps what comes: every 30 s, and
 * when the page is hidden.
 */
export async function keepWatch(client: Client, session: number, sha256: string, watch: WatchParams): Promise<WatchKeeper> {
  const { navigator, document } = globalThis;
  if (!navigator?.storage?.getDirectory || !navigator.locks) return unavailable;
  const name = watchName(sha256);
  const release = await claim(lockName(name));
  if (typeof release === 'string') return { ...unavailable, persistence: release };
  try {
    const handle = await (await openFolder()).getFileHandle(name, { create: true });
    const bytes = await (await handle.getFile()).arrayBuffer();
    if (bytes.byteLength > 0) {
      await client.call('restoreMonitor', { session, sha256, watch, state: bytes }, { transfer: [bytes] }).catch(() => {});
    }
  } catch {
    release();  // as in some private windows
    return unavailable;
  }
  let stopped = false;
  let writing = Promise.resolve();
  const save = () => (writing = writing.then(() => (stopped ? undefined : write(client, session, name))).catch(() => {}));
  const whenHidden = () => {
    if (document.visibilityState === 'hidden') void save();
  };
  const timer = setInterval(save, everyMs);
  document?.addEventListener('visibilitychange', whenHidden);
  const stop = () => {
    stopped = true;
    clearInterval(timer);
    document?.removeEventListener('visibilitychange', whenHidden);
    forget();
    release();
  };
  const forget = client.whenBroken(stop);
  return { persistence: 'opfs', save, end: () => save().then(stop) };
}

async function write(client: Client, session: number, name: string): Promise<void> {
  const parts = await client.call('saveMonitor', { session });
  const handle = await (await openFolder()).getFileHandle(name, { create: true });
  await replace(handle, async (file) => {
    for (const part of parts) await file.write(part);
  });
}

/* What lets go of the lock, or why there is none. */
function claim(name: string): Promise<(() => void) | Persistence> {
  return new Promise((resolve) => {
    navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      if (!lock) return resolve('busy');
      return new Promise<void>((release) => resolve(release));
    }).catch(() => resolve('unavailable'));
  });
}
