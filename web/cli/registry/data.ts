// The digest of data: of a file its SHA-256, of a folder the SHA-256 of a list with a line for each file in it and below, as
// sha256sum prints them: 64 hexadecimal digits, two blanks, the path by slashes, a line feed; sorted by the bytes of the paths.
// Invariant: the same files under the same paths give the same digest, wherever they are and whenever they were written.
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fail } from '../../src/errors.js';
import type { RegistryData } from '../../src/registry/format.js';
import { progress, refuse, splitPair } from '../command.js';
import { digestOf } from '../signing.js';

const kinds = ['training', 'calibration', 'evaluation'] as const;

/** What 'KIND=DIR' means. */
export async function dataFrom(text: string): Promise<RegistryData> {
  const [kind, path] = splitPair('--data', text);
  const known = kinds.find((one) => one === kind) ?? refuse(`--data wants ${kinds.join('=DIR, ')}=DIR, not '${text}'`);
  return { kind: known, ...await digestData(path) };
}

async function digestData(path: string): Promise<Omit<RegistryData, 'kind'>> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) fail('InvalidArgument', `there is no ${path}`, 'Pass the folder or the file with the data.');
  const name = basename(resolve(path));
  if (found.isFile()) return { name, sha256: await digestOf(path), files: 1, bytes: found.size };
  const files = [...filesBelow(path, '')].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  if (files.length === 0) fail('InvalidArgument', `${path} holds no files`, 'Pass the folder with the data.');
  const list = createHash('sha256');
  let bytes = 0;
  for (const [i, file] of files.entries()) {
    progress.show('digesting data', { done: i, total: files.length });
    bytes += statSync(join(path, file)).size;
    list.update(`${await digestOf(join(path, file))}  ${file}\n`);
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
