// Copies that `insitu copy` made: whether they are whole, and those of the version that is installed.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assetName, integrityOf, servedFiles } from '../../served-files.js';
import { filesOf } from '../../project.js';
import type { Project } from '../../project.js';
import { ok, wrong } from '../finding.js';
import type { Finding } from '../finding.js';
import { installedFolder } from './installed.js';

export function checkCopies(project: Project): Finding[] {
  const copies = filesOf(project, assetName, { alsoBuilt: true });
  // A worker.js may be anybody's; one beside the engine is ours.
  const folders = [...new Set(copies.filter((file) => !file.endsWith('worker.js')).map((file) => dirname(file)))];
  const current = new Map(servedFiles({ folder: installedFolder(project) }).map(({ name, bytes }) => [name, integrityOf(bytes)]));
  return folders.map((folder) => {
    const names = copies.filter((file) => file.startsWith(folder === '.' ? '' : `${folder}/`)).map((file) => file.slice(folder === '.' ? 0 : folder.length + 1))
      .filter((name) => current.has(name) || dirname(name) === '.');
    const stale = names.filter((name) => integrityOf(readFileSync(join(project.folder, folder, name))) !== current.get(name));
    const again = `npx insitu copy ${folder}, best as a step of the build`;
    if (stale.length > 0) {
      return wrong('copies', `${folder} has ${stale.join(', ')} of another version than the one installed`,
        'index.js and the engine it loads must be of one version', again);
    }
    const missing = [...current.keys()].filter((name) => !names.includes(name));
    if (missing.length > 0) {
      return wrong('copies', `${folder} lacks ${missing.join(', ')}`, 'browsers choose a flavour by what they can do', again);
    }
    return ok('copies', `${folder} is as the version installed has it`);
  });
}
