// ONNX backend-test cases in the page: they are run there by web/cli/run-case.ts, the code of `insitu test`, on files
// that lie outside of the folder that is served.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const kPrefix = '/case-files/';
const byNumber = (a, b) => Number(/\d+/.exec(a)) - Number(/\d+/.exec(b));

/** Case `folder` below `root` as run-case.ts takes it, with its name. */
export function caseOf(root, folder) {
  const path = (...parts) => kPrefix + join(folder, ...parts);
  const files = readdirSync(join(root, folder));
  const sets = files.filter((file) => file.startsWith('test_data_set_')).sort(byNumber).map((set) => {
    const values = (kind) => readdirSync(join(root, folder, set)).filter((file) => file.startsWith(kind))
      .sort(byNumber).map((file) => path(set, file));
    return { inputs: values('input_'), outputs: values('output_') };
  });
  const tolerance = join(root, folder, 'tolerance.json');
  const given = existsSync(tolerance) ? JSON.parse(readFileSync(tolerance, 'utf8')) : {};
  const external = files.filter((file) => /\.data$/.test(file)).map((file) => [file, path(file)]);
  return {
    name: folder.split('/').at(-1),
    model: path('model.onnx'),
    options: { externalData: Object.fromEntries(external) },
    sets,
    tolerance: { rtol: 1e-3, atol: 1e-7, ...given },
  };
}

/** Lets a page reach the files below `root` and the code that runs cases. */
export async function serveCases(page, root) {
  const bundle = await build({
    entryPoints: ['web/cli/run-case.ts'], bundle: true, format: 'esm', write: false, target: 'es2022',
    absWorkingDir: fileURLToPath(new URL('../../', import.meta.url)),
  });
  await page.route('**/run-case.js', (route) =>
    route.fulfill({ contentType: 'text/javascript', body: bundle.outputFiles[0].text }));
  await page.route(`**${kPrefix}**`, (route) => {
    const name = decodeURIComponent(new URL(route.request().url()).pathname).slice(kPrefix.length);
    const path = join(root, normalize(name));
    return existsSync(path) ? route.fulfill({ path }) : route.fulfill({ status: 404 });
  });
}

/** Runs cases in the page: { flavour, threads, rows }, a row for each case. */
export function runCases(page, flavour, cases) {
  return page.evaluate(async (given) => {
    const [{ Engine }, { runCase }] = await Promise.all([import('/index.js'), import('/run-case.js')]);
    const engine = await Engine.create({ flavour: given.flavour });
    const rows = [];
    for (const { name, ...one } of given.cases) rows.push({ name, ...(await runCase(engine, one, {})) });
    const { flavour, threads } = engine.info;
    await engine.dispose();
    return { flavour, threads, rows };
  }, { flavour, cases });
}
