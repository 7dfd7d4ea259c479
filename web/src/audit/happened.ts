// What an audit log says of models, loads and alarms.
// Invariant: names and counts, never a value of an input or output; of an address neither user, query nor fragment, which may hold secrets.
import { pageUrl } from '../environment.js';
import type { OpenModel } from '../model.js';
import type { LoadOptions } from '../types.js';

const longestName = 500;

type Named = Pick<OpenModel, 'name'> & Partial<Pick<OpenModel, 'description' | 'heldTo'>>;

/** A model by its address or file, and by its digest where that is known. */
export function namesOf({ name, description, heldTo }: Named): { name?: string; sha256?: string } {
  return { name: name === undefined ? undefined : shortened(name), sha256: description?.sha256 || digestIn(heldTo) };
}

function shortened(name: string): string {
  const url = addressIn(name);
  if (url && /^(data|blob):$/.test(url.protocol)) return url.protocol;
  const whole = url?.host || url?.protocol === 'file:' ? `${url.protocol}//${url.host}${url.pathname}` : withoutSecrets(name);
  return whole.slice(-longestName);
}

/* What is relative to the page stays as it was written, which may also be the name of a file. */
function addressIn(name: string): URL | undefined {
  const page = pageUrl();
  if (URL.canParse(name)) return new URL(name);
  const url = URL.canParse(name, page) ? new URL(name, page) : undefined;
  return url && (url.username || url.password || url.host !== new URL(page!).host) ? url : undefined;
}

/* Of what no browser takes for an address. */
function withoutSecrets(name: string): string {
  return name.replace(/[?#].*/s, '').replace(/^\s*([\w+.-]{2,}:[\\/]*|[\\/]{2,})[^\\/]*@/, '$1');
}

/** What is known of a load: which model, and what it was held to. */
export function loadDetails(model: Named, options: LoadOptions): Record<string, unknown> {
  const { integrity, encryption, trust, cache = 'none' } = options;
  return { model: namesOf(model), integrity: integrity !== undefined, signed: trust !== undefined, encrypted: encryption !== undefined, cache: String(cache) };
}

/* 'sha256-<base64>' in hexadecimal. */
function digestIn(integrity: unknown): string | undefined {
  const base64 = typeof integrity === 'string' ? /^sha256-([A-Za-z0-9+/]{43}=)$/.exec(integrity)?.[1] : undefined;
  return base64 && Array.from(atob(base64), (char) => char.charCodeAt(0).toString(16).padStart(2, '0')).join('');
}

/** Of each event of a monitor, what of its detail is written down. */
export const alarms: Record<string, (detail: Record<string, unknown>) => Record<string, unknown>> = {
  drift: ({ slice, cause, features = [] }) => ({ slice, cause, features: (features as { name: string }[]).map(({ name }) => name) }),
  recovered: ({ slice, cause }) => ({ slice, cause }),
  quality: ({ tensor, role, issue, times }) => ({ tensor, role, issue, times }),
  slow: ({ state }) => ({ state }),
  profile: ({ count, error }) => ({ count, failed: error !== undefined }),
};

/** The events that are recorded by insitu alone. */
export const ownEvents: ReadonlySet<string> = new Set([
  ...Object.keys(alarms), 'load', 'load failed', 'swap', 'refused', 'shadow', 'canary', 'promoted', 'withdrawn', 'export', 'crash', 'torn', 'lost', 'continued',
]);
