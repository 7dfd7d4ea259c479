// A served site: whether its pages are isolated, whether its policies let the engine run, and how its files are served.
import type { Flags } from '../command.js';
import { listOf, refuse } from '../command.js';
import { checkPolicies, metaPolicies, parsePolicies } from './csp.js';
import { ok, wrong } from './finding.js';
import type { Finding } from './finding.js';
import { crawl, isThere } from './site/crawl.js';
import type { Answer, Site } from './site/crawl.js';
import { checkFiles } from './site/files.js';
import { checkIsolation } from './site/isolation.js';

export async function checkSite(address: string, flags: Flags): Promise<Finding[]> {
  const page = addressOf(address);
  const site = await crawl(page, {
    assets: flags.assets === undefined ? undefined : addressOf(`${flags.assets}/`.replace(/\/+$/, '/'), page),
    models: listOf(flags.model).map((model) => addressOf(model, page)),
  });
  const { status, url } = site.page;
  if (status < 200 || status > 299) return [wrong('page', `${url} answered ${status}`, 'there is no page to look at', 'Check the address.')];
  if (!isPage(site.page)) {
    const type = site.page.headers.get('content-type') ?? 'something without a media type';
    return [wrong('page', `${url} is no page, but ${type}`, 'the doctor looks at a page and at what it loads', 'Pass the address of the page; --model URL names a model that it loads.')];
  }
  return [
    ok('page', url.href),
    ...(flags.threads === '1' ? [] : checkIsolation(site)),
    ...checkPolicy(site),
    ...checkFiles(site),
  ];
}

/* As browsers see it: by its type, and without one by how it begins. */
function isPage({ headers, text }: Answer): boolean {
  const type = headers.get('content-type');
  return type === null ? text.trimStart().startsWith('<') : /^(text\/html|application\/xhtml\+xml)\b/i.test(type);
}

function addressOf(text: string, base?: URL): URL {
  return URL.canParse(text, base) ? new URL(text, base) : refuse(`'${text}' is no address`);
}

/* Workers have the policies that are sent with their scripts, not those of the page. */
function checkPolicy({ page, workers, glue, wasm, models }: Site): Finding[] {
  const urls = (answers: Answer[], name: string) =>
    (answers.length > 0 ? answers.map(({ url }) => url) : [new URL(name, page.url)]);
  const fetched = [...urls(wasm, 'insitu.wasm'), ...models.map(({ url }) => url)];
  const own = { self: page.url, scripts: urls(glue, 'insitu.mjs'), fetched };
  const sent = ({ headers }: Answer) => parsePolicies(headers.get('content-security-policy') ?? '');
  const ofPage = [...sent(page), ...metaPolicies(page.text)];
  const findings = [
    ...checkPolicies(ofPage, 'the page', { ...own, workers: urls(workers, 'worker.js') }),
    ...workers.filter(isThere).flatMap((worker) => checkPolicies(sent(worker), worker.url.pathname, { ...own, workers: [] })),
  ];
  if (findings.length > 0) return findings;
  return [ok('CSP', ofPage.length > 0 ? 'the policy lets the engine run' : 'there is none')];
}
