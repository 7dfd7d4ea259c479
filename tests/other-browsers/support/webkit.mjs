// WebKitGTK's MiniBrowser, driven by its WebDriver; on a display of its own where there is none.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';

import { ended, readOf, until } from './program.mjs';

const kDriver = process.env.WEBKIT_DRIVER ?? '/usr/bin/WebKitWebDriver';
const kDisplay = '/usr/bin/xvfb-run';

export const webkit = { name: 'WebKitGTK', missing: missing(), start };

function missing() {
  if (!existsSync(kDriver)) return `there is no ${kDriver}: apt-get install webkit2gtk-driver xvfb, or set WEBKIT_DRIVER to its path`;
  return process.env.DISPLAY || existsSync(kDisplay) ? undefined : `there is no display and no ${kDisplay}: apt-get install xvfb xauth`;
}

/** A browser with `features` switched on and with these variables in its environment. `told(key)` waits for
 *  data-KEY of the page. */
async function start({ features = [], environment = {} } = {}) {
  const port = await freePort();
  const driver = [kDriver, `--port=${port}`, '--host=127.0.0.1'];
  const [command, ...args] = process.env.DISPLAY ? driver : [kDisplay, '-a', ...driver];
  // A group of its own: xvfb-run does not hand on the signal that ends it.
  const program = spawn(command, args, {
    stdio: 'ignore', detached: true,
    env: { ...process.env, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1', NO_AT_BRIDGE: '1', ...environment },
  });
  const ask = async (method, path, body) => {
    const response = await fetch(`http://127.0.0.1:${port}/${path}`, { method, body: body && JSON.stringify(body) });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`WebKitGTK: ${value.error}: ${value.message}`);
    return value;
  };
  let session;
  const close = async () => {
    if (session) await ask('DELETE', session).catch(() => {});
    if (program.exitCode === null) process.kill(-program.pid);
    await ended(program);
  };
  try {
    await until('opening its port', () => ask('GET', 'status').catch(() => undefined), program);
    const browserOptions = { args: ['--automation', ...(features.length ? [`--features=${features.map((name) => `+${name}`)}`] : [])] };
    const { sessionId } = await ask('POST', 'session', {
      capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': browserOptions } },
    });
    session = `session/${sessionId}`;
  } catch (error) {
    await close();
    throw error;
  }
  return {
    go: (url) => ask('POST', `${session}/url`, { url }),
    back: () => ask('POST', `${session}/back`, {}),
    told: (key) => until(`telling its ${key}`, () => ask('POST', `${session}/execute/sync`, { script: readOf(key), args: [] }), program),
    close,
  };
}

async function freePort() {
  const server = createServer();
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  const { port } = server.address();
  await new Promise((done) => { server.close(done); });
  return port;
}
