// How a site serves the engine's files and models: whether they are there, their media types, origins, compression and caching.
import { advice, ok, wrong } from '../finding.js';
import type { Finding } from '../finding.js';
import { isThere, namesOf } from './crawl.js';
import type { Answer, Site } from './crawl.js';

const javaScript = /^(text|application)\/(x-)?(java|ecma)script\b/;

const header = ({ headers }: Answer, name: string) => headers.get(name) ?? '';

/* What a file is, whatever a bundler has added to its name. */
const kindOf = ({ url: { pathname } }: Answer) =>
  /insitu-(quantizer|(simd|relaxed)-(st|mt))/.exec(pathname)?.[0].concat(pathname.slice(pathname.lastIndexOf('.'))) ??
  (/\/worker[^/]*\.js$/.test(pathname) ? 'worker' : pathname);

/* Whether a bundler has put a digest into the name of a script. It may then be a mere copy, which nothing runs. */
const isRenamed = (script?: URL) => /[.-](?=[\w~-]*[\dA-Z])[\w~-]{6,}\.m?js$/.test(script?.pathname ?? '');

/* One finding for all the answers that a test picks out. */
function* where(
  answers: readonly Answer[],
  picks: (answer: Answer) => boolean,
  say: (names: string, first: Answer) => Finding,
): Generator<Finding> {
  const picked = answers.filter(picks);
  if (picked.length > 0) yield say(namesOf(picked), picked[0]!);
}

export function checkFiles({ page, workers, glue, wasm, models }: Site): Finding[] {
  const isNamed = wasm.length > 0 || glue.length > 0, engine = isNamed ? [...workers, ...glue, ...wasm] : [];
  const here = [...engine, ...models].filter(isThere);
  // Scripts name some files twice: by the address that a bundler gave them, and for the option `assets`.
  const found = new Set(here.map(kindOf));
  const missing = engine.filter((answer) => !isThere(answer) && !found.has(kindOf(answer)));
  const hereOf = (answers: Answer[]) => answers.filter(isThere);
  const noModels = models.filter((answer) => !isThere(answer)), hasAnswered = ({ status }: Answer) => status >= 200 && status < 300;
  const findings = [
    ...(isNamed ? [] : [advice('files', "no files of insitu are named in the page's scripts",
      'they may be loaded from an address that is put together at run time',
      'Say where they are: --assets URL for the folder of the .wasm files, --model URL for a model.')]),
    ...where(noModels, (answer) => !hasAnswered(answer), (names, { status }) =>
      wrong('models', `not there (${status}): ${names}`, 'the model cannot be loaded from there', 'Check the address, and that the model is deployed.')),
    ...where(noModels, hasAnswered, (names) =>
      wrong('models', `a web page, and no model: ${names}`, 'an app\'s server may send its page for every file that is missing', 'Check the address, and that the model is deployed.')),
    ...where(missing, ({ namedIn }) => !isRenamed(namedIn), (names, { status }) =>
      wrong('files', `not there (${status}): ${names}`, 'the engine cannot be loaded from there',
        'npx insitu copy DIR puts the files where a site can serve them; the option assets names the address.')),
    ...where(missing, ({ namedIn }) => isRenamed(namedIn), (names, { namedIn }) =>
      advice('files', `not there: ${names}, which ${namedIn!.pathname} names`, 'where a bundler has made another copy of that script, it is ' +
        'of no matter; else the engine cannot be loaded', 'See in the browser whether the engine starts; if not, npx insitu copy DIR and the option assets.')),
    ...where(hereOf(wasm), (answer) => !/^application\/wasm\b/.test(header(answer, 'content-type')), (names, first) =>
      wrong('media type', `${header(first, 'content-type') || 'no type'} for ${names}`,
        'WebAssembly is compiled while it arrives only with its own type', 'Serve .wasm as application/wasm.')),
    ...where([...hereOf(glue), ...hereOf(workers)], (answer) => !javaScript.test(header(answer, 'content-type')), (names, first) =>
      wrong('media type', `${header(first, 'content-type') || 'no type'} for ${names}`, 'browsers refuse modules of another type',
        'Serve .mjs and .js as text/javascript.')),
    ...checkOrigins(page, here, workers),
    ...where(here, (answer) => /\bno-store\b/.test(header(answer, 'cache-control')), (names) =>
      wrong('caching', `no-store for ${names}`, 'every visit downloads them again', 'Send Cache-Control: no-cache with an ETag, or max-age.')),
    ...where(here, (answer) => !/\bno-store\b/.test(header(answer, 'cache-control')) && !answer.headers.has('etag') &&
      !answer.headers.has('last-modified') && !/\bmax-age=[1-9]/.test(header(answer, 'cache-control')), (names) =>
      wrong('caching', `no ETag, Last-Modified or max-age for ${names}`,
        "every visit downloads them again, and cache: 'opfs' cannot tell whether a model has changed", 'Send an ETag.')),
    ...where(hereOf(wasm), ({ headers }) => !headers.has('content-encoding'), (names) =>
      advice('compression', `none for ${names}`, 'brotli makes them a quarter of their size, gzip a third', 'Compress .wasm, .mjs and .js.')),
  ];
  const said = new Set(findings.map(({ check }) => check));
  return [...findings, ...(here.length > 0 ? ['files', 'media type', 'caching', 'compression'] : []).filter((check) => !said.has(check))
    .map((check) => ok(check, here.length === 1 ? 'the one file is as it should be' : `the ${here.length} files are as they should be`))];
}

function* checkOrigins(page: Answer, here: readonly Answer[], workers: readonly Answer[]): Generator<Finding> {
  const foreign = here.filter(({ url }) => url.origin !== page.url.origin);
  yield* where(foreign.filter((answer) => workers.includes(answer)), () => true, (names) =>
    wrong('origin', `${names} comes from another origin`, 'browsers start workers only from the origin of the page',
      'Serve worker.js with the page.'));
  const readable = (answer: Answer) => ['*', page.url.origin].includes(header(answer, 'access-control-allow-origin'));
  yield* where(foreign, (answer) => !readable(answer), (names) =>
    wrong('origin', `${names} from another origin without CORS`, 'the page may not read what it fetches from there',
      `Send Access-Control-Allow-Origin: ${page.url.origin} and Cross-Origin-Resource-Policy: cross-origin.`));
  const corp = (answer: Answer) => header(answer, 'cross-origin-resource-policy');
  yield* where(foreign, (answer) => readable(answer) && /same-(origin|site)/.test(corp(answer)), (names, first) =>
    advice('origin', `Cross-Origin-Resource-Policy: ${corp(first)} for ${names}`,
      'an isolated page can fetch them with CORS only', 'Send Cross-Origin-Resource-Policy: cross-origin.'));
}
