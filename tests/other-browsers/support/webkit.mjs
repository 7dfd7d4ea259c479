// WebKitGTK's MiniBrowser, driven by its WebDriver; on a display of its own where there is none.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';

import { ended, until } from './wait.mjs';

const kDriver = process.env.WEBKIT_DRIVER ?? '/usr/bin/WebKitWebDriver';
const kDisplay = '/usr/bin/xvfb-run';

export const webkit = { name: 'WebKitGTK', missing: missing(), start };

function missing() {
  if (!existsSync(kDriver)) return `there is no ${kDriver}: apt-get install webkit2gtk-driver xvfb, or set WEBKIT_DRIVER to its path`;
  return process.env.DISPLAY || existsSync(kDisplay) ? undefined : `there is no display and no ${kDisplay}: apt-get install xvfb xauth`;
}

async function start() {
  const port = await freePort();
  const driver = [kDriver, `--port=${port}`, '--host=127.0.0.1'];
  const [command, ...args] = process.env.DISPLAY ? driver : [kDisplay, '-a', ...driver];
  // A group of its own: xvfb-run does not hand on the signal that ends it.
  const program = spawn(command, args, {
    stdio: 'ignore', detached: true, env: { ...process.env, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1', NO_AT_BRIDGE: '1' },
  });
  const ask = async (method, path, body) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, body: body && JSON.stringify(body) });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`WebKitGTK: ${value.error}: ${value.message}`);
    return value;
  };
  await until('WebKitWebDriver to open its port', () => ask('GET', '/status').catch(() => undefined), program);
  const { sessionId, capabilities } = await ask('POST', '/session', { capabilities: { alwaysMatch: {
    'webkitgtk:browserOptions': { args: ['--automation', '--private=false'].slice(0, 1) } } } });
  const command_ = (path, body = {}) => ask('POST', `/session/${sessionId}/${path}`, body);
  await command_('timeouts', { script: 60_000, pageLoad: 30_000 });
  return {
    name: `WebKitGTK ${capabilities.browserVersion}`, capabilities,
    go: (url) => command_('url', { url }),
    back: () => command_('back'),
    execute: (script, args) => command_('execute/async', { script, args }),
    async close() {
      await ask('DELETE', `/session/${sessionId}`).catch(() => {});
      process.kill(-program.pid);
      await ended(program);
    },
  };
}

async function freePort() {
  const server = createServer();
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  const { port } = server.address();
  await new Promise((done) => { server.close(done); });
  return port;
}
