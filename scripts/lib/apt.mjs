// Debian packages. `ensurePackages` installs what is missing on the system; `PrivateApt` reads
// another suite of the mirror that the machine's own apt is configured with, inside a folder of
// its own, so that packages and sources of that suite can be downloaded without changing the system.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { capture, missingMessage, onPath } from './platform.mjs';
import { run, step, StepError } from './progress.mjs';

const kKeyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
let listsAreFresh = false;

/** Program that shows a package to be there where dpkg knows nothing of it. */
const programOf = {
  'clang-19': 'clang++-19',
  'lld-19': 'ld.lld-19',
  'llvm-19': 'llvm-ar-19',
  'clang-format-19': 'clang-format-19',
  'clang-tidy-19': 'clang-tidy-19',
  'protobuf-compiler': 'protoc',
  'ninja-build': 'ninja',
  'xz-utils': 'xz',
  cmake: 'cmake',
  ccache: 'ccache',
  chromium: 'chromium',
  python3: 'python3',
};

export function missingPackages(platform, packages) {
  if (!platform.apt) {
    return packages.filter((name) => programOf[name] && onPath(programOf[name]) === undefined);
  }
  return packages.filter((name) => {
    const status = capture('dpkg-query', ['-W', '-f', '${Status}', name]);
    if (status === 'install ok installed') return false;
    return !programOf[name] || onPath(programOf[name]) === undefined;
  });
}

async function refreshLists(task) {
  if (listsAreFresh) return;
  await run(task, 'apt-get', ['update', '-q'], { env: { DEBIAN_FRONTEND: 'noninteractive' } });
  listsAreFresh = true;
}

/** Installs the packages that are missing; a second run finds nothing to do. */
export async function ensurePackages(platform, label, packages) {
  const missing = missingPackages(platform, packages);
  if (missing.length === 0) return;
  if (!platform.supported || !platform.isRoot) throw new StepError(missingMessage(platform, missing));
  await step(`install ${label} (${missing.length} Debian packages)`, async (task) => {
    await refreshLists(task);
    const options = ['-y', '-q', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=900'];
    await run(task, 'apt-get', ['install', ...options, ...missing], {
      env: { DEBIAN_FRONTEND: 'noninteractive' },
    });
  });
}

/** Downloads the .deb file of a package of the machine's own suite into a folder. */
export async function downloadPackage(task, platform, name, into) {
  if (!platform.apt) throw new StepError(missingMessage(platform, [name]));
  const known = /Candidate: \d/.test(capture('apt-cache', ['policy', name]) ?? '');
  if (!known && platform.isRoot) await refreshLists(task);
  await run(task, 'apt-get', ['download', '-q', '-o', 'APT::Sandbox::User=', name], { cwd: into });
}

export class PrivateApt {
  #folder;
  #suite;
  #platform;
  #ready = false;

  constructor(folder, suite, platform) {
    this.#folder = folder;
    this.#suite = suite;
    this.#platform = platform;
  }

  #options() {
    const at = (name) => join(this.#folder, name);
    const settings = {
      'Dir::Etc::sourcelist': at('suite.sources'),
      'Dir::Etc::sourceparts': '/dev/null',
      'Dir::State::Lists': at('lists'),
      'Dir::Cache': at('cache'),
      'APT::Sandbox::User': this.#platform.isRoot ? 'root' : '',
      'APT::Get::List-Cleanup': 'false',
      'Acquire::Languages': 'none',
      'Acquire::Retries': '3',
    };
    return Object.entries(settings).flatMap(([name, value]) => (value ? ['-o', `${name}=${value}`] : []));
  }

  #mirror() {
    const format = '$(ORIGIN)\t$(RELEASE)\t$(REPO_URI)';
    const targets = (capture('apt-get', ['indextargets', '--format', format, 'Identifier: Packages']) ?? '')
      .split('\n')
      .map((line) => line.split('\t'));
    const own = targets.find(([origin, release]) => origin === 'Debian' && release === this.#platform.codename);
    return own?.[2];
  }

  /** Downloads the suite's package and source indexes once. */
  async prepare(task) {
    if (this.#ready) return;
    if (!this.#platform.apt) {
      throw new StepError(
        `Sources are fetched with apt, which ${this.#platform.name} has not. Work in a Debian 12 or 13 container, ` +
          'or put the tarballs that scripts/third-party.json names into the folder "downloads" of the cache.',
      );
    }
    let mirror = this.#mirror();
    if (!mirror && this.#platform.isRoot) {
      await refreshLists(task);
      mirror = this.#mirror();
    }
    if (!mirror) {
      throw new StepError(
        `apt has no package lists of ${this.#platform.codename || 'this system'}: run "apt-get update" as root, then this again.`,
      );
    }
    for (const name of ['lists/partial', 'cache/archives/partial']) {
      mkdirSync(join(this.#folder, name), { recursive: true });
    }
    const lines = ['Types: deb deb-src', `URIs: ${mirror}`, `Suites: ${this.#suite}`, 'Components: main'];
    if (existsSync(kKeyring)) lines.push(`Signed-By: ${kKeyring}`);
    writeFileSync(join(this.#folder, 'suite.sources'), `${lines.join('\n')}\n`);
    await run(task, 'apt-get', [...this.#options(), 'update', '-q']);
    this.#ready = true;
  }

  /** Downloads the .deb files of packages into a folder. */
  async downloadPackages(task, packages, into) {
    await this.prepare(task);
    await run(task, 'apt-get', [...this.#options(), 'download', '-q', ...packages], { cwd: into });
  }

  /**
   * Downloads a source package into a folder. The status is not judged: mirrors answer 404 for the
   * packaging files of superseded revisions though the original tarball is there and is checked.
   */
  async downloadSource(task, name, into) {
    await this.prepare(task);
    await run(task, 'apt-get', [...this.#options(), 'source', '-q', '--download-only', name], {
      cwd: into,
      okCodes: 'any',
    });
  }
}
