// Whether a models.json or a profile is the one that was signed, by its detached signature as `insitu sign` writes it.
// Invariant: nothing of it is read before; it has to be on the list under the name that it has here, with the digest of
// exactly these bytes.
import { verifySignature } from 'insitu';
import { fail } from '../fail.js';
import type { TrustedKey } from '../signature.js';
import { filesCalled, lastPart, oneOfItsName } from '../trust/statement.js';

/** Rejects with Integrity unless one of the keys has signed what is at `url`, whose digest is `integrity`. */
export async function checkSigned(url: string, integrity: string, signature: Uint8Array, keys: readonly TrustedKey[]): Promise<void> {
  const last = lastPart(url);
  const [file, another] = filesCalled(await verifySignature(signature, keys), last);
  if (!file || another) {
    fail('Integrity', `'${last.slice(0, 100)}' is ${another ? 'the name of several files' : 'not among the files'} that were signed`, oneOfItsName);
  }
  if (file.integrity !== integrity) fail('Integrity', `${url} is not the one that was signed`, 'Sign it after each change, and put both there.');
}
