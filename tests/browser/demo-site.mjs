// What tests of the demo's playgrounds share: opening one, what axe says of it, the code it shows, files that are dropped on it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { transform } from 'esbuild';

import { start } from './support.mjs';

const kAxe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** A site under the strict policy, with `open(name, options)` for a page whose playground of that name is open. */
export async function startDemo(options = {}) {
  const site = await start({ csp: true, ...options });
  return {
    ...site,
    async open(name, contextOptions = {}) {
      const opened = await site.open(`demo/#${name}`, contextOptions);
      await opened.page.waitForSelector(`#${name}[data-open]`);
      return { ...opened, says: (id, pattern) => says(opened.page, id, pattern) };
    },
    visit: site.open,
  };
}

/** Waits until the element says something that matches, and gives it. */
export async function says(page, id, pattern) {
  await page.waitForFunction(([id, source]) => new RegExp(source).test(document.getElementById(id).textContent), [id, pattern.source]);
  return page.locator(`#${id}`).textContent();
}

/** What axe objects to, in words. */
export async function objections(page, scope) {
  await page.evaluate(await readFile(kAxe, 'utf8'));
  const { violations } = await page.evaluate((scope) => axe.run(scope), scope);
  return violations.flatMap(({ id, impact, nodes }) => nodes.map(({ target, failureSummary }) => `${impact} ${id}: ${target}: ${failureSummary}`));
}

/** Opens "Open in code" and gives the text, which must be that of the module. */
export async function shownCode(page, name) {
  await page.locator(`#${name}-code summary`).click();
  const shown = await page.locator(`#${name}-code pre`).textContent();
  assert.equal(shown, await readFile(new URL(`../../web/demo/code/${name}.ts`, import.meta.url), 'utf8'));
  return shown;
}

/** Makes the code that is shown a module of its own, /shown.js: a page can run it beside what the playground says. */
export async function serveShown(context, shown) {
  const { code } = await transform(shown, { loader: 'ts' });
  const body = code.replace(/from "insitu(?:\/([a-z]+))?"/g, (_, part) => `from "/${part ?? 'index'}.js"`);
  await context.route('**/shown.js', (route) => route.fulfill({ contentType: 'text/javascript', body }));
}

/** Drops files as from a desktop. `files`: { name, mimeType, buffer } each. */
export async function drop(page, selector, files) {
  await page.evaluate(([selector, files]) => {
    const dataTransfer = new DataTransfer();
    for (const { name, mimeType, bytes } of files) dataTransfer.items.add(new File([new Uint8Array(bytes)], name, { type: mimeType }));
    document.querySelector(selector).dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  }, [selector, files.map(({ name, mimeType = '', buffer }) => ({ name, mimeType, bytes: [...buffer] }))]);
}

/** From now on `asked` counts in the page how often it asked for a camera or a microphone, and `stream` is what it got last. */
export function watchMedia(page) {
  return page.evaluate(() => {
    const { mediaDevices } = navigator;
    const original = mediaDevices.getUserMedia.bind(mediaDevices);
    globalThis.asked = 0;
    mediaDevices.getUserMedia = async (what) => (asked++, globalThis.stream = await original(what));
  });
}
