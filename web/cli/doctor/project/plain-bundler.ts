// esbuild, Rollup and tsup leave the files beside index.js where they are: they must be copied and named in `assets`.
import { assetName } from '../../served-files.js';
import { filesOf, textOf } from '../../project.js';
import type { Project } from '../../project.js';
import { ok, wrong } from '../finding.js';
import type { Finding } from '../finding.js';

const sources = /\.([cm]?[jt]sx?|svelte|vue|astro|html)$/;

export function checkPlainBundler(project: Project): Finding[] {
  if (project.framework !== 'esbuild' && project.framework !== 'rollup') return [];
  const users = filesOf(project, sources).map((file) => ({ file, text: textOf(project, file) }))
    .filter(({ text }) => /(from|import)\s*\(?\s*['"]insitu['"]/.test(text));
  const copied = filesOf(project, assetName, { alsoBuilt: true }).some((file) => file.endsWith('.wasm'));
  const named = users.some(({ text }) => /\bassets\s*[:,}]/.test(text));
  const copies = `npx insitu copy ${project.publicFolder}/insitu`;
  const why = `${project.framework} bundles index.js and does not copy worker.js and the .wasm files, so that they are not found`;
  return [
    ...(copied ? [] : [wrong('bundler', "insitu's files are nowhere in the project", why, `${copies}, as a step of the build`)]),
    ...(named || users.length === 0 ? [] : [wrong('bundler', `no option assets in ${users.map(({ file }) => file).join(', ')}`, why,
      "Name the address of the copied files: load(model, { assets: '/insitu/' })")]),
    ...(copied && named ? [ok('bundler', 'files are copied and named in assets')] : []),
  ];
}
