// The errors of this module: those of the package, whose class index.js holds; and the check of options that throws them.
import { InsituError } from 'insitu';
import type { ErrorCode } from 'insitu';
import { checkKinds } from './check.js';
import type { Kinds } from './check.js';

/** `node`: where in the file; `op`: which kind of part. */
interface Place { node?: string; op?: string; cause?: unknown }

export function fail(code: ErrorCode, message: string, hint?: string, at: Place = {}): never {
  const { cause, ...place } = at;
  throw new InsituError({ code, message, hint, ...place }, cause === undefined ? undefined : { cause });
}

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

export const checkOptions = (options: unknown, kinds: Kinds, of?: string): void => checkKinds(fail, options, kinds, of);
