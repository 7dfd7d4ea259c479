// What a served page loads of insitu: the page, its scripts as far as they name each other, and the engine's files and models that
// they name.
// Invariant: nothing is run; at most mostScripts files are read, and of large ones only the headers.
import { fail, toInsituError } from '../../../src/errors.js';
import { progress } from '../../command.js';
import { assetName } from '../../served-files.js';

export interface Answer {
  url: URL;
  status: number;
  headers: Headers;
  /** Of pages and scripts. */
  text: string;
}

export interface Site {
  page: Answer;
  /** worker.js and the .mjs and .wasm files. */
  workers: Answer[];
  glue: Answer[];
  wasm: Answer[];
  models: Answer[];
}

const mostScripts = 200;
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
  const seen = new Map<string, Promise<Answer>>();
  const get = (url: URL, text: boolean) => {
    url.hash = '';
    if (!seen.has(url.href)) {
      progress.show('asking', { done: seen.size });
      seen.set(url.href, ask(url, text, address.origin));
    }
    return seen.get(url.href)!;
  };
  const take = (answer: Answer) => {
    const list = listFor(site, answer.url);
    if (list && !list.some(({ url }) => url.href === answer.url.href)) list.push(answer);
  };
  const base = new URL(/<base\b[^>]*\bhref\s*=\s*["']([^"']+)/i.exec(page.text)?.[1] ?? '', page.url);
  const read = new Set([page]);
  const waiting = [{ text: page.text, bases: [base] }];
  while (waiting.length > 0) {
    const { text, bases } = waiting.shift()!;
    for (const name of namesIn(text)) {
      const candidates = bases.map((from) => parse(name, from)).filter((url) => url !== undefined);
      const answers: Answer[] = [];
      for (const url of candidates) {
        answers.push(await get(url, script.test(url.pathname)));
        if (isThere(answers.at(-1)!)) break;
      }
      const answer = answers.find(isThere) ?? answers[0];
      // "ai.onnx" ends like a model and is none: what is not there was no name of one.
      if (!answer || (!isThere(answer) && answer.url.pathname.endsWith('.onnx'))) continue;
      take(answer);
      if (!answer.text || !isThere(answer) || isGlue(answer.url) || read.has(answer) || read.size > mostScripts) continue;
      read.add(answer);
      waiting.push({ text: answer.text, bases: [answer.url, base] });
    }
  }
  const named = assets ? ['worker.js', 'insitu-simd-st.mjs', 'insitu-simd-st.wasm', 'insitu-relaxed-mt.mjs', 'insitu-relaxed-mt.wasm'] : [];
  for (const name of named) take(await get(new URL(name, assets), false));
  for (const url of models) site.models.push(await get(url, false));
  return site;
}

const isGlue = ({ pathname }: URL) => /\.mjs$/.test(pathname) && /\binsitu-(simd|relaxed)-/.test(pathname);

/* Bundlers put digests into names: insitu-simd-st-DxK3.wasm, worker-B8fe.js, 74ed9a60.wasm. */
function listFor(site: Site, url: URL): Answer[] | undefined {
  const name = url.pathname.split('/').at(-1)!;
  if (name.endsWith('.wasm')) return /insitu/.test(name) || assetName.test(name) || /^[\w-]+\.wasm$/.test(name) ? site.wasm : undefined;
  if (name.endsWith('.onnx')) return site.models;
  if (isGlue(url)) return site.glue;
  return /^worker\b[\w.-]*\.js$/.test(name) ? site.workers : undefined;
}

/* Also what development servers turn into scripts. */
const script = /\.(m?[jt]s|[jt]sx|svelte|vue|astro)$/;

/* The addresses in a page or a script that end like a script, a module or a model. */
function namesIn(text: string): Set<string> {
  const names = text.matchAll(/["'`]([^"'`\s<>\\]{1,300}?\.(?:m?[jt]s|[jt]sx|svelte|vue|astro|wasm|onnx)(?:\?[^"'`\s]*)?)["'`]/g);
  return new Set([...names].map(([, name]) => name!));
}

function parse(name: string, base: URL): URL | undefined {
  if (!URL.canParse(name, base) || name.includes('${')) return undefined;
  const url = new URL(name, base);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
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
