// insitu init: the first file with insitu in a project, and the headers that threads need.
// Invariant: no file that exists is ever changed; what it lacks is printed.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fail, toInsituError } from '../src/errors.js';
import { refuse } from './command.js';
import type { Command } from './command.js';
import { frameworkHeaders, hostHeaders, hostOf, hosts } from './init/headers.js';
import type { Piece } from './init/headers.js';
import { starterOf } from './init/starters.js';
import { frameworks, readProject } from './project.js';
import { nearest } from './text.js';

export const init: Command = {
  summary: 'writes a first file with insitu into a project, and the headers for threads',
  help: `usage: insitu init [DIR] [--host H] [--framework F] [--dry-run]

Looks at the project in DIR (default: here), writes a starter file that loads a model and runs it, and, where the framework or
host has a place for them, the headers that make pages cross-origin isolated, which threads need. No file that exists is changed:
what should be added to it is printed.

  --host H         ${hosts.join(', ')}: where the site will be served;
                   default: what the files in DIR tell, for a static site netlify
  --framework F    ${frameworks.join(', ')};
                   default: what package.json and the files in DIR tell
  --dry-run        prints what would be written, and writes nothing

example: npx insitu init --host vercel`,
  options: { host: { type: 'string' }, framework: { type: 'string' }, 'dry-run': { type: 'boolean' } },
  async run(flags, positionals) {
    if (positionals.length > 1) refuse('pass one DIR');
    const [folder = '.'] = positionals;
    const [framework, wanted] = [oneOf('--framework', flags.framework, frameworks), oneOf('--host', flags.host, hosts)];
    const project = readProject(folder, framework);
    const host = wanted ?? hostOf((file) => existsSync(join(folder, file))) ??
      (project.framework === 'static' ? 'netlify' : undefined);
    const starter = starterOf(project);
    const hosting = host && hostHeaders(project, host);
    const pieces = [starter, ...frameworkHeaders(project), ...(hosting && 'path' in hosting ? [hosting] : [])];
    const details = `${project.typescript ? ', with TypeScript' : ''}${host ? `, for ${host}` : ''}`;
    console.log(`${names[project.framework]} in ${folder}${details}\n`);
    for (const piece of pieces) place(folder, piece, flags['dry-run'] === true);
    if (hosting && 'text' in hosting) console.log(`to add    to ${hosting.where}:\n\n${indented(hosting.text)}`);
    const steps = [
      ...(folder === '.' ? [] : [`cd ${folder}`]),
      ...(Object.hasOwn(project.dependencies, 'insitu') || project.framework === 'static' ? [] : ['npm install insitu']),
      ...(existsSync(join(folder, starter.model)) ? [] : [`put a model at ${starter.model}`]),
      ...starter.next,
      'npx insitu doctor, with the address of the page, says whether threads are on',
    ];
    console.log(`\nnext:\n${steps.map((step, i) => `  ${i + 1}. ${step}`).join('\n')}`);
    return 0;
  },
};

const names: Record<(typeof frameworks)[number], string> = {
  next: 'a Next.js app', sveltekit: 'a SvelteKit app', astro: 'an Astro site', vite: 'a Vite app', parcel: 'a Parcel app',
  webpack: 'a webpack app', rollup: 'a project built by Rollup', esbuild: 'a project built by esbuild', static: 'a static site',
  node: 'a Node program',
};

function oneOf<T extends string>(flag: string, text: unknown, known: readonly T[]): T | undefined {
  if (text === undefined || known.includes(text as T)) return text as T | undefined;
  const meant = nearest(String(text), known);
  return refuse(`${flag} is '${text}', not one of ${known.join(', ')}${meant ? `: did you mean ${meant}?` : ''}`);
}

const indented = (text: string) => text.replace(/^(?=.)/gm, '    ');

function place(folder: string, { path, content, addition, done }: Piece, dry: boolean): void {
  const file = join(folder, path);
  if (existsSync(file)) {
    const text = readFileSync(file, 'utf8');
    if (text === content || done?.test(text)) console.log(`unchanged ${path}`);
    else if (addition === undefined) console.log(`kept      ${path}: it exists and is another one`);
    else console.log(`to add    to ${path}, which exists:\n\n${indented(addition)}`);
    return;
  }
  if (dry) {
    console.log(`would write ${path}:\n\n${indented(content)}`);
    return;
  }
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content, { flag: 'wx' });
  } catch (thrown) {
    fail('InvalidArgument', `cannot write ${file}: ${toInsituError(thrown).message}`, 'Pass a folder that can be written to.', thrown);
  }
  console.log(`written   ${path}`);
}
