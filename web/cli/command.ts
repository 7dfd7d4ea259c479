// What a command of the command line is, the flags that several share, and the engine they ask for.
// Invariant: a wrong use throws UsageError (exit status 2); everything else that fails is an InsituError (1).
import { writeFileSync } from 'node:fs';
import type { ParseArgsConfig } from 'node:util';
import { Engine } from '../src/engine.js';
import { InsituError } from '../src/errors.js';
import type { EngineOptions, Flavour, LoadOptions } from '../src/types.js';

export type Flags = Record<string, string | boolean | (string | boolean)[] | undefined>;

export interface Command {
  summary: string;
  /** The help of the command, without the shared flags. */
  help: string;
  options: NonNullable<ParseArgsConfig['options']>;
  /** Gives the exit status. */
  run(flags: Flags, positionals: string[]): Promise<number>;
}

export class UsageError extends Error {}

export const engineFlags = {
  flavour: { type: 'string' },
  threads: { type: 'string' },
} as const;
export const modelFlags = { ...engineFlags, backend: { type: 'string' }, dim: { type: 'string', multiple: true } } as const;

export const engineHelp = `  --flavour F      simd-st, simd-mt, relaxed-st or relaxed-mt; default: the best that Node offers
  --threads N      how many threads; default: up to 4`;
export const modelHelp = `  --backend B      auto, or reference: every operator on the plain kernels
  --dim NAME=N     fixes a symbolic dim; may be repeated
${engineHelp}`;

/** An engine in this process, of exactly the flavour that was asked for. */
export async function createEngine(flags: Flags): Promise<Engine> {
  const options: EngineOptions = { worker: false };
  if (flags.flavour !== undefined) options.flavour = flags.flavour as Flavour;
  if (flags.threads !== undefined) options.threads = wholeNumber('--threads', flags.threads);
  const engine = await Engine.create(options);
  if (options.flavour && engine.info.flavour !== options.flavour) {
    await engine.dispose();
    throw new InsituError({
      code: 'Internal',
      message: `the flavour ${options.flavour} does not run here: ${engine.info.reasons.join(' ')}`,
    });
  }
  return engine;
}

/** The load options that modelFlags ask for. */
export function loadOptions(flags: Flags): LoadOptions {
  const { backend = 'auto' } = flags;
  if (backend !== 'auto' && backend !== 'reference') throw new UsageError(`--backend is '${backend}', not auto or reference`);
  const dims = Object.fromEntries(listOf(flags.dim).map((text) => {
    const [name, value] = splitPair('--dim', text);
    return [name, wholeNumber('--dim', value)];
  }));
  return { backend, dims };
}

export function wholeNumber(flag: string, text: Flags[string]): number {
  if (typeof text !== 'string' || !/^[1-9]\d*$/.test(text)) {
    throw new UsageError(`${flag} wants a whole number from 1, not '${text}'`);
  }
  return Number(text);
}

/** 'name=value' in two. */
export function splitPair(flag: string, text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`${flag} wants NAME=VALUE, not '${text}'`);
  return [text.slice(0, at), text.slice(at + 1)];
}

export function listOf(flag: Flags[string]): string[] {
  return flag === undefined ? [] : [flag].flat().map(String);
}

export function onePositional(positionals: string[], name: string): string {
  if (positionals.length !== 1) throw new UsageError(`pass one ${name}`);
  return positionals[0]!;
}

/** Writes JSON to a file, or to standard output for '-'. */
export function writeJson(file: Flags[string], text: string): void {
  if (file === '-') process.stdout.write(`${text}\n`);
  else writeFileSync(String(file), `${text}\n`);
}

/** Prints unless standard output is taken by `--json -`. */
export function printer(flags: Flags): (line: string) => void {
  return flags.json === '-' || flags.json === true ? () => {} : (line) => process.stdout.write(`${line}\n`);
}
