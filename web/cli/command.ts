// What a command of the command line is, the flags that several share, the engine they ask for, and how they print.
// Invariant: a wrong use throws UsageError (exit status 2); everything else that fails is an InsituError (1).
import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ParseArgsConfig } from 'node:util';
import { Engine } from '../src/engine.js';
import { fail } from '../src/errors.js';
import type { EngineOptions, Flavour, LoadOptions } from '../src/types.js';
import { ProgressLine } from './progress.js';
import { checkWritable, writeWhole } from './write.js';

export type Flags = Record<string, string | boolean | (string | boolean)[] | undefined>;

export interface Command {
  summary: string;
  help: string;
  options: NonNullable<ParseArgsConfig['options']>;
  /** Gives the exit status. */
  run(flags: Flags, positionals: string[]): Promise<number>;
}

export class UsageError extends Error {}

export const flavours: readonly Flavour[] = ['simd-st', 'simd-mt', 'relaxed-st', 'relaxed-mt'];

export const engineFlags = {
  flavour: { type: 'string' },
  threads: { type: 'string' },
} as const;
export const modelFlags = { ...engineFlags, backend: { type: 'string' }, dim: { type: 'string', multiple: true } } as const;

export const engineHelp = `  --flavour F      simd-st, simd-mt, relaxed-st or relaxed-mt; default: the best that Node offers
  --threads N      how many threads; default: up to 4`;
export const modelHelp = `  --backend B      auto, or reference: every operator on the plain kernels; default: auto
  --dim NAME=N     fixes a symbolic dim; may be repeated
${engineHelp}`;

export const progress = new ProgressLine(process.stderr);

/** What `work` gives with an engine in this process, of exactly the flavour that was asked for. */
export async function withEngine<T>(flags: Flags, work: (engine: Engine) => Promise<T>): Promise<T> {
  const options: EngineOptions = { worker: false };
  if (flags.flavour !== undefined) options.flavour = flavourOf(flags.flavour);
  if (flags.threads !== undefined) options.threads = wholeNumber('--threads', flags.threads);
  const engine = await Engine.create(options);
  try {
    if (options.flavour && engine.info.flavour !== options.flavour) {
      fail('Internal', `the flavour ${options.flavour} does not run here: ${engine.info.reasons.join(' ')}`);
    }
    return await work(engine);
  } finally {
    progress.clear();
    await engine.dispose();
  }
}

function flavourOf(text: Flags[string]): Flavour {
  return flavours.find((flavour) => flavour === text) ?? refuse(`--flavour is '${text}', not one of ${flavours.join(', ')}`);
}

/** The load options that modelFlags ask for. */
export function loadOptions(flags: Flags): LoadOptions {
  const { backend = 'auto' } = flags;
  if (backend !== 'auto' && backend !== 'reference') refuse(`--backend is '${backend}', not auto or reference`);
  const dims = [...pairsOf('--dim', flags.dim)].map(([name, value]) => [name, wholeNumber('--dim', value)]);
  return { backend, dims: Object.fromEntries(dims) };
}

export function refuse(message: string): never {
  throw new UsageError(message);
}

export function wholeNumber(flag: string, text: Flags[string]): number {
  if (typeof text === 'string' && /^[1-9]\d*$/.test(text)) return Number(text);
  return refuse(`${flag} wants a whole number from 1, not '${text}'`);
}

/** 'name=value' in two. */
export function splitPair(flag: string, text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) refuse(`${flag} wants NAME=VALUE, not '${text}'`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** 'NAME=VALUE', each name once. */
export function pairsOf(flag: string, given: Flags[string]): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const text of listOf(given)) {
    const [name, value] = splitPair(flag, text);
    if (pairs.has(name)) refuse(`${flag} names ${name} twice`);
    pairs.set(name, value);
  }
  return pairs;
}

export function listOf(flag: Flags[string]): string[] {
  return flag === undefined ? [] : [flag].flat().map(String);
}

export function onePositional(positionals: string[], name: string): string {
  if (positionals.length !== 1) refuse(`pass one ${name}`);
  return positionals[0]!;
}

/** Refuses a place for results that cannot be written to, before the work for them begins. */
export function checkTarget(flag: string, file: Flags[string]): void {
  if (typeof file !== 'string' || file === '-') return;
  if (file === '') refuse(`${flag} wants the name of a file, or - for standard output`);
  const folder = dirname(file);
  if (!isFolder(folder)) fail('InvalidArgument', `cannot write ${file}: there is no folder ${folder}`, 'Make the folder first.');
  if (isFolder(file)) fail('InvalidArgument', `cannot write ${file}: it is a folder`, `Name a file for ${flag}.`);
  checkWritable(file);
}

export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Writes a result to a file, or to standard output for '-'. */
export function writeText(file: Flags[string], text: string): void {
  progress.clear();
  if (file === '-') process.stdout.write(`${text}\n`);
  else writeWhole(String(file), `${text}\n`);
}

/** Prints unless standard output is taken by `--json -`. */
export function printer(flags: Flags): (line: string) => void {
  if (flags.json === '-') return () => {};
  return (line) => {
    progress.clear();
    process.stdout.write(`${line}\n`);
  };
}

/** Of insitu. */
export function packageVersion(): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
}
