// build/setup.cmake: the machine's places of compilers and third-party libraries, for CMake. It is
// rewritten only when its text changes, so that a second set-up does not make CMake configure anew.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { buildDir, setupFile } from './paths.mjs';
import { onPath } from './platform.mjs';
import { StepError } from './progress.mjs';

/** libraries: { flavour: { name: folder } }. Flavours of an earlier set-up keep their lines. */
export function writeSetupFile({ compilers, onnxProto, libraries }) {
  const lines = new Map();
  const old = existsSync(setupFile) ? readFileSync(setupFile, 'utf8') : '';
  for (const [line, name, folder] of old.matchAll(/^set\((INSITU_(?:DIR|EMSCRIPTEN|CLANG)\S*) "(.*)"\)$/gm)) {
    if (!name.startsWith('INSITU_DIR') || existsSync(folder)) lines.set(name, line);
  }
  const set = (name, value) => lines.set(name, `set(${name} "${value ?? ''}")`);
  set('INSITU_NODE', process.execPath);
  set('INSITU_CCACHE', onPath('ccache'));
  for (const compiler of compilers) {
    for (const [name, value] of Object.entries(compiler.variables)) set(name, value);
  }
  set('INSITU_ONNX_PROTO_DIR', onnxProto);
  for (const [flavour, folders] of Object.entries(libraries)) {
    for (const [name, folder] of Object.entries(folders)) set(`INSITU_DIR_${flavour}_${name}`, folder);
  }
  const text = `# Written by scripts/setup.mjs; not for editing.\n${[...lines.values()].sort().join('\n')}\n`;
  mkdirSync(buildDir, { recursive: true });
  if (text !== old) writeFileSync(setupFile, text);
}

/** A variable of the last set-up. */
export function setupVariable(name) {
  const text = existsSync(setupFile) ? readFileSync(setupFile, 'utf8') : '';
  const [, value] = new RegExp(`^set\\(${name} "(.*)"\\)$`, 'm').exec(text) ?? [];
  if (!value) throw new StepError(`build/setup.cmake does not say ${name}: run npm run setup.`);
  return value;
}
