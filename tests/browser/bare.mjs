// Shared by the tests of what browsers do to a page: sites with the page of bare/, and what the model gives in Node.
import { readFileSync } from 'node:fs';

import { Engine, tensor } from '../../dist/index.js';
import { dist, start } from './support.mjs';

const kFolder = new URL('bare/', import.meta.url).pathname;

/** Whether dist/ has a flavour with threads. */
export const hasThreads = JSON.parse(readFileSync(`${dist}flavours.json`, 'utf8')).some((flavour) => flavour.endsWith('-mt'));

/** What digit() of the page has to give. */
export async function expectedDigit() {
  const engine = await Engine.create();
  const session = await engine.load(`${dist}demo/models/handwriting.int8.onnx`);
  const image = tensor(Float32Array.from({ length: 784 }, (_, i) => (i % 100) / 100), [1, 1, 28, 28]);
  const outputs = await session.run({ image });
  await engine.dispose();
  return Array.from(Object.values(outputs)[0].data);
}

/** A site whose open() gives the page, ready. */
export async function startBare(options = {}) {
  const site = await start({ ...options, mounts: new Map([['/bare/', kFolder], ...(options.mounts ?? [])]) });
  return {
    ...site,
    async open(path = 'bare/', contextOptions) {
      const opened = await site.open(path, contextOptions);
      await opened.page.waitForSelector('html[data-ready]', { state: 'attached' });
      return opened;
    },
  };
}
