// Whether anything in the project sends the headers that threads need.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { frameworkHeaders, hostHeaders, hosts } from '../../init/headers.js';
import { filesOf, textOf } from '../../project.js';
import type { Project } from '../../project.js';
import { advice, ok } from '../finding.js';
import type { Finding } from '../finding.js';

const isolation = /Cross-Origin-Embedder-Policy|Document-Isolation-Policy|coi-serviceworker/i;

export function checkHeaders(project: Project): Finding[] {
  if (project.framework === 'node') return [];
  const hosting = hosts.map((host) => hostHeaders(project, host)).flatMap((piece) => ('path' in piece ? [piece.path] : []));
  const places = new Set([
    ...frameworkHeaders(project).map(({ path }) => path), ...hosting, ...project.configs, 'netlify.toml', 'firebase.json', 'nginx.conf',
    ...filesOf(project, /\.html$|^(server|middleware|hooks\.server|setupProxy)\.[cm]?[jt]s$/),
  ]);
  const found = [...places].filter((file) => existsSync(join(project.folder, file)) && isolation.test(textOf(project, file)));
  if (found.length > 0) return [ok('isolation', `headers in ${found.join(', ')}`)];
  return [advice('isolation', 'nothing here sends the headers for cross-origin isolation',
    'without them models run on one thread (they may be set elsewhere: insitu doctor URL sees what is sent)',
    'npx insitu init writes them or shows where they go; --host names where the site is served')];
}
