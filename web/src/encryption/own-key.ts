// The key of an encrypted model as it is when a load is asked for. In index.js, since all else comes later.
// Invariant: what a page does to its bytes afterwards, such as overwriting them, does not change what is loaded.
import type { InspectOptions } from '../types.js';

export function withOwnKey<T extends InspectOptions>(options: T): T {
  const key = options.encryption?.key;
  return key instanceof Uint8Array ? { ...options, encryption: { ...options.encryption, key: new Uint8Array(key) } } : options;
}
