// Content-Security-Policy: its directives, and which of them stop the engine.
// Invariant: several policies hold at once, so each must allow what is needed. Reference: https://www.w3.org/TR/CSP3/
import { wrong } from './finding.js';
import type { Finding } from './finding.js';

export type Policy = Map<string, string[]>;

/** The policies of a header's value, which commas separate, or of a meta tag's content. */
export function parsePolicies(value: string): Policy[] {
  return value.split(',').map((text) => {
    const policy: Policy = new Map();
    for (const directive of text.split(';')) {
      const [name = '', ...sources] = directive.trim().split(/\s+/);
      if (name && !policy.has(name.toLowerCase())) policy.set(name.toLowerCase(), sources);
    }
    return policy;
  }).filter((policy) => policy.size > 0);
}

/** The policies in the meta tags of a page. */
export function metaPolicies(html: string): Policy[] {
  const attribute = (tag: string, name: string) => new RegExp(`\\b${name}\\s*=\\s*("([^"]*)"|'([^']*)')`, 'i').exec(tag);
  return [...html.replace(/<!--[^]*?-->/g, '').matchAll(/<meta\b(?:"[^"]*"|'[^']*'|[^>"'])*>/gi)].flatMap(([tag]) => {
    if (attribute(tag, 'http-equiv')?.slice(2).join('').toLowerCase() !== 'content-security-policy') return [];
    const content = attribute(tag, 'content');
    return parsePolicies((content?.[2] ?? content?.[3] ?? '').replace(/&(#39|#x27|apos);/gi, "'"));
  });
}

export interface Needs {
  /** The address that 'self' means. */
  self: URL;
  /** What is imported as a script, started as a worker, and fetched. */
  scripts: readonly URL[];
  workers: readonly URL[];
  fetched: readonly URL[];
}

/** What in `policies`, which `where` has sent, stops the engine. */
export function checkPolicies(policies: readonly Policy[], where: string, needs: Needs): Finding[] {
  return policies.flatMap((policy) => [...checkPolicy(policy, where, needs)]);
}

function* checkPolicy(policy: Policy, where: string, { self, scripts, workers, fetched }: Needs): Generator<Finding> {
  const first = (...names: string[]) => names.find((name) => policy.has(name));
  const refuses = (names: string[], urls: readonly URL[]) => {
    const name = first(...names);
    if (name === undefined) return undefined;
    const url = urls.find((candidate) => !allows(policy.get(name)!, candidate, self));
    const source = url?.origin === self.origin ? "'self'" : url?.origin;
    return url && { name, url, source, given: policy.get(name)!.join(' ') || 'nothing' };
  };
  const script = first('script-src', 'default-src');
  const lower = (policy.get(script ?? '') ?? []).map((source) => source.toLowerCase());
  if (script && !lower.includes("'wasm-unsafe-eval'") && !lower.includes("'unsafe-eval'")) {
    yield wrong('CSP', `${script} of ${where} forbids WebAssembly`, 'the engine cannot be compiled',
      `Add 'wasm-unsafe-eval' to ${script === 'default-src' ? "script-src (it is default-src 'self' that holds now)" : script}.`);
  }
  // What 'strict-dynamic' trusts may import what it likes, and lists of hosts do not count beside it.
  const refusals = [
    [lower.includes("'strict-dynamic'") ? undefined : refuses(['script-src-elem', 'script-src', 'default-src'], scripts),
      'the engine is imported from there', 'script-src'],
    [refuses(['worker-src', 'child-src', 'script-src', 'default-src'], workers), 'models run in a worker', 'worker-src'],
    [refuses(['connect-src', 'default-src'], fetched), 'the engine and models are fetched from there', 'connect-src'],
  ] as const;
  for (const [refused, why, directive] of refusals) {
    if (!refused) continue;
    const { name, url, source, given } = refused;
    yield wrong('CSP', `${name} of ${where} (${given}) forbids ${url.href}`, why, `Add ${source} to ${directive}.`);
  }
  if (policy.get('require-trusted-types-for')?.includes("'script'")) {
    yield wrong('CSP', `${where} requires trusted types`, 'browsers then refuse to start workers from plain addresses',
      "Make a default policy whose createScriptURL lets insitu's worker.js pass, or take out require-trusted-types-for.");
  }
  const sandbox = policy.get('sandbox');
  if (sandbox && !(sandbox.includes('allow-scripts') && sandbox.includes('allow-same-origin'))) {
    yield wrong('CSP', `${where} sandboxes the page`, 'a sandboxed page has no origin, so it cannot start workers or keep models',
      'Add allow-scripts and allow-same-origin to sandbox, or take it out.');
  }
}

/** Whether a list of sources allows an address; paths in the list are not looked at. */
function allows(sources: readonly string[], url: URL, self: URL): boolean {
  return sources.some((source) => {
    const text = source.toLowerCase();
    if (text === "'self'") return url.origin === self.origin;
    if (text === '*') return url.protocol === 'http:' || url.protocol === 'https:';
    if (/^[a-z][a-z0-9+.-]*:$/.test(text)) return url.protocol === text;
    const match = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(\*\.)?([a-z0-9.-]+|\*)(?::(\d+|\*))?(?:\/.*)?$/.exec(text);
    if (!match) return false;
    const [, scheme, wild, host, port] = match;
    const wantedScheme = scheme ? `${scheme}:` : self.protocol;
    const ports = { 'http:': '80', 'https:': '443' } as Record<string, string>;
    const portOf = (protocol: string) => url.port || ports[protocol];
    return (url.protocol === wantedScheme || (wantedScheme === 'http:' && url.protocol === 'https:')) &&
      (host === '*' || (wild ? url.hostname.endsWith(`.${host}`) : url.hostname === host)) &&
      (port === '*' || portOf(url.protocol) === (port ?? ports[url.protocol]));
  });
}
