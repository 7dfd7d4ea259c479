// Whether a model takes what another one takes and gives what it gives.
// Invariant: every feed that the old model's declaration allows is allowed by the new one's.
import type { SessionDescription } from '../rpc/protocol.js';
import type { TensorInfo, TypeInfo } from '../tensor.js';

type Declared = Pick<SessionDescription, 'inputs' | 'outputs'>;
/* What the new model's symbols stand for in the words of the old one. */
type Meanings = Map<string, number | string>;

export interface Misfit {
  code: 'InvalidArgument' | 'ShapeMismatch';
  what: string;
}

/** Why `next` cannot stand in for `old`; undefined where it can. It may give more outputs. */
export function misfit(old: Declared, next: Declared): Misfit | undefined {
  const meanings: Meanings = new Map();
  for (const { name } of next.inputs) {
    if (!find(old.inputs, name)) return { code: 'InvalidArgument', what: `wants an input '${name}' that the old one does not have` };
  }
  for (const [kind, infos, others] of [['input', old.inputs, next.inputs], ['output', old.outputs, next.outputs]] as const) {
    for (const info of infos) {
      const other = find(others, info.name);
      if (!other) return { code: 'InvalidArgument', what: `has no ${kind} '${info.name}'` };
      const place = `the ${kind} '${info.name}'`;
      const [was, is] = [typeName(info), typeName(other)];
      if (was !== is) return { code: 'InvalidArgument', what: `has ${place} as ${is}, the old one as ${was}` };
      if (!(kind === 'input' ? takes : gives)(info, other, meanings)) {
        return { code: 'ShapeMismatch', what: `has ${place} with dims ${dimsOf(other)}, the old one with ${dimsOf(info)}` };
      }
    }
  }
  return undefined;
}

function find(infos: readonly TensorInfo[], name: string): TensorInfo | undefined {
  return infos.find((info) => info.name === name);
}

function typeName({ dtype, element }: TypeInfo): string {
  return element ? `${dtype} of ${typeName(element)}` : dtype;
}

function dimsOf({ dims, anyRank, element }: TypeInfo): string {
  return element ? dimsOf(element) : anyRank ? 'of any rank' : `[${dims}]`;
}

/* A symbol takes any extent, but the same one wherever it stands. */
function takes(old: TypeInfo, next: TypeInfo, meanings: Meanings): boolean {
  if (old.element && next.element) return takes(old.element, next.element, meanings);
  if (next.anyRank) return true;
  if (old.anyRank || old.dims.length !== next.dims.length) return false;
  return next.dims.every((dim, i) => {
    const extent = old.dims[i]!;
    if (typeof dim === 'number') return dim === extent;
    if (dim === '?') return true;
    const meant = meanings.get(dim);
    meanings.set(dim, extent);
    return meant === undefined || (meant === extent && extent !== '?');
  });
}

/* Extents that only a run tells may be anything. */
function gives(old: TypeInfo, next: TypeInfo, meanings: Meanings): boolean {
  if (old.element && next.element) return gives(old.element, next.element, meanings);
  if (old.anyRank || next.anyRank) return true;
  return old.dims.length === next.dims.length && next.dims.every((dim, i) => {
    const extent = old.dims[i]!;
    const meant = meanings.get(String(dim)) ?? dim;
    return typeof meant !== 'number' || typeof extent !== 'number' || meant === extent;
  });
}
