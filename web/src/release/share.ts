// Which keys belong to a share of all: a stable hash, the same on every device and visit.
// FNV-1a of the key's UTF-8 bytes (32 bits, draft-eastlake-fnv), whose high bits hardly depend on the last characters; so it is
// mixed with the finalizer of MurmurHash3 before it is compared.

/** 0 to 2^32 - 1. */
export function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(key)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Whether `key` is among the `share` (0 to 1) of keys; of two shares the larger has all of the smaller. */
export function isAmong(key: string, share: number): boolean {
  return hashOf(key) < share * 2 ** 32;
}
