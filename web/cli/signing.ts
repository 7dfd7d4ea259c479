// What `sign` and `verify` share: files by name and digest, and the bundle that is made of them.
// Invariant: made as OpenSSF Model Signing v1.0 says, so that other implementations of it verify what is written here.
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { fail, toInsituError } from '../src/errors.js';
import { bundleType, payloadType, signedBytes } from '../src/trust/bundle.js';
import { predicateType, rootDigest, statementType } from '../src/trust/statement.js';

export interface DigestedFile {
  name: string;
  sha256: string;
}

/** Left out by all implementations, at the top of the folder alone. */
export const leftOut = ['.git', '.gitattributes', '.github', '.gitignore'];

const hashes: Record<string, string> = { prime256v1: 'sha256', secp384r1: 'sha384', secp521r1: 'sha512' };

/** The text of a file, or of standard input for '-'. */
export function readKeyFile(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (thrown) {
    return fail('InvalidArgument', `cannot read ${file}: ${toInsituError(thrown).message}`, 'Check the path of the key.', thrown);
  }
}

export function privateKeyOf(text: string, file: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(text);
  } catch (thrown) {
    const [what, hint] = text.includes('ENCRYPTED') ? ['an encrypted private key', 'Decrypt it on the way: openssl pkey -in KEY.pem | insitu sign MODEL --key -']
      : text.includes('PUBLIC KEY') ? ['a public key', 'Pass the private key that it belongs to: what that signs insitu verify checks with the public one.']
        : ['no private key in PEM', 'openssl ecparam -name prime256v1 -genkey -noout makes one.'];
    return fail('InvalidArgument', `${file} is ${what}`, hint, thrown);
  }
  const { asymmetricKeyType: type = '', asymmetricKeyDetails: { namedCurve = '' } = {} } = key;
  if (type === 'ed25519' || (type === 'ec' && Object.hasOwn(hashes, namedCurve))) return key;
  return fail('InvalidArgument', `${file} is a key of another kind: ${type} ${namedCurve}`.trimEnd(), 'Pass ECDSA on P-256, P-384 or P-521, or Ed25519.');
}

export async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk);
  } catch (thrown) {
    fail('Network', `cannot read ${file}: ${toInsituError(thrown).message}`, 'Check the path of the file.', thrown);
  }
  return hash.digest('hex');
}

const byCodePoint = (a: DigestedFile, b: DigestedFile) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));

/** The signature of these files by this key, as it is written to a file. `model`: what the statement is about. */
export async function bundleOf(model: string, files: readonly DigestedFile[], ignored: readonly string[], key: KeyObject): Promise<string> {
  const sorted = [...files].sort(byCodePoint);
  const statement = {
    _type: statementType,
    subject: [{ name: model, digest: { sha256: await rootDigest(sorted) } }],
    predicateType,
    predicate: {
      resources: sorted.map(({ name, sha256 }) => ({ name, algorithm: 'sha256', digest: sha256 })),
      serialization: { method: 'files', hash_type: 'sha256', allow_symlinks: false, ignore_paths: ignored },
    },
  };
  const payload = Buffer.from(JSON.stringify(statement));
  const hash = hashes[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? null;  // Ed25519 hashes by itself
  const signature = sign(hash, signedBytes(payload), { key, dsaEncoding: 'der' });
  const pem = createPublicKey(key).export({ type: 'spki', format: 'pem' });
  return JSON.stringify({
    mediaType: bundleType,
    verificationMaterial: { publicKey: { hint: createHash('sha256').update(pem).digest('hex') }, tlogEntries: [] },
    dsseEnvelope: {
      payload: payload.toString('base64'), payloadType,
      signatures: [{ sig: signature.toString('base64'), keyid: '' }],
    },
  });
}
