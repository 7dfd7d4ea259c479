// Token ids of texts -> rows of one length -> tensors: special tokens, truncation, padding, as the tokenizers library in Rust does
// (utils/truncation.rs, utils/padding.rs).
// Invariant: special tokens are never cut off; all rows of a batch have the same length.
import { tensor } from 'insitu';
import type { Tensor, TensorInfo } from 'insitu';
import type { Padding, Truncation } from './definition.js';
import { fail } from '../fail.js';
import type { Piece, Template } from './template.js';

/** Tensors [batch, length] by the names that models give their inputs: input_ids, attention_mask, token_type_ids. */
export type Feeds = Record<string, Tensor> & {
  /** The tokens' numbers. */
  input_ids: Tensor;
};
export interface Row { readonly ids: number[]; readonly typeIds: number[] }
/** One text, or two. */
export type Texts = readonly [readonly number[]] | readonly [readonly number[], readonly number[]];

/** `limit`: how many tokens a row may have, special ones included. */
export function rowOf(texts: Texts, template: Template, special: boolean, truncation: Truncation, limit = Infinity): Row {
  const pieces = (texts.length === 1 ? template.single : template.pair).filter((piece) => special || 'text' in piece);
  const extra = pieces.reduce((sum, piece) => sum + ('ids' in piece ? piece.ids.length : 0), 0);
  if (limit < extra) {
    fail('InvalidArgument', `${limit} tokens have no room for ${extra} special ones`,
      'Raise maxLength or padTo, or pass specialTokens: false.');
  }
  const kept = truncate(texts, truncation, limit - extra);
  const row: Row = { ids: [], typeIds: [] };
  for (const piece of pieces) {
    for (const id of idsOf(piece, kept)) {
      row.ids.push(id);
      row.typeIds.push(piece.typeId);
    }
  }
  return row;
}

function idsOf(piece: Piece, texts: Texts): readonly number[] {
  return 'ids' in piece ? piece.ids : texts[piece.text] ?? [];
}

function truncate(texts: Texts, { strategy, left }: Truncation, room: number): Texts {
  const [first, second] = texts;
  const excess = first.length + (second?.length ?? 0) - room;
  if (excess <= 0) return texts;
  const cut = (ids: readonly number[], length: number) => (left ? ids.slice(ids.length - length) : ids.slice(0, length));
  if (!second && strategy !== 'OnlySecond') return [cut(first, room)];
  if (strategy === 'LongestFirst') {
    const [n1, n2] = shares(first.length, second!.length, room);
    return [cut(first, n1), cut(second!, n2)];
  }
  const target = strategy === 'OnlyFirst' ? first : second;
  if (!target || target.length <= excess) {
    const which = strategy === 'OnlyFirst' ? 'first' : 'second';
    return fail('InvalidArgument', `the ${which} text alone, which the tokenizer truncates, cannot make up for ${excess} tokens too many`,
      'Raise maxLength, or pass shorter texts.');
  }
  const kept = cut(target, target.length - excess);
  return strategy === 'OnlyFirst' ? [kept, second!] : [first, kept];
}

/* How many tokens of each text remain: the shorter one keeps all while it is below half of the room. */
function shares(first: number, second: number, room: number): [number, number] {
  const short = Math.min(first, second), half = Math.floor(room / 2);
  const [less, more] = short <= half ? [short, room - short] : [half, room - half];
  return first > second ? [more, less] : [less, more];
}

export interface Shape {
  readonly padding: Padding;
  /** Of every row; without it that of the longest, or what the tokenizer says. */
  readonly padTo?: number;
  readonly dtype?: 'int64' | 'int32';
  /** Only these inputs, with their dtypes; without it all three. */
  readonly inputs?: readonly TensorInfo[];
}

export function feedsOf(rows: readonly Row[], { padding, padTo, dtype, inputs }: Shape): Feeds {
  const { multipleOf, left } = padding;
  const longest = rows.reduce((length, { ids }) => Math.max(length, ids.length), padding.length);
  const length = padTo ?? Math.ceil(longest / multipleOf) * multipleOf;
  if (padding.id === undefined && rows.some(({ ids }) => ids.length < length)) {
    fail('InvalidArgument', 'the tokenizer has no token to pad with, and the texts are of different lengths',
      "Encode one text at a time, or pass config: { pad_token: '...' } with a token of its vocabulary.");
  }
  const dims = [rows.length, length];
  const filled = (pick: (row: Row) => readonly number[], pad: number) => {
    const all = new Array<number>(rows.length * length).fill(pad);
    rows.forEach((row, i) => {
      const from = i * length + (left ? length - row.ids.length : 0);
      pick(row).forEach((value, j) => { all[from + j] = value; });
    });
    return all;
  };
  const columns: Record<string, () => number[]> = {
    input_ids: () => filled((row) => row.ids, padding.id ?? 0),
    attention_mask: () => filled((row) => row.ids.map(() => 1), 0),
    token_type_ids: () => filled((row) => row.typeIds, padding.typeId),
  };
  const wanted = inputs?.filter(({ name }) => Object.hasOwn(columns, name)) ??
    Object.keys(columns).map((name) => ({ name, dtype: undefined }));
  return Object.fromEntries(wanted.map(({ name, dtype: own }) =>
    [name, tensor(columns[name]!(), dims, dtype ?? (own === 'int32' ? 'int32' : 'int64'))])) as Feeds;
}
