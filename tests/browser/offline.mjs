// The site of docs/how-to/offline.md, as the document shows it.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { serve } from '../../scripts/serve.mjs';
import { blockBelow } from '../support/document.mjs';
import { dist } from './support.mjs';

/** A server of it, which close() ends for good. */
export async function serveOffline() {
  const folder = mkdtempSync(join(tmpdir(), 'insitu-offline-'));
  for (const name of ['index.html', 'app.js', 'sw.js']) {
    writeFileSync(join(folder, name), blockBelow('docs/how-to/offline.md', `\`${name}\``));
  }
  mkdirSync(join(folder, 'models'));
  cpSync(`${dist}demo/models/handwriting.int8.onnx`, join(folder, 'models/handwriting_int8.onnx'));
  const { url, close } = await serve({ root: folder, mounts: new Map([['/insitu/', dist]]) });
  return {
    url,
    async close() {
      await close();
      rmSync(folder, { recursive: true });
    },
  };
}
