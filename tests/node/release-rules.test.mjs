// The rules of releases as functions: which models fit in another's place, who is in a share, when a candidate is worse.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { outputFiles: [{ text }] } = await build({
  stdin: { contents: ['fitting', 'share', 'breach', 'likeness'].map((name) => `export * from './web/src/release/${name}.ts';`).join('\n'), resolveDir: root },
  bundle: true, format: 'esm', write: false, target: 'es2022',
});
const { hashOf, isAmong, isSlower, Likeness, misfit, Recent, sharesDrift, worseQuality } =
  await import(`data:text/javascript;base64,${Buffer.from(text).toString('base64')}`);

const info = (name, dims, dtype = 'float32') => ({ name, dtype, dims });
const declared = (inputs, outputs = [info('y', [1])]) => ({ inputs, outputs });

test('a model fits where it takes all that the old one takes', () => {
  const fits = (old, next) => misfit(declared([info('x', old)]), declared([info('x', next)])) === undefined;
  for (const [old, next] of [[[1, 4], [1, 4]], [['n', 4], ['batch', 4]], [[1, 4], ['n', 4]], [['n', 'n'], ['a', 'b']], [['n'], ['?']],
                             [[2, 2], ['n', 'n']], [['a', 'b', 'a'], ['c', 'd', 'c']]]) {
    assert(fits(old, next), `${old} -> ${next}`);
  }
  for (const [old, next] of [[['n', 4], [1, 4]], [[1, 4], [1, 5]], [['a', 'b'], ['n', 'n']], [['?', '?'], ['n', 'n']], [[1, 4], [4]],
                             [['?'], [1]], [[2, 3], ['n', 'n']]]) {
    assert(!fits(old, next), `${old} -> ${next}`);
  }
  const any = { name: 'x', dtype: 'float32', dims: [], anyRank: true };
  assert.equal(misfit(declared([info('x', [1, 2])]), declared([any])), undefined);
  assert.equal(misfit(declared([any]), declared([info('x', [1, 2])])).code, 'ShapeMismatch');
  const list = (dtype) => ({ name: 'x', dtype: 'sequence', dims: [], element: { dtype, dims: ['n'] } });
  assert.equal(misfit(declared([list('int64')]), declared([list('int64')])), undefined);
  assert.match(misfit(declared([list('int64')]), declared([list('float32')])).what, /sequence of float32, the old one as sequence of int64/);
});

test('outputs may be more, but not others', () => {
  const x = [info('x', ['n', 4])];
  const given = (old, next) => misfit(declared(x, old), declared([info('x', ['m', 4])], next));
  assert.equal(given([info('y', ['n', 10])], [info('y', ['m', 10]), info('z', [1])]), undefined);
  assert.equal(given([info('y', ['n', 10])], [info('y', ['k', 'unk__1'])]), undefined);
  assert.match(given([info('y', ['n', 10])], [info('y', ['m', 11])]).what, /output 'y' with dims \[m,11\], the old one with \[n,10\]/);
  assert.match(given([info('y', ['n', 10])], [info('z', ['m', 10])]).what, /no output 'y'/);
  assert.match(given([info('y', ['n', 10])], [info('y', ['m', 10], 'uint8')]).what, /as uint8, the old one as float32/);
});

test('the hash is FNV-1a with MurmurHash3\'s finalizer, and shares are shares', () => {
  // FNV-1a of '' is the offset basis, of 'a' 0xe40c292c (the vectors of the draft), each through fmix32.
  const mix = (hash) => {
    const one = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    const two = Math.imul(one ^ (one >>> 13), 0xc2b2ae35);
    return (two ^ (two >>> 16)) >>> 0;
  };
  assert.equal(hashOf(''), mix(0x811c9dc5 | 0));
  assert.equal(hashOf('a'), mix(0xe40c292c | 0));
  assert.equal(hashOf('foobar'), mix(0xbf9cf968 | 0));
  assert.notEqual(hashOf('ü'), hashOf('u'));
  const keys = Array.from({ length: 20_000 }, (_, i) => `user-${i}`);
  for (const share of [0, 0.01, 0.05, 0.5, 1]) {
    const count = keys.filter((key) => isAmong(key, share)).length;
    const spread = 4 * Math.sqrt(keys.length * share * (1 - share));
    assert(Math.abs(count - share * keys.length) <= spread, `${share}: ${count}`);
  }
  for (const key of keys) assert(!isAmong(key, 0.05) || isAmong(key, 0.2), 'a larger share has all of a smaller one');
  // Neighbouring keys are not neighbours in the hash: runs of equal answers are as short as of a coin.
  const runs = keys.filter((key, i) => i > 0 && isAmong(key, 0.5) !== isAmong(keys[i - 1], 0.5)).length;
  assert(Math.abs(runs - keys.length / 2) < 4 * Math.sqrt(keys.length / 4), String(runs));
});

test('a candidate is slower where the other keeps the objective, or is faster by itself', () => {
  const recent = (total, queue, runs = 100) => {
    const times = new Recent();
    for (let i = 0; i < runs; i++) times.add({ total, queue });
    return times;
  };
  const slo = { p95Ms: 50 };
  assert(isSlower(recent(80, 0), recent(10, 0), slo));
  assert(isSlower(recent(80, 0), new Recent(), slo));
  assert(!isSlower(recent(80, 10), recent(80, 10), slo), 'both are slow');
  assert(!isSlower(recent(80, 75), recent(80, 75), slo), 'both wait');
  assert(isSlower(recent(80, 0), recent(80, 75), slo), 'the others wait for it');
});

test('drift and issues count where the other model does not show them', () => {
  const snapshot = (meter, slices = []) => ({ drift: { meter }, slices: { all: slices }, accuracy: { errors: { state: 'calm' } } });
  assert(!sharesDrift({}, snapshot(0.1)) && sharesDrift({}, snapshot(0.6)));
  const phone = { name: 'device=phone', drift: { meter: 1 } };
  assert(sharesDrift({ slice: 'device=phone' }, snapshot(0, [phone])) && !sharesDrift({ slice: 'device=desk' }, snapshot(1, [phone])));
  assert(!sharesDrift({ cause: 'errors' }, snapshot(1)));

  const quality = (checked, nan) => ({ quality: { y: { checked, issues: nan ? { nan } : {} } } });
  assert.equal(worseQuality(quality(5, 2), quality(95, 0)), 'nan of \'y\'');
  assert.equal(worseQuality(quality(5, 2), quality(1095, 200), quality(1000, 200)), 'nan of \'y\'', 'what was before does not count');
  assert.equal(worseQuality(quality(100, 10), quality(1000, 100)), undefined);
  assert.equal(worseQuality(quality(5, 1), quality(95, 0)), undefined, 'once is no pattern');
  assert.equal(worseQuality(quality(100, 100), quality(100, 100)), undefined);
  assert.equal(worseQuality(quality(5, 5)), undefined, 'nothing to compare with');
});

test('likeness: differences, agreement of classes, and what cannot be compared', () => {
  const scores = (rows, dtype = 'float32') => ({ dtype, dims: [rows.length, rows[0].length], data: Float32Array.from(rows.flat()) });
  const likeness = new Likeness({ rtol: 0, atol: 0.05 });
  likeness.note(scores([[1, 2, 3], [3, 2, 1]]), scores([[1, 2, 2.99], [1, 2, 3]]));
  likeness.note(scores([[1, 2, 3]]), scores([[1, 2, 3.01]]));
  likeness.note(scores([[1, 2, 3]]), scores([[1, 2]]));
  likeness.note(scores([[1, 2, 3]]), undefined);
  const { maxAbsDifference, ...counts } = likeness.report();
  assert.equal(maxAbsDifference, 2);
  assert.deepEqual(counts, { compared: 4, agreed: 1, unlike: 2, top1: { rows: 3, agreed: 2 } });
  const labels = new Likeness({ rtol: 0, atol: 0 });
  labels.note({ dtype: 'int64', dims: [1, 2], data: BigInt64Array.of(1n, 2n) }, { dtype: 'int64', dims: [1, 2], data: BigInt64Array.of(1n, 2n) });
  assert.deepEqual(labels.report(), { compared: 1, agreed: 1, unlike: 0, maxAbsDifference: 0, top1: null });
  const tokens = new Likeness({ rtol: 0.1, atol: 1 });
  for (const other of [7, 8]) tokens.note({ dtype: 'uint8', dims: [1], data: Uint8Array.of(7) }, { dtype: 'uint8', dims: [1], data: Uint8Array.of(other) });
  assert.equal(tokens.report().agreed, 1, 'whole numbers that are near are others');
  const nan = new Likeness({ rtol: 0, atol: 0 });
  nan.note(scores([[NaN, 1], [NaN, 1], [2, 1]]), scores([[2, 1], [NaN, 1], [2, 1]]));
  assert.deepEqual(nan.report().top1, { rows: 3, agreed: 2 }, 'NaN names no class');
});
