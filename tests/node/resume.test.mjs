// Downloads that break off, at every byte of a model: they go on where the server allows it, and are a Network error elsewhere.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { model } from '../support/onnx-writer.mjs';
import { generator } from '../support/random.mjs';
import { answerWith, serveUnreliable } from '../support/unreliable-server.mjs';
import { Engine, insituError, tensor } from './support/insitu.mjs';

const extent = 64;
const makeModel = (seed) => Buffer.from(model({
  nodes: [{ op: 'Mul', inputs: ['x', 'w'], outputs: ['v'] }, { op: 'Tanh', inputs: ['v'], outputs: ['y'] }],
  inputs: [{ name: 'x', dtype: 'float32', dims: [extent] }], outputs: [{ name: 'y', dtype: 'float32', dims: [extent] }],
  initializers: [{ name: 'w', dtype: 'float32', dims: [extent], data: Float32Array.from({ length: 4 * extent }, generator(seed).next).subarray(0, extent) }],
  metadata: { filling: 'to be some longer '.repeat(40) },
}));
const file = makeModel(1), other = makeModel(2);
const feed = { x: tensor(Float32Array.from({ length: extent }, (_, i) => i / extent), [extent]) };

let engine, server, answer, expected;
const setTimer = globalThis.setTimeout;
before(async () => {
  server = await serveUnreliable((request) => answer(request));
  engine = await Engine.create();
  expected = await outputOf(file);
  assert.notDeepEqual(await outputOf(other), expected);
  answer = (request) => answerWith(file, request);
  await outputOf(server.url);  // the module that goes on is here from now on
});
after(() => Promise.all([server.close(), engine.dispose()]));
afterEach(() => (globalThis.setTimeout = setTimer));

async function outputOf(source, options = {}) {
  server.asked.length = 0;
  const session = await engine.load(source, { monitor: false, warmUp: false, ...options });
  const { y } = await session.run(feed);
  await session.dispose();
  return y.data;
}

/* Each answer of the server in turn; the last of them to all others. */
function answersInTurn(...answers) {
  let next = 0;
  answer = (request) => answers[Math.min(next++, answers.length - 1)](request);
}
const whole = (request, options) => answerWith(file, { ...request, headers: {} }, options);
const dropped = (dropAt, options) => (request) => ({ ...whole(request, options), dropAt });
const rest = (request) => answerWith(file, request);
const ranges = () => server.asked.map(({ headers }) => headers.range);

/* Waits take a hundredth of the time. */
function hurry() {
  globalThis.setTimeout = (work, ms, ...given) => setTimer(work, ms / 100, ...given);
}

test('a download goes on from every byte of the model, with progress that never goes back', async () => {
  assert.ok(file.length > 1000 && file.length < 3000, `${file.length} bytes`);
  for (let at = 0; at < file.length; at++) {
    answersInTurn(dropped(at), rest);
    const loaded = [];
    const output = await outputOf(server.url, { onProgress: ({ phase, loaded: bytes, total }) => {
      if (phase !== 'download') return;
      assert.equal(total, file.length);
      loaded.push(bytes);
    } });
    assert.deepEqual(output, expected, `dropped at ${at}`);
    assert.deepEqual(ranges(), [undefined, `bytes=${at}-`]);
    assert.deepEqual(loaded, [...loaded].sort((a, b) => a - b));
    assert.equal(loaded.at(-1), file.length);
  }
});

test('where the server knows no ranges it is an error at every byte, and the next load works', async () => {
  for (let at = 0; at < file.length; at++) {
    answersInTurn(dropped(at, { ranges: false }));
    await assert.rejects(outputOf(server.url), insituError('Network', /broke off: .*Try again/));
    assert.equal(server.asked.length, 1);
  }
  answer = (request) => whole(request, { ranges: false });
  assert.deepEqual(await outputOf(server.url), expected);
});

test('a download that is dropped again after each piece goes on as long as there is progress, but not for ever', async () => {
  const pieces = (bytes) => (request) => {
    const answered = answerWith(file, request);
    return { ...answered, dropAt: Math.min(bytes, answered.body.length) };
  };
  answer = pieces(Math.ceil(file.length / 90));
  assert.deepEqual(await outputOf(server.url), expected);
  answer = pieces(1);
  await assert.rejects(outputOf(server.url), insituError('Network', /at byte 101 of \d+ of http.*, and tries to go on failed/));
  assert.equal(server.asked.length, 101);
});

test('parts that are shorter than asked for are taken', async () => {
  answersInTurn(dropped(7), (request) => {
    const { body, headers, status } = answerWith(file, request);
    const from = file.length - body.length;
    const part = body.subarray(0, 100);
    return { status, body: part, headers: { ...headers, 'content-range': `bytes ${from}-${from + part.length - 1}/${file.length}` } };
  });
  assert.deepEqual(await outputOf(server.url), expected);
});

test('tries in a row are few, and what a server says for a while is tried again', async () => {
  hurry();
  answersInTurn(dropped(10), () => ({ status: 503 }), (request) => ({ ...rest(request), dropAt: 0 }), () => ({ status: 429 }), rest);
  assert.deepEqual(await outputOf(server.url), expected);
  assert.equal(server.asked.length, 5);
  answersInTurn(dropped(10), () => ({ status: 503 }));
  await assert.rejects(outputOf(server.url), insituError('Network', /at byte 10 of \d+ of http.*tries to go on failed: the server answered 503/));
  assert.equal(server.asked.length, 7);
});

/* Two models of one length, which a time tells apart no more than the ETag that servers make of time and length. */
const recent = 'Sat, 21 Mar 2026 07:28:00 GMT', fixed = ['Thu, 01 Jan 1970 00:00:01 GMT', 'Tue, 01 Jan 1980 00:00:00 GMT', 'Sat, 26 Oct 1985 08:15:00 GMT'];
const sameHeaders = {
  'Last-Modified alone': { 'last-modified': recent },
  'a weak ETag and Last-Modified': { 'last-modified': recent, etag: 'W/"1"' },
  ...Object.fromEntries(fixed.flatMap((time) => [
    [`${time} alone`, { 'last-modified': time }],
    [`an ETag beside ${time}`, { 'last-modified': time, etag: `"1-${file.length.toString(16)}"` }],
  ])),
};
for (const [what, headers] of Object.entries(sameHeaders)) {
  test(`by ${what} no model is put together of two`, async () => {
    assert.equal(file.length, other.length);
    answersInTurn(dropped(file.length - 9, { headers }), (request) => answerWith(other, request, { headers }));
    await assert.rejects(outputOf(server.url), insituError('Network', /broke off/));
    assert.equal(server.asked.length, 1);
  });
}

test('a strong ETag beside a time of its own goes on', async () => {
  const options = { headers: { etag: '"1"', 'last-modified': recent } };
  answersInTurn(dropped(10, options), (request) => answerWith(file, request, options));
  assert.deepEqual(await outputOf(server.url), expected);
});

const withHeaders = (request, more) => {
  const answered = rest(request);
  return { ...answered, headers: { ...answered.headers, ...more } };
};
const wrongAnswers = {
  'another file': [(request) => answerWith(other, request, { headers: { etag: '"2"' } }), /the file is another one by now/],
  'no ETag any more': [(request) => answerWith(other, request, { headers: {} }), /the file is another one by now/],
  'the whole file': [(request) => whole(request), /sent the whole file instead of the rest/],
  'another file as a whole': [(request) => answerWith(other, { ...request, headers: {} }, { headers: { etag: '"2"' } }), /another one by now/],
  'a part from elsewhere': [(request) => withHeaders(request, { 'content-range': `bytes 11-${file.length - 1}/${file.length}` }), /other bytes than were asked for/],
  'a part of a longer file': [(request) => withHeaders(request, { 'content-range': `bytes 10-${file.length - 1}/${file.length + 1}` }), /other bytes than were asked for/],
  'a part of what has no length': [(request) => withHeaders(request, { 'content-range': `bytes 10-${file.length - 1}/*` }), /other bytes than were asked for/],
  'a part without a place': [(request) => withHeaders(request, { 'content-range': 'none' }), /other bytes than were asked for/],
  'more than the rest': [(request) => {
    const body = Buffer.concat([rest(request).body, Buffer.from('more')]);
    return { ...withHeaders(request), body };
  }, /sent more than the rest/],
  'a compressed part': [(request) => {
    const body = gzipSync(rest(request).body);
    return { ...withHeaders(request, { 'content-encoding': 'gzip' }), body };
  }, /other bytes than were asked for/],
  'that there is no such part': [() => ({ status: 416 }), /answered 416/],
  'that there is no such file': [() => ({ status: 404 }), /answered 404/],
};
for (const [what, [wrong, message]] of Object.entries(wrongAnswers)) {
  test(`a server that answers with ${what} is not believed`, async () => {
    answersInTurn(dropped(10), wrong);
    await assert.rejects(outputOf(server.url), insituError('Network', message));
    assert.equal(server.asked.length, 2);
    answer = rest;
    assert.deepEqual(await outputOf(server.url), expected);
  });
}

test('where nothing has come yet, the whole file of the same version will do', async () => {
  answersInTurn(dropped(0), (request) => whole(request));
  assert.deepEqual(await outputOf(server.url), expected);
  answersInTurn(dropped(0), (request) => answerWith(other, { ...request, headers: {} }, { headers: { etag: '"2"' } }));
  await assert.rejects(outputOf(server.url), insituError('Network', /another one by now/));
});

test('what cannot be told apart from others, or was compressed, does not go on', async () => {
  const compressed = (request) => {
    const { headers } = whole(request);
    const body = gzipSync(file);
    return { headers: { ...headers, 'content-encoding': 'gzip' }, body, dropAt: body.length - 9 };
  };
  const answers = [dropped(10, { headers: {} }), dropped(10, { headers: { etag: 'W/"1"' } }), compressed];
  for (const one of answers) {
    answersInTurn(one, rest);
    await assert.rejects(outputOf(server.url), insituError('Network', /broke off/));
    assert.equal(server.asked.length, 1);
  }
});

test('a Request is asked again with its headers, and one that is no plain GET of a file is not', async () => {
  const asking = (init) => outputOf(new Request(server.url, init));
  answersInTurn(dropped(10), rest);
  assert.deepEqual(await asking({ headers: { 'x-key': 'a secret' } }), expected);
  assert.deepEqual(server.asked.map(({ headers }) => headers['x-key']), ['a secret', 'a secret']);
  const integrity = `sha256-${Buffer.alloc(32).toString('base64')}`;
  for (const init of [{ method: 'POST', body: 'the question' }, { integrity }]) {
    answersInTurn(dropped(10), rest);
    await assert.rejects(asking(init), insituError('Network'));
    assert.equal(server.asked.length, 1);
  }
  answersInTurn((request) => ({ ...rest(request), dropAt: 5 }), rest);
  await assert.rejects(asking({ headers: { range: 'bytes=10-' } }), insituError('Network', /broke off/));
  assert.equal(server.asked.length, 1);
});

test('external files go on as models do, and what was hashed is the whole', async () => {
  answersInTurn(rest, dropped(10), rest);
  const integrity = 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';
  const loading = outputOf(server.url, { externalData: { weights: server.url }, externalIntegrity: { weights: integrity } });
  await assert.rejects(loading, insituError('Integrity', /'weights'/));
  assert.deepEqual(ranges(), [undefined, undefined, 'bytes=10-']);
});

test('an abort ends it at once: between two tries, and while the rest comes', async () => {
  for (const answered of [() => ({ status: 503 }), (request) => ({ ...rest(request), stallAt: 5 })]) {
    const stop = new AbortController();
    answersInTurn(dropped(10), (request) => {
      setTimer(() => stop.abort(), 20);
      return answered(request);
    });
    await assert.rejects(outputOf(server.url, { signal: stop.signal }), insituError('Cancelled'));
    const { length } = server.asked;
    await new Promise((done) => { setTimer(done, 100); });
    assert.equal(server.asked.length, length, 'nobody is asked any more');
  }
});

/* With a signal for the load as well, which a fetch takes instead of the Request's own; and in browsers that know no AbortSignal.any(). */
for (const any of [AbortSignal.any, undefined]) {
  for (const besides of [{}, { signal: new AbortController().signal }]) {
    test(`the signal of a Request ends it, too${besides.signal ? ', beside another one' : ''}${any ? '' : ', without AbortSignal.any()'}`, { timeout: 20_000 }, async () => {
      const known = AbortSignal.any;
      AbortSignal.any = any;
      try {
        // Before the answer, while it comes, and in the wait for the next try, which is never over here.
        for (const during of ['answer', 'rest', 'wait']) {
          const stop = new AbortController();
          answersInTurn(dropped(10), (request) => {
            if (during === 'answer') stop.abort();
            if (during === 'rest') setTimer(() => stop.abort(), 20);
            return during === 'rest' ? { ...rest(request), stallAt: 5 } : { status: 503 };
          });
          globalThis.setTimeout = (work, ms, ...given) => {
            if (ms !== 500) return setTimer(work, ms, ...given);
            assert.equal(during, 'wait', 'there is no wait for a next try');
            return setTimer(() => stop.abort(), 20);
          };
          await assert.rejects(outputOf(new Request(server.url, { signal: stop.signal }), besides), insituError('Cancelled'), during);
          assert.equal(server.asked.length, 2, during);
        }
        globalThis.setTimeout = setTimer;
        // Before there is an answer, and while the first one comes, of a server that knows ranges or none.
        for (const options of [undefined, { ranges: true }, { ranges: false }]) {
          const stop = new AbortController();
          answersInTurn((request) => {
            setTimer(() => stop.abort(), 20);
            return { ...whole(request, options), stallAt: options && 10 };
          });
          if (!options) stop.abort();
          await assert.rejects(outputOf(new Request(server.url, { signal: stop.signal }), besides), insituError('Cancelled'), JSON.stringify(options));
        }
      } finally {
        AbortSignal.any = known;
      }
    });
  }
}

test('a download that stands still is taken up again', { timeout: 30_000 }, async () => {
  hurry();
  answersInTurn((request) => ({ ...whole(request), stallAt: 10 }), (request) => ({ ...rest(request), stallAt: 20 }), rest);
  assert.deepEqual(await outputOf(server.url), expected);
  assert.deepEqual(ranges(), [undefined, 'bytes=10-', 'bytes=30-']);
});

test('an answer that ends without a word before its end goes on, and is an error where it cannot', async () => {
  const ask = globalThis.fetch;
  after(() => (globalThis.fetch = ask));
  answer = rest;
  for (const headers of [{ etag: '"1"' }, {}]) {
    globalThis.fetch = async () => {
      globalThis.fetch = ask;
      const pieces = new ReadableStream({
        start: (controller) => controller.enqueue(file.subarray(0, 50)),
        pull: (controller) => new Promise((done) => { setTimer(done, 50); }).then(() => controller.close()),
      });
      return new Response(pieces, { headers: { 'content-length': file.length, 'accept-ranges': 'bytes', ...headers } });
    };
    if (headers.etag) assert.deepEqual(await outputOf(server.url), expected);
    else await assert.rejects(outputOf(server.url), insituError('Network', /too short/));
  }
});
