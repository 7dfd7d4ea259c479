// A JSON file from wherever it is. Invariant: what comes back is an object; every failure is an InsituError.
import { isNode, readFile } from '../environment.js';
import { fail, messageOf } from '../fail.js';

/** The object itself, its JSON text, or where it is: a URL, a Response, a Blob (so also a File); under Node also a path. */
export type JsonSource = object | string | URL | Response | Blob;

export type Json = { readonly [member: string]: unknown };

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `what`: the name of the file in messages. */
export async function readJson(source: JsonSource, what: string): Promise<Json> {
  const isText = typeof source === 'string' && /^\s*\{/.test(source);
  const given = isText ? source : await contentOf(source, what);
  let value: unknown = given;
  try {
    if (typeof given === 'string') value = JSON.parse(given);
  } catch (thrown) {
    fail('InvalidModel', `${what} is no JSON: ${messageOf(thrown)}`, 'Pass the file as it was published.', { cause: thrown });
  }
  return isObject(value) ? value : fail('InvalidModel', `${what} is no JSON object`, 'Pass the file as it was published.');
}

async function contentOf(source: JsonSource, what: string): Promise<unknown> {
  if (typeof source === 'string' || source instanceof URL) return textAt(source, what);
  if (source instanceof Response) return textOf(source, what);
  return source instanceof Blob ? source.text() : source;
}

async function textAt(location: string | URL, what: string): Promise<string> {
  const address = String(location);
  try {
    if (!isNode || /^(https?|data|blob):/i.test(address)) return await textOf(await fetch(location), what);
    // A path relative to the working directory, as fs itself reads it.
    return new TextDecoder().decode(await readFile(/^file:/i.test(address) ? new URL(address) : address));
  } catch (thrown) {
    if ((thrown as Error)?.name === 'InsituError') throw thrown;
    return fail('Network', `cannot read ${what} from ${address.slice(0, 200)}: ${messageOf(thrown)}`,
      'Check the address, the connection, and CORS and connect-src where it is another origin.', { cause: thrown });
  }
}

async function textOf(response: Response, what: string): Promise<string> {
  if (!response.ok) {
    fail('Network', `${response.url || 'the server'} answered ${response.status}`, `Check the address of ${what}.`);
  }
  if (response.bodyUsed) {
    fail('InvalidArgument', `the Response with ${what} has been read already`, 'Pass a fresh Response, or response.clone().');
  }
  return response.text();
}
