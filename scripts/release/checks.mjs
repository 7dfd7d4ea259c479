// What has to be true of a checkout before it is released. Each check gives { name, ok, said }: what was found, and what to do.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { capture } from '../lib/platform.mjs';

/** All files that name the version agree. */
export function checkVersions({ manifest, lock, cmake }) {
  const found = {
    'package.json': manifest.version,
    'package-lock.json': lock.version,
    'CMakeLists.txt': /^project\(insitu VERSION (\S+)/m.exec(cmake)?.[1] ?? 'none',
  };
  const ok = new Set([...Object.values(found), lock.packages?.['']?.version ?? lock.version]).size === 1;
  const said = Object.entries(found).map(([file, version]) => `${file} ${version}`).join(', ');
  return { name: 'versions agree', ok, said: ok ? manifest.version : `${said}: write the same version into each` };
}

/** The changelog has a section of the version with a date; a dry run is content with "Unreleased". */
export function checkChangelog({ version, changelog, dryRun }) {
  const heads = [...changelog.matchAll(/^## (.+)$/gm)].map(([, head]) => head);
  const dated = heads.find((head) => head.replace(/[[\]]/g, '').startsWith(`${version} `) && /\d{4}-\d{2}-\d{2}/.test(head));
  const wanted = `a release needs a section "## ${version} - YYYY-MM-DD" in CHANGELOG.md`;
  const said = dated ?? (heads.includes('Unreleased') ? `only "Unreleased": ${wanted}` : wanted);
  return { name: 'the changelog has its section', ok: dated !== undefined || (dryRun && heads.includes('Unreleased')), said };
}

/** Nothing is changed that is not committed: what is built is HEAD. */
export function checkTree(status) {
  const changed = status.split('\n').filter(Boolean);
  const said = changed.length === 0 ? 'nothing but what is committed' : `commit or remove ${changed.map((line) => line.slice(3)).join(', ')}`;
  return { name: 'the tree is clean', ok: changed.length === 0, said };
}

/** `tags`: those of this clone. */
export function checkTag({ version, tags }) {
  const ok = !tags.split('\n').includes(`v${version}`);
  return { name: 'the tag is free', ok, said: ok ? `v${version}` : `v${version} is there: raise the version` };
}

/** All of them, of the checkout in `folder`. */
export function checkCheckout(folder, { dryRun }) {
  const read = (name) => readFileSync(join(folder, name), 'utf8');
  const git = (...args) => capture('git', args, { cwd: folder });
  const manifest = JSON.parse(read('package.json'));
  const { version } = manifest;
  return [
    checkTree(git('status', '--porcelain') ?? '?? (this is no git checkout)'),
    checkVersions({ manifest, lock: JSON.parse(read('package-lock.json')), cmake: read('CMakeLists.txt') }),
    checkChangelog({ version, changelog: read('CHANGELOG.md'), dryRun }),
    checkTag({ version, tags: git('tag', '--list') ?? '' }),
  ];
}
