// The post-processor of a tokenizer.json: which special tokens stand around one text and around a pair, and the type id of each
// stretch.
// Invariant: every post-processor, Bert's and Roberta's too, becomes one template of ids.
import { invalid, unsupported } from './pipeline.js';
import { isObject } from './read.js';
import type { Json } from './read.js';

/** Special tokens, or a text: 0 the first, 1 the second. */
export type Piece = { readonly typeId: number } & ({ readonly ids: readonly number[] } | { readonly text: 0 | 1 });
export interface Template { readonly single: readonly Piece[]; readonly pair: readonly Piece[] }

const node = 'post_processor';
export const plain: Template = { single: [{ text: 0, typeId: 0 }], pair: [{ text: 0, typeId: 0 }, { text: 1, typeId: 1 }] };

export function templateOf(part: unknown): Template {
  if (part === null || part === undefined) return plain;
  if (!isObject(part) || typeof part.type !== 'string') return invalid(node, '', 'has no type');
  switch (part.type) {
    case 'TemplateProcessing': return { single: piecesOf(part, 'single'), pair: piecesOf(part, 'pair') };
    case 'BertProcessing': return around(idOf(part.cls), idOf(part.sep), 1);
    case 'RobertaProcessing': return around(idOf(part.cls), idOf(part.sep), 2);
    case 'ByteLevel': return plain;  // it moves offsets, which nobody asks for here
    case 'Sequence': {
      const templates = Array.isArray(part.processors) ? part.processors.map(templateOf).filter((each) => each !== plain) : [];
      return templates.length < 2 ? templates[0] ?? plain : unsupported(node, 'Sequence', 'of several templates');
    }
    default: return unsupported(node, part.type, `as a ${node}`);
  }
}

/* Bert: [CLS] A [SEP] B [SEP], with types. Roberta: two separators between, and type 0 throughout. */
function around(cls: number, sep: number, separators: number): Template {
  const typeId = separators === 1 ? 1 : 0;
  const single: Piece[] = [{ ids: [cls], typeId: 0 }, { text: 0, typeId: 0 }, { ids: [sep], typeId: 0 }];
  const second: Piece[] = [{ text: 1, typeId }, { ids: [sep], typeId }];
  return { single, pair: [...single, ...(separators === 2 ? [{ ids: [sep], typeId: 0 }] : []), ...second] };
}

/* ["[SEP]", 102] */
function idOf(token: unknown): number {
  const id = Array.isArray(token) ? token[1] : undefined;
  return Number.isSafeInteger(id) ? (id as number) : invalid(node, '', 'names no cls and sep');
}

function piecesOf(part: Json, member: 'single' | 'pair'): Piece[] {
  const pieces = part[member], special = part.special_tokens;
  if (!Array.isArray(pieces)) return invalid(node, 'TemplateProcessing', `has no '${member}'`);
  return pieces.map((piece: Json) => {
    const { SpecialToken: token, Sequence: text } = isObject(piece) ? piece : ({} as Json);
    if (isObject(text)) return { text: text.id === 'B' ? 1 : 0, typeId: Number(text.type_id ?? 0) };
    const found = isObject(token) && isObject(special) ? special[String(token.id)] : undefined;
    const ids = isObject(found) ? found.ids : undefined;
    if (!Array.isArray(ids) || !ids.every(Number.isSafeInteger)) {
      return invalid(node, 'TemplateProcessing', `names a special token in '${member}' that has no ids`);
    }
    return { ids, typeId: Number((token as Json).type_id ?? 0) };
  });
}
