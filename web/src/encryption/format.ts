// The format of encrypted files, for who writes and who reads them: a header and shards, each sealed by AES-256-GCM. It is the
// STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse
// Misuse-Resistance" (2015), with the header as associated data. docs/how-to/encrypted-models.md describes it.
// Invariant: numbers are big-endian, and a header has one meaning: sizes that contradict each other are refused.

export const headerBytes = 33;
export const tagBytes = 16;
export const keyBytes = 32;
export const prefixBytes = 9;
export const defaultShardBytes = 1 << 20;
export const leastShardBytes = 1 << 10;
export const mostShardBytes = 16 << 20;
export const mostShards = 1 << 16;

const magic = 'INSITUE';
const version = 1;

/** Sizes are those of the plaintext. */
export interface Header {
  shardBytes: number;
  total: number;
  shards: number;
  prefix: Uint8Array;
}

/** An empty file has one shard, too. */
export function shardsOf(total: number, shardBytes: number): number {
  return Math.max(1, Math.ceil(total / shardBytes));
}

/** The plaintext bytes of a shard. */
export function bytesIn({ shardBytes, total, shards }: Header, shard: number): number {
  return shard === shards - 1 ? total - shard * shardBytes : shardBytes;
}

export function writeHeader({ shardBytes, total, shards, prefix }: Header): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(headerBytes);
  bytes.set(new TextEncoder().encode(magic));
  const view = new DataView(bytes.buffer);
  view.setUint8(7, version);
  view.setUint32(8, shardBytes);
  view.setBigUint64(12, BigInt(total));
  view.setUint32(20, shards);
  bytes.set(prefix, 24);
  return bytes;
}

/** What the header says, or what is wrong with it; 'magic': that it is none. */
export function readHeader(bytes: Uint8Array): Header | 'magic' | string {
  if (new TextDecoder().decode(bytes.subarray(0, magic.length)) !== magic) return 'magic';
  if (bytes.length < headerBytes) return `it has ${bytes.length} bytes of ${headerBytes}`;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (view.getUint8(7) !== version) return `it is of version ${view.getUint8(7)}, not ${version}`;
  const [shardBytes, total, shards] = [view.getUint32(8), Number(view.getBigUint64(12)), view.getUint32(20)];
  if (shardBytes < leastShardBytes || shardBytes > mostShardBytes) return `a shard cannot have ${shardBytes} bytes`;
  if (shards > mostShards || shards !== shardsOf(total, shardBytes)) {
    return `${total} bytes in shards of ${shardBytes} are not ${shards} shards`;
  }
  return { shardBytes, total, shards, prefix: bytes.slice(24, headerBytes) };
}

/** The prefix, the number of the shard, and whether it is the last one. */
export function nonceOf({ prefix, shards }: Header, shard: number): Uint8Array<ArrayBuffer> {
  const nonce = new Uint8Array(prefixBytes + 3);
  nonce.set(prefix);
  new DataView(nonce.buffer).setUint16(prefixBytes, shard);
  nonce[prefixBytes + 2] = shard === shards - 1 ? 1 : 0;
  return nonce;
}
