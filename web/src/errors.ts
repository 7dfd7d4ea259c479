// InsituError: the one error type that leaves this package, and its plain form that crosses workers.
// Invariant: `message` says what is wrong, where, and what to do, in one line; the parts are kept as fields.

/** What kind of error it is; docs/api.md has a line on each. */
export type ErrorCode =
  | 'InvalidModel'
  | 'UnsupportedOp'
  | 'UnsupportedType'
  | 'InvalidArgument'
  | 'ShapeMismatch'
  | 'LimitExceeded'
  | 'OutOfMemory'
  | 'Integrity'
  | 'Network'
  | 'DataQuality'
  | 'Cancelled'
  | 'Disposed'
  | 'Crashed'
  | 'Internal';

/** The parts of an error. @inline */
export interface ErrorFields {
  /** What kind of error it is. */
  code: ErrorCode;
  /** What is wrong. */
  message: string;
  /** The name of the graph node, input or output where it happened. */
  node?: string;
  /** The operator type of that node. */
  op?: string;
  /** What to do about it. */
  hint?: string;
}

/** The one error that leaves insitu. Its message says what is wrong, where, and what to do, in one line. */
export class InsituError extends Error {
  /** What kind of error it is. */
  readonly code: ErrorCode;
  /** The name of the graph node, input or output where it happened. */
  readonly node?: string;
  /** The operator type of that node. */
  readonly op?: string;
  /** What to do about it. */
  readonly hint?: string;
  readonly #summary: string;

  /** Made by insitu. */
  constructor(fields: ErrorFields, options?: ErrorOptions) {
    super(oneLine(fields), options);
    this.name = 'InsituError';
    this.code = fields.code;
    this.#summary = fields.message;
    if (fields.node) this.node = fields.node;
    if (fields.op) this.op = fields.op;
    if (fields.hint) this.hint = fields.hint;
  }

  /** The parts, as they cross a worker boundary or stand in a JSON report. */
  toJSON(): ErrorFields {
    const { code, node, op, hint } = this;
    return { code, message: this.#summary, ...(node && { node }), ...(op && { op }), ...(hint && { hint }) };
  }
}

export function fail(code: ErrorCode, message: string, hint?: string, cause?: unknown): never {
  throw new InsituError({ code, message, hint }, cause === undefined ? undefined : { cause });
}

/** Any thrown value as an InsituError; what is not one already gets `code`. */
export function toInsituError(thrown: unknown, code: ErrorCode = 'Internal'): InsituError {
  if (thrown instanceof InsituError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new InsituError({ code, message }, { cause: thrown });
}

export function cancelled(signal: AbortSignal): InsituError {
  return new InsituError({ code: 'Cancelled', message: 'stopped by its AbortSignal' }, { cause: signal.reason });
}

export function throwIfAborted(signal?: AbortSignal): void {
  if (signal?.aborted) throw cancelled(signal);
}

function oneLine({ message, node, op, hint }: ErrorFields): string {
  const place = [node && `node '${node}'`, op && `op ${op}`].filter(Boolean).join(', ');
  return message + (place && ` (${place})`) + (hint ? `. ${hint}` : '');
}
