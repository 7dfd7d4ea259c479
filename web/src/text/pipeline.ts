// What stands before and behind the model of a tokenizer.json: normalizers, pre-tokenizers, decoders. Each part is checked and
// written so that @huggingface/tokenizers, which does the work, computes what the original in Rust does.
// Invariant: what would be computed otherwise, or not at all, is refused. Meaning of the parts:
// https://github.com/huggingface/tokenizers (normalizers/, pre_tokenizers/, decoders/)
import { fail } from '../fail.js';
import { isObject } from './read.js';
import type { Json } from './read.js';

type Rewrite = (part: Json, node: string) => Json;

const same: Rewrite = (part) => part;
const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
/* In a JavaScript replacement `$` has a meaning, in a replacement of a plain string none. */
const literal: Rewrite = (part) => (isObject(part.pattern) && 'String' in part.pattern
  ? { ...part, content: String(part.content ?? '').replaceAll('$', '$$$$') } : part);

/* Ideographs outside of the Basic Multilingual Plane, which the library takes for two characters each. */
const farIdeographs = '[\\x{20000}-\\x{2A6DF}\\x{2A700}-\\x{2B81F}\\x{2B820}-\\x{2CEAF}\\x{2F800}-\\x{2FA1F}]';
const punctuation = '[\\p{P}\\x21-\\x2F\\x3A-\\x40\\x5B-\\x60\\x7B-\\x7E]';

const normalizers: Record<string, Rewrite> = {
  Sequence: (part, node) => ({ type: 'Sequence', normalizers: listOf(part.normalizers, node, normalizers) }),
  BertNormalizer: (part) => (part.handle_chinese_chars !== true ? part : {
    type: 'Sequence',
    normalizers: [{ type: 'Replace', pattern: { Regex: farIdeographs }, content: ' $& ' }, part],
  }),
  Replace: literal,
  Precompiled: same, Strip: same, StripAccents: same, Lowercase: same, Prepend: same, NFC: same, NFD: same, NFKC: same, NFKD: same,
};

/*
 * Cuts at the matches of a regular expression. The library either keeps matches alone ('Removed' and inverted) or keeps matches
 * and what is between them; every behaviour but 'Removed' is a list of matches of a longer expression.
 */
function split(regex: string, behavior: string, node: string, invert = false): Json {
  const matches = (expression: string) => ({ type: 'Split', pattern: { Regex: expression }, behavior: 'Removed', invert: true });
  const [match, other] = [`(?:${regex})`, `(?:(?!${regex})[\\s\\S])`];
  switch (behavior.toLowerCase()) {
    case 'removed': return invert ? matches(regex) : { ...matches(regex), invert: false };
    case 'isolated': return { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false };
    case 'contiguous': if (!invert) return matches(`${match}+|${other}+`); break;
    case 'mergedwithnext': if (!invert) return matches(`${match}${other}*|${other}+`); break;
    case 'mergedwithprevious': if (!invert) return matches(`${other}*${match}|${other}+`); break;
  }
  return unsupported(node, 'Split', `with behavior '${behavior}'${invert ? ', inverted,' : ''}`);
}

const preTokenizers: Record<string, Rewrite> = {
  Sequence: (part, node) => ({ type: 'Sequence', pretokenizers: listOf(part.pretokenizers, node, preTokenizers) }),
  Split: (part, node) => {
    const pattern = isObject(part.pattern) ? part.pattern : {};
    const regex = typeof pattern.String === 'string' ? escaped(pattern.String) : pattern.Regex;
    if (typeof regex !== 'string' || regex === '') invalid(node, 'Split', 'has no pattern');
    return split(regex as string, String(part.behavior), node, part.invert === true);
  },
  CharDelimiterSplit: (part, node) => split(escaped(String(part.delimiter)), 'Removed', node),
  Whitespace: (_part, node) => split('\\w+|[^\\w\\s]+', 'Removed', node, true),
  Punctuation: (part, node) => split(punctuation, String(part.behavior ?? 'Isolated'), node),
  Digits: (part, node) => split('\\p{N}', part.individual_digits === true ? 'Isolated' : 'Contiguous', node),
  Metaspace: (part, node) => {
    const { replacement = '▁', add_prefix_space: prefix = true, prepend_scheme: scheme = prefix ? 'always' : 'never' } = part;
    const marked = { type: 'Metaspace', replacement, prepend_scheme: scheme };
    const cut = split(escaped(String(replacement)), 'MergedWithNext', node);
    return { type: 'Sequence', pretokenizers: part.split === false ? [marked] : [marked, cut] };
  },
  BertPreTokenizer: same, WhitespaceSplit: same,
  ByteLevel: (part) => ({ ...part, add_prefix_space: part.add_prefix_space ?? true }),
};

const decoders: Record<string, Rewrite> = {
  Sequence: (part, node) => ({ type: 'Sequence', decoders: listOf(part.decoders, node, decoders) }),
  Replace: literal,
  Metaspace: (part) => (part.add_prefix_space === false || part.prepend_scheme === 'never'
    ? { type: 'Replace', pattern: { String: part.replacement ?? '▁' }, content: ' ' } : part),
  ByteLevel: same, WordPiece: same, BPEDecoder: same, CTC: same, Fuse: same, Strip: same, ByteFallback: same,
};

const rooms = { normalizer: normalizers, pre_tokenizer: preTokenizers, decoder: decoders };

/** One of the three members of a tokenizer.json, as the library is to see it. */
export function exactPart(part: unknown, member: keyof typeof rooms): Json | null {
  return part === null || part === undefined ? null : rewrite(part, member, rooms[member]);
}

function listOf(parts: unknown, node: string, known: Record<string, Rewrite>): Json[] {
  if (!Array.isArray(parts)) return invalid(node, 'Sequence', 'holds no list');
  return parts.map((part, i) => rewrite(part, `${node}[${i}]`, known));
}

function rewrite(part: unknown, node: string, known: Record<string, Rewrite>): Json {
  if (!isObject(part) || typeof part.type !== 'string') return invalid(node, '', 'has no type');
  if (!Object.hasOwn(known, part.type)) return unsupported(node, part.type, `as a ${node.replace(/\[.*$/, '')}`);
  return known[part.type]!(part, node);
}

export function invalid(node: string, op: string, what: string): never {
  return fail('InvalidModel', `a part of the tokenizer ${what}`, 'Pass tokenizer.json as it was published.', { node, op });
}

export function unsupported(node: string, op: string, how: string): never {
  const name = op.slice(0, 40);
  return fail('UnsupportedOp', `'${name}' ${how} is not supported`, 'docs/how-to/text.md lists what is.', { node, op: name });
}
