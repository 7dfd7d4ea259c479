// Signed models: what load() and pages ask for; the work is in trust.js, which only those who ask for it load.
// Invariant: what is needed of index.js is handed in, so that it is in the package once.
import { fail } from './errors.js';
import { trust } from './modules.js';
import { openSource } from './source.js';
import type { Statement } from './trust/statement.js';
import type { LoadOptions, ModelSource } from './types.js';

/** A public key: SPKI as PEM, a JWK, or a CryptoKey for 'verify'. ECDSA on P-256, P-384 or P-521, or Ed25519. */
export type TrustedKey = string | JsonWebKey | CryptoKey;

/** Who must have signed a model. */
export interface TrustOptions {
  /** A Sigstore bundle in the OpenSSF Model Signing format, as `insitu sign` writes it. */
  signature: ModelSource;
  /** Those whose signature counts, from the page itself: one of them must have signed. */
  keys: readonly TrustedKey[];
  /** What the signature calls the model; default: the last part of its address or the name of its file. */
  name?: string;
}

/** A file that was signed. */
export interface SignedFile {
  /** Its path, relative to what was signed. */
  readonly name: string;
  /** Its digest, in hexadecimal. */
  readonly sha256: string;
  /** The same as 'sha256-<base64>', which fetch() and load() take as `integrity`. */
  readonly integrity: string;
}

const helpers = { fail, openSource };

/** The options to load a model with that must be signed: digests are those that were signed. */
export async function signed(model: string | undefined, options: LoadOptions): Promise<LoadOptions> {
  return (await trust()).signed(helpers, model, options);
}

/** The files that were signed by one of these keys. Rejects with Integrity where the signature does not hold. */
export async function verifySignature(
  signature: ModelSource,
  keys: readonly TrustedKey[],
): Promise<readonly SignedFile[]> {
  const { files }: Statement = await (await trust()).verify(helpers, signature, keys);
  return files;
}
