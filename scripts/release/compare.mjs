// Whether two packages are the same, which of their files are not, and which files name places of the machine they were built on.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from '../lib/progress.mjs';

/** Unpacks a tarball of npm; gives the folder with its files. */
export async function unpack(task, tarball, into) {
  mkdirSync(into, { recursive: true });
  await run(task, 'tar', ['-xzf', tarball, '-C', into]);
  return join(into, 'package');
}

function filesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => relative(folder, join(file.parentPath ?? file.path, file.name)))
    .sort();
}

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** One line for each file that is only in one of two folders, or has other bytes or another mode there. */
export function differences(first, second) {
  const there = { first: new Set(filesOf(first)), second: new Set(filesOf(second)) };
  return [...new Set([...there.first, ...there.second])].sort().flatMap((name) => {
    if (!there.second.has(name)) return [`${name} is only in the first`];
    if (!there.first.has(name)) return [`${name} is only in the second`];
    const [a, b] = [first, second].map((folder) => readFileSync(join(folder, name)));
    if (sha256(a) !== sha256(b)) {
      const at = a.findIndex((byte, i) => byte !== b[i]);
      return [`${name} differs from byte ${at < 0 ? a.length : at} on (${a.length} and ${b.length} bytes)`];
    }
    const [modeA, modeB] = [first, second].map((folder) => statSync(join(folder, name)).mode & 0o777);
    return modeA === modeB ? [] : [`${name} has the modes ${modeA.toString(8)} and ${modeB.toString(8)}`];
  });
}

/** One line for each file below `folder` that names one of these places. */
export function placesIn(folder, places) {
  return filesOf(folder).flatMap((name) => {
    const bytes = readFileSync(join(folder, name));
    return places.filter((place) => bytes.includes(place)).map((place) => `${name} names ${place}`);
  });
}
