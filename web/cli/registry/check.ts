// insitu registry verify: whether all that a registry names is there and is what was added.
// Invariant: every file is looked at, whatever is wrong with others; what cannot be read does not hold.
import { toInsituError, fail } from '../../src/errors.js';
import { versionOf } from '../../src/registry/format.js';
import type { RegistryFile, RegistryVersion } from '../../src/registry/format.js';
import { checkSigned } from '../../src/registry/signed.js';
import { openSource } from '../../src/source.js';
import { beside, isListed } from '../../src/trust/statement.js';
import { verify as verifySignature } from '../../src/trust/trust.js';
import { listOf, refuse, writeText } from '../command.js';
import type { Flags } from '../command.js';
import { checkOutputs } from '../output.js';
import { readKeyFile } from '../signing.js';
import { paint, table } from '../text.js';
import { contentOf, filesNamed, locationOf, modelsIn } from './file.js';
import type { Entries } from './file.js';
import { verdictIn } from './gate.js';

export interface Finding {
  /** Neither of the registry itself. */
  model?: string;
  version?: string;
  what: string;
  state: 'holds' | 'missing' | 'changed' | 'wrong';
  why?: string;
}

export async function verify(flags: Flags, registry: string, print: (line: string) => void): Promise<number> {
  const keys = listOf(flags.key).map(readKeyFile);
  if (flags.signature !== undefined && keys.length === 0) refuse('--signature wants --key');
  const { bytes, integrity } = await contentOf(registry);
  const models = modelsIn(registry, bytes);
  checkOutputs({ '--json': flags.json }, filesNamed(registry, models));
  const itself = flags.signature === undefined ? [] : [await itselfSigned(registry, integrity, String(flags.signature), keys)];
  const findings: Finding[] = [...itself, ...await findingsOf(registry, models, keys)];
  const lines = table(findings.map(({ model = '', version = '', what, state, why = '' }) => [state, model, version, what, why]));
  findings.forEach(({ state }, i) => print(lines[i]!.replace(state, paint(state, state === 'holds' ? 'green' : 'red'))));
  const wrong = findings.filter(({ state }) => state !== 'holds').length;
  print(wrong === 0 ? `${findings.length} of ${findings.length} hold` : `${wrong} of ${findings.length} do not hold`);
  if (flags.json !== undefined) writeText(flags.json, JSON.stringify({ holds: wrong === 0, findings }, null, 2));
  return wrong === 0 ? 0 : 1;
}

async function findingsOf(registry: string, models: Entries, keys: readonly string[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [model, { versions, channels }] of Object.entries(models)) {
    for (const [version, entry] of Object.entries(versions)) {
      for await (const found of lookAt(registry, models, entry, keys)) findings.push({ model, version, ...found });
    }
    for (const [name, { version }] of Object.entries(channels)) {
      const failed = versions[version]!.gates?.find(({ verdict }) => verdict === 'failed');
      findings.push({ model, version, what: `channel ${name}`, ...(failed ? { state: 'wrong', why: `did not pass ${failed.url}` } : { state: 'holds' }) });
    }
  }
  return findings;
}

type Found = Pick<Finding, 'what' | 'state' | 'why'>;

async function* lookAt(registry: string, models: Entries, entry: RegistryVersion, keys: readonly string[]): AsyncGenerator<Found> {
  const file = (what: string, named: RegistryFile & { bytes?: number }) => look(registry, `${what} ${named.url}`, named);
  yield file('model', entry);
  for (const named of Object.values(entry.externalData ?? {})) yield file('data', named);
  if (entry.signature) yield file('signature', entry.signature);
  if (keys.length > 0) yield signatureOf(registry, entry, keys);
  for (const what of ['card', 'profile'] as const) if (entry[what]) yield file(what, entry[what]);
  for (const gate of entry.gates ?? []) {
    const found = await file('gate', gate);
    yield found.state === 'holds' ? await gateOf(registry, found, gate.url, gate.verdict) : found;
  }
  for (const { model, version, integrity } of entry.provenance?.parents ?? []) {
    const parent = model === undefined ? undefined : versionOf(models, model, version!);
    if (parent) yield { what: `parent ${model} ${version}`, ...(parent.integrity === integrity ? { state: 'holds' } : { state: 'changed', why: 'it is another model now' }) };
  }
}

async function look(registry: string, what: string, { url, bytes, integrity }: RegistryFile & { bytes?: number }): Promise<Found> {
  try {
    const found = await contentOf(locationOf(registry, url), false);
    if (bytes !== undefined && found.size !== bytes) return { what, state: 'changed', why: `${found.size} bytes instead of ${bytes}` };
    return found.integrity === integrity ? { what, state: 'holds' } : { what, state: 'changed', why: 'its SHA-256 is another' };
  } catch (thrown) {
    return { what, state: 'missing', why: toInsituError(thrown).message };
  }
}

async function gateOf(registry: string, found: Found, url: string, verdict: string): Promise<Found> {
  try {
    const said = verdictIn((await contentOf(locationOf(registry, url))).bytes, url);
    return said === verdict ? { ...found, why: said } : { ...found, state: 'wrong', why: `says ${said}, not ${verdict}` };
  } catch (thrown) {
    return { ...found, state: 'wrong', why: toInsituError(thrown).message };
  }
}

async function itselfSigned(registry: string, integrity: string, signature: string, keys: readonly string[]): Promise<Found> {
  const what = 'registry signed';
  const why = await refusal(async () => checkSigned(registry, integrity, (await contentOf(signature)).bytes, keys));
  return why === undefined ? { what, state: 'holds' } : { what, state: 'wrong', why };
}

/* What is said of it where it does not hold. */
async function refusal(work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (thrown) {
    const { code, message } = toInsituError(thrown);
    if (code !== 'Integrity' && code !== 'Network' && code !== 'InvalidModel') throw thrown;
    return message;
  }
}

/* Signed by one of the keys: the model, what belongs to it, and the profile, as load() would want it. */
async function signatureOf(registry: string, { signature, integrity, externalData = {}, profile }: RegistryVersion, keys: readonly string[]): Promise<Found> {
  const what = 'signed';
  if (!signature) return { what, state: 'wrong', why: 'it has no signature' };
  const why = await refusal(async () => {
    const { files } = await verifySignature({ fail, openSource }, locationOf(registry, signature.url), keys);
    const wanted = [[signature.name, integrity], ...Object.entries(externalData).map(([name, file]) => [beside(signature.name, name), file.integrity])];
    const missing = wanted.find(([name, digest]) => !files.some((file) => file.name === name && file.integrity === digest))?.[0]
      ?? (profile && !isListed(files, locationOf(registry, profile.url), profile.integrity) ? profile.url : undefined);
    if (missing !== undefined) fail('Integrity', `${missing} is not signed as it is here`);
  });
  return why === undefined ? { what, state: 'holds' } : { what, state: 'wrong', why };
}
