// Encrypted files, written from docs/how-to/encrypted-models.md alone, and what can be done to one that has to be refused.
import { createCipheriv, randomBytes } from 'node:crypto';

export const headerBytes = 33, tagBytes = 16;

export function header({ shardBytes, total, shards = Math.max(1, Math.ceil(total / shardBytes)), prefix = randomBytes(9) }) {
  const head = Buffer.alloc(headerBytes);
  head.write('INSITUE\x01', 'latin1');
  head.writeUInt32BE(shardBytes, 8);
  head.writeBigUInt64BE(BigInt(total), 12);
  head.writeUInt32BE(shards, 20);
  prefix.copy(head, 24);
  return head;
}

/** `plain` as an encrypted file. `says` may make the header say something else, which is authenticated nevertheless. */
export function encrypted(plain, key, { shardBytes = 4096, says = {} } = {}) {
  const head = header({ shardBytes, total: plain.length, ...says });
  const shards = Math.max(1, Math.ceil(plain.length / shardBytes));
  const parts = Array.from({ length: shards }, (_, i) => {
    const nonce = Buffer.concat([head.subarray(24), Buffer.from([i >> 8, i & 255, i === shards - 1 ? 1 : 0])]);
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(head);
    return Buffer.concat([cipher.update(plain.subarray(i * shardBytes, (i + 1) * shardBytes)), cipher.final(), cipher.getAuthTag()]);
  });
  return Buffer.concat([head, ...parts]);
}

/* The same in the page and here: of bytes and nothing else. */
export function tamperings(file, other, shardBytes) {
  const headerBytes = 33, sealed = shardBytes + 16;
  const shards = Math.ceil((file.length - headerBytes) / sealed);
  const at = (shard) => Math.min(file.length, headerBytes + shard * sealed);
  const shard = (i, from = file) => from.subarray(at(i), at(i + 1));
  const joined = (...parts) => {
    const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    parts.reduce((place, part) => (bytes.set(part, place), place + part.length), 0);
    return bytes;
  };
  const changed = (place, mask) => {
    const bytes = new Uint8Array(file);
    bytes[place] ^= mask;
    return bytes;
  };
  const put = (i, bytes) => joined(file.subarray(0, at(i)), bytes, file.subarray(at(i + 1)));
  const list = [['nothing', new Uint8Array()], ['no header', file.subarray(headerBytes)], ['another header', joined(other.subarray(0, headerBytes), file.subarray(headerBytes))]];
  for (let i = 0; i < headerBytes; i++) for (const mask of [1, 0x80, 0xff]) list.push([`header byte ${i} ^ ${mask}`, changed(i, mask)]);
  for (let i = 0; i < headerBytes; i++) list.push([`${i} bytes of the header`, file.subarray(0, i)]);
  for (let i = 0; i < shards; i++) {
    list.push([`cut before shard ${i}`, file.subarray(0, at(i))]);
    for (const within of [1, 20, at(i + 1) - at(i) - 16, at(i + 1) - at(i) - 1]) list.push([`cut ${within} into shard ${i}`, file.subarray(0, at(i) + within)]);
    list.push([`a bit in shard ${i}`, changed(at(i) + 5, 4)], [`a bit in the tag of shard ${i}`, changed(at(i + 1) - 1, 1)]);
    list.push([`shard ${i} left out`, put(i, new Uint8Array())], [`shard ${i} twice`, put(i, joined(shard(i), shard(i)))]);
    list.push([`shard ${i} of another file`, put(i, shard(i, other))]);
    if (i + 1 < shards) {
      list.push([`shard ${i} and the next exchanged`, joined(file.subarray(0, at(i)), shard(i + 1), shard(i), file.subarray(at(i + 2)))]);
      list.push([`shard ${i} instead of the next`, put(i + 1, shard(i))]);
    }
  }
  list.push(['one byte more', joined(file, new Uint8Array(1))], ['the last shard again', joined(file, shard(shards - 1))], ['the file twice', joined(file, file)]);
  return list;
}
