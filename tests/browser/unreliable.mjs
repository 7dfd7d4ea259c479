// Shared by the tests of what comes to a page in pieces, wrong or not at all: the site of bare.mjs behind a server that spoils it.
import { serve } from '../../scripts/serve.mjs';
import { serveUnreliable } from '../support/unreliable-server.mjs';
import { startBare } from './bare.mjs';
import { dist } from './support.mjs';

const folder = (name) => new URL(`${name}/`, import.meta.url).pathname;

/** Headers of a script that a page with threads may load. */
export const scriptHeaders = {
  'content-type': 'text/javascript', 'cache-control': 'no-cache',
  'cross-origin-embedder-policy': 'require-corp', 'cross-origin-resource-policy': 'same-origin',
};

/**
 * A site of which spoil(answerOf) changes answers until mend(). Pages collect what they reject and nobody handles: unhandled(page).
 */
export async function startUnreliable() {
  const behind = await serve({ root: dist, port: 0, mounts: new Map([['/bare/', folder('bare')], ['/blank/', folder('blank')]]) });
  let answerOf = () => undefined;
  const server = await serveUnreliable((request) => answerOf(request), behind.url);
  const site = await startBare({ url: server.url });
  return {
    ...site, asked: server.asked,
    spoil: (spoilt) => (answerOf = spoilt),
    mend: () => (answerOf = () => undefined),
    async open(...how) {
      const opened = await site.open(...how);
      await opened.page.evaluate(() => {
        globalThis.unhandled = [];
        addEventListener('unhandledrejection', ({ reason }) => unhandled.push(String(reason)));
      });
      return opened;
    },
    async close() {
      await site.close();
      await server.close();
      await behind.close();
    },
  };
}

/** What the page has rejected without a handler so far. */
export const unhandled = (page) => page.evaluate(() => globalThis.unhandled);
