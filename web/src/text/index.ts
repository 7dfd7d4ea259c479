// insitu/text: text -> the integer tensors that transformers take, and back, by a Hugging Face tokenizer.json.
// A module of its own over the same index.js; docs/how-to/text.md describes it.
/** Text to tensors and back. @module insitu/text */
export { createTokenizer } from './tokenizer.js';
export type { Feeds } from './batch.js';
export type { JsonSource } from './read.js';
export type { DecodeOptions, EncodeOptions, Tokenizer, TokenizerOptions } from './tokenizer.js';
