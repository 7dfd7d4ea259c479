// Whether a served page is cross-origin isolated, which threads need.
// Reference: https://html.spec.whatwg.org/multipage/browsers.html#cross-origin-isolation,
// https://wicg.github.io/document-isolation-policy/
import { advice, ok, wrong } from '../finding.js';
import type { Finding } from '../finding.js';
import { isThere, namesOf } from './crawl.js';
import type { Answer, Site } from './crawl.js';

const threads = 'the page is not cross-origin isolated, so models run on one thread';
const embedders = ['require-corp', 'credentialless'];

/* The value of a header without its parameters. */
const valueOf = ({ headers }: Answer, name: string) => headers.get(name)?.split(';')[0]!.trim();

export const isIsolated = (page: Answer) =>
  valueOf(page, 'Cross-Origin-Opener-Policy') === 'same-origin' && embedders.includes(valueOf(page, 'Cross-Origin-Embedder-Policy') ?? '');

export function checkIsolation({ page, workers, glue }: Site): Finding[] {
  return [...secureContext(page), ...permission(page), ...ofPage(page), ...ofWorkers(page, [...workers, ...glue])];
}

function* secureContext({ url }: Answer): Generator<Finding> {
  if (url.protocol === 'https:' || /^(127\.[\d.]+|\[::1\]|(.*\.)?localhost)$/.test(url.hostname)) return;
  yield wrong('isolation', 'the page is served over http', 'only https and localhost are secure contexts: elsewhere there are no threads ' +
    "and no cache: 'opfs'", 'Serve it over https.');
}

function* permission({ headers }: Answer): Generator<Finding> {
  if (!/\bcross-origin-isolated\s*=\s*\(\s*\)/.test(headers.get('permissions-policy') ?? '')) return;
  yield wrong('isolation', 'Permissions-Policy switches cross-origin-isolated off', threads,
    'Take cross-origin-isolated=() out of Permissions-Policy.');
}

function* ofPage(page: Answer): Generator<Finding> {
  if (isIsolated(page)) {
    yield ok('isolation', 'the page is cross-origin isolated');
    return;
  }
  const document = valueOf(page, 'Document-Isolation-Policy');
  if (document === 'isolate-and-require-corp' || document === 'isolate-and-credentialless') {
    yield advice('isolation', `isolated by Document-Isolation-Policy: ${document}`,
      'only Chromium knows this header; other browsers run on one thread',
      'Send Cross-Origin-Opener-Policy and Cross-Origin-Embedder-Policy as well, if the page can do with them.');
    return;
  }
  for (const [name, wanted, accepted] of [
    ['Cross-Origin-Opener-Policy', 'same-origin', ['same-origin']],
    ['Cross-Origin-Embedder-Policy', 'require-corp', embedders],
  ] as const) {
    const value = valueOf(page, name);
    if (accepted.some((candidate) => candidate === value)) continue;
    const reportOnly = page.headers.has(`${name}-Report-Only`) ? ' (only for reports)' : '';
    yield wrong('isolation', value === undefined ? `there is no ${name}${reportOnly}` : `${name} is ${value}`, threads,
      `Send ${name}: ${wanted}`);
  }
}

/* A worker of an isolated page must send the policy itself, or browsers do not start it. */
function* ofWorkers(page: Answer, scripts: readonly Answer[]): Generator<Finding> {
  if (!isIsolated(page)) return;
  const without = scripts.filter((script) => isThere(script) && !embedders.includes(valueOf(script, 'Cross-Origin-Embedder-Policy') ?? ''));
  if (without.length === 0) return;
  yield wrong('isolation', `${namesOf(without)} without Cross-Origin-Embedder-Policy`,
    'browsers do not start a worker without it from an isolated page', 'Send the headers with every file, not only with pages.');
}
