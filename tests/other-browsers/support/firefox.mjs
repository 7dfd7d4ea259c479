// Firefox without a window, driven over Marionette, the protocol that is built into it: a WebDriver without a program between.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ended, readOf, until } from './program.mjs';

const kProgram = process.env.FIREFOX ?? '/usr/bin/firefox-esr';

export const firefox = { name: 'Firefox', missing: missing(), start };

function missing() {
  return existsSync(kProgram) ? undefined : `there is no ${kProgram}: apt-get install firefox-esr, or set FIREFOX to its path`;
}

const kPreferences = {
  'marionette.port': 0,
  'app.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'toolkit.telemetry.enabled': false,
};

/** A browser with a profile of its own, which gets `preferences`. `told(key)` waits for data-KEY of the page. */
async function start({ preferences = {} } = {}) {
  const profile = mkdtempSync(join(tmpdir(), 'insitu-firefox-'));
  const lines = Object.entries({ ...kPreferences, ...preferences })
    .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`);
  writeFileSync(join(profile, 'user.js'), lines.join('\n'));
  const program = spawn(kProgram, ['--headless', '--no-remote', '--marionette', '--profile', profile], { stdio: 'ignore' });
  const portFile = join(profile, 'MarionetteActivePort');
  let line;
  const close = async () => {
    await line?.command('Marionette:Quit', { flags: ['eForceQuit'] }).catch(() => {});
    line?.end();
    await ended(program);
    rmSync(profile, { recursive: true, force: true });
  };
  try {
    line = await openLine(await until('opening its port', () => existsSync(portFile) && Number(readFileSync(portFile, 'utf8')), program));
    await line.command('WebDriver:NewSession', {});
  } catch (error) {
    await close();
    throw error;
  }
  const read = async (key) => (await line.command('WebDriver:ExecuteScript', { script: readOf(key), args: [] })).value;
  return {
    go: (url) => line.command('WebDriver:Navigate', { url }),
    back: () => line.command('WebDriver:Back', {}),
    told: (key) => until(`telling its ${key}`, () => read(key), program),
    close,
  };
}

/* Messages are LENGTH:JSON, a command [0, id, name, parameters] and its answer [1, id, error, result]. */
async function openLine(port) {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const waiting = new Map();
  let received = Buffer.alloc(0);
  let lastId = 0;
  socket.on('data', (bytes) => {
    received = Buffer.concat([received, bytes]);
    for (let colon; (colon = received.indexOf(':')) > 0;) {
      const end = colon + 1 + Number(received.subarray(0, colon));
      if (received.length < end) return;
      const message = JSON.parse(received.subarray(colon + 1, end));
      received = received.subarray(end);
      if (!Array.isArray(message)) continue;
      const [, id, error, result] = message;
      const { resolve, reject } = waiting.get(id);
      waiting.delete(id);
      if (error) reject(new Error(`Firefox: ${error.error}: ${error.message}`));
      else resolve(result);
    }
  });
  socket.on('close', () => waiting.forEach(({ reject }) => reject(new Error('Firefox has gone'))));
  return {
    command: (name, parameters) => new Promise((resolve, reject) => {
      waiting.set(++lastId, { resolve, reject });
      const text = JSON.stringify([0, lastId, name, parameters]);
      socket.write(`${Buffer.byteLength(text)}:${text}`);
    }),
    end: () => socket.destroy(),
  };
}
