// What this machine is and what it can install: Debian 12 and 13 with apt are supported. Elsewhere
// the set-up works when everything it needs is there already, and otherwise says what is missing.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { StepError } from './progress.mjs';

/** Standard output of a command, trimmed, or undefined if it could not run or failed. */
export function capture(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 << 20, ...options });
  if (result.error || result.status !== 0) return undefined;
  return result.stdout.trim();
}

export function onPath(program) {
  return capture('/bin/sh', ['-c', `command -v ${program}`]) || undefined;
}

export function describePlatform() {
  const major = Number.parseInt(process.versions.node, 10);
  if (major < 20) {
    throw new StepError(`Node ${process.versions.node} is too old: install Node 20 or newer.`);
  }
  const release = {};
  if (existsSync('/etc/os-release')) {
    for (const line of readFileSync('/etc/os-release', 'utf8').split('\n')) {
      const match = /^([A-Z_]+)="?([^"]*)"?$/.exec(line);
      if (match) release[match[1]] = match[2];
    }
  }
  const debian = process.platform === 'linux' && release.ID === 'debian' ? Number(release.VERSION_ID) : 0;
  const apt = process.platform === 'linux' && onPath('apt-get') !== undefined;
  return {
    name: process.platform === 'linux' ? (release.PRETTY_NAME ?? 'Linux') : process.platform,
    codename: release.VERSION_CODENAME ?? '',
    supported: apt && (debian === 12 || debian === 13),
    apt,
    isRoot: process.getuid?.() === 0,
  };
}

/** The message for a machine on which something is missing that we may not or cannot install. */
export function missingMessage(platform, packages) {
  const list = packages.join(' ');
  if (!platform.supported) {
    return [
      `${platform.name} is not supported by the automatic set-up (Debian 12 or 13 with apt is).`,
      `Missing, by the names of their Debian packages: ${list}`,
      'Either work in a Debian container, or install these programs by hand (clang, lld and llvm of version 19)',
      'and have emcc 3.1.69 or newer on PATH; then run this again.',
    ].join('\n');
  }
  return [
    `These Debian packages are missing and installing them needs root: ${list}`,
    `Run once:  sudo apt-get update && sudo apt-get install --no-install-recommends ${list}`,
    'then run this again as yourself; nothing else needs root.',
  ].join('\n');
}
