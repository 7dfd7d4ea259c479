// Projects as users have them: a folder outside the checkout with one of fixtures/, what its package.json names, and insitu
// installed from the tarball that the checkout packs to. What fixtures name is kept in the per-user cache by their package.json.
import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { entry, hashFiles, keyOf, sweepPartials, temporaryPath } from '../../../scripts/lib/cache.mjs';
import { root } from '../../../scripts/lib/paths.mjs';
import { run, StepError } from '../../../scripts/lib/progress.mjs';

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));
export const model = join(root, 'models', 'handwriting', 'handwriting_int8.onnx');
const kInstall = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];

const task = { log: join(root, 'build', 'logs', 'bundlers.log') };
mkdirSync(join(root, 'build', 'logs'), { recursive: true });

/** Runs a command in a folder; resolves to what it prints. Throws where it fails, or takes four minutes. */
export async function command(folder, name, args, env = {}) {
  const { code, output } = await run(task, name, args, { cwd: folder, env, timeout: 240_000, okCodes: 'any' });
  if (code !== 0) throw new StepError(`${[name, ...args].join(' ')} ended with status ${code}:\n${output}`, task.log);
  return output;
}

/** Runs a program of the project's node_modules/.bin. */
export const program = (folder, name, args, env) => command(folder, join(folder, 'node_modules', '.bin', name), args, env);

let tarball;
/** The path of the packed checkout. */
export function packed() {
  tarball ??= (async () => {
    sweepPartials();
    const folder = temporaryPath('packed');
    mkdirSync(folder, { recursive: true });
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    await command(root, 'npm', ['pack', '--ignore-scripts', '--pack-destination', folder, '--loglevel=error']);
    return join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')));
  })();
  return tarball;
}

/* node_modules of a fixture, or why they cannot be had. */
async function dependencies(name) {
  const own = join(fixtures, name, 'package.json');
  const folder = await entry(`bundlers-${name}`, keyOf(1, hashFiles(own), process.platform, process.arch), async (partial) => {
    copyFileSync(own, join(partial, 'package.json'));
    await command(partial, 'npm', kInstall);
  });
  return join(folder, 'node_modules');
}

function registry() {
  const bytes = readFileSync(model), integrity = `sha256-${createHash('sha256').update(bytes).digest('base64')}`;
  const version = { url: 'handwriting_int8.onnx', bytes: bytes.length, integrity };
  const stable = { version: '1.0.0', history: [{ version: '1.0.0', how: 'promoted' }] };
  return { format: 'insitu-models/1', models: { digits: { versions: { '1.0.0': version }, channels: { stable } } } };
}

/**
 * The folder of a project for the test `t`, which is skipped where what the fixture names cannot be had: then undefined. The
 * files of `shared` (names in fixtures/shared) are put beside the fixture's own, and the handwriting model into
 * public/, with a registry that names it.
 */
export async function project(t, name, shared = []) {
  let modules;
  try {
    modules = await dependencies(name);
  } catch (thrown) {
    if (!(thrown instanceof StepError)) throw thrown;
    console.log(`SKIPPED: ${t.name}: npm does not install what fixtures/${name}/package.json names: ${thrown.message}`);
    t.skip(`npm does not install what fixtures/${name}/package.json names`);
    return undefined;
  }
  const folder = temporaryPath(`bundlers-${name}`);
  rmSync(folder, { recursive: true, force: true });
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const file of shared) cpSync(join(fixtures, 'shared', file), join(folder, file), { recursive: true });
  cpSync(join(fixtures, name), folder, { recursive: true });
  mkdirSync(join(folder, 'public'), { recursive: true });
  copyFileSync(model, join(folder, 'public', 'handwriting_int8.onnx'));
  writeFileSync(join(folder, 'public', 'models.json'), JSON.stringify(registry()));
  if (existsSync(modules)) await command(folder, 'cp', ['-al', modules, 'node_modules']);
  await command(folder, 'npm', [...kInstall, '--no-save', '--offline', await packed()]);
  return folder;
}
