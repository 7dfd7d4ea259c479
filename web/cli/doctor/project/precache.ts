// Service workers that Workbox writes: what they keep for offline use leaves .wasm and .mjs files out unless told.
// Reference: https://developer.chrome.com/docs/workbox/modules/workbox-build (globPatterns, maximumFileSizeToCacheInBytes)
import { filesOf, textOf } from '../../project.js';
import type { Project } from '../../project.js';
import { ok, wrong } from '../finding.js';
import type { Finding } from '../finding.js';

const writers = /^(vite-plugin-pwa|@vite-pwa\/.*|workbox-(build|cli|webpack-plugin)|next-pwa|@ducanh2912\/next-pwa)$/;
/* The defaults of globPatterns and of webpack's include are scripts, styles and pages of 2 MiB at most. */
const lists = /globPatterns|globDirectory|maximumFileSizeToCacheInBytes|additionalManifestEntries|runtimeCaching/;

export function checkPrecache(project: Project): Finding[] {
  const writer = Object.keys(project.dependencies).find((name) => writers.test(name));
  if (!writer) return [];
  const files = [...new Set([...project.configs, ...filesOf(project, /^(workbox-config|sw|service-worker)\.[cm]?[jt]s$/)])];
  const text = files.map((file) => textOf(project, file)).join('\n');
  const wasm = /wasm/.test(text);
  const room = /maximumFileSizeToCacheInBytes/.test(text) || /runtimeCaching/.test(text);
  if (wasm && room) return [ok('service worker', `${writer} keeps .wasm files`)];
  const where = files.find((file) => lists.test(textOf(project, file))) ?? project.configs[0] ?? 'its configuration';
  return [wrong('service worker', wasm ? `${writer} leaves out files of more than 2 MiB` : `${writer} is not told to keep .wasm files`,
    'offline, the page is there and the engine is not',
    `In ${where}: globPatterns: ['**/*.{js,mjs,css,html,wasm}'], maximumFileSizeToCacheInBytes: 4 * 1024 * 1024`)];
}
