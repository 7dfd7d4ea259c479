// What results are of: digests of models and of data.
// The digest of data is of a file its SHA-256, of a folder the SHA-256 of a list with a line for each file in it and below, as
// sha256sum prints them: 64 hexadecimal digits, two blanks, the path by slashes, a line feed; sorted by the bytes of the paths. Of JSON
// lines that name files it is that of the list of the file itself and these, by the names that the lines have for them.
// Invariant: the same files under the same paths give the same digest, wherever they are and whenever they were written.
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fail } from '../../src/errors.js';
import type { RegistryData } from '../../src/registry/format.js';
import { progress } from '../command.js';
import type { Flags } from '../command.js';
import { externalNames } from '../external-names.js';
import { digestOf } from '../signing.js';
import { readingOf } from './flags.js';
import { filesNamedBy, isLines } from './json-lines.js';

export async function digestData(path: string): Promise<Omit<RegistryData, 'kind'>> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) fail('InvalidArgument', `there is no ${path}`, 'Pass the folder or the file with the data.');
  const name = basename(resolve(path)), isFile = found.isFile(), named = isFile && isLines(path) ? filesNamedBy(path) : new Map<string, string>();
  if (isFile && named.size === 0) return { name, sha256: await digestOf(path), files: 1, bytes: found.size };
  const all = isFile ? named.set(name, path) : new Map([...filesBelow(path, '')].map((file) => [file, join(path, file)]));
  const files = [...all].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  if (files.length === 0) fail('InvalidArgument', `${path} holds no files`, 'Pass the folder with the data.');
  const list = createHash('sha256');
  let bytes = 0;
  for (const [i, [called, file]] of files.entries()) {
    progress.show('digesting data', { done: i, total: files.length });
    bytes += statSync(file).size;
    list.update(`${await digestOf(file)}  ${called}\n`);
  }
  progress.clear();
  return { name, sha256: list.digest('hex'), files: files.length, bytes };
}

function* filesBelow(folder: string, path: string): Generator<string> {
  for (const entry of readdirSync(join(folder, path))) {
    const name = path + entry;
    const found = lstatSync(join(folder, name));
    if (/[\n\r\\]/.test(entry)) fail('InvalidArgument', `${join(folder, name)} has a line break or a backslash in its name`, 'Rename it.');
    if (found.isDirectory()) yield* filesBelow(folder, `${name}/`);
    else if (found.isFile()) yield name;
    else fail('InvalidArgument', `${join(folder, name)} is no file, but a link or a device`, 'Put the file itself there.');
  }
}

/** What a model is called in results. `sha256`: null where it is at an address. */
export interface ModelDigest {
  name: string;
  sha256: string | null;
  /** Of the files that it names, by that name. */
  externalData?: Record<string, string>;
}

export async function digestModel(file: string): Promise<ModelDigest> {
  if (!existsSync(file)) return { name: basename(file), sha256: null };
  const externalData: Record<string, string> = {};
  for (const name of externalNames(file)) externalData[name] = await digestOf(join(dirname(file), name));
  return { name: basename(file), sha256: await digestOf(file), ...(Object.keys(externalData).length > 0 && { externalData }) };
}

/** What data are called in results, with the files of their own that flags name. */
export interface DataDigest {
  name: string;
  sha256: string;
  labels?: string;
  metadata?: string;
  classes?: string;
  /** How they are read, where that was said. */
  reading?: object;
}

export async function digestLabelled(path: string, flags: Flags): Promise<DataDigest> {
  const { name, sha256 } = await digestData(path), reading = readingOf(flags);
  const digest: DataDigest = { name, sha256, ...(Object.keys(reading).length > 0 && { reading }) };
  for (const flag of ['labels', 'metadata', 'classes'] as const) if (flags[flag] !== undefined) digest[flag] = await digestOf(String(flags[flag]));
  return digest;
}
