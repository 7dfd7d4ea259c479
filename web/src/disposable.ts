// The base of every object with dispose(): disposed once, refused afterwards, usable with `await using`; and what frees objects
// that are collected without dispose().
// Invariant: a call on a disposed object rejects with Disposed and names the object. What frees a collected object does not
// refer to it.
import { InsituError } from './errors.js';

/* Node 20 and older browsers have no Symbol.asyncDispose; compilers use this registered symbol in its place. */
const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? (Symbol.for('Symbol.asyncDispose') as typeof Symbol.asyncDispose);

/** What an object holds out of the garbage collector's reach. */
export interface Holding {
  free(): unknown;
}

const collected = /* @__PURE__ */ new FinalizationRegistry<Holding>(async (holding) => {
  try {
    await holding.free();
  } catch {
    // Nobody is left to be told.
  }
});

/** Frees `holding`, which must not refer to `owner`, once `owner` is collected. */
export function freeWhenCollected(owner: object, holding: Holding): void {
  collected.register(owner, holding, owner);
}

export abstract class Disposable {
  #disposed?: Promise<void>;

  /** What the object is called in errors: "the Session of 'model.onnx'". */
  protected abstract get label(): string;
  /** Frees what the object holds; called once. */
  protected abstract free(): Promise<void>;

  /** Whether dispose() was called. */
  get disposed(): boolean {
    return this.#disposed !== undefined;
  }

  protected checkUsable(): void {
    if (this.disposed) {
      throw new InsituError({ code: 'Disposed', message: `${this.label} was disposed`, hint: 'Create another.' });
    }
  }

  /** Frees what the object holds. Later calls of it reject with Disposed; a second dispose() does nothing. */
  dispose(): Promise<void> {
    collected.unregister(this);
    return (this.#disposed ??= this.free());
  }

  /** dispose(), for `await using`. */
  [asyncDispose](): Promise<void> {
    return this.dispose();
  }
}
