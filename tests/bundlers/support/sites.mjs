// Servers of other programs' making: started on a free port, waited for, ended; and one that passes everything on to them and
// adds the headers that threads need.
import { spawn } from 'node:child_process';
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const kIsolation = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

const listen = (server) => new Promise((done, failed) =>
  server.once('error', failed).listen(0, 'localhost', () => done(server.address().port)));

async function freePort() {
  const server = createServer();
  const port = await listen(server);
  await new Promise((done) => server.close(done));
  return port;
}

/** Starts node with argumentsAt(port) in a folder; resolves to { url, close } once it answers, which has to be within a minute. */
export async function serverOf(folder, argumentsAt) {
  const port = await freePort();
  const child = spawn(process.execPath, argumentsAt(String(port)), { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { output += chunk; });
  const ended = new Promise((done) => child.once('close', done));
  const url = `http://localhost:${port}/`;
  const deadline = Date.now() + 60_000;
  while (!await fetch(url).then(() => true, () => false)) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill();
      throw new Error(`no server answers, its status is ${child.exitCode}:\n${output}`);
    }
    await pause(100);
  }
  return {
    url,
    close() {
      child.kill();
      return ended;
    },
  };
}

/** A server that isolates what another one serves, WebSockets of development servers included. */
export async function isolating(url) {
  const { hostname, port } = new URL(url);
  const server = createServer((incoming, outgoing) => {
    const { method, headers, url: path } = incoming;
    const onward = request({ hostname, port, path, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, { ...answer.headers, ...kIsolation });
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  const sockets = new Set();
  server.on('upgrade', ({ method, url: path, rawHeaders }, near, head) => {
    const far = connect(Number(port), hostname, () => {
      const lines = rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${rawHeaders[i + 1]}`] : []));
      far.write(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
      far.write(head);
      near.pipe(far).pipe(near);
    });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => near.destroy() && far.destroy());
    }
  });
  return {
    url: `http://localhost:${await listen(server)}/`,
    close() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
}
