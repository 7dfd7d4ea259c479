// The tokenizer: what callers hold. Parts and model are computed by @huggingface/tokenizers (bundled), special tokens, truncation
// and padding by batch.ts. Invariant: the same text gives the same ids as the library in Rust, or an InsituError.
import { Tokenizer as Library } from '@huggingface/tokenizers';
import type { Tensor, TensorInfo } from 'insitu';
import { feedsOf, rowOf } from './batch.js';
import type { Feeds, Texts } from './batch.js';
import { definitionOf } from './definition.js';
import type { Definition } from './definition.js';
import { fail, messageOf } from '../fail.js';
import { readJson } from './read.js';
import type { JsonSource } from './read.js';

/** How a tokenizer is made. */
export interface TokenizerOptions {
  /** tokenizer_config.json, of which these are used: pad_token, padding_side, truncation_side, model_max_length. */
  config?: JsonSource;
  /** `session.inputs`: encode() then gives only the tensors that the model takes, in its dtypes and in a length that it fixes. */
  for?: readonly TensorInfo[];
}

/** How texts become tensors. */
export interface EncodeOptions {
  /** The second text of each pair. */
  pair?: string | readonly string[];
  /** Longer rows are truncated to so many tokens, special ones included. Default: what the tokenizer says, else no limit. */
  maxLength?: number;
  /** Every row gets this length: shorter ones are padded, longer ones truncated. Default: the length of the longest. */
  padTo?: number;
  /** Default: the dtype of the model's input, else int64. */
  dtype?: 'int64' | 'int32';
  /** Whether to add [CLS], [SEP], <s> ..., as the tokenizer says; default true. */
  specialTokens?: boolean;
}

/** How ids become text. */
export interface DecodeOptions {
  /** Whether [CLS], [PAD] and the like appear in the text; default false. */
  specialTokens?: boolean;
}

/** Text to the tensors that a model takes, and back. */
export interface Tokenizer {
  /** How many tokens there are, those added behind the model's own included. */
  readonly vocabularySize: number;
  /** Feeds for `session.run()`, dims [batch, length]: a row a text. */
  encode(text: string | readonly string[], options?: EncodeOptions): Feeds;
  /** The text of one row of ids; of a tensor with several rows, take `data.subarray()`. */
  decode(ids: Tensor | Iterable<number | bigint>, options?: DecodeOptions): string;
  /** The tokens of a text as strings, without special ones. */
  tokenize(text: string): string[];
  /** The id of a token; undefined where there is no such token. */
  idOf(token: string): number | undefined;
  /** The token of an id; undefined where there is no such id. */
  tokenOf(id: number): string | undefined;
}

/**
 * Makes a tokenizer of a Hugging Face tokenizer.json (WordPiece, BPE, Unigram, WordLevel).
 * Errors: InvalidModel (the file is damaged), UnsupportedOp (a part that this module does not have), Network, InvalidArgument.
 */
export async function createTokenizer(tokenizerJson: JsonSource, options: TokenizerOptions = {}): Promise<Tokenizer> {
  const [json, config] = await Promise.all([
    readJson(tokenizerJson, 'tokenizer.json'), readJson(options.config ?? {}, 'tokenizer_config.json'),
  ]);
  const inputs = options.for;
  if (inputs && !inputs.some(({ name }) => name === 'input_ids')) {
    fail('InvalidArgument', `the model has no input 'input_ids', only ${inputs.map(({ name }) => `'${name}'`).join(', ')}`,
      'Leave out `for`, and feed the tensors of encode() under the names that the model has.');
  }
  const definition = definitionOf(json, config);
  let library: Library;
  try {
    library = new Library(...definition.library);
  } catch (thrown) {
    fail('InvalidModel', `no tokenizer can be made of tokenizer.json: ${messageOf(thrown)}`,
      'Pass the file as it was published.', { cause: thrown });
  }
  return new BundledTokenizer(library, definition, inputs);
}

class BundledTokenizer implements Tokenizer {
  readonly vocabularySize: number;
  readonly #library: Library;
  readonly #definition: Definition;
  readonly #inputs?: readonly TensorInfo[];

  constructor(library: Library, definition: Definition, inputs?: readonly TensorInfo[]) {
    this.#library = library;
    this.#definition = definition;
    this.#inputs = inputs;
    this.vocabularySize = library.get_vocab().size;
  }

  encode(text: string | readonly string[], options: EncodeOptions = {}): Feeds {
    const { template, truncation, padding } = this.#definition;
    const { pair, dtype, specialTokens = true } = options;
    const fixed = this.#inputs?.find(({ name }) => name === 'input_ids')?.dims[1];
    const padTo = checkLength(options.padTo, 'padTo') ?? (typeof fixed === 'number' ? fixed : undefined);
    const limit = Math.min(checkLength(options.maxLength, 'maxLength') ?? truncation.maxLength ?? Infinity, padTo ?? Infinity);
    const first = listOf(text), second = pair === undefined ? undefined : listOf(pair);
    if (first.length === 0 || (second && second.length !== first.length)) {
      fail('InvalidArgument', `encode() was given ${first.length} texts${second ? ` and ${second.length} to pair with them` : ''}`,
        'Pass at least one text, and as many in `pair`.');
    }
    const rows = first.map((each, i) => {
      const texts: Texts = second ? [this.#ids(each), this.#ids(second[i])] : [this.#ids(each)];
      return rowOf(texts, template, specialTokens, truncation, limit);
    });
    return feedsOf(rows, { padding, padTo, dtype, inputs: this.#inputs });
  }

  decode(ids: Tensor | Iterable<number | bigint>, { specialTokens = false }: DecodeOptions = {}): string {
    const list = Array.from('data' in ids ? (ids.data as Iterable<number | bigint>) : ids, Number);
    const unknown = list.find((id) => this.tokenOf(id) === undefined);
    if (unknown !== undefined) {
      fail('InvalidArgument', `${unknown} is no id of the vocabulary of ${this.vocabularySize} tokens`, 'Pass ids, not logits.');
    }
    return list.length === 0 ? '' : this.#library.decode(list, { skip_special_tokens: !specialTokens });
  }

  tokenize(text: string): string[] {
    return this.#guard(() => this.#library.tokenize(checkText(text)));
  }

  idOf(token: string): number | undefined {
    return this.#library.token_to_id(token);
  }

  tokenOf(id: number): string | undefined {
    return this.#library.id_to_token(id);
  }

  #ids(text: unknown): readonly number[] {
    const { ids } = this.#guard(() => this.#library.encode(checkText(text), { add_special_tokens: false }));
    if (ids.includes(undefined as never)) fail('InvalidModel', 'the tokenizer has a token without an id', 'Check its vocabulary.');
    return ids;
  }

  /* What the library throws on texts without end, above all: it passes lists of tokens as arguments. */
  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (thrown) {
      if (!(thrown instanceof RangeError)) throw thrown;
      return fail('LimitExceeded', `the text is too long: ${messageOf(thrown)}`, 'Encode it in pieces.', { cause: thrown });
    }
  }
}

function listOf(text: unknown): readonly unknown[] {
  return Array.isArray(text) ? text : [text];
}

function checkText(text: unknown): string {
  if (typeof text === 'string') return text;
  return fail('InvalidArgument', `a text is ${text === null ? 'null' : typeof text}`, 'Pass strings.');
}

function checkLength(length: number | undefined, name: string): number | undefined {
  if (length === undefined || (Number.isInteger(length) && length > 0)) return length;
  return fail('InvalidArgument', `${name} is ${length}`, 'Pass a whole number of tokens, 1 or more.');
}
