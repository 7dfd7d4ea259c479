// Shared by the browser tests: Debian's Chromium driven by playwright-core, and a server of dist/.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

import { serve } from '../../scripts/serve.mjs';

const kChromium = process.env.CHROMIUM ?? '/usr/bin/chromium';
const kFlags = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
                '--disable-component-update', '--disable-sync'];
export const dist = new URL('../../dist/', import.meta.url).pathname;

/**
 * A browser and a server for one test file: `open(path, options)` gives a page whose console errors,
 * page errors and requests to other origins are collected. `blank/` is a page that loads nothing.
 * @param {{isolated?: boolean, csp?: boolean, flags?: string[], without?: string[], profile?: boolean, url?: string}} options of the
 *     server, more flags of the browser, those of playwright's own to leave out, whether all pages share one profile on disk, as a
 *     user's do, instead of a private window each, and the address of a site that is served already
 */
export async function start({ flags = [], without = [], profile = false, url, mounts = new Map(), ...options } = {}) {
  if (!existsSync(kChromium)) throw new Error(`There is no Chromium at ${kChromium}: set CHROMIUM to its path.`);
  mounts.set('/blank/', new URL('blank/', import.meta.url).pathname);
  const server = url ? { url, close() {} } : await serve({ root: dist, port: 0, mounts, ...options });
  const settings = { executablePath: kChromium, args: [...kFlags, ...flags], ignoreDefaultArgs: without };
  const folder = profile ? mkdtempSync(join(tmpdir(), 'insitu-profile-')) : undefined;
  const browser = profile ? await chromium.launchPersistentContext(folder, settings) : await chromium.launch(settings);
  return {
    url: server.url,
    async open(path, contextOptions = {}) {
      const context = profile ? browser : await browser.newContext(contextOptions);
      const page = await context.newPage();
      const problems = [];
      const foreign = [];
      page.on('console', (message) => { if (message.type() === 'error') problems.push(message.text()); });
      page.on('pageerror', (error) => problems.push(String(error)));
      context.on('request', (request) => {
        const url = request.url().replace(/^blob:/, '');
        if (!url.startsWith(server.url) && !url.startsWith('data:')) foreign.push(request.url());
      });
      await page.goto(new URL(path, server.url).href);
      return { page, context, problems, foreign, close: () => context.close() };
    },
    async close() {
      await browser.close();
      await server.close();
      if (folder) rmSync(folder, { recursive: true, force: true });
    },
  };
}
