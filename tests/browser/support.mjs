// Shared by the browser tests: Debian's Chromium driven by playwright-core, and a server of dist/.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

import { serve } from '../../scripts/serve.mjs';

const kChromium = process.env.CHROMIUM ?? '/usr/bin/chromium';
const kFlags = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
                '--disable-component-update', '--disable-sync'];
export const dist = new URL('../../dist/', import.meta.url).pathname;

/**
 * A browser and a server for one test file: `open(path, options)` gives a page whose console errors,
 * page errors and requests to other origins are collected.
 * @param {{isolated?: boolean, csp?: boolean, flags?: string[]}} options of the server, and more flags of the browser
 */
export async function start({ flags = [], ...options } = {}) {
  if (!existsSync(kChromium)) throw new Error(`There is no Chromium at ${kChromium}: set CHROMIUM to its path.`);
  const server = await serve({ root: dist, port: 0, ...options });
  const browser = await chromium.launch({ executablePath: kChromium, args: [...kFlags, ...flags] });
  return {
    url: server.url,
    async open(path, contextOptions = {}) {
      const context = await browser.newContext(contextOptions);
      const page = await context.newPage();
      const problems = [];
      const foreign = [];
      page.on('console', (message) => { if (message.type() === 'error') problems.push(message.text()); });
      page.on('pageerror', (error) => problems.push(String(error)));
      context.on('request', (request) => {
        if (!request.url().startsWith(server.url) && !request.url().startsWith('data:')) foreign.push(request.url());
      });
      await page.goto(new URL(path, server.url).href);
      return { page, context, problems, foreign, close: () => context.close() };
    },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}
