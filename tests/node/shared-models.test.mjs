// Real models against their stored outputs, on both backends and in every flavour that runs under Node.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cli, Engine, flavours, sharedModels } from './support/insitu.mjs';

const skip = existsSync(sharedModels) ? false : 'the models of ../shared/models are not here';
const models = skip ? [] : readdirSync(sharedModels).filter((name) => existsSync(join(sharedModels, name, 'model.onnx')));
if (skip) console.log('SKIPPED: real models are not tested, because ../shared/models is absent.');

for (const flavour of flavours) {
  for (const backend of ['auto', 'reference']) {
    test(`${flavour}, ${backend}`, { skip }, () => {
      const folders = models.map((name) => join(sharedModels, name));
      const args = [cli, 'test', ...folders, '--backend', backend, '--flavour', flavour];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      assert.equal(stdout.trim().split('\n').at(-1), `${models.length} passed, 0 failed, 0 skipped`, stdout + stderr);
      assert.equal(status, 0);
    });
  }
}

test("the convolutions of the int8 model run as integers on insitu's own kernels", { skip }, async () => {
  const engine = await Engine.create({ flavour: flavours[0] });
  const session = await engine.load(join(sharedModels, 'mobilenet_v2_int8_qdq', 'model.onnx'));
  const convolutions = (await session.explain()).filter(({ op }) => op === 'QLinearConv');
  assert.equal(convolutions.length, 52);
  assert.deepEqual(convolutions.filter(({ on }) => on !== 'kernel'), []);
  const weights = convolutions.reduce((sum, { bytes }) => sum + bytes, 0);
  assert(weights < 6e6, `packed weights take ${weights} bytes, too many for int8`);
  await engine.dispose();
});
