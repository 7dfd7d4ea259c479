// useSession: a model as a component uses it.
import type { ModelSource } from 'insitu';
import { useCallback, useMemo, useSyncExternalStore } from 'react';

import { keyOf, kIdle, kLoading, restart, stateOf, acquire } from './shared-sessions.js';
import type { SessionOptions, SessionState } from './shared-sessions.js';

/** What useSession() gives. */
export type UsedSession = SessionState & {
  /** Disposes the session and loads it anew: after an error, or when the engine has crashed. */
  readonly reload: () => void;
};

/**
 * Loads a model while the component is mounted; null or undefined: none. Components that ask for the same model with equal
 * options share one session, which is disposed a second after the last of them has unmounted. Another model, or other
 * options, load anew. Nothing is loaded on a server. Errors stand in `error`, none is thrown.
 */
export function useSession(model: ModelSource | null | undefined, options: SessionOptions = {}): UsedSession {
  const key = model === null || model === undefined ? '' : keyOf(model, options);
  // Two renderings with one key load the same, so that the first's model and options stand for both.
  const subscribe = useCallback((changed: () => void) => (key ? acquire(key, model!, options, changed) : () => {}), [key]);
  const state = useSyncExternalStore(subscribe, () => (key ? stateOf(key) : kIdle), () => (key ? kLoading : kIdle));
  return useMemo(() => ({ ...state, reload: () => restart(key) }), [state, key]);
}
