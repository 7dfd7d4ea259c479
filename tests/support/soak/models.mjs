// The files of the subjects, for Node.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { shiftModel } from '../onnx-writer.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const large = at('../../../../shared/models/mobilenet_v2_int8_qdq/model.onnx');

/** Bytes of the small models, by name. */
export const smallModels = () => ({
  handwriting_int8: readFileSync(at('../../../models/handwriting/handwriting_int8.onnx')),
  handwriting_fp32: readFileSync(at('../../../models/handwriting/handwriting_fp32.onnx')),
  intents_int8: readFileSync(at('../../../models/intents/intents_int8.onnx')),
  shift: shiftModel(1),
});

/** Bytes of the large ones, which are beside the checkout. */
export const largeModels = () => ({ mobilenet_v2: readFileSync(large) });

/** Why there are none; false where they are. */
export const withoutLarge = existsSync(large) ? false : 'the models of ../shared/models are not here';

/** Has a page answer for each of them: gives their addresses, by name. */
export async function serveModels(page, models) {
  await page.route('**/subjects/*.onnx', (route) => {
    const name = /(\w+)\.onnx$/.exec(route.request().url())[1];
    return route.fulfill({ contentType: 'application/octet-stream', body: Buffer.from(models[name]) });
  });
  return Object.fromEntries(Object.keys(models).map((name) => [name, `/subjects/${name}.onnx`]));
}

/** What a site has to serve so that its pages have these modules: the folder of all tests. */
export const testMounts = () => new Map([['/tests/', at('../../')]]);
