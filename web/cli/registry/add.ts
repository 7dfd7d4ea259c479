// insitu registry add: a version of a model with its files, where it comes from, and what gates said of it.
// Invariant: a version never changes unless that is asked for by --force; adding the same again changes nothing.
import { statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fail } from '../../src/errors.js';
import { channelOf, isIntegrity, isName, versionOf } from '../../src/registry/format.js';
import type { RegistryData, RegistryParent, RegistryVersion } from '../../src/registry/format.js';
import { readBundle } from '../../src/trust/bundle.js';
import type { Refuse } from '../../src/trust/bundle.js';
import { isListed, readStatement } from '../../src/trust/statement.js';
import { findModel } from '../cases.js';
import { listOf, onePositional, pairsOf, refuse } from '../command.js';
import type { Flags } from '../command.js';
import { externalNames } from '../external-names.js';
import { whenOf } from '../when.js';
import { checkJson, checkModel } from './checked.js';
import { dataFrom } from './data.js';
import { contentOf, fileIn, registryOf, updateRegistry } from './file.js';
import type { Entries } from './file.js';
import { verdictIn } from './gate.js';

export async function add(flags: Flags, positionals: string[], print: (line: string) => void): Promise<number> {
  const model = findModel(onePositional(positionals, 'MODEL'));
  const [name, version] = ['name', 'version'].map((flag) => nameIn(flag, flags[flag]));
  const [registry, when] = [registryOf(flags), whenOf(flags)];
  const versionIn = await versionFrom(flags, registry, { model, name: name!, when });
  await updateRegistry(registry, print, (models) => {
    const entry = versionIn(models);
    if (version === 'stable' || channelOf(models, name!, version!)) refuse(`--version ${version} is the name of a channel`);
    const before = versionOf(models, name!, version!);
    if (before && !flags.force && JSON.stringify(before) !== JSON.stringify(entry)) {
      fail('InvalidArgument', `${registry} has another ${name} ${version}`, 'A version does not change: add another one, or pass --force.');
    }
    if (!Object.hasOwn(models, name!)) models[name!] = { versions: {}, channels: {} };
    models[name!]!.versions[version!] = entry;
    return `${name} ${version}: ${entry.url}, ${entry.bytes.toLocaleString('en')} bytes, ${entry.integrity}`;
  }, { anew: true });
  return 0;
}

function nameIn(flag: string, text: Flags[string]): string {
  if (typeof text !== 'string') return refuse(`insitu registry add wants --${flag}`);
  return isName(text) ? text : refuse(`--${flag} wants letters and digits, then also . _ + and -, 100 at most, not '${text}'`);
}

interface Added {
  model: string;
  name: string;
  when: { when?: string };
}

/* All that takes long is read before the registry is. */
async function versionFrom(flags: Flags, registry: string, { model, name, when }: Added): Promise<(models: Entries) => RegistryVersion> {
  const { named, bytes } = await fileIn(registry, model);
  checkModel(bytes, model);
  const externalData: Record<string, typeof named> = {};
  for (const external of externalNames(model)) externalData[external] = (await fileIn(registry, join(dirname(model), external))).named;
  const only = async (flag: 'card' | 'profile') => {
    const file = flags[flag];
    if (file === undefined) return {};
    const { named: { url, integrity }, bytes } = await fileIn(registry, String(file));
    checkJson(bytes, String(file), `Pass a ${flag} as insitu ${flag} writes it.`);
    return { [flag]: { url, integrity } };
  };
  const profile = await only('profile');
  const gates = [];
  for (const file of listOf(flags.gate)) {
    const { named: { url, integrity }, bytes } = await fileIn(registry, file);
    gates.push({ url, integrity, verdict: verdictIn(bytes, file), ...when });
  }
  const entry = {
    ...named,
    ...(Object.keys(externalData).length > 0 && { externalData }),
    ...await signatureIn(flags, registry, named.integrity, model, profile.profile?.integrity),
    ...await only('card'), ...profile,
    ...(gates.length > 0 && { gates }),
  };
  const provenanceIn = await provenanceFrom(flags, registry, name);
  return (models) => {
    const provenance = provenanceIn(models);
    return { ...entry, ...(Object.keys(provenance).length > 0 && { provenance }) };
  };
}

/* Whose signature it is nobody knows here; that it is one of these files is looked at, so that a page need not find out. */
async function signatureIn(
  flags: Flags, registry: string, integrity: string, model: string, profile?: string,
): Promise<Pick<RegistryVersion, 'signature'>> {
  if (flags.signature === undefined) return {};
  const { named: { url, integrity: own }, bytes } = await fileIn(registry, String(flags.signature));
  const not: Refuse = (what, hint) => fail('Integrity', `the signature ${flags.signature} ${what}`, hint);
  const { files } = await readStatement(not, readBundle(not, bytes).payload);
  const same = files.filter((file) => file.integrity === integrity);
  const signed = same.find(({ name }) => basename(name) === basename(model)) ?? same[0] ?? not(`does not list ${model} as it is`, 'Sign it again.');
  if (profile !== undefined && !isListed(files, String(flags.profile), profile)) {
    not(`does not list ${flags.profile} as it is`, 'Sign it with the model, and no other file of its name.');
  }
  return { signature: { url, integrity: own, name: signed.name } };
}

async function provenanceFrom(flags: Flags, registry: string, name: string): Promise<(models: Entries) => NonNullable<RegistryVersion['provenance']>> {
  const data: RegistryData[] = [];
  for (const text of listOf(flags.data)) data.push(await dataFrom(text));
  const parentsIn: ((models: Entries) => RegistryParent)[] = [];
  for (const text of listOf(flags.parent)) parentsIn.push(await parentFrom(text, registry, name));
  const tools = Object.fromEntries([...pairsOf('--tool', flags.tool)].sort(([a], [b]) => (a < b ? -1 : 1)));
  return (models) => ({
    ...(flags.code !== undefined && { code: String(flags.code) }),
    ...(data.length > 0 && { data }),
    ...(Object.keys(tools).length > 0 && { tools }),
    ...(parentsIn.length > 0 && { parents: parentsIn.map((parentIn) => parentIn(models)) }),
  });
}

/* 'VERSION=how', 'NAME@VERSION=how', 'sha256-<base64>=how' or 'FILE=how'. */
async function parentFrom(text: string, registry: string, name: string): Promise<(models: Entries) => RegistryParent> {
  const at = text.lastIndexOf('=');
  const [from, how] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 1 || how === '') refuse(`--parent wants VERSION=HOW, with how it was made from that: quantized, fine-tuned, converted; not '${text}'`);
  if (isIntegrity(from)) return () => ({ how, integrity: from });
  const [model, version] = from.includes('@') ? from.split('@') as [string, string] : [name, from];
  const file = statSync(from, { throwIfNoEntry: false })?.isFile() ? await contentOf(from, false) : undefined;
  return (models) => {
    const entry = versionOf(models, model, version);
    if (entry) return { how, integrity: entry.integrity, model, version };
    if (file) return { how, integrity: file.integrity };
    return fail('InvalidArgument', `${registry} has no ${model} ${version}, and there is no file ${from}`, 'Add the parent first, or name its file or its digest.');
  };
}
