// models.json on disk or on a site: read, written, and the files that it names.
// Invariant: it is written whole or not at all, by one process at a time from reading to writing, and only what the strict reader
// takes; the same registry gives the same bytes.
import { existsSync, lstatSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { fail, toInsituError } from '../../src/errors.js';
import { addressOf, channelOf, formatHint, noAddress, readModels, registryFormat, versionOf } from '../../src/registry/format.js';
import type { RegistryDocument, RegistryEntry, RegistryFile, RegistryVersion } from '../../src/registry/format.js';
import { openSource } from '../../src/source.js';
import { isFolder } from '../command.js';
import type { Flags } from '../command.js';
import { isAddress } from '../external-names.js';
import type { Named } from '../inputs.js';
import { writeWhole } from '../write.js';
import { alone } from './lock.js';

export const registryFlag = { registry: { type: 'string' } } as const;
export const registryHelp = '  --registry FILE  the registry; default: models.json';
export const registryOf = (flags: Flags) => String(flags.registry ?? 'models.json');

export type Entries = Record<string, { versions: Record<string, RegistryVersion>; channels: RegistryEntry['channels'] }>;

/** The models of a registry; of a file that is not there, with `anew`, none. */
export async function readRegistry(file: string, { anew = false } = {}): Promise<Entries> {
  return anew && !existsSync(file) ? {} : modelsIn(file, (await contentOf(file)).bytes);
}

/** The models of a registry whose bytes have been read. */
export function modelsIn(file: string, bytes: Uint8Array): Entries {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (thrown) {
    fail('InvalidModel', `${file} is no JSON: ${toInsituError(thrown).message}`, formatHint, thrown);
  }
  return checked(file, value).models as Entries;
}

function checked(file: string, value: unknown): RegistryDocument {
  return readModels(value, (path, what) => fail('InvalidModel', `${file}: ${path} ${what}`, formatHint));
}

/** Prints what `change` gives, which gets the models of the registry and may change them, and whether a signature is of before. */
export function updateRegistry(
  file: string, print: (line: string) => void, change: (models: Entries) => string, options?: { anew?: boolean },
): Promise<void> {
  return alone(file, async () => {
    const models = await readRegistry(file, options);
    const before = JSON.stringify(models);
    const line = change(models);
    const changes = JSON.stringify(models) !== before;
    if (changes) writeRegistry(file, models);
    print(line);
    const signature = `${file}.sig`;
    if (changes && existsSync(signature)) print(`${signature} is of ${file} as it was: sign it again`);
  });
}

function writeRegistry(file: string, models: Entries): void {
  const names = Object.keys(models).sort();
  const text = JSON.stringify({ format: registryFormat, models: Object.fromEntries(names.map((name) => [name, models[name]])) }, null, 2);
  checked(file, JSON.parse(text));
  writeWhole(file, `${text}\n`);
}

/** The model of that name, or which there are. */
export function modelOf(file: string, models: Entries, name: string): Entries[string] {
  if (Object.hasOwn(models, name)) return models[name]!;
  return fail('InvalidArgument', `${file} has no model '${name}'`, `It has ${Object.keys(models).join(', ') || 'none'}.`);
}

/** In the order of their numbers: 1.9.0 before 1.10.0. */
export const versionsOf = ({ versions }: Entries[string]) => Object.keys(versions).sort(new Intl.Collator('en', { numeric: true }).compare);

/** The version that 'NAME@VERSION' or 'NAME@CHANNEL' means; of a name alone that of `stable`, or the only one. */
export function findVersion(file: string, models: Entries, wanted: string): { name: string; version: string; entry: RegistryVersion } {
  const [, name, which] = /^([^@]*)@?(.*)$/.exec(wanted)!;
  const known = versionsOf(modelOf(file, models, name!));
  const version = channelOf(models, name!, which || 'stable')?.version ?? (which || (known.length === 1 ? known[0]! : ''));
  const entry = versionOf(models, name!, version);
  return entry ? { name: name!, version, entry }
    : fail('InvalidArgument', which ? `${file} has no version '${which}' of ${name}` : `${file} has no stable version of ${name}`,
      `Name one as ${name}@VERSION. It has ${known.join(', ') || 'none'}.`);
}

/** How models.json names a file: relative, by slashes. */
export function urlIn(registry: string, file: string): string {
  const path = relative(dirname(resolve(registry)), resolve(file));
  if (path === '' || path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path)) {
    fail('InvalidArgument', `${file} is not in the folder of ${registry}`, 'Put it there or below: files are named relative to the registry.');
  }
  if (!lstatSync(file, { throwIfNoEntry: false })?.isFile()) fail('InvalidArgument', `${file} is no file`, 'Name a file that is there, and no link.');
  return path.split(sep).map(encodeURIComponent).join('/');
}

/** Where a file of the registry is. */
export function locationOf(registry: string, url: string): string {
  return addressIn(registry, url) ?? fail('InvalidModel', noAddress(url), formatHint);
}

/* The same; undefined where it is no address. */
function addressIn(registry: string, url: string): string | undefined {
  return addressOf(isAddress(registry) ? registry : pathToFileURL(resolve(registry)).href, url);
}

/** The files on this disk that a registry names. */
export function filesNamed(registry: string, models: Entries): Named[] {
  const versions = Object.values(models).flatMap((model) => Object.values(model.versions));
  const files = versions.flatMap(({ url, externalData = {}, signature, card, profile, gates = [] }) =>
    [{ url }, ...Object.values(externalData), ...[signature, card, profile].filter((file) => file !== undefined), ...gates]);
  const local = files.map((file) => addressIn(registry, file.url)).filter((address) => address?.startsWith('file:'));
  return local.map((address) => ['a file of the registry', fileURLToPath(address!)]);
}

/** Size, digest and, unless only these are asked for, bytes of what is at a path or an address. */
export async function contentOf(location: string, keep = true): Promise<{ bytes: Uint8Array; size: number; integrity: string }> {
  if (!isAddress(location) && isFolder(location)) fail('InvalidArgument', `${location} is a folder`, 'Name a file.');
  const { chunks } = await openSource(location);
  const hash = createHash('sha256');
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    size += chunk.length;
    if (keep) parts.push(chunk);
  }
  return { bytes: Buffer.concat(parts), size, integrity: `sha256-${hash.digest('base64')}` };
}

/** A file as the registry names it, and what is in it. */
export async function fileIn(registry: string, file: string): Promise<{ named: RegistryFile & { bytes: number }; bytes: Uint8Array }> {
  const url = urlIn(registry, file);
  const { bytes, size, integrity } = await contentOf(file).catch((thrown) =>
    fail('Network', `cannot read ${file}: ${toInsituError(thrown).message}`, 'Check the path.', thrown));
  return { named: { url, bytes: size, integrity }, bytes };
}
