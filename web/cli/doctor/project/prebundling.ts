// Vite 7 and older bundle dependencies for the development server, which parts index.js from the files beside it.
import { majorOf, textOf } from '../../project.js';
import type { Project } from '../../project.js';
import { ok, wrong } from '../finding.js';
import type { Finding } from '../finding.js';

export function checkPrebundling(project: Project): Finding[] {
  const major = majorOf(project, 'vite') ?? (project.framework === 'astro' ? 0 : undefined);
  if (major === undefined || major >= 8) return [];
  const excluded = project.configs.some((file) => /optimizeDeps[^]*?exclude[^]*?['"]insitu['"]/.test(textOf(project, file)));
  if (excluded) return [ok('bundler', 'optimizeDeps leaves insitu alone')];
  const cure = "optimizeDeps: { exclude: ['insitu'] }";
  return [wrong('bundler', `${major ? `Vite ${major}` : "Astro's Vite"} bundles insitu for its development server`,
    'index.js is parted from worker.js and the .wasm files, which are then not found in development (builds are fine)',
    `In ${project.configs[0] ?? 'the configuration'}: ${project.framework === 'astro' ? `vite: { ${cure} }` : cure}`)];
}
