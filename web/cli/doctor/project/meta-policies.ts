// Content-Security-Policies in the meta tags of the project's pages.
import { filesOf, textOf } from '../../project.js';
import type { Project } from '../../project.js';
import { checkPolicies, metaPolicies } from '../csp.js';
import { ok } from '../finding.js';
import type { Finding } from '../finding.js';

/* Where the page will be is not known; its own origin is all that matters. */
const page = new URL('http://localhost/');
const own = (name: string) => [new URL(name, page)];

export function checkMetaPolicies(project: Project): Finding[] {
  return filesOf(project, /\.(html|astro|svelte|ejs)$/).flatMap((file) => {
    const policies = metaPolicies(textOf(project, file));
    if (policies.length === 0) return [];
    const needs = { self: page, scripts: own('insitu.mjs'), workers: own('worker.js'), fetched: own('insitu.wasm') };
    const findings = checkPolicies(policies, file, needs);
    return findings.length > 0 ? findings : [ok('CSP', `the policy of ${file} lets the engine run`)];
  });
}
