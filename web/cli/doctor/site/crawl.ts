// What a served page loads of insitu: the page, its scripts as far as they name each other, and the engine's files and models that
// they name.
// Invariant: nothing is run; at most mostRequests files are asked for, and all but scripts only for their headers.
import { fail, toInsituError } from '../../../src/errors.js';
import { progress } from '../../command.js';

export interface Answer {
  url: URL;
  status: number;
  headers: Headers;
  /** Of pages and scripts. */
  text: string;
  /** Of what is not there: the script that names it. */
  namedIn?: URL;
}

export interface Site {
  page: Answer;
  /** worker.js and the .mjs and .wasm files. */
  workers: Answer[];
  glue: Answer[];
  wasm: Answer[];
  models: Answer[];
}

const mostRequests = 300;
const timeoutMs = 20_000;

/** Whether an answer is the file that was asked for; servers of single-page apps send the page for what is missing. */
export const isThere = ({ status, headers }: Answer) =>
  status >= 200 && status < 300 && !headers.get('content-type')?.startsWith('text/html');

const mostNamed = 3;

/** Their paths, in a list that stays short. */
export function namesOf(answers: readonly Answer[]): string {
  const names = [...new Set(answers.map(({ url }) => url.pathname))];
  const more = names.length - mostNamed;
  return names.slice(0, mostNamed).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** `assets` and `models`: what cannot be seen in the scripts, because it is put together when they run. */
export async function crawl(address: URL, { assets, models }: { assets?: URL; models: readonly URL[] }): Promise<Site> {
  const page = await ask(address, true);
  const site: Site = { page, workers: [], glue: [], wasm: [], models: [] };
  const seen = new Map<string, Answer>();
  const get = async (url: URL) => {
    url.hash = '';
    progress.show('asking', { done: seen.size });
    const answer = seen.get(url.href) ?? await ask(url, script.test(url.pathname), address.origin);
    seen.set(url.href, answer);
    return answer;
  };
  const take = (answer: Answer) => {
    const list = listFor(site, answer.url);
    if (list && !list.some(({ url }) => url.href === answer.url.href)) list.push(answer);
  };
  const base = new URL(/<base\b[^>]*\bhref\s*=\s*["']([^"']+)/i.exec(page.text)?.[1] ?? '', page.url);
  const read = new Set([page]);
  for (const from of read) {
    for (const name of namesIn(from.text)) {
      const answers: Answer[] = [];
      for (const url of placesOf(name, from === page ? [base] : [from.url, base])) {
        if (seen.size >= mostRequests && !seen.has(url.href)) break;
        answers.push(await get(url));
        if (isThere(answers.at(-1)!)) break;
      }
      const answer = answers.find(isThere) ?? answers[0];
      if (!answer) continue;
      if (!isThere(answer)) {
        // "ai.onnx" ends like a model and is none: what is not there was no name of one.
        if (!answer.url.pathname.endsWith('.onnx')) take({ ...answer, namedIn: from.url });
        continue;
      }
      take(answer);
      if (answer.text && !isGlue(answer.url)) read.add(answer);
    }
  }
  for (const name of assets ? assetsOfAll : []) take(await get(new URL(name, assets)));
  for (const url of models) site.models.push(await get(url));
  return site;
}

/* What every browser may ask for. */
const assetsOfAll = ['insitu/worker.js', 'insitu-simd-st.mjs', 'insitu-simd-st.wasm', 'insitu-relaxed-mt.mjs', 'insitu-relaxed-mt.wasm'];

const isGlue = ({ pathname }: URL) => /\.mjs$/.test(pathname) && /\binsitu-(quantizer|(simd|relaxed)-(st|mt))\b/.test(pathname);

/* Bundlers put digests into names: insitu-simd-st-DxK3.wasm, worker-B8fe.js, 74ed9a60.wasm. */
function listFor(site: Site, url: URL): Answer[] | undefined {
  const name = url.pathname.split('/').at(-1)!;
  if (name.endsWith('.wasm')) return /^insitu-|^[0-9a-f]{8,}\.wasm$/.test(name) ? site.wasm : undefined;
  if (name.endsWith('.onnx')) return site.models;
  if (isGlue(url)) return site.glue;
  return /^worker\b[\w.-]*\.js$/.test(name) ? site.workers : undefined;
}

/* Also what development servers turn into scripts. */
const script = /\.(m?[jt]s|[jt]sx|svelte|vue|astro)$/;

/* The addresses in a page or a script that end like a script, a module or a model; those that matter most first. */
function namesIn(text: string): string[] {
  const found = text.matchAll(/["'`]([^"'`\s<>\\]{1,300}?\.(?:m?[jt]s|[jt]sx|svelte|vue|astro|wasm|onnx)(?:\?[^"'`\s\\]*)?)\\?["'`]/g);
  const names = [...new Set([...found].map(([, name]) => name!))];
  const matters = (name: string) => (/insitu|worker|\.(wasm|onnx)\b/.test(name) ? 0 : 1);
  return names.sort((a, b) => matters(a) - matters(b));
}

/* Where a name may lead: bundlers also write names relative to a folder above the script. */
function* placesOf(name: string, bases: readonly URL[]): Generator<URL> {
  if (name.includes('${')) return;
  const above = /^(\.{0,2}\/|[a-z]+:)/.test(name) ? [] : ['../', '../../', '../../../'];
  for (const base of bases) {
    for (const step of ['', ...above]) {
      if (!URL.canParse(step + name, base)) continue;
      const url = new URL(step + name, base);
      if (url.protocol === 'http:' || url.protocol === 'https:') yield url;
    }
  }
}

async function ask(url: URL, wantsText: boolean, origin?: string): Promise<Answer> {
  const headers = { 'Accept-Encoding': 'br, gzip', ...(origin && origin !== url.origin && { Origin: origin }) };
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(timeoutMs) });
    const text = wantsText ? await response.text() : '';
    if (!wantsText) await response.body?.cancel();
    return { url: new URL(response.url), status: response.status, headers: response.headers, text };
  } catch (thrown) {
    const { message, cause } = thrown as Error;
    return fail('Network', `cannot reach ${url}: ${cause ? toInsituError(cause).message : message}`,
      'Check the address, and that the server runs.', thrown);
  }
}
