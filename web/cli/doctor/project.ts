// A project on disk: the traps that its configuration and sources show.
import type { Flags } from '../command.js';
import { readProject } from '../project.js';
import type { Project } from '../project.js';
import { ok } from './finding.js';
import type { Finding } from './finding.js';
import { checkCopies } from './project/copies.js';
import { checkHeaders } from './project/headers.js';
import { checkInstalled } from './project/installed.js';
import { checkPlainBundler } from './project/plain-bundler.js';
import { checkPrecache } from './project/precache.js';
import { checkMetaPolicies } from './project/meta-policies.js';

const checks: ((project: Project) => Finding[])[] =
  [checkInstalled, checkPlainBundler, checkCopies, checkPrecache, checkMetaPolicies];

export function checkProject(folder: string, flags: Flags): Finding[] {
  const project = readProject(folder);
  const { framework, configs } = project;
  return [
    ok('project', `${framework}${configs.length > 0 ? ` (${configs.join(', ')})` : ''}`),
    ...checks.flatMap((check) => check(project)),
    ...(flags.threads === '1' ? [] : checkHeaders(project)),
  ];
}
