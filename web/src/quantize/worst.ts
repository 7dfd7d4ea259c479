// The order in which layers are left in float.
import type { LayerError } from '../rpc/protocol.js';

/** The lowest output SQNR first; what is not known comes last, what is equal stays in order. */
export function worstFirst(layers: readonly LayerError[]): LayerError[] {
  const of = ({ outputSqnr }: LayerError) => outputSqnr ?? Infinity;
  return [...layers].sort((a, b) => (of(a) === of(b) ? 0 : of(a) - of(b)));
}
