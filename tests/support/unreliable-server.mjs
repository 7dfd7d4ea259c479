// A server in front of another one (or of none), whose answers tests spoil: dropped after any byte, stalled, of the wrong kind.
import { createServer, request as ask } from 'node:http';

/**
 * Serves what `answerOf(request)` gives: undefined for what the server at `behind` says, or { status, headers, body, dropAt, stallAt },
 * of which the connection is dropped after `dropAt` bytes of the body (and `dropAfterMs`, so that they are read before), or nothing
 * more comes after `stallAt` of them.
 * `asked` has the requests: { path, method, headers }.
 */
export async function serveUnreliable(answerOf, behind) {
  const asked = [];
  const server = createServer((request, response) => {
    const { url: path, method, headers } = request;
    asked.push({ path, method, headers });
    const answer = answerOf({ path, method, headers });
    if (!answer && behind) return passOn(new URL(path, behind), request, response);
    const { status = 200, headers: given = {}, body = Buffer.alloc(0), dropAt, dropAfterMs = 0, stallAt } = answer ?? { status: 404 };
    response.writeHead(status, { 'content-length': body.length, ...given });
    const end = dropAt ?? stallAt;
    if (end === undefined) return response.end(body);
    response.flushHeaders();
    const drop = () => dropAt !== undefined && setTimeout(() => response.socket?.end(), dropAfterMs);
    if (end > 0) response.write(body.subarray(0, end), drop);
    else drop();
  });
  await new Promise((done) => { server.listen(0, 'localhost', done); });
  return {
    url: `http://localhost:${server.address().port}/`,
    asked,
    close: () => new Promise((done) => {
      server.close(done);
      server.closeAllConnections();
    }),
  };
}

function passOn(url, { method, headers }, response) {
  const passed = ask(url, { method, headers: { ...headers, host: url.host } }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  passed.on('error', () => response.destroy());
  passed.end();
}

/** What a server that knows ranges says of `file`; of others `ranges` is false. */
export function answerWith(file, { headers: asked }, { ranges = true, headers = { etag: '"1"' } } = {}) {
  const from = ranges ? /^bytes=(\d+)-$/.exec(asked.range ?? '')?.[1] : undefined;
  const told = { ...ranges && { 'accept-ranges': 'bytes' }, ...headers };
  if (from === undefined) return { headers: told, body: file };
  if (Number(from) >= file.length) return { status: 416, headers: { 'content-range': `bytes */${file.length}` } };
  const place = `bytes ${from}-${file.length - 1}/${file.length}`;
  return { status: 206, headers: { ...told, 'content-range': place }, body: file.subarray(Number(from)) };
}
