// Whether insitu is among the project's dependencies and installed.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Project } from '../../project.js';
import { advice, ok, wrong } from '../finding.js';
import type { Finding } from '../finding.js';

/** dist/ of the insitu that is installed in the project; undefined where there is none. */
export function installedFolder({ folder }: Project): string | undefined {
  const dist = join(folder, 'node_modules', 'insitu', 'dist');
  return existsSync(dist) ? dist : undefined;
}

export function checkInstalled(project: Project): Finding[] {
  const asked = Object.hasOwn(project.dependencies, 'insitu');
  const dist = installedFolder(project);
  if (dist) {
    const { version } = JSON.parse(readFileSync(join(dist, '..', 'package.json'), 'utf8'));
    if (asked) return [ok('package', `insitu ${version} is installed`)];
    return [advice('package', `insitu ${version} is installed, but package.json does not ask for it`,
      'the next npm install takes it away', 'npm install insitu')];
  }
  if (asked) return [wrong('package', 'package.json asks for insitu, which is not installed', 'imports of it fail', 'npm install')];
  if (project.framework === 'static') return [];
  return [advice('package', 'insitu is not among the dependencies', 'imports of it fail, unless a workspace above has it',
    'npm install insitu')];
}
