// Detached signatures of models in the OpenSSF Model Signing v1.0 format, and loading what they cover. A module of its own, because
// only those who ask for it load it: what it needs of the others is handed in.
// Invariant: fails closed. What load() fetches is what a pinned key has signed, name by name; the digests that were signed are
// those that the engine checks, before anything is parsed.
import type { fail } from '../errors.js';
import type { SignedFile, TrustedKey, TrustOptions } from '../signature.js';
import type { openSource } from '../source.js';
import type { LoadOptions, ModelSource, MonitorOptions, ReferenceProfile } from '../types.js';
import { mostBundleBytes, parseFields, readBundle, signedBytes } from './bundle.js';
import type { Refuse } from './bundle.js';
import { isBy, readKeys } from './keys.js';
import { beside, filesCalled, hexDigest, lastPart, oneOfItsName, readStatement } from './statement.js';
import type { Statement } from './statement.js';

interface Helpers {
  fail: typeof fail;
  openSource: typeof openSource;
}

const mostProfileBytes = 16 << 20;

/** What one of these keys has signed. */
export async function verify(
  helpers: Helpers,
  source: ModelSource,
  keys: readonly TrustedKey[],
  signal?: AbortSignal,
): Promise<Statement> {
  const refuse: Refuse = (what, hint) => helpers.fail('Integrity', `the signature ${what}`, hint);
  const known = await readKeys(helpers.fail, keys);
  const { payload, signature } = readBundle(refuse, await readAll(helpers, source, mostBundleBytes, 'the signature', signal));
  const bytes = signedBytes(payload);
  for (const key of known) {
    if (await isBy(key, signature, bytes)) return readStatement(refuse, payload);
  }
  return refuse('was made by no key that is pinned, or what it covers was changed', 'Pin the public key of who signs, or sign again.');
}

/** `options` with the digests that were signed. `called`: the address or the name of the model's file, where it has one. */
export async function signed(helpers: Helpers, called: string | undefined, options: LoadOptions): Promise<LoadOptions> {
  const { trust, integrity, externalData = {}, externalIntegrity = {}, monitor, signal } = options;
  const { signature, keys, name } = trust as TrustOptions;
  const { files } = await verify(helpers, signature, keys, signal);
  const refuse = (message: string, hint?: string): never => helpers.fail('Integrity', message, hint);
  const digest = (what: string, file: SignedFile, given: string | undefined) =>
    (given === undefined || given === file.integrity ? given ?? file.integrity
      : refuse(`${what} is signed with another digest than the integrity that was asked for`, 'Name the digest of the signed file, or none.'));

  const model = name === undefined ? listed(refuse, files, called, 'the model', 'Say which one it is with trust.name.') : exactly(refuse, files, name);
  const external = Object.keys(externalData).map((key) => {
    const file = exactly(refuse, files, beside(model.name, key));
    return [key, digest(`'${key}'`, file, Object.hasOwn(externalIntegrity, key) ? externalIntegrity[key] : undefined)];
  });
  return {
    ...options, trust: undefined,
    integrity: digest('the model', model, integrity),
    externalIntegrity: { ...externalIntegrity, ...Object.fromEntries(external) },
    ...(monitor && { monitor: await withSignedProfile(helpers, refuse, files, monitor, signal) }),
  };
}

function exactly(refuse: Refuse, files: readonly SignedFile[], name: string): SignedFile {
  return files.find((file) => file.name === name) ??
    refuse(`'${String(name).slice(0, 100)}' is not among the files that were signed`, `Those are: ${someOf(files)}. Sign it, too.`);
}

/* The one file of that name, in whichever folder. */
function listed(refuse: Refuse, files: readonly SignedFile[], called: string | undefined, what: string, hint: string): SignedFile {
  const last = called === undefined ? '' : lastPart(called);
  const [file, another] = filesCalled(files, last);
  if (!file || another) {
    const why = another ? 'is the name of several files that were signed' : 'is not among the files that were signed';
    refuse(`${what}, '${last.slice(0, 100)}', ${why}`, `${hint} Those are: ${someOf(files)}.`);
  }
  return file;
}

function someOf(files: readonly SignedFile[]): string {
  const more = files.length - 5;
  return files.slice(0, 5).map(({ name }) => name).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/* Of a profile that is fetched, what is fetched must be signed, too. */
async function withSignedProfile(
  helpers: Helpers, refuse: Refuse, files: readonly SignedFile[], monitor: MonitorOptions, signal?: AbortSignal,
): Promise<MonitorOptions> {
  const { profile } = monitor;
  if (profile === 'model' || !(typeof profile === 'string' || profile instanceof URL)) return monitor;
  const { name, sha256 } = listed(refuse, files, String(profile), 'the profile', oneOfItsName);
  const bytes = await readAll(helpers, profile, mostProfileBytes, `'${name}'`, signal);
  if (await hexDigest(bytes) !== sha256) {
    refuse(`the SHA-256 of '${name}' is not the one that was signed`, 'Get the file again, or sign this one.');
  }
  const asArgument: Refuse = (what) => helpers.fail('InvalidArgument', `'${name}' ${what}`, 'Sign a profile as `insitu profile` writes it.');
  return { ...monitor, profile: parseFields(asArgument, bytes, 'is') as unknown as ReferenceProfile };
}

async function readAll(
  { fail, openSource }: Helpers, source: ModelSource, most: number, what: string, signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const { chunks } = await openSource(source instanceof Blob ? source.stream() : source, signal);
  const parts: BlobPart[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.byteLength;
    if (size > most) fail('Integrity', `${what} is larger than ${most} bytes`, 'Check its address.');
    parts.push(chunk as BlobPart);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
