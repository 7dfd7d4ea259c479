// The files that a command reads, by what they are: what none of its outputs may be.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dataSets, encryptedSourceOptions, externalFiles, valueFiles } from './cases.js';
import { listOf } from './command.js';
import type { Flags } from './command.js';

export type Named = readonly [what: string, file: string];

/** A model with the external data that are found beside it: of an encrypted one, what is called as `ending` says. */
export function modelFiles(model: string, what = 'MODEL', ending = ''): Named[] {
  const files = ending === '' ? externalFiles(model) : Object.entries(encryptedSourceOptions(model, ending).externalData ?? {});
  return [[what, model], ...files.map(([, file]): Named => [`data of ${what}`, String(file)])];
}

/** Those that flags name, files and folders. */
export function flagFiles(flags: Flags, ...names: readonly string[]): Named[] {
  return names.flatMap((name) => listOf(flags[name]).map((file): Named => [`the file of --${name}`, file]));
}

/** Those of --key that are no standard input. */
export function keyFiles(flags: Flags): Named[] {
  return flagFiles(flags, 'key').filter(([, file]) => file !== '-');
}

/** Labelled data, as dataFlags name them. */
export function labelledFiles(flags: Flags): Named[] {
  const inline = String(flags.image).trim().startsWith('{');
  return flagFiles(flags, 'data', 'labels', 'metadata', 'classes', ...(inline ? [] : ['image']));
}

/** A model with the test case that lies beside it, if one does. */
export function caseFiles(model: string): Named[] {
  const folder = dirname(model), tolerance = join(folder, 'tolerance.json');
  const stored = dataSets(folder).flatMap((set) => [...valueFiles(set, 'input'), ...valueFiles(set, 'output')]);
  return [...modelFiles(model), ...[...stored, ...(existsSync(tolerance) ? [tolerance] : [])].map((file): Named => ['a file of the case', file])];
}
