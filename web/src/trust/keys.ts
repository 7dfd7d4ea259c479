// Public keys as pages pin them, and signatures by them, through WebCrypto.
// Invariant: a key that is not understood ends the call; none is passed over.
import type { fail } from '../errors.js';
import type { TrustedKey } from '../signature.js';

/* Each is at once what WebCrypto takes as an algorithm. `spki`: bytes of such a key in DER; `number`: of each half of a signature. */
const kinds = [
  { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256', spki: 91, number: 32 },
  { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384', spki: 120, number: 48 },
  { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512', spki: 158, number: 66 },
  { name: 'Ed25519', namedCurve: 'Ed25519', hash: undefined, spki: 44, number: undefined },
] as const;

type Kind = (typeof kinds)[number];

export interface PublicKey {
  kind: Kind;
  key: CryptoKey;
}

const knownKeys = 'Pass public keys, ECDSA on P-256, P-384 or P-521 or Ed25519: PEM (BEGIN PUBLIC KEY), JWK or CryptoKey.';

/** All of them, or InvalidArgument. */
export async function readKeys(refuse: typeof fail, keys: readonly TrustedKey[]): Promise<PublicKey[]> {
  if (!globalThis.crypto?.subtle) {
    refuse('InvalidArgument', 'there is no WebCrypto to verify a signature with', 'Serve the page over https, or from localhost.');
  }
  if (!Array.isArray(keys) || keys.length === 0) refuse('InvalidArgument', 'no key is pinned', knownKeys);
  return Promise.all((keys as readonly TrustedKey[]).map((key, i) => readKey(refuse, key, `keys[${i}]`)));
}

async function readKey(refuse: typeof fail, key: TrustedKey, called: string): Promise<PublicKey> {
  if (key instanceof CryptoKey) {
    const { name, namedCurve = name } = key.algorithm as EcKeyAlgorithm;
    const kind = kinds.find((one) => one.name === name && one.namedCurve === namedCurve);
    if (!kind || !key.usages.includes('verify')) refuse('InvalidArgument', `${called} is a CryptoKey that verifies nothing here`, knownKeys);
    return { kind, key };
  }
  const { kind, format, data, secret } = typeof key === 'string' ? ofPem(key) : ofJwk(key);
  if (secret) {
    refuse('InvalidArgument', `${called} is a private key`,
      'Pass the public key. If this one was in a page, others have it: make another pair.');
  }
  if (!kind) refuse('InvalidArgument', `${called} is no public key that is known here`, knownKeys);
  try {
    const imported = format === 'spki'
      ? await crypto.subtle.importKey(format, data as BufferSource, kind, true, ['verify'])
      : await crypto.subtle.importKey('jwk', data as JsonWebKey, kind, true, ['verify']);
    return { kind, key: imported };
  } catch (thrown) {
    const unknown = (thrown as Error)?.name === 'NotSupportedError';
    return refuse('InvalidArgument', unknown ? `${called} is ${kind.namedCurve}, which this browser does not verify` : `${called} is no valid key`,
      unknown ? 'Sign with ECDSA on P-256, which all verify.' : knownKeys, thrown);
  }
}

interface Parsed {
  kind?: Kind;
  format: 'spki' | 'jwk';
  data?: BufferSource | JsonWebKey;
  secret?: boolean;
}

function ofPem(text: string): Parsed {
  const [, label, base64] = /^\s*-----BEGIN ([A-Z ]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----\s*$/.exec(text) ?? [];
  const format = 'spki';
  if (label !== 'PUBLIC KEY') return { format, secret: text.includes('PRIVATE KEY-----') };
  try {
    const data = Uint8Array.from(atob(base64!), (char) => char.charCodeAt(0));
    return { kind: kinds.find(({ spki }) => spki === data.length), format, data };
  } catch {
    return { format };
  }
}

function ofJwk(key: JsonWebKey | null | undefined): Parsed {
  const { kty, crv, x, y, d } = key ?? {};
  const data = { kty, crv, x, ...(y !== undefined && { y }) };
  return { kind: kinds.find(({ namedCurve }) => namedCurve === crv), format: 'jwk', data, secret: d !== undefined };
}

/** Whether it is this key's signature of these bytes. Those of ECDSA are in DER. */
export async function isBy({ kind, key }: PublicKey, signature: Uint8Array, bytes: Uint8Array): Promise<boolean> {
  const raw = kind.number === undefined ? signature : ofDer(signature, kind.number);
  return raw !== undefined && crypto.subtle.verify(kind as EcdsaParams, key, raw as BufferSource, bytes as BufferSource);
}

/* The two numbers of SEQUENCE { INTEGER, INTEGER }, each of `size` bytes, as WebCrypto takes them; undefined for all else. */
function ofDer(der: Uint8Array, size: number): Uint8Array | undefined {
  const both = element(der, 0x30);
  const first = both && element(both.content, 0x02);
  const second = first && element(first.rest, 0x02);
  if (!both || !second || both.rest.length > 0 || second.rest.length > 0) return undefined;
  const raw = new Uint8Array(2 * size);
  for (const [i, { content }] of [first, second].entries()) {
    const [high = 0x80, next = 0] = content;
    if (high >= 0x80 || (high === 0 && content.length > 1 && next < 0x80)) return undefined;  // negative, or longer than need be
    const digits = high === 0 ? content.subarray(1) : content;
    if (digits.length > size) return undefined;
    raw.set(digits, (i + 1) * size - digits.length);
  }
  return raw;
}

function element(der: Uint8Array, tag: number): { content: Uint8Array; rest: Uint8Array } | undefined {
  const [found, short = 0, long = 0] = der;
  const isLong = short === 0x81 && long >= 0x80;
  if (found !== tag || (short >= 0x80 && !isLong)) return undefined;
  const [begin, length] = isLong ? [3, long] : [2, short];
  const content = der.subarray(begin, begin + length);
  return content.length === length ? { content, rest: der.subarray(begin + length) } : undefined;
}
