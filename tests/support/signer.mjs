// Signs as the OpenSSF Model Signing specification says, independently of what insitu does, and wrongly where that is asked for.
import { createHash, generateKeyPairSync, sign } from 'node:crypto';

const kHashes = { 'P-256': 'sha256', 'P-384': 'sha384', 'P-521': 'sha512', Ed25519: null };
const kPayloadType = 'application/vnd.in-toto+json';

export const sha256 = (bytes, encoding = 'hex') => createHash('sha256').update(bytes).digest(encoding);
export const integrityOf = (bytes) => `sha256-${sha256(bytes, 'base64')}`;

/** The statement on files, { name: bytes }. */
export function statementOf(files) {
  const resources = Object.entries(files).map(([name, bytes]) => ({ name, algorithm: 'sha256', digest: sha256(bytes) }));
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'tests', digest: { sha256: rootOf(resources) } }],
    predicateType: 'https://model_signing/signature/v1.0',
    predicate: { serialization: { method: 'files', hash_type: 'sha256', allow_symlinks: false }, resources },
  };
}

export const rootOf = (resources) => sha256(Buffer.concat(resources.map(({ digest }) => Buffer.from(digest, 'hex'))));

/** A new pair of keys: `pem`, `jwk`, `privatePem`, `privateJwk`, `bundle(statement)` and `sign(files)`, which gives bytes. */
export function signer(curve = 'P-256') {
  const { publicKey, privateKey } = curve === 'Ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: curve });
  const bundle = (statement, { payloadType = kPayloadType } = {}) => {
    const payload = typeof statement === 'object' && !Buffer.isBuffer(statement) ? Buffer.from(JSON.stringify(statement)) : Buffer.from(statement);
    const covered = Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `), payload]);
    return {
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      verificationMaterial: { publicKey: { hint: 'ab' }, tlogEntries: [] },
      dsseEnvelope: {
        payload: payload.toString('base64'), payloadType,
        signatures: [{ sig: sign(kHashes[curve], covered, privateKey).toString('base64'), keyid: '' }],
      },
    };
  };
  return {
    pem: publicKey.export({ type: 'spki', format: 'pem' }), jwk: publicKey.export({ format: 'jwk' }),
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }), privateJwk: privateKey.export({ format: 'jwk' }),
    bundle, sign: (files) => toBytes(bundle(statementOf(files))),
  };
}

/** A bundle as it is in a file. */
export const toBytes = (bundle) => Buffer.from(JSON.stringify(bundle));
