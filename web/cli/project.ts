// A web project on disk: its package.json, the framework that builds it, its configuration files and its own source files.
// Invariant: nothing of the project is run; what configuration says is found by looking for words in its text.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fail } from '../src/errors.js';

export const frameworks = ['next', 'sveltekit', 'astro', 'vite', 'parcel', 'webpack', 'rollup', 'esbuild', 'static', 'node'] as const;
export type Framework = (typeof frameworks)[number];

export interface Project {
  folder: string;
  framework: Framework;
  /** Versions as package.json asks for them, by name. */
  dependencies: Record<string, string>;
  typescript: boolean;
  /** Whether .js files are ES modules. */
  esm: boolean;
  /** The framework's configuration files that exist, relative to the folder. */
  configs: string[];
  /** The folder whose files a site serves as they are, relative to the folder; '' is the folder itself. */
  publicFolder: string;
}

/* In the order in which they are looked for: a framework before the bundler it stands on. */
const signs: Record<Exclude<Framework, 'static' | 'node'>, { packages: string[]; config: string; publicFolder: string }> = {
  next: { packages: ['next'], config: 'next.config', publicFolder: 'public' },
  sveltekit: { packages: ['@sveltejs/kit'], config: 'vite.config', publicFolder: 'static' },
  astro: { packages: ['astro'], config: 'astro.config', publicFolder: 'public' },
  vite: { packages: ['vite'], config: 'vite.config', publicFolder: 'public' },
  parcel: { packages: ['parcel'], config: '.proxyrc', publicFolder: 'public' },
  webpack: { packages: ['webpack', 'react-scripts'], config: 'webpack.config', publicFolder: 'public' },
  rollup: { packages: ['rollup', 'rolldown', 'tsup'], config: 'rollup.config', publicFolder: 'public' },
  esbuild: { packages: ['esbuild'], config: 'esbuild.config', publicFolder: 'public' },
};
const configEndings = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'];

export function readProject(folder: string, wanted?: Framework): Project {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    fail('InvalidArgument', `there is no folder ${folder}`, 'Pass the folder of a project.');
  }
  const manifest = readManifest(join(folder, 'package.json'));
  const dependencies = { ...manifest?.dependencies, ...manifest?.devDependencies };
  const configsOf = (name: string) => configEndings.map((ending) => name + ending).filter((file) => existsSync(join(folder, file)));
  const found = (Object.keys(signs) as (keyof typeof signs)[]).find((name) =>
    signs[name].packages.some((dependency) => Object.hasOwn(dependencies, dependency)) ||
    (name !== 'sveltekit' && configsOf(signs[name].config).length > 0));
  const fallback = manifest && !existsSync(join(folder, 'index.html')) ? 'node' : 'static';
  const framework = wanted ?? found ?? fallback;
  const sign = framework === 'static' || framework === 'node' ? undefined : signs[framework];
  return {
    folder, framework, dependencies, publicFolder: sign?.publicFolder ?? '',
    typescript: existsSync(join(folder, 'tsconfig.json')) || Object.hasOwn(dependencies, 'typescript'),
    esm: manifest?.type === 'module',
    configs: sign ? configsOf(sign.config) : [],
  };
}

interface Manifest {
  type?: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

function readManifest(file: string): Manifest | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  } catch (thrown) {
    return fail('InvalidArgument', `${file} is no JSON: ${(thrown as Error).message}`, 'Mend it first.', thrown);
  }
}

/** The text of a file of the project; '' where there is none. */
export function textOf({ folder }: Project, file: string): string {
  const path = join(folder, file);
  return existsSync(path) && statSync(path).isFile() ? readFileSync(path, 'utf8') : '';
}

const foreign = new Set(['node_modules', '.git', '.next', '.svelte-kit', '.astro', '.parcel-cache', '.vercel', '.netlify', 'coverage']);
const built = new Set(['dist', 'build', 'out', '.output', '_site']);
const mostFiles = 5_000;

/** The project's files whose names match, relative to it; those that were built only with `alsoBuilt`. */
export function filesOf({ folder }: Project, name: RegExp, { alsoBuilt = false } = {}): string[] {
  const found: string[] = [];
  let seen = 0;
  const visit = (path: string) => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (++seen > mostFiles) return;
      const below = join(path, entry.name);
      if (entry.isDirectory()) {
        if (!foreign.has(entry.name) && (alsoBuilt || !built.has(entry.name))) visit(below);
      } else if (name.test(entry.name)) found.push(relative(folder, below).split(sep).join('/'));
    }
  };
  visit(folder);
  return found.sort();
}
