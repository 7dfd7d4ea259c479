// insitu/text against plain reference implementations (tests/node/text/reference.py, which made expected.json), and what it does
// with pairs, lengths, and files that are wrong.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { dist, insituError, load } from './support/insitu.mjs';

const { createTokenizer } = await import(new URL('text.js', dist).href);
const folder = new URL('text/', import.meta.url);
const json = (name) => JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
const open = (name, options) => createTokenizer(new URL(`${name}.json`, folder), options);
const numbers = ({ data }) => Array.from(data, Number);
const rowsOf = (feed) => Array.from({ length: feed.dims[0] }, (_, i) => numbers(feed).slice(i * feed.dims[1], (i + 1) * feed.dims[1]));
const expected = json('expected');

/* The parts in front of a model, seen through one that takes words as they come. */
async function pieces(parts, text) {
  const vocab = { '[UNK]': 0 };
  return (await createTokenizer({ model: { type: 'WordLevel', vocab, unk_token: '[UNK]' }, ...parts })).tokenize(text);
}

for (const [name, cases] of Object.entries(expected)) {
  test(`${name}: the ids of the reference, for ${cases.length} texts`, async () => {
    const tokenizer = await open(name);
    for (const { text, ids } of cases) {
      const { input_ids: got } = tokenizer.encode(text, { specialTokens: false, maxLength: 10_000 });
      assert.deepEqual(numbers(got), ids, JSON.stringify(text));
    }
  });
}

test('byte-level BPE gives every text back; WordPiece and Unigram what they kept of it', async () => {
  const bpe = await open('bpe');
  for (const { text, ids } of expected.bpe) assert.equal(bpe.decode(ids), text);
  const wordpiece = await open('wordpiece');
  const { input_ids: row } = wordpiece.encode('Running networks, never mind!');
  assert.equal(wordpiece.decode(row), 'running networks, never mind!');
  assert.match(wordpiece.decode(row, { specialTokens: true }), /^\[CLS\] running .* \[SEP\]$/);
  const unigram = await open('unigram');
  assert.equal(unigram.decode(unigram.encode('The quick brown fox').input_ids), 'The quick brown fox');
  assert.equal(bpe.decode([]), '');
});

test('feeds are int64 [batch, length] with mask and types, padded on the side and truncated as the file says', async () => {
  const tokenizer = await open('wordpiece');
  const [cls, sep, pad] = ['[CLS]', '[SEP]', '[PAD]'].map((token) => tokenizer.idOf(token));
  const [a, b] = ['the fox', 'token'].map((text) => numbers(tokenizer.encode(text, { specialTokens: false }).input_ids));
  const feeds = tokenizer.encode(['the fox', 'token'], { pair: ['token', ''] });
  assert.deepEqual(feeds.input_ids.dims, [2, 3 + a.length + b.length]);
  assert.equal(feeds.input_ids.dtype, 'int64');
  const blank = Array(a.length).fill(pad);
  assert.deepEqual(rowsOf(feeds.input_ids), [[cls, ...a, sep, ...b, sep], [cls, ...b, sep, sep, ...blank]]);
  assert.deepEqual(rowsOf(feeds.token_type_ids),
    [[0, ...a.map(() => 0), 0, ...b.map(() => 1), 1], [0, ...b.map(() => 0), 0, 1, ...blank.map(() => 0)]]);
  assert.deepEqual(rowsOf(feeds.attention_mask)[1], [...Array(3 + b.length).fill(1), ...blank.map(() => 0)]);

  const long = 'the quick brown fox '.repeat(20);
  assert.equal(tokenizer.encode(long).input_ids.dims[1], 24);
  const short = tokenizer.encode(long, { maxLength: 6, dtype: 'int32' }).input_ids;
  assert.equal(short.dtype, 'int32');
  assert.deepEqual([short.data[0], short.data[5]], [cls, sep]);
  assert.deepEqual(tokenizer.encode(['the', long], { padTo: 9 }).input_ids.dims, [2, 9]);

  const left = await open('bpe');
  const whole = numbers(left.encode('networks run', { maxLength: 99 }).input_ids);
  assert.deepEqual(numbers(left.encode('networks run', { padTo: whole.length + 2 }).input_ids), [1, 1, ...whole]);
  assert.deepEqual(numbers(left.encode('networks run', { maxLength: 2 }).input_ids), whole.slice(-2));
});

test('pairs: the longer text is truncated first; Roberta has two separators and no types; only the first where the file says so', async () => {
  const tokenizer = await open('wordpiece');
  // Lengths as the tests of the original say for 7 tokens of room: utils/truncation.rs, truncate_encodings_longest_first.
  const words = (count) => Array(count).fill('the').join(' ');
  for (const [n1, n2, want1, want2] of [[2, 4, 2, 4], [2, 8, 2, 5], [4, 4, 3, 4], [4, 8, 3, 4], [8, 0, 7, 0], [8, 2, 5, 2], [8, 4, 4, 3], [8, 8, 3, 4]]) {
    const types = numbers(tokenizer.encode(words(n1), { pair: words(n2), maxLength: 10 }).token_type_ids);
    assert.deepEqual([types.filter((type) => type === 0).length - 2, types.filter((type) => type === 1).length - 1], [want1, want2], `${n1}, ${n2}`);
  }
  const roberta = await open('unigram');
  const feeds = roberta.encode('network', { pair: 'fox' });
  const [a, b] = ['network', 'fox'].map((text) => numbers(roberta.encode(text, { specialTokens: false }).input_ids));
  assert.deepEqual(numbers(feeds.input_ids), [0, ...a, 2, 2, ...b, 2]);
  assert.ok(numbers(feeds.token_type_ids).every((type) => type === 0));
  assert.throws(() => roberta.encode('a', { pair: 'the quick brown fox', maxLength: 5 }), insituError('InvalidArgument', /first text alone/));
});

test('a special token in a text is that token; an added one may take the space before it', async () => {
  const file = json('wordpiece');
  file.added_tokens.push({ id: 900, content: '<name>', lstrip: true, rstrip: false, normalized: false, special: true, single_word: false });
  const tokenizer = await createTokenizer(file);
  const row = numbers(tokenizer.encode('the <name> the[SEP]', { specialTokens: false }).input_ids);
  assert.deepEqual(row, ['the', '<name>', 'the', '[SEP]'].map((token) => tokenizer.idOf(token)));
  assert.equal(tokenizer.tokenOf(900), '<name>');
});

test('the parts that the library has otherwise are those of the original', async () => {
  const split = (behavior, pattern = { String: '-' }, invert = false) => ({ pre_tokenizer: { type: 'Split', pattern, behavior, invert } });
  // As the documentation of the original shows them: the-final--countdown.
  const text = 'the-final--countdown';
  assert.deepEqual(await pieces(split('Removed'), text), ['the', 'final', 'countdown']);
  assert.deepEqual(await pieces(split('Isolated'), text), ['the', '-', 'final', '-', '-', 'countdown']);
  assert.deepEqual(await pieces(split('MergedWithPrevious'), text), ['the-', 'final-', '-', 'countdown']);
  assert.deepEqual(await pieces(split('MergedWithNext'), text), ['the', '-final', '-', '-countdown']);
  assert.deepEqual(await pieces(split('Contiguous'), text), ['the', '-', 'final', '--', 'countdown']);
  assert.deepEqual(await pieces(split('Removed', { Regex: '[a-z]+' }, true), text), ['the', 'final', 'countdown']);
  const parts = (type, more) => ({ pre_tokenizer: { type, ...more } });
  assert.deepEqual(await pieces(parts('Whitespace'), 'café, naïve Привет!!'), ['café', ',', 'naïve', 'Привет', '!!']);
  assert.deepEqual(await pieces(parts('Punctuation'), 'a!!b'), ['a', '!', '!', 'b']);
  assert.deepEqual(await pieces(parts('Digits', { individual_digits: true }), 'a12٣'), ['a', '1', '2', '٣']);
  assert.deepEqual(await pieces(parts('Metaspace', { replacement: '▁', add_prefix_space: false }), 'a  b'), ['a', '▁', '▁b']);
  const dollar = { normalizer: { type: 'Replace', pattern: { String: 'USD' }, content: '$&' }, pre_tokenizer: null };
  assert.deepEqual(await pieces(dollar, '5 USD'), ['5 $&']);
});

test('with `for`, feeds are those of the model, in its dtypes and in the length that it fixes', async () => {
  const inputs = [{ name: 'attention_mask', dtype: 'int64', dims: ['b', 16] }, { name: 'input_ids', dtype: 'int32', dims: ['b', 16] }];
  const feeds = (await open('wordpiece', { for: inputs })).encode('the fox');
  assert.deepEqual(Object.entries(feeds).map(([name, { dtype, dims }]) => [name, dtype, dims]),
    [['attention_mask', 'int64', [1, 16]], ['input_ids', 'int32', [1, 16]]]);
  await assert.rejects(open('wordpiece', { for: [{ name: 'image', dtype: 'float32', dims: [1] }] }), insituError('InvalidArgument', /input_ids.*'image'/));
});

test('a tokenizer is made of an object, its text, a URL, a path, a Response and a Blob', async () => {
  const url = new URL('bpe.json', folder), text = readFileSync(url, 'utf8');
  for (const source of [JSON.parse(text), text, url, url.pathname, pathToFileURL(url.pathname).href, new Response(text), new Blob([text])]) {
    assert.equal((await createTokenizer(source)).vocabularySize, 458);
  }
  await assert.rejects(createTokenizer(new URL('none.json', folder)), insituError('Network', /none\.json/));
  await assert.rejects(createTokenizer(new Response('', { status: 404 })), insituError('Network', /404/));
});

test('tokenizer_config.json names what tokenizer.json leaves out', async () => {
  const file = { ...json('bpe'), truncation: null, padding: null };
  file.added_tokens = file.added_tokens.slice(0, 1);
  const renamed = Object.fromEntries(Object.entries(file.model.vocab).filter(([token]) => token !== '<pad>'));
  file.model = { ...file.model, vocab: renamed };
  const bare = await createTokenizer(file);
  assert.throws(() => bare.encode(['a', 'the fox']), insituError('InvalidArgument', /pad/));
  assert.equal(bare.encode('the fox '.repeat(400)).input_ids.dims[1] > 400, true);
  const config = { pad_token: '<|endoftext|>', padding_side: 'left', model_max_length: 8, truncation_side: 'left' };
  const [first] = rowsOf((await createTokenizer(file, { config })).encode(['a', 'the fox '.repeat(9)]).input_ids);
  assert.deepEqual(first.slice(0, 7), Array(7).fill(0));
  assert.equal(first.length, 8);
});

test('a file that is wrong, or asks for what is not there, is refused with the place and what to do', async () => {
  const good = json('wordpiece'), bpe = json('bpe'), unigram = json('unigram');
  const refused = (file, code, pattern) => assert.rejects(createTokenizer(file), insituError(code, pattern), JSON.stringify(file).slice(0, 80));
  await refused('{ "model": ', 'InvalidModel', /no JSON/);
  await refused([], 'InvalidModel', /no JSON object/);
  await refused(null, 'InvalidModel', /no JSON object/);
  await refused({}, 'InvalidModel', /node 'model'/);
  for (const vocab of [null, 'x', {}, { a: 'b' }, { a: -1 }, { a: 1e300 }]) await refused({ ...good, model: { ...good.model, vocab } }, 'InvalidModel', /model/);
  await refused({ ...bpe, model: { ...bpe.model, merges: [1] } }, 'InvalidModel', /merges/);
  await refused({ ...bpe, model: { ...bpe.model, continuing_subword_prefix: '##' } }, 'UnsupportedOp', /continuing_subword_prefix/);
  await refused({ ...unigram, model: { ...unigram.model, unk_id: null } }, 'InvalidModel', /unk_id/);
  await refused({ ...unigram, model: { ...unigram.model, byte_fallback: true } }, 'UnsupportedOp', /byte_fallback/);
  await refused({ ...good, model: { type: 'Neural', vocab: {} } }, 'UnsupportedOp', /Neural/);
  await refused({ ...good, added_tokens: [{ id: 1 }] }, 'InvalidModel', /added_tokens/);
  await refused({ ...good, normalizer: { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Nmt' }] } }, 'UnsupportedOp', /normalizer\[1\].*Nmt/);
  await refused({ ...good, pre_tokenizer: { type: 'UnicodeScripts' } }, 'UnsupportedOp', /pre_tokenizer.*UnicodeScripts/);
  await refused({ ...good, pre_tokenizer: { type: 'Split', pattern: { Regex: '(' }, behavior: 'Isolated' } }, 'InvalidModel', /tokenizer\.json/);
  await refused({ ...good, pre_tokenizer: 5 }, 'InvalidModel', /pre_tokenizer/);
  await refused({ ...good, decoder: { type: 'toString' } }, 'UnsupportedOp', /decoder/);
  await refused({ ...good, post_processor: { type: 'TemplateProcessing', single: [{ SpecialToken: { id: 'X' } }], pair: [] } }, 'InvalidModel', /post_processor/);
});

test('calls that are wrong throw InvalidArgument, and a text without end does not break the tokenizer', async () => {
  const tokenizer = await open('wordpiece');
  const wrong = (pattern, ...args) => assert.throws(() => tokenizer.encode(...args), insituError('InvalidArgument', pattern));
  wrong(/text is number/, 5);
  wrong(/text is undefined/, ['a', undefined]);
  wrong(/0 texts/, []);
  wrong(/2 texts and 1/, ['a', 'b'], { pair: 'c' });
  wrong(/maxLength is 0/, 'a', { maxLength: 0 });
  wrong(/padTo is 1.5/, 'a', { padTo: 1.5 });
  wrong(/no room for 2/, 'a', { maxLength: 1 });
  assert.throws(() => tokenizer.decode([1, 1e6]), insituError('InvalidArgument', /1000000 is no id/));
  assert.equal(tokenizer.encode('fox '.repeat(200_000)).input_ids.dims[1], 24);
  assert.equal((await open('bpe')).encode('x'.repeat(100_000)).input_ids.dims[1], 24);
  try {
    (await open('unigram')).encode('x'.repeat(300_000));
  } catch (thrown) {
    insituError('LimitExceeded')(thrown);
  }
});

test('one sentence goes through text.js and index.js', async () => {
  const models = new URL('../../models/intents/', import.meta.url);
  const session = await load(new URL('intents_int8.onnx', models));
  const tokenizer = await createTokenizer(new URL('tokenizer.json', models), { for: session.inputs });
  const { probabilities } = await session.run(tokenizer.encode(['where is my parcel', 'i forgot my password']));
  assert.deepEqual(probabilities.dims, [2, 10]);
  await session.dispose();
});
