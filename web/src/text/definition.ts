// tokenizer.json -> what the library is made of, and what this module does itself: template, truncation, padding.
// Invariant: whatever the library would take and do wrongly is refused here. https://huggingface.co/docs/tokenizers
import { exactPart, invalid, unsupported } from './pipeline.js';
import { isObject } from './read.js';
import type { Json } from './read.js';
import { templateOf } from './template.js';
import type { Template } from './template.js';

export interface Truncation {
  readonly maxLength?: number;
  readonly strategy: 'LongestFirst' | 'OnlyFirst' | 'OnlySecond';
  readonly left: boolean;
}
export interface Padding {
  /** Undefined where neither file says which: nothing can be padded then. */
  readonly id?: number;
  readonly typeId: number;
  readonly left: boolean;
  /** At least so long. */
  readonly length: number;
  readonly multipleOf: number;
}
export interface Definition {
  /** For the library: [tokenizer.json, tokenizer_config.json]. */
  readonly library: readonly [Json, Json];
  readonly template: Template;
  readonly truncation: Truncation;
  readonly padding: Padding;
}

const sides = ['left', 'right'];
/* What transformers writes for "no limit" is 1e30. */
const longest = 1e6;
const usualPads = ['[PAD]', '<pad>', '<|pad|>', '<PAD>'];

/** `config`: tokenizer_config.json, or {}. */
export function definitionOf(json: Json, config: Json): Definition {
  const added = addedTokensOf(json.added_tokens);
  const model = modelOf(json.model);
  const library: Json = {
    added_tokens: added, model, post_processor: null,
    normalizer: exactPart(json.normalizer, 'normalizer'),
    pre_tokenizer: exactPart(json.pre_tokenizer, 'pre_tokenizer'),
    decoder: exactPart(json.decoder, 'decoder'),
  };
  const idOf = (token: unknown) => added.find(({ content }) => content === token)?.id ?? idInModel(model, token);
  return {
    library: [library, { clean_up_tokenization_spaces: false, unk_token: model.unk_token }],
    template: templateOf(json.post_processor),
    truncation: truncationOf(json.truncation, config),
    padding: paddingOf(json.padding, config, idOf),
  };
}

/* The model, with its type said and its vocabulary checked. */
function modelOf(model: unknown): Json {
  if (!isObject(model)) return invalid('model', '', 'is missing');
  const { vocab, merges } = model;
  // Files of before 2020 name no type.
  const type = model.type ?? (Array.isArray(vocab) ? 'Unigram' : merges ? 'BPE'
    : 'continuing_subword_prefix' in model ? 'WordPiece' : 'WordLevel');
  if (type === 'Unigram') {
    const isPair = (entry: unknown) => Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'number';
    if (!Array.isArray(vocab) || vocab.length === 0 || !vocab.every(isPair)) return invalid('model', type, 'has no vocabulary');
    if (model.byte_fallback === true) return unsupported('model', type, 'with byte_fallback');
    if (!isIndex(model.unk_id) || model.unk_id >= vocab.length) return invalid('model', type, 'has no unk_id');
    return { ...model, type };
  }
  if (type !== 'WordPiece' && type !== 'BPE' && type !== 'WordLevel') return unsupported('model', String(type), 'as a model');
  if (!isObject(vocab) || !Object.values(vocab).every(isIndex)) return invalid('model', type, 'has no vocabulary');
  if (type === 'BPE') {
    const isMerge = (merge: unknown) => (Array.isArray(merge) ? merge.length === 2 : typeof merge === 'string');
    if (!Array.isArray(merges) || !merges.every(isMerge)) return invalid('model', type, 'has no list of merges');
    if (model.continuing_subword_prefix) return unsupported('model', type, 'with continuing_subword_prefix');
    return { ...model, type };
  }
  const { unk_token: unknown } = model;
  if (typeof unknown !== 'string' || !Object.hasOwn(vocab, unknown)) return invalid('model', type, 'has no unk_token');
  return { ...model, type, ...(type === 'WordPiece' && { continuing_subword_prefix: model.continuing_subword_prefix ?? '##' }) };
}

function isIndex(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 32 - 1;
}

function addedTokensOf(tokens: unknown): { content: string; id: number }[] {
  const found = tokens ?? [];
  if (!Array.isArray(found)) return invalid('added_tokens', '', 'is no list');
  for (const token of found) {
    if (!isObject(token) || typeof token.content !== 'string' || token.content === '' || !isIndex(token.id)) {
      return invalid('added_tokens', '', 'has no content or no id');
    }
    if (token.single_word === true) return unsupported('added_tokens', token.content, 'as a single word');
  }
  return found as { content: string; id: number }[];
}

function idInModel({ vocab }: Json, token: unknown): number | undefined {
  if (typeof token !== 'string') return undefined;
  if (!Array.isArray(vocab)) return Object.hasOwn(vocab as object, token) ? (vocab as Record<string, number>)[token] : undefined;
  const at = vocab.findIndex(([piece]: [string]) => piece === token);
  return at < 0 ? undefined : at;
}

function truncationOf(part: unknown, config: Json): Truncation {
  const { max_length: own, strategy = 'LongestFirst', direction } = isObject(part) ? part : ({} as Json);
  if (strategy !== 'LongestFirst' && strategy !== 'OnlyFirst' && strategy !== 'OnlySecond') {
    return unsupported('truncation', String(strategy), 'as a strategy');
  }
  const limit = own ?? config.model_max_length;
  const maxLength = isIndex(limit) && limit <= longest ? limit : undefined;
  return { maxLength, strategy, left: isLeft(direction, config.truncation_side) };
}

function paddingOf(part: unknown, config: Json, idOf: (token: unknown) => number | undefined): Padding {
  const given = isObject(part) ? part : ({} as Json);
  const { pad_token: named } = config;
  const id = isIndex(given.pad_id) ? given.pad_id
    : [isObject(named) ? named.content : named, ...usualPads].map(idOf).find((found) => found !== undefined);
  const fixed = isObject(given.strategy) ? given.strategy.Fixed : 0;
  return {
    id, typeId: isIndex(given.pad_type_id) ? given.pad_type_id : 0,
    left: isLeft(given.direction, config.padding_side),
    length: isIndex(fixed) && fixed <= longest ? fixed : 0,
    multipleOf: isIndex(given.pad_to_multiple_of) ? Math.max(1, given.pad_to_multiple_of) : 1,
  };
}

function isLeft(...said: unknown[]): boolean {
  const side = said.map((each) => String(each).toLowerCase()).find((each) => sides.includes(each));
  return side === 'left';
}
